"""Stories, and the postings by which an article's copies and its story are found."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.copies import CopyKind, CopyVerdict, text_of
from syndicator.rules.placement import Fingerprint, KnownStory, Near, Neighbour, Placement
from syndicator.rules.stories import WINDOW, Story, StoryVerdict
from syndicator.rules.words import plain_body
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Placing, Script
from syndicator.store.keys import Keys

GENERATION_MS = WINDOW // timedelta(milliseconds=1)
"""Postings are kept in generations of this length. The present one and the one before are looked in."""

_MARGIN = timedelta(days=1)


class Kin(Struct, frozen=True, kw_only=True):
    """How an article was placed when it was admitted, with the numbers that decided."""

    story: StoryVerdict
    compared_with: ArticleId | None = None
    copy: CopyVerdict | None = None


class Place(Struct, frozen=True, kw_only=True):
    """Where an article belongs now."""

    story: StoryId | None = None
    """None: it is told by this article alone."""
    copy_of: ArticleId | None = None
    kin: Kin | None = None
    """None where nothing was near when it was admitted, or it was admitted before stories were known."""


class Stories:
    """Which articles tell the same story. A story of one article has no key of its own."""

    def __init__(self, connection: Connection, keys: Keys, kept: timedelta) -> None:
        self._redis = connection
        self._keys = keys
        self._near = Script("near")
        # A story outlives its last article: nothing joins it later than a window after that was published.
        self._kept_ms = (kept + WINDOW + _MARGIN) // timedelta(milliseconds=1)

    async def near(self, fingerprints: Sequence[Fingerprint], now: datetime) -> list[Near]:
        """Find what each of a batch shares words with, in one round trip."""
        if not fingerprints:
            return []
        generation = to_ms(now) // GENERATION_MS
        keys = self._keys
        seen, rows = await self._redis.run(
            self._near,
            [keys.meta()],
            keys.postings(""),
            keys.numbered(""),
            keys.article(ArticleId("")),
            keys.story(StoryId("")),
            pack([generation, generation - 1]),
            pack([(one.shingle_keys, one.term_keys) for one in fingerprints]),
        )
        return [
            Near(
                generation=generation,
                seen=int(seen),
                neighbours=tuple(_neighbour(row) for row in texts),
                stories=tuple(_known_story(row) for row in stories),
            )
            for texts, stories in rows
        ]

    def admission(
        self, placement: Placement, now_ms: int
    ) -> tuple[list[tuple[str, str, str]], list[Command], Placing]:
        """Spell a placement as part of the transaction that stores the article."""
        keys, article_id, story = self._keys, placement.article_id, placement.story
        mine = placement.fingerprint
        own = Story(
            id=StoryId(article_id), title=mine.text.title, first_seen_at=story.first_seen_at,
            published_at=story.published_at, latest_at=story.latest_at, centroid=mine.terms,
        )  # fmt: skip
        fields: list[str | bytes | int] = ["sketch", pack(own)]
        if placement.copy_of:
            fields += ["copy_of", placement.copy_of]
        if placement.joins or placement.copy:
            kin = Kin(story=placement.verdict, compared_with=placement.compared_with, copy=placement.copy)
            fields += ["kin", pack(kin)]
        expects: list[tuple[str, str, str]] = []
        writes: list[Command] = []
        if placement.joins is not None:
            fields += ["story", story.id]
            expects, writes = self._joining(placement.joins, placement, now_ms)
        writes.append(("HSET", keys.article(article_id), *fields))
        is_copy = placement.copy is not None and placement.copy.kind is CopyKind.COPY
        placing = Placing(
            article=article_id,
            postings=keys.postings(f"{placement.near.generation}:"),
            numbered=keys.numbered(str(placement.near.generation)),
            seen=placement.near.seen,
            kept_ms=2 * GENERATION_MS,
            # Whatever copies a copy copies the original as well.
            shingles=() if is_copy else mine.shingle_keys,
            terms=mine.term_keys,
        )
        return expects, writes, placing

    def _joining(
        self, known: KnownStory, placement: Placement, now_ms: int
    ) -> tuple[list[tuple[str, str, str]], list[Command]]:
        keys, story = self._keys, placement.story
        key, members = keys.story(story.id), keys.members(story.id)
        founder = ArticleId(story.id)
        writes: list[Command] = []
        expects = [(key, "version", str(known.version) if known.version else "")]
        if not known.version:
            # Its first article must still be there, else its key would come back with this field alone.
            expects.append((keys.article(founder), "published", str(to_ms(story.published_at))))
            writes.append(("HSET", keys.article(founder), "story", story.id))
            writes.append(("ZADD", members, to_ms(story.first_seen_at), founder))
        writes += [
            ("HSET", key, "version", known.version + 1, "core", pack(story)),
            ("ZADD", members, now_ms, placement.article_id),
            ("PEXPIRE", key, self._kept_ms),
            ("PEXPIRE", members, self._kept_ms),
            ("ZADD", keys.stories(), now_ms, story.id),
            ("ZREMRANGEBYSCORE", keys.stories(), "-inf", now_ms - self._kept_ms),
        ]
        return expects, writes

    async def places(self, ids: Sequence[ArticleId]) -> list[Place]:
        """Tell where each article belongs."""
        rows = await self._redis.batch(
            [("HMGET", self._keys.article(one), "story", "copy_of", "kin") for one in ids]
        )
        return [
            Place(
                story=StoryId(row[0].decode()) if row[0] else None,
                copy_of=ArticleId(row[1].decode()) if row[1] else None,
                kin=unpack(row[2], Kin) if row[2] else None,
            )
            for row in rows
        ]

    async def members(self, ids: Sequence[StoryId], limit: int = 0) -> Mapping[StoryId, list[ArticleId]]:
        """Name the articles of each story, the first first; of one that nothing is kept of, none."""
        rows = await self._redis.batch([("ZRANGE", self._keys.members(one), 0, limit - 1) for one in ids])
        return {one: [ArticleId(name.decode()) for name in row] for one, row in zip(ids, rows, strict=True)}

    async def count(self) -> int:
        """Count the stories that more than one article tells."""
        return int(await self._redis.call("ZCARD", self._keys.stories()))


def _neighbour(row: list[bytes]) -> Neighbour:
    article_id, _, head, body, story, copy_of = row
    article = unpack(head, Article)
    return Neighbour(
        article_id=ArticleId(article_id.decode()),
        text=text_of(article.title, plain_body(body.decode("utf-8", "replace"))),
        story=StoryId(story.decode()),
        copy_of=ArticleId(copy_of.decode()) if copy_of else None,
    )


def _known_story(row: list[bytes]) -> KnownStory:
    _, version, core = row
    return KnownStory(story=unpack(core, Story), version=int(version or 0))
