"""Feeds as they stand: versions, rankings, and the bytes that were rendered last."""

import asyncio
import gzip
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, json
from msgspec.structs import asdict, replace

from syndicator.errors import StoreError
from syndicator.model.clock import EPOCH, from_ms, to_ms
from syndicator.model.event import Event, EventType
from syndicator.model.feed import FeedDates, FeedVersion, Format, Rendition, RenditionEntry
from syndicator.model.ids import ArticleId, FeedId
from syndicator.rules.identity.identity import event_id
from syndicator.store.codec import pack, readable, unpack
from syndicator.store.connection import Command, Repository
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event


class Ranked(Struct, frozen=True, kw_only=True):
    """One place of a ranking; its rank is its place in the list."""

    article_id: ArticleId
    score: float
    """At the time of ranking."""
    views: int | None = None
    comments: int | None = None


class FeedAnnouncement(Struct, frozen=True, kw_only=True, array_like=True):
    """The bytes of a feed that `feed.updated` announced, and when."""

    changed_ms: int = 0
    version: int = 0
    announced_ms: int = 0
    digest: str = ""
    older_ms: int = 0
    """When the feed was announced before that."""

    def is_news_after(self, before: "FeedAnnouncement") -> bool:
        """Return whether these bytes differ from those announced before, and are of a newer version."""
        newer = (self.changed_ms, self.version) > (before.changed_ms, before.version)
        return newer and self.digest != before.digest


DATED_DOCUMENTS = 4000
"""Documents that are made on request (feeds of any filter, of what is related or found, pages, archives)
whose dates are kept: those that were requested last. Some 5 kB each."""
DATED_FOR = timedelta(days=30)
"""After this the dates of a document that is not requested are removed."""
_AT_ONCE = 100
_UNPACKED_HERE_BYTES = 200_000
"""More takes over a millisecond."""


class _Stored(Struct, frozen=True, kw_only=True):
    """A rendition without its plain bytes: they are a gunzip away, and would be most of what is written."""

    feed: FeedId
    form: Format
    version: int
    changed_at: datetime = EPOCH
    made_by: str = ""
    count: int = 0
    before: bytes = b""
    shown: tuple[RenditionEntry, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    digest: str
    last_modified: datetime
    gzip: bytes
    brotli: bytes
    zstd: bytes


def pack_rendition(rendition: Rendition) -> bytes:
    """Encode rendered bytes, compressed only."""
    return pack(_Stored(**{name: getattr(rendition, name) for name in _Stored.__struct_fields__}))


def unpack_rendition(data: bytes) -> Rendition:
    """Decode rendered bytes; raise StoreError where they are damaged."""
    stored = unpack(data, _Stored)
    try:
        return Rendition(**asdict(stored), body=gzip.decompress(stored.gzip))
    except (OSError, EOFError, zlib.error) as error:
        text = f"the stored bytes of {stored.feed}.{stored.form.value} are damaged: {error}"
        raise StoreError(text) from error


def raise_version(keys: Keys, feed: FeedId, now_ms: int) -> list[Command]:
    """Write that a feed shows something new."""
    return [
        ("HINCRBY", keys.feeds_version(), feed, 1),
        ("HSET", keys.feeds_changed(), feed, now_ms),
        ("ZADD", keys.feeds_moved(), now_ms, feed),
    ]


def ranking_writes(keys: Keys, feed: FeedId, ranking: Sequence[Ranked], now_ms: int) -> list[Command]:
    """Write a ranking in place of the one before, and that the feed shows something new."""
    return [("SET", keys.ranking(feed), pack(list(ranking))), *raise_version(keys, feed, now_ms)]


def _spelled(announced: FeedAnnouncement) -> str:
    return json.encode(announced).decode()


class Feeds(Repository):
    """Versions, rankings and renditions."""

    async def version(self, feed: FeedId) -> FeedVersion:
        """Return a feed's version; 0 of 1970 when nothing ever concerned it."""
        return (await self.versions([feed]))[feed]

    async def versions(self, feeds: Sequence[FeedId]) -> Mapping[FeedId, FeedVersion]:
        if not feeds:
            return {}
        numbers, changes = await self._redis.batch(
            [("HMGET", self._keys.feeds_version(), *feeds), ("HMGET", self._keys.feeds_changed(), *feeds)]
        )
        return {
            feed: FeedVersion(
                version=int(number or 0), changed_at=from_ms(int(changed)) if changed else EPOCH
            )
            for feed, number, changed in zip(feeds, numbers, changes, strict=True)
        }

    async def moved_since(self, since: datetime) -> list[FeedId]:
        """Return the feeds whose version was raised at a time or later."""
        found = await self._redis.call("ZRANGEBYSCORE", self._keys.feeds_moved(), to_ms(since), "+inf")
        return [FeedId(name.decode()) for name in found]

    async def touch(self, feeds: Iterable[FeedId], now: datetime) -> None:
        """Raise the version of feeds: something that they show changed otherwise than by admission."""
        commands = [command for feed in feeds for command in raise_version(self._keys, feed, to_ms(now))]
        await self._redis.batch(commands)

    async def adopt(self, fingerprints: Mapping[FeedId, str], now: datetime) -> list[FeedId]:
        """Raise the version of feeds whose description is not the one they were last rendered by."""
        if not fingerprints:
            return []
        known = await self._redis.call("HMGET", self._keys.feeds_spec(), *fingerprints)
        renewed = [
            feed
            for (feed, fingerprint), before in zip(fingerprints.items(), known, strict=True)
            if before is None or before.decode() != fingerprint
        ]
        await self.touch(renewed, now)
        await self._redis.batch(
            [("HSET", self._keys.feeds_spec(), feed, fingerprints[feed]) for feed in renewed]
        )
        return renewed

    async def list_changed_at(self, digest: str, now: datetime) -> datetime:
        """Return the time since which the list of feeds has this digest: now, if it had another."""
        meta = self._keys.meta()
        known, since_ms = await self._redis.call("HMGET", meta, "list", "list_ms")
        if known and since_ms and known.decode() == digest:
            return from_ms(int(since_ms))
        await self._redis.call("HSET", meta, "list", digest, "list_ms", to_ms(now))
        return now

    async def announced(self, feed: FeedId) -> FeedAnnouncement:
        """Return the last announcement of a feed by `feed.updated`."""
        data = await self._redis.call("HGET", self._keys.feeds_announced(), feed)
        return json.decode(data, type=FeedAnnouncement) if data else FeedAnnouncement()

    async def announce(
        self, feed: FeedId, before: FeedAnnouncement, after: FeedAnnouncement, event: Event
    ) -> bool:
        """Store an announcement and add its event, in one step; False where another worker has done so.

        Of a feed the last event and the one before are kept: each closes what waits of the one before it.
        """
        key, pointless = self._keys.feeds_announced(), event_id(feed, before.older_ms, EventType.FEED_UPDATED)
        return await self._commit(
            expects=((key, feed, _spelled(before) if before.announced_ms else ""),),
            writes=(
                ("HSET", key, feed, _spelled(after)),
                append_event(self._keys, event),
                ("HDEL", self._keys.events(), pointless),
            ),
        )

    async def dates(self, feed: FeedId) -> FeedDates:
        """Return when a document and its entries changed last; no entries where nothing readable is kept."""
        data, count = await self._redis.batch(
            [("GET", self._keys.feed_dates(feed)), ("HGET", self._keys.feeds_dated(), feed)]
        )
        dates = readable(data, FeedDates) if data else None
        return replace(dates or FeedDates(), count=int(count or 0))

    async def put_dates(self, feed: FeedId, dates: FeedDates, *, on_request: bool = False) -> bool:
        """Keep dates in place of those they were advanced from; False where those are gone meanwhile.

        `on_request`: of a document that is made on request. The dates of those that nobody
        asked for the longest are removed.
        """
        keys = self._keys
        counts = keys.feeds_dated()
        is_kept = await self._commit(
            expects=((counts, feed, str(dates.count) if dates.count else ""),),
            writes=(
                ("HSET", counts, feed, dates.count + 1),
                ("SET", keys.feed_dates(feed), pack(replace(dates, count=dates.count + 1))),
                *([("ZADD", keys.dated_documents(), dates.used_s, feed)] if on_request else ()),
            ),
        )
        if is_kept and on_request and not dates.count:
            await self._forget_documents(dates.used_s)
        return is_kept

    async def _forget_documents(self, now_s: int) -> None:
        """Remove the dates of documents beyond `DATED_DOCUMENTS`, and of those not asked for any more."""
        key, kept_s = self._keys.dated_documents(), int(DATED_FOR.total_seconds())
        longest = ("ZRANGE", key, 0, -1 - DATED_DOCUMENTS)
        unused = ("ZRANGEBYSCORE", key, "-inf", now_s - kept_s, "LIMIT", 0, _AT_ONCE)
        found = await self._redis.batch([longest, unused])
        if names := list(dict.fromkeys(FeedId(name.decode()) for one in found for name in one)):
            await self._redis.batch(
                [
                    ("UNLINK", *map(self._keys.feed_dates, names)),
                    ("HDEL", self._keys.feeds_dated(), *names),
                    ("ZREM", key, *names),
                ]
            )

    async def rendition(self, feed: FeedId, form: Format) -> Rendition | None:
        """Return the bytes that were rendered last."""
        data = await self._redis.call("GET", self._keys.rendition(feed, form))
        if not data:
            return None
        if len(data) > _UNPACKED_HERE_BYTES:
            return await asyncio.to_thread(unpack_rendition, data)
        return unpack_rendition(data)

    async def put_rendition(self, rendition: Rendition) -> None:
        """Keep rendered bytes, compressed, for the other processes and for the next start."""
        key = self._keys.rendition(rendition.feed, rendition.form)
        await self._redis.call("SET", key, pack_rendition(rendition))

    async def ranking(self, feed: FeedId) -> list[Ranked]:
        """Return what a popular feed shows, the most popular first."""
        data = await self._redis.call("GET", self._keys.ranking(feed))
        return unpack(data, list[Ranked]) if data else []

    async def put_ranking(self, feed: FeedId, ranking: Sequence[Ranked], now: datetime) -> None:
        """Replace a ranking and raise the feed's version."""
        await self._redis.batch(ranking_writes(self._keys, feed, ranking, to_ms(now)))
