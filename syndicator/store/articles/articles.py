"""Articles, their identities and their indexes: look up, admit, read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Alias, Article, Identity
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import Source
from syndicator.rules.articles.admission import Admission
from syndicator.rules.filter_matching import ALL
from syndicator.rules.identity.canonical_trust import is_first_party
from syndicator.rules.identity.recognition import KnownArticle, RecognizedKeys
from syndicator.store.articles.article_writes import ArticleWrites, places_of
from syndicator.store.articles.identities import Identities, with_buckets
from syndicator.store.codec import pack, unpack
from syndicator.store.cold.cold_texts import ColdTexts, StoredText
from syndicator.store.cold.offloading import merged
from syndicator.store.connection import Command, Connection, Repository, Script, pairs
from syndicator.store.data_mark import DataMarks
from syndicator.store.heads import read_head
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import note_change
from syndicator.store.paging import rank_after
from syndicator.store.texts import removing
from syndicator.store.timelines import Timelines


class TimelinePlace(Struct, frozen=True, kw_only=True):
    """A place in a timeline."""

    article_id: ArticleId
    listed_ms: int


class Owned(Struct, frozen=True, kw_only=True):
    """An article and the source that it was first admitted from."""

    article_id: ArticleId
    source: SourceId


_THIRD_PARTY = b"0"
_TEXT, _KEY, _POINTER = 6, 7, 9
"""Places in a row of `lookup.lua`."""
SEEN_PRECISION = timedelta(days=1)
"""How exactly it is known when an identity was last seen: a list that never changes writes nothing.
Of identities that are kept for less than two days it is half of that time."""


class Articles(Repository):
    """What was admitted. All times in Redis are milliseconds UTC."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        kept_revisions: int,
        kept_identities: timedelta,
        *,
        marks: DataMarks,
        cold: ColdTexts,
    ) -> None:
        super().__init__(connection, keys)
        self._marks = marks
        self._cold = cold
        self._kept_revisions = kept_revisions
        self.writes = ArticleWrites(keys, kept_revisions)
        self._seen_precision = min(SEEN_PRECISION, kept_identities / 2)
        self._lookup = Script("articles/lookup")
        self.identities = Identities(connection, keys)
        self.timelines = Timelines(connection, keys)

    async def lookup(self, identities: Sequence[Identity], now: datetime) -> list[RecognizedKeys]:
        """Return what is known of each candidate of a batch, in one round trip.

        Raise StoreUnavailable where Redis was emptied: all that is known would be taken for new; and
        ColdStoreAway where the text of a changed one is needed, and cannot be read.
        """
        if not identities:
            return []
        wanted = [(one.content_hash, int(one.is_first_party), *with_buckets(one.keys)) for one in identities]
        created_ms, rows = await self._redis.run(
            self._lookup,
            [self._keys.meta()],
            self._keys.article(ArticleId("")), pack(wanted), to_ms(now - self._seen_precision) // 1000,
            self._keys.reserved(ArticleId("")), self.identities.prefix,
        )  # fmt: skip
        self._marks.check(created_ms)
        await self._fill([known for _, _, articles in rows for known in articles])
        return [self._found(identity, row) for identity, row in zip(identities, rows, strict=True)]

    async def _fill(self, rows: Sequence[list[bytes]]) -> None:
        """Append to each row of `lookup.lua` the text that it names, in Redis or in the cold store."""
        bodies = await self._cold.bodies(
            [ArticleId(row[0].decode()) for row in rows],
            [row[_KEY].decode() for row in rows],
            [(row[_TEXT] or None, row[_POINTER] or None) for row in rows],
        )
        for row, body in zip(rows, bodies, strict=True):
            row.append(body or b"")

    async def admit(self, admissions: Sequence[Admission], now: datetime) -> list[bool]:
        """Carry out each intent whose grounds still hold; False: something moved, judge it again."""
        units = [self.writes.unit(admission, to_ms(now)) for admission in admissions]
        # Most of what is listed is known, and leaves nothing to be written.
        done = iter(await self._cold.hot.commit([unit for unit in units if unit.writes]))
        if stale := [key for admission in admissions for key in admission.stale]:
            aged_ms = to_ms(now - self._seen_precision)
            await self.identities.owners(stale, aged_ms=aged_ms, now_ms=to_ms(now))
        return [next(done) if unit.writes else True for unit in units]

    async def are_known(
        self, keys: Sequence[str], urls: Sequence[str], source: Source, now: datetime
    ) -> list[bool]:
        """Return which identity keys a source lists now are known; note that it carries those, and when.

        `urls`: the address of each. What the source may take over from another counts as unknown: it is to be
        read.
        """
        if not keys:
            return []
        aged_ms = to_ms(now - self._seen_precision)
        found = await self.identities.owners(keys, aged_ms=aged_ms, now_ms=to_ms(now))
        listed = {one: url for one, url in zip(found, urls, strict=True) if one is not None}
        if not listed:
            return [False] * len(keys)
        carried = self._keys.carried(source.id)
        times = await self._redis.call("ZMSCORE", carried, *listed)
        first = {one: url for (one, url), at in zip(listed.items(), times, strict=True) if at is None}
        contested = await self._third_party(
            [one for one, url in first.items() if is_first_party(url, source)]
        )
        if settled := first.keys() - contested:
            scored = [part for one in sorted(settled) for part in (to_ms(now), one)]
            await self._redis.call("ZADD", carried, "NX", *scored)
        return [one is not None and one not in contested for one in found]

    async def _third_party(self, ids: Sequence[ArticleId]) -> set[ArticleId]:
        """Return those of the articles, shown or reserved, whose source is not of their own portal."""
        places = [place for one in ids for place in (self._keys.article(one), self._keys.reserved(one))]
        rows = await self._redis.batch([("HGET", place, "first_party") for place in places])
        return {one for one, *row in zip(ids, rows[::2], rows[1::2], strict=True) if _THIRD_PARTY in row}

    async def resolve(self, keys: Sequence[str]) -> list[Owned | None]:
        """Return the article, and its source, that each identity key stands for; None where there is none."""
        if not keys:
            return []
        ids = await self.identities.owners(keys)
        owners = await self._redis.batch(
            [("HGET", self._keys.article(one or ArticleId("")), "source") for one in ids]
        )
        return [
            Owned(article_id=one, source=SourceId(owner.decode())) if one and owner else None
            for one, owner in zip(ids, owners, strict=True)
        ]

    async def named(self, keys: Sequence[str]) -> list[ArticleId]:
        """Return the articles that identity keys stand for, also swept ones; what is unknown has none."""
        return [article for article in await self.named_each(keys) if article is not None]

    async def named_each(self, keys: Sequence[str]) -> list[ArticleId | None]:
        """Return the article that each identity key stands for, also a swept one."""
        return await self.identities.owners(keys)

    async def carried_before(
        self, source: SourceId, ids: Sequence[ArticleId], moment: datetime
    ) -> tuple[int, int]:
        """Count what a source first carried before a moment, and that of which this is forgotten."""
        if not ids:
            return 0, 0
        found = await self._redis.call("ZMSCORE", self._keys.carried(source), *ids)
        times = [int(at) for at in found if at is not None]
        return sum(at < to_ms(moment) for at in times), len(found) - len(times)

    async def get(self, article_id: ArticleId) -> Article | None:
        """Return the newest revision with its body."""
        return (await self.get_many([article_id]))[0]

    async def get_reserved(self, article_id: ArticleId) -> Article | None:
        """Return an admitted article that is not shown yet: it waits to be assigned to a story."""
        key = self._keys.reserved(article_id)
        head, text = await self._redis.call("HMGET", key, "head", "text")
        [body] = await self._cold.bodies([article_id], [key], [(text, None)])
        return read_article(head, body)

    async def get_many(self, ids: Sequence[ArticleId], *, bodies: bool = True) -> list[Article | None]:
        """Return the newest revisions; None for what is not (or no longer) there.

        Raise ColdStoreAway where a text is in the cold store, and cannot be read.
        """
        keys = [self._keys.article(one) for one in ids]
        if not bodies:
            heads = await self._redis.batch([("HGET", key, "head") for key in keys])
            return [read_article(head, None) for head in heads]
        rows = await self._redis.batch([("HMGET", key, "head", "text", "cold") for key in keys])
        texts = await self._cold.bodies(ids, keys, [(text, pointer) for _, text, pointer in rows])
        return [read_article(row[0], body) for row, body in zip(rows, texts, strict=True)]

    async def aliases(self, article_id: ArticleId) -> list[Alias]:
        """Return the other names under which an article came, the oldest first."""
        found = await self._redis.call("LRANGE", self._keys.aliases(article_id), 0, -1)
        return [unpack(data, Alias) for data in found]

    async def led_by(self, article_id: ArticleId) -> ArticleId | None:
        """Return the article that one was found to be; None where it is, or was, one of its own."""
        found = await self._redis.call("HGET", self._keys.article(article_id), "merged")
        return ArticleId(found.decode()) if found else None

    async def revision(self, article_id: ArticleId, revision: int) -> Article | None:
        """Return one revision with its body; None when it is no longer kept."""
        newest = await self.get(article_id)
        if newest is None or newest.revision == revision:
            return newest
        kept = await self.kept_revisions(article_id)
        return next((one for one in kept if one.revision == revision), None)

    async def kept_revisions(self, article_id: ArticleId) -> list[Article]:
        """Return the revisions that are kept besides the newest, the newest of them first."""
        key = self._keys.article(article_id)
        rows, (pointer, newest) = await self._redis.batch(
            [("HVALS", self._keys.revisions(article_id)), ("HMGET", key, "cold", "revision")]
        )
        # With several partitions, the newest one is put among them a moment before it is replaced.
        hot = [one for one in (unpack(row, Article) for row in rows) if one.revision != int(newest or 0)]
        stored = StoredText(article=article_id, key=key, mark=None, pointer=pointer)
        [cold] = await self._cold.texts([stored]) if pointer is not None else [None]
        return list(reversed(merged(hot, cold, self._kept_revisions)))

    async def timeline(
        self, facets: Sequence[str], depth: int, *, until_ms: int | None = None, since_ms: int | None = None
    ) -> tuple[list[TimelinePlace], bool]:
        """Merge the first `depth` of each facet, newest first; return whether that was all there is."""
        rows = await self.timelines.newest(facets, depth, until_ms=until_ms, since_ms=since_ms)
        merged = {ArticleId(name.decode()): at_ms for row in rows for name, at_ms in row}
        ordered = sorted(merged.items(), key=lambda entry: (-entry[1], entry[0]))
        whole = all(len(row) < depth for row in rows)
        if not whole:
            # Below the highest of the cut-off ends, a facet may hide articles that belong between.
            cut = max(row[-1][1] for row in rows if len(row) >= depth)
            ordered = [entry for entry in ordered if entry[1] >= cut]
        return [TimelinePlace(article_id=name, listed_ms=score) for name, score in ordered], whole

    async def carried_by(self, source: SourceId, limit: int = 0) -> list[ArticleId]:
        """Return the articles that a source carried, the newest first; also those of another source."""
        found = await self._redis.call("ZREVRANGE", self._keys.carried(source), 0, limit - 1)
        return [ArticleId(name.decode()) for name in found]

    async def shown_since(self, moment: datetime) -> list[ArticleId]:
        """Return the articles that have been shown since a moment, the longest ago first."""
        found = await self._redis.call("ZRANGEBYSCORE", self._keys.admitted(), to_ms(moment), "+inf")
        return [ArticleId(name.decode()) for name in found]

    async def due_for_recheck(self, source: SourceId, now: datetime, limit: int) -> list[ArticleId]:
        """Return the articles whose pages are to be read again, the longest due first."""
        found = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.recheck(source), "-inf", to_ms(now), "LIMIT", 0, limit
        )
        return [ArticleId(name.decode()) for name in found]

    async def set_recheck(self, source: SourceId, article_id: ArticleId, at: datetime | None) -> None:
        """Note when a page is to be read again; None: never."""
        key = self._keys.recheck(source)
        if at is None:
            await self._redis.call("ZREM", key, article_id)
        else:
            await self._redis.call("ZADD", key, to_ms(at), article_id)

    async def count(self) -> int:
        return await self.timelines.count(ALL)

    async def admitted_since(self, at: datetime) -> int:
        """Count the articles that were admitted then or later."""
        return int(await self._redis.call("ZCOUNT", self._keys.admitted(), to_ms(at), "+inf"))

    async def newest_at(self) -> datetime | None:
        """Return when an article was admitted last."""
        found = await self._redis.call("ZRANGE", self._keys.admitted(), -1, -1, "WITHSCORES")
        return from_ms(int(float(found[1]))) if found else None

    async def sweep(self, now: datetime, keep: timedelta, limit: int) -> list[Article]:
        """Take out up to `limit` articles that were admitted longer ago than `keep`; give their heads."""
        bound = to_ms(now - keep)
        names = await self._redis.call(
            "ZRANGEBYSCORE", self._keys.admitted(), "-inf", bound, "LIMIT", 0, limit
        )
        ids = [ArticleId(name.decode()) for name in names]
        found = await self.get_many(ids, bodies=False)
        marks, pointers = await self._cold.places([self._keys.article(one) for one in ids])
        commands: list[Command] = []
        for article_id, article, mark in zip(ids, found, marks, strict=True):
            commands += self.writes.removal(article_id, article, mark)
        # Where this ends in between, they are still in `admitted`, and are swept again.
        await self.timelines.remove(
            [place for one, article in zip(ids, found, strict=True) for place in places_of(one, article)]
        )
        await self._cold.hot.carry_out(commands)
        await self._cold.forget(ids, pointers)
        return [article for article in found if article]

    async def sweep_bodies(self, now: datetime, keep: timedelta, limit: int) -> int:
        """Drop the bodies of up to `limit` articles that were admitted longer ago than `keep`."""
        admitted, bound = self._keys.admitted(), to_ms(now - keep)
        cursor = await self._redis.call("HGET", self._keys.cursors(), "bodies")
        start = await rank_after(self._redis, admitted, cursor)
        rows = pairs(await self._redis.call("ZRANGE", admitted, start, start + limit - 1, "WITHSCORES"))
        ids = [ArticleId(name.decode()) for name, at_ms in rows if int(at_ms) <= bound]
        if not ids:
            return 0
        last = f"{int(rows[len(ids) - 1][1])} {ids[-1]}"
        marks, pointers = await self._cold.places([self._keys.article(one) for one in ids])
        commands: list[Command] = [("HDEL", self._keys.article(one), "text", "cold") for one in ids]
        for one, mark in zip(ids, marks, strict=True):
            commands += [*removing(self._keys, one, mark), ("UNLINK", self._keys.revisions(one))]
        commands.append(("ZREM", self._keys.rewritten(), *ids))
        commands += [note_change(self._keys, one) for one in ids]
        await self._cold.hot.carry_out([*commands, ("HSET", self._keys.cursors(), "bodies", last)])
        await self._cold.forget(ids, pointers)
        return len(ids)

    async def carriers(
        self, article_id: ArticleId, sources: Sequence[SourceId]
    ) -> Mapping[SourceId, datetime]:
        """Return which of the sources carried an article, and when it was first seen there.

        The first first.
        """
        rows = await self._redis.batch(
            [("ZSCORE", self._keys.carried(source), article_id) for source in sources]
        )
        found = [(int(row), source) for source, row in zip(sources, rows, strict=True) if row is not None]
        return {source: from_ms(at) for at, source in sorted(found)}

    async def sweep_carried(self, sources: Sequence[SourceId], now: datetime, keep: timedelta) -> int:
        """Forget what these sources carried longer ago than `keep`; return how much that was."""
        bound = to_ms(now - keep)
        return sum(
            await self._redis.batch(
                [("ZREMRANGEBYSCORE", self._keys.carried(source), "-inf", bound) for source in sources]
            )
        )

    def _found(
        self, identity: Identity, row: tuple[list[int], list[int], list[list[bytes]]]
    ) -> RecognizedKeys:
        places, stale, rows = row
        articles = [None, *map(self._known, rows)]
        return RecognizedKeys(
            articles=tuple(articles[place] for place in places),
            stale=tuple(identity.keys[place - 1] for place in stale),
        )

    def _known(self, row: list[bytes]) -> KnownArticle:
        name, revision, content_hash, source, published, head, text, key, first_party, _, body = row
        article_id = ArticleId(name.decode())
        return KnownArticle(
            article_id=article_id,
            revision=int(revision or 0),
            content_hash=content_hash.decode(),
            source=SourceId(source.decode()),
            published_at=from_ms(int(published)) if published else None,
            is_first_party=first_party != _THIRD_PARTY,
            article=read_article(head, body) if head else None,
            text_mark=text.decode(),
            is_reserved=key == self._keys.reserved(article_id).encode(),
        )


def read_article(head: bytes | None, body: bytes | None) -> Article | None:
    if head is None:
        return None
    article = read_head(head)
    return replace(article, body_html=body.decode("utf-8", "replace")) if body else article
