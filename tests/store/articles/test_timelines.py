"""Timelines in pieces: read as one long list, and packed by Redis."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from support import NOON, ManualClock, candidate

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import ArticleId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.store.connection import Transaction
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.paging import PagePosition
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.store.timelines import Timelines, listing, unlisting

FACET = "tag:piala dunia"
BEGAN = to_ms(NOON)


async def commit(store: Store, *writes: object) -> None:
    await store.connection.commit([Transaction(expects=(), writes=tuple(writes))])  # type: ignore[arg-type]


async def pieces_of(store: Store, keys: Keys) -> list[str]:
    bounds = await store.connection.call("ZRANGE", keys.timeline_pieces(FACET), 0, -1)
    return [keys.timeline_piece(bound.decode(), FACET) for bound in bounds]


class Known:
    """What a timeline should have."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}

    def newest(self, until: int, since: int, limit: int) -> list[tuple[bytes, int]]:
        ordered = sorted(
            ((at, name) for name, at in self.times.items() if since <= at <= until), reverse=True
        )
        return [(name.encode(), at) for at, name in ordered[:limit]]


@pytest.mark.parametrize("spread", [40, 3000, 10_000_000], ids=["many of one time", "some", "each its own"])
async def test_pieces_read_as_one_list(redis_url: str, tmp_path: Path, spread: int) -> None:
    options = StoreOptions(url=redis_url, namespace=f"timelines-{spread}", data_dir=tmp_path)
    keys, rng, known = Keys(options.namespace), random.Random(spread), Known()
    async with open_store(options) as store:
        timelines = store.articles.timelines
        for number in range(900):
            # Mostly in order of time, as articles come; some are late, some come again.
            at = BEGAN + number * spread // 900 - (rng.randrange(spread) if rng.random() < 0.3 else 0)
            name = ArticleId(f"a{number:015}")
            known.times[name] = at
            await commit(store, *[listing(keys, FACET, name, from_ms(at))] * rng.choice((1, 1, 2)))
        for left in rng.sample(sorted(known.times), 300):
            listed = from_ms(known.times.pop(left))
            noted = listed if rng.random() < 0.7 else None
            await commit(store, unlisting(keys, FACET, ArticleId(left), noted))
        await check(timelines, known, rng, spread)
        packed = [keys.timeline(FACET), *await pieces_of(store, keys)]
        assert len(packed) > 4
        if spread > 40:
            found = await store.connection.batch([("OBJECT", "ENCODING", key) for key in packed])
            assert set(found) == {b"listpack"}
        await timelines.remove([(FACET, ArticleId(name), from_ms(at)) for name, at in known.times.items()])
        rest = [name async for names in store.connection.names(keys.prefix + "timeline") for name in names]
        assert rest == [], "nothing is left of what is empty"


async def check(timelines: Timelines, known: Known, rng: random.Random, spread: int) -> None:
    low, high = BEGAN - 2 * spread, BEGAN + 2 * spread
    assert await timelines.newest([FACET], 5000) == [known.newest(high, low, 5000)]
    assert await timelines.count(FACET) == len(known.times)
    for _ in range(60):
        since, until = sorted(rng.randrange(BEGAN - spread, BEGAN + spread) for _ in range(2))
        limit = rng.choice((1, 50, 300))
        [found] = await timelines.newest([FACET], limit, until_ms=until, since_ms=since)
        assert found == known.newest(until, since, limit)
        [found] = await timelines.newest([FACET], limit, until_ms=until)
        assert found == known.newest(until, low, limit)
        assert await timelines.counts([FACET], [(since, until)]) == [len(known.newest(until, since, 5000))]


async def test_a_page_goes_on_in_the_next_piece(redis_url: str, tmp_path: Path, clock: ManualClock) -> None:
    options = StoreOptions(url=redis_url, namespace="timeline-pages", data_dir=tmp_path)
    async with open_store(options) as store:
        admitter = Admitter(store.articles, (), clock)
        numbers = range(300)
        done = await admitter.admit(
            [candidate(one, published_at=NOON - timedelta(minutes=one)) for one in numbers]
        )
        read = list[ArticleId]()
        position: PagePosition | None = PagePosition(until_ms=to_ms(NOON), skip=0)
        pages = 0
        while position is not None:
            names, position = await store.lists.articles(["all"], position, 70)
            read += names
            pages += 1
        articles = await store.articles.get_many([one.article_id for one in done], bodies=False)
        ordered = sorted(((one.listed_at, one.id) for one in articles if one), reverse=True)
        assert read == [name for _, name in ordered]
        assert pages == 5
        clock.now += timedelta(days=100)
        while await store.articles.sweep(clock(), timedelta(days=90), 100):
            pass
        assert await store.articles.count() == 0
        assert not await store.connection.call("EXISTS", Keys(options.namespace).timeline_pieces("all"))


async def test_a_long_timeline_of_a_former_release_is_divided(redis_url: str, tmp_path: Path) -> None:
    options = StoreOptions(url=redis_url, namespace="former-timelines", data_dir=tmp_path)
    keys, known = Keys(options.namespace), Known()
    known.times = {f"a{number:015}": BEGAN + number // 3 for number in range(5000)}
    async with open_store(options) as store:
        scored = [part for name, at in known.times.items() for part in (at, name)]
        await store.connection.call("ZADD", keys.timeline(FACET), *scored)
        await store.connection.call("HSET", keys.meta(), "schema", 8)
    for _ in range(2):  # the second time as after a `kill -9` before the number was written
        async with open_store(options, migrates=True) as store:
            assert (await store.layout.read()).version == LAYOUT
            await check(store.articles.timelines, known, random.Random(1), 5000)
            packed = [keys.timeline(FACET), *await pieces_of(store, keys)]
            assert len(packed) > 40
            found = await store.connection.batch([("OBJECT", "ENCODING", key) for key in packed])
            assert set(found) == {b"listpack"}
            await store.connection.call("HSET", keys.meta(), "schema", 8)
