"""What all tests share: a clock that is moved by hand, and articles out of thin air."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from pathlib import Path
from typing import Any, TypeVar, overload

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.stories import grouped
from syndicator.model.article import Candidate, Provenance
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec, Site
from syndicator.model.ids import SourceId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.stories.assignment import Assigner
from syndicator.store.connection import Connection, connect
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.keys.partitions import MOST_SPREAD, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store, StoreOptions, open_store

SITE = Site(title="Kabar", public_url="https://news.example")
NOON = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


PATIENCE_S = 60
"""For everything that is waited for, on a machine that may be busy: no test asserts that something is quick."""

CHANGED_PARTITIONS = pytest.mark.parametrize(
    ("partitions", "then"), [(1, 4), (4, 1), (4, 3), (4, 4)], ids=lambda number: f"{number}"
)
"""For tests of back-ups that are restored into another number of partitions, and into the same."""

_T = TypeVar("_T")


@overload
async def until(ask: Callable[[], Awaitable[_T]], holds: Callable[[_T], object] = bool) -> _T: ...
@overload
async def until(ask: Callable[[], _T], holds: Callable[[_T], object] = bool) -> _T: ...
async def until(ask: Callable[[], Any], holds: Callable[[Any], object] = bool) -> Any:
    """Ask again and again until what comes holds; return it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = ask()
            if isawaitable(found):
                found = await found
            if holds(found):
                return found
            await asyncio.sleep(0.005)


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def candidate(
    number: int = 1,
    *,
    source: str = "city",
    title: str | None = None,
    url: str | None = None,
    guid: str | None = None,
    published_at: datetime | None = None,
    body_html: str | None = None,
    section: str | None = "Transportasi",
    tags: tuple[str, ...] = (),
    views: int | None = None,
) -> Candidate:
    """An article as a source claims it; the same number is the same article."""
    address = url or f"https://city.example/read/{number}/berita"
    return Candidate(
        source=SourceId(source),
        url=address,
        guid=guid,
        title=title or f"Berita nomor {number}",
        lead=f"Pembuka berita nomor {number}.",
        body_html=body_html or f"<p>Isi berita nomor {number}.</p>",
        section=section,
        tags=tags,
        language="id",
        views=views,
        published_at=published_at or NOON - timedelta(minutes=5),
        provenance=Provenance(source=SourceId(source), requested_url=address, fetched_at=NOON),
    )


@asynccontextmanager
async def answering(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], path: str = "/{path:.*}"
) -> AsyncIterator[str]:
    """Have a server answer what is asked for at a path while the context is open; yield its URL."""
    app = web.Application()
    app.router.add_route("*", path, answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def own_redis(folder: Path, program: Path | None = None) -> AsyncIterator[EmbeddedServer]:
    """Have a Redis server with its data in a folder run while the context is open."""
    server = EmbeddedServer(folder, program or find_server(None))
    await server.ensure()
    try:
        yield server
    finally:
        await server.stop()


def new_store(
    url: str, folder: Path, *, partitions: int = 1, texts: int = 1, hub: int = 1, namespace: str = ""
) -> AbstractAsyncContextManager[Store]:
    """Open a store, in a namespace of its own unless one is named."""
    options = StoreOptions(
        url=url,
        namespace=namespace or f"test-{uuid.uuid4().hex}",
        data_dir=folder,
        partitions=Spread(endpoints=partitions, texts=texts, hub=hub),
    )
    return open_store(options)


def open_any(url: str, namespace: str) -> AbstractAsyncContextManager[Connection]:
    """Connect to all slots that a namespace can have keys in."""
    return connect(url, anchor=Keys(namespace).meta(), others=Keys(namespace, MOST_SPREAD).other_slots)


async def refuse_writes(server: EmbeddedServer, redis: Connection) -> None:
    """Have a server refuse writes (MISCONF) as on a full disk: its snapshot cannot take its place."""
    (server.data_dir / "dump.rdb").unlink(missing_ok=True)
    (server.data_dir / "dump.rdb" / "in the way").mkdir(parents=True)
    await redis.call("SET", "to be saved", 1)
    await redis.call("BGSAVE")
    await until(
        lambda: redis.call("INFO", "persistence"), lambda found: b"rdb_last_bgsave_status:err" in found
    )


def unzstd(packed: bytes) -> bytes:
    """Decompress what was coded as zstd."""
    return zstd.decompress(packed)


def assigner_of(store: Store, specs: Iterable[FeedSpec], clock: Clock) -> Assigner:
    """An assigner of its own, as another process has it."""
    return grouped.assigner_of(store, clock, list(specs))


def grouping_admitter(store: Store, specs: Iterable[FeedSpec], clock: Clock) -> Admitter:
    """An admitter whose articles are assigned to stories, as those of the service are."""
    known = list(specs)
    return Admitter(store.articles, known, clock, grouped.grouping_of(store, clock, known))


async def count_identities(store: Store) -> int:
    """Return how many identity keys are known."""
    redis, prefix = store.connection, store.articles.identities.prefix
    names = {name async for some in redis.names(prefix) for name in some}
    return sum(await redis.batch([("HLEN", name) for name in names]))


async def forget_events(store: Store) -> None:
    """Take all stored events out of their hashes; the log and queues go on naming them."""
    keys, redis = store.events._keys, store.connection
    count = int(await redis.call("GET", keys.event_hashes()) or 1)
    await redis.call("DEL", keys.events(), *(keys.packed_events(number) for number in range(count)))
