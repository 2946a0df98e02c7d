"""Search over what is in Redis: new, changed, withdrawn, restored and swept articles, from one call to the next."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from operator import not_
from pathlib import Path

import pytest
from support import ManualClock, candidate, until

from syndicator.errors import StoreUnavailable
from syndicator.model.article import WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.observe.metrics import Metrics, open_metrics
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.search.article_search import MOST_WAITING, ArticleSearch, TooManySearches
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.search.query import QueryError
from syndicator.store.outbox import KEPT_CHANGES
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store, StoreOptions, open_store


@asynccontextmanager
async def searching_in(
    store: Store, folder: Path, metrics: Metrics | None = None
) -> AsyncIterator[ArticleSearch]:
    article_search = ArticleSearch(store, SearchIndex(folder), metrics)
    try:
        yield article_search
    finally:
        article_search.close()


@pytest.fixture
async def article_search(store: Store, tmp_path: Path) -> AsyncIterator[ArticleSearch]:
    async with searching_in(store, tmp_path / "search") as opened:
        await opened.build()
        yield opened


async def admit(store: Store, clock: ManualClock, *titles: str, first: int = 1) -> list[ArticleId]:
    admitted = await Admitter(store.articles, (), clock).admit(
        [candidate(number, title=title) for number, title in enumerate(titles, first)]
    )
    return [one.article_id for one in admitted]


async def found(article_search: ArticleSearch, query: str) -> set[ArticleId]:
    return set((await article_search.search(query)).ids)


async def test_an_article_is_found_from_its_admission_on(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    assert await found(article_search, "banjir") == set()
    one, other = await admit(store, clock, "Banjir besar", "Gempa")
    assert await found(article_search, "banjir") == {one}
    assert await found(article_search, "gempa OR banjir") == {one, other}


async def test_what_was_there_before_is_found(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    ids = await admit(store, clock, *(f"Banjir {number}" for number in range(120)))
    async with searching_in(store, tmp_path / "a") as early:
        assert not (await early.search("banjir")).is_whole
        await early.build()
        assert await early.search("banjir") == await early.search("banjir")
        assert await found(early, "banjir") == set(ids)
        assert (await early.search("banjir")).is_whole


async def test_all_articles_are_looked_through_page_by_page(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicator.pipeline.search.article_search._PAGE", 7)
    at_once = await Admitter(store.articles, (), clock).admit([candidate(number) for number in range(40)])
    for number in range(100, 120):
        clock.advance(1)
        at_once += await Admitter(store.articles, (), clock).admit([candidate(number)])
    async with searching_in(store, tmp_path / "a") as article_search:
        await article_search.build()
        assert await found(article_search, "berita") == {one.article_id for one in at_once}


async def test_a_new_revision_is_found_by_its_own_words(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    (one,) = await admit(store, clock, "Banjir besar")
    assert await found(article_search, "banjir") == {one}
    clock.advance(60)
    await admit(store, clock, "Air surut")
    assert await found(article_search, "banjir") == set()
    assert await found(article_search, "surut") == {one}


async def test_what_is_withdrawn_is_not_found_until_it_is_restored(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    (one,) = await admit(store, clock, "Banjir besar")
    withdrawer = Withdrawer(store, (), open_metrics(), clock, count_coverage)
    assert await found(article_search, "banjir") == {one}
    await withdrawer.withdraw(one, WithdrawnBy.OPERATOR, "x")
    assert await found(article_search, "banjir") == set()
    await withdrawer.restore(one)
    assert await found(article_search, "banjir") == {one}


async def test_what_is_swept_is_not_found(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    await admit(store, clock, "Banjir besar")
    assert await found(article_search, "pembuka")
    assert await found(article_search, "isi")
    later = clock.advance(3600)
    await store.articles.sweep_bodies(later, timedelta(minutes=1), 10)
    assert await found(article_search, "isi") == set()
    assert await found(article_search, "banjir")
    await store.articles.sweep(later, timedelta(minutes=1), 10)
    assert await found(article_search, "banjir") == set()


async def test_one_that_slept_too_long_looks_through_all_again(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    (gone, kept) = await admit(store, clock, "Banjir besar", "Gempa")
    assert await found(article_search, "banjir") == {gone}
    await Withdrawer(store, (), open_metrics(), clock, count_coverage).withdraw(
        gone, WithdrawnBy.OPERATOR, "x"
    )
    stream = store.articles._keys.changes()
    await store.connection.batch(
        [("XADD", stream, "MAXLEN", "~", KEPT_CHANGES, "*", "article", kept)] * (KEPT_CHANGES + 500)
    )
    assert not (await article_search.search("banjir")).is_whole
    async with article_search.keeping_up():
        await until(lambda: article_search.search("banjir"), lambda found: found.is_whole)
        assert await found(article_search, "banjir") == set()
        assert await found(article_search, "gempa") == {kept}


async def test_an_emptied_redis_empties_the_index(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    await admit(store, clock, "Banjir besar")
    assert await found(article_search, "banjir")
    keys = await store.connection.call(
        "KEYS", store.articles._keys.article(ArticleId("")).replace("article:", "*")
    )
    await store.connection.call("DEL", *keys)
    async with article_search.keeping_up():
        await until(lambda: found(article_search, "banjir"), not_)


async def test_articles_of_a_worker_that_tells_of_no_changes_are_found(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    (one,) = await admit(store, clock, "Banjir besar")
    await found(article_search, "banjir")
    (other,) = await admit(store, clock, "Banjir lagi", first=2)
    stream = store.articles._keys.changes()
    last = (await store.connection.call("XREVRANGE", stream, "+", "-", "COUNT", 1))[0][0]
    await store.connection.call("XDEL", stream, last)
    assert await found(article_search, "banjir") == {one}
    async with article_search.keeping_up():
        await until(lambda: found(article_search, "banjir"), lambda found: found == {one, other})


async def test_what_is_listed_but_gone_is_no_reason_to_build_again(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    (one,) = await admit(store, clock, "Banjir besar")
    keys = store.articles._keys
    await store.connection.call("ZADD", keys.timeline("all"), 1, "nosucharticle")
    async with searching_in(store, tmp_path / "a") as article_search:
        await article_search.build()
        await article_search._recount()
        assert await found(article_search, "banjir") == {one}
        assert (await article_search.search("banjir")).is_whole
        await store.connection.call("ZADD", keys.timeline("all"), 2, "northisone")
        await article_search._recount()
        assert not (await article_search.search("banjir OR gempa")).is_whole


async def test_what_is_admitted_while_all_are_looked_through_is_found(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await admit(store, clock, *(f"Banjir {number}" for number in range(100)))
    async with searching_in(store, tmp_path / "a") as article_search:
        building = asyncio.create_task(article_search.build())
        while not await found(article_search, "banjir"):
            await asyncio.sleep(0)
        (one,) = await admit(store, clock, "Gempa", first=500)
        assert await found(article_search, "gempa") == {one}
        await building
        assert len(await found(article_search, "banjir")) == 100
        assert await found(article_search, "gempa") == {one}


async def test_who_comes_when_many_wait_is_asked_to_come_again(article_search: ArticleSearch) -> None:
    answers = await asyncio.gather(
        *(article_search.search(f"kata{number}") for number in range(MOST_WAITING + 5)),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers].count(TooManySearches) == 5
    await article_search.search("kata")


async def test_what_is_no_query_is_refused(article_search: ArticleSearch) -> None:
    with pytest.raises(QueryError):
        await article_search.search("banjir OR")


async def test_an_index_that_was_lost_is_built_again(
    article_search: ArticleSearch, store: Store, clock: ManualClock
) -> None:
    (one,) = await admit(store, clock, "Banjir besar")
    assert await found(article_search, "banjir") == {one}
    database = article_search._index._opened
    assert database is not None
    database.execute("DROP TABLE articles")
    with pytest.raises(StoreUnavailable):
        await article_search.search("gempa")
    async with article_search.keeping_up():
        await until(lambda: found(article_search, "besar"), lambda found: found == {one})


async def test_a_start_goes_on_with_what_was_left(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    gone, kept = await admit(store, clock, "Banjir besar", "Banjir kecil")
    async with searching_in(store, tmp_path) as early:
        await early.build()
    (new,) = await admit(store, clock, "Banjir lagi", first=3)
    await Withdrawer(store, (), open_metrics(), clock, count_coverage).withdraw(
        gone, WithdrawnBy.OPERATOR, "x"
    )
    async with searching_in(store, tmp_path) as late:
        assert (await late.search("banjir")).ids == (), "not before it is known whose data it is"
        assert await late.resume()
        answer = await late.search("banjir")
        assert (set(answer.ids), answer.is_whole) == ({kept, new}, True)
        (last,) = await admit(store, clock, "Banjir terus", first=4)
        assert last in await found(late, "banjir")
    async with searching_in(store, tmp_path) as again:
        assert await again.resume()
        assert last in await found(again, "banjir")


async def test_what_was_left_of_other_data_is_not_used(
    store: Store, redis_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    await admit(store, clock, "Banjir besar")
    folder = tmp_path / "index"
    async with searching_in(store, folder) as early:
        await early.build()
    options = StoreOptions(url=redis_url, namespace=f"test-{uuid.uuid4().hex}", data_dir=tmp_path)
    async with open_store(options) as other, searching_in(other, folder) as late:
        assert not await late.resume()
        await late.build()
        assert await found(late, "banjir") == set()


async def test_what_was_left_before_a_redis_began_anew_is_not_used(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    await admit(store, clock, "Banjir besar")
    async with searching_in(store, tmp_path) as early:
        await early.build()
    await store.connection.call("HSET", store.articles._keys.meta(), "created_ms", 1)
    async with searching_in(store, tmp_path) as late:
        assert not await late.resume()


async def test_what_has_missed_changes_is_built_anew(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """Be it that too many came, or that a Redis was put back to before some of them."""
    await admit(store, clock, "Banjir besar")
    async with searching_in(store, tmp_path) as early:
        await early.build()
    await admit(store, clock, "Gempa", first=2)
    stream = store.articles._keys.changes()
    first = (await store.connection.call("XRANGE", stream, "-", "+", "COUNT", 1))[0][0]
    await store.connection.call("XDEL", stream, first)
    async with searching_in(store, tmp_path) as late:
        assert not await late.resume()
        async with late.keeping_up():
            await until(lambda: late.search("gempa"), lambda found: found.is_whole)
        assert len(await found(late, "gempa OR banjir")) == 2


async def test_a_look_that_was_cut_short_is_not_gone_on_with(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await admit(store, clock, *(f"Banjir {number}" for number in range(60)))
    async with searching_in(store, tmp_path) as early:
        building = asyncio.create_task(early.build())
        while not await found(early, "banjir"):
            await asyncio.sleep(0)
        building.cancel()
    async with searching_in(store, tmp_path) as late:
        assert not await late.resume()


async def test_searches_and_the_state_of_the_index_are_measured(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    metrics = open_metrics()
    await admit(store, clock, "Banjir besar", "Gempa")
    async with searching_in(store, tmp_path, metrics) as article_search:
        async with article_search.keeping_up():
            await until(lambda: article_search.search("banjir"), lambda found: found.is_whole)
        await asyncio.gather(
            *(article_search.search(f"kata{number}") for number in range(MOST_WAITING + 3)),
            return_exceptions=True,
        )
        await article_search._recount()
        told = metrics.render().decode()
        assert 'syndicator_searches_total{result="refused"} 3.0' in told
        assert "syndicator_search_articles 2.0" in told
        assert "syndicator_search_lag_seconds 0.0\n" in told
        assert await store.changes.lag_s(article_search._position) == 0
        await admit(store, clock, "Banjir lagi", first=3)
        assert await store.changes.lag_s(article_search._position) > 0
        await article_search.catch_up()
        assert await store.changes.lag_s(article_search._position) == 0


async def test_a_look_through_all_articles_ends_with_the_process(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """Also one that no cancellation reaches: the driver of Redis loses one now and then."""
    ids = await admit(store, clock, *(f"Banjir {number}" for number in range(400)))
    index = SearchIndex(tmp_path / "search")
    article_search = ArticleSearch(store, index)
    async with article_search.keeping_up(), asyncio.timeout(30):
        building = asyncio.create_task(article_search.build())
        while not await found(article_search, "banjir"):
            await asyncio.sleep(0)
    await building
    assert not building.cancelled()
    assert 0 < len(await found(article_search, "banjir")) < len(ids)
    assert not (await article_search.search("banjir")).is_whole
    article_search.close()
