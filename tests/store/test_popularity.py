"""View counters and decayed boards over a real Redis, against the same sums computed offline."""

import math
from datetime import timedelta

import pytest
from support import NOON, ManualClock

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.store.popularity import HALF_LIVES, ViewReading
from syndicator.store.store import Store

A, B = ArticleId("a"), ArticleId("b")


def read(article: ArticleId, views: int) -> ViewReading:
    return ViewReading(article_id=article, views=views, published_at=NOON - timedelta(hours=1))


async def board(store: Store, window: Window, clock: ManualClock) -> dict[str, float]:
    return {place.article_id: place.score for place in await store.popularity.top(window, 10, clock())}


async def test_counters_become_increments(store: Store, clock: ManualClock) -> None:
    assert await store.popularity.record([read(A, 100), read(B, 50)], clock()) == 2
    clock.advance(60)
    assert await store.popularity.record([read(A, 100), read(B, 80)], clock()) == 1
    assert await board(store, Window.ALL, clock) == {"a": 100, "b": 80}
    assert await store.popularity.views([A, B, ArticleId("c")]) == [100, 80, None]


async def test_the_same_reading_twice_changes_nothing(store: Store, clock: ManualClock) -> None:
    await store.popularity.record([read(A, 100)], clock())
    before = await board(store, Window.HOUR, clock)
    assert await store.popularity.record([read(A, 100)], clock()) == 0
    assert await board(store, Window.HOUR, clock) == before


async def test_a_counter_that_fell_was_reset(store: Store, clock: ManualClock) -> None:
    await store.popularity.record([read(A, 100)], clock())
    await store.popularity.record([read(A, 10)], clock())
    assert await board(store, Window.ALL, clock) == {"a": 100}
    await store.popularity.record([read(A, 15)], clock())
    assert await board(store, Window.ALL, clock) == {"a": 105}


@pytest.mark.parametrize("window", [Window.HOUR, Window.DAY, Window.WEEK])
async def test_boards_equal_the_exact_decayed_sum(store: Store, clock: ManualClock, window: Window) -> None:
    half = HALF_LIVES[window]
    assert half is not None
    half_s = half.total_seconds()
    exact, before_s, count = 0.0, -3600.0, 0
    start = clock()
    for views, step_s in ((40, 0), (55, 600), (700, 7200), (701, 86400), (5000, 30)):
        clock.advance(step_s)
        now_s = (clock() - start).total_seconds()
        await store.popularity.record([read(A, views)], clock())
        # Views between two readings, evenly spread: the integral of rate · 2^(-age / half-life).
        span_s = max(now_s - before_s, 0.001)
        exact *= 2 ** (-(now_s - max(before_s, 0)) / half_s) if count else 1
        exact += (views - count) / span_s * half_s / math.log(2) * (1 - 2 ** (-span_s / half_s))
        before_s, count = now_s, views
    assert (await board(store, window, clock))["a"] == pytest.approx(exact, rel=1e-6)


async def test_what_was_read_yesterday_sinks_without_being_touched(store: Store, clock: ManualClock) -> None:
    await store.popularity.record([read(A, 1000)], clock())
    clock.advance(86400)
    await store.popularity.record([read(B, 500)], clock())
    assert list(await board(store, Window.DAY, clock)) == ["b", "a"]
    assert list(await board(store, Window.ALL, clock)) == ["a", "b"]


async def test_an_older_copy_of_a_page_is_no_reset(store: Store, clock: ManualClock) -> None:
    for views in (1000, 990, 1000, 990, 1004):
        await store.popularity.record([read(A, views)], clock())
        clock.advance(5)
    assert await board(store, Window.ALL, clock) == {"a": 1004}
    assert await store.popularity.views([A]) == [1004]
