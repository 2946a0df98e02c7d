"""Redis commands that admit, change, merge or remove an article."""

from datetime import datetime

from msgspec.structs import replace

from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId
from syndicator.rules.articles.admission import Admission, AdmissionVerdict, Reservation
from syndicator.rules.filter_matching import ALL, facets_of
from syndicator.rules.identity.recognition import KnownArticle
from syndicator.store.articles.identities import expecting_unknown, naming
from syndicator.store.codec import compressed, pack
from syndicator.store.connection import Command, Transaction
from syndicator.store.feeds.feeds import raise_version
from syndicator.store.heads import packed_head
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event, note_change
from syndicator.store.popularity.signals import forgetting
from syndicator.store.stories import assignments
from syndicator.store.stories.story_codec import packed_story
from syndicator.store.texts import removing, writing
from syndicator.store.timelines import listing, unlisting

MAX_ALIASES = 50
"""Changes that are kept of one article: the newest."""

MAX_KEPT_BYTES = 128 * 1024
"""Of one earlier revision, before it is compressed."""


class ArticleWrites:
    """Commands for the transactions of others: nothing here asks Redis anything."""

    def __init__(self, keys: Keys, kept_revisions: int) -> None:
        self._keys = keys
        self._kept_revisions = kept_revisions

    def unit(self, admission: Admission, now_ms: int) -> Transaction:
        """Return the transaction that carries out an admission, if nothing has moved that it relied on."""
        keys, known = self._keys, admission.known
        article_id = admission.article_id
        # An identity that belongs to another article by now is never taken from it.
        expects = expecting_unknown(keys, admission.fresh)
        place = keys.article(article_id)
        if known is not None:
            place = keys.reserved(article_id) if known.is_reserved else place
            expects.append((place, "revision", str(known.revision) if known.revision else ""))
            if known.is_reserved and admission.article is not None:
                expects.append((place, "hash", known.content_hash))
                expects.append((place, "source", known.source))
        writes = self.naming(admission, now_ms)
        if (merged := admission.merged) is not None:
            expects.append((keys.article(merged.article_id), "revision", str(merged.revision)))
            writes += self.merging(merged, article_id)
        if admission.article is not None and admission.reservation is not None:
            writes += self.reserving(admission.article, admission.reservation, admission)
        elif admission.article is not None:
            writes += self._shown(admission, admission.article, now_ms)
        if admission.renewed_hash is not None:
            writes.append(("HSET", place, "hash", admission.renewed_hash))
        writes += self._recheck(admission)
        writes += [("HDEL", keys.article(one), "copy_of") for one in admission.revoked_copies]
        if admission.reshown is not None:
            writes.append(("HDEL", keys.story(admission.reshown), "shown_in"))
            # Workers that hold the story in memory read it again.
            writes.append(assignments.moved(keys, article_id, admission.reshown))
        return Transaction(expects=tuple(expects), writes=tuple(writes))

    def _recheck(self, admission: Admission) -> list[Command]:
        """Note when the page is read again; who lost the article to another source does not read it again."""
        keys, known, article_id = self._keys, admission.known, admission.article_id
        source = admission.carried_by
        commands: list[Command] = []
        if known is not None and admission.article is not None and known.source != source:
            commands.append(("ZREM", keys.recheck(known.source), article_id))
        if admission.recheck_at is not None:
            commands.append(("ZADD", keys.recheck(source), to_ms(admission.recheck_at), article_id))
        elif admission.rechecked and admission.verdict is not AdmissionVerdict.DUPLICATE:
            commands.append(("ZREM", keys.recheck(source), article_id))
        return commands

    def _shown(self, admission: Admission, article: Article, now_ms: int) -> list[Command]:
        """Write a revision that is to be seen at once, and announce it."""
        keys, known = self._keys, admission.known
        writes = self.storing(article, known.article if known else None)
        if known is not None and not known.is_reserved:
            writes += removing(keys, article.id, known.text_mark)
        for feed in admission.feeds:
            writes += raise_version(keys, feed, now_ms)
        if admission.event is not None:
            writes.append(append_event(keys, admission.event))
        elif known is None:
            writes.append(("HSET", keys.article(article.id), "quiet", 1))
        return writes

    def naming(self, admission: Admission, now_ms: int) -> list[Command]:
        """Note by what an article is known, who carries it, and the names that are new for it."""
        keys, known, article_id = self._keys, admission.known, admission.article_id
        commands = naming(keys, admission.fresh, article_id, now_ms)
        seen = (*admission.fresh, *admission.stale)
        is_carrier = known is not None and known.source != admission.carried_by
        if known is None or (known.revision and (seen or is_carrier)):
            commands.append(("ZADD", keys.carried(admission.carried_by), "NX", now_ms, article_id))
        if admission.aliases:
            log = keys.aliases(article_id)
            commands.append(("RPUSH", log, *(pack(alias) for alias in admission.aliases)))
            commands.append(("LTRIM", log, -MAX_ALIASES, -1))
        return commands

    def reserving(self, article: Article, reservation: Reservation, admission: Admission) -> list[Command]:
        """Write an article that waits to be assigned to a story; until then it is in no index."""
        sketch = packed_story(reservation.own)
        fields = ("sketch", sketch, *(("quiet", 1) if admission.event is None else ()))
        key, known = self._keys.reserved(article.id), admission.known
        commands = [*self._writing(key, article), ("HSET", key, *fields)]
        if known is not None:
            commands += removing(self._keys, article.id, known.text_mark)
        if known is not None and admission.event is not None:
            commands.append(("HDEL", key, "quiet"))
        return [*commands, assignments.enqueue(self._keys, article, sketch, reservation, admission)]

    def storing(self, article: Article, previous: Article | None) -> list[Command]:
        """Write an article into its place and its indexes, the revision before it beside it.

        The text that it had is left to the caller, who knows its mark.
        """
        keys = self._keys
        commands = self._writing(keys.article(article.id), article)
        facets = set(facets_of(article))
        if previous is not None:
            commands.append(("HSET", keys.revisions(article.id), previous.revision, _packed(previous)))
            commands.append(("HDEL", keys.revisions(article.id), previous.revision - self._kept_revisions))
            commands.append(rewritten(keys, article))
            is_moved = previous.listed_at != article.listed_at
            gone = set(facets_of(previous)) if is_moved else set(facets_of(previous)) - facets
            commands += [unlisting(keys, facet, article.id, previous.listed_at) for facet in sorted(gone)]
        commands.append(("ZADD", keys.admitted(), "NX", to_ms(article.shown_since), article.id))
        commands += [listing(keys, facet, article.id, article.listed_at) for facet in sorted(facets)]
        commands.append(note_change(keys, article.id))
        return commands

    def merging(self, merged: KnownArticle, into: ArticleId) -> list[Command]:
        """Take an article out of all indexes, and let what is left of it lead to the one that it is.

        Its remains stay in `admitted`, and leave when their time has come; what was counted of it is carried
        over afterwards (`Signals.carry`).
        """
        places = places_of(merged.article_id, merged.article)
        commands = [unlisting(self._keys, *place) for place in places]
        commands += self._removing(merged.article_id, merged.article, merged.text_mark)
        admitted = merged.article.first_seen_at if merged.article else None
        commands.append(("HSET", self._keys.article(merged.article_id), "merged", into))
        commands.append(("ZREM", self._keys.carried(merged.source), merged.article_id))
        if admitted is not None:
            commands.append(("ZADD", self._keys.admitted(), to_ms(admitted), merged.article_id))
        return commands

    def removal(self, article_id: ArticleId, article: Article | None, text_mark: str) -> list[Command]:
        """Take an article out of all indexes but timelines, with all that is kept of it."""
        return [*self._removing(article_id, article, text_mark), *forgetting(self._keys, article_id)]

    def _removing(self, article_id: ArticleId, article: Article | None, text_mark: str) -> list[Command]:
        keys = self._keys
        commands: list[Command] = [("DEL", keys.article(article_id), keys.aliases(article_id))]
        commands.append(("UNLINK", keys.revisions(article_id)))
        commands += removing(keys, article_id, text_mark)
        commands.append(("ZREM", keys.admitted(), article_id))
        commands.append(("ZREM", keys.rewritten(), article_id))
        if article:
            commands.append(("ZREM", keys.recheck(article.source), article_id))
        return [*commands, note_change(keys, article_id)]

    def _writing(self, key: str, article: Article) -> list[Command]:
        """Write the fields of an article into a hash, and its text."""
        mark, commands = writing(self._keys, article.id, article.body_html)
        fields: Command = (
            "HSET", key, "head", packed_head(article), "text", mark, "revision", article.revision,
            "hash", article.content_hash, "source", article.source,
            "published", to_ms(article.published_at), "first_party", int(article.is_first_party),
        )  # fmt: skip
        return [*commands, fields]


def places_of(article_id: ArticleId, article: Article | None) -> list[tuple[str, ArticleId, datetime | None]]:
    """Return where an article is listed: facet, article, and the time, None where that is not known."""
    if article is None:
        return [(ALL, article_id, None)]
    return [(facet, article_id, article.listed_at) for facet in facets_of(article)]


def rewritten(keys: Keys, article: Article) -> Command:
    """Return the command that notes when the text of a known article was written to Redis again."""
    return ("ZADD", keys.rewritten(), to_ms(article.updated_at), article.id)


def _packed(revision: Article) -> bytes:
    """Return a revision as it is kept beside newer ones: of a very long one without the body."""
    packed = pack(revision)
    return compressed(packed if len(packed) <= MAX_KEPT_BYTES else pack(replace(revision, body_html="")))
