"""View counters and what they grew by over a real Redis, against the same sums computed offline."""

import math
from datetime import timedelta

import pytest
from store.popular_world import articles
from support import NOON, ManualClock

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.signal import Signal, SignalKind
from syndicator.rules.popularity.popularity_score import HALF_LIVES
from syndicator.store.popularity.portal_counters import CounterReading, Noted
from syndicator.store.store import Store

CITY = SourceId("city")


def read(article: ArticleId, views: int, *, source: str = "city", boxed: bool = False) -> CounterReading:
    since = NOON - timedelta(hours=1)
    return CounterReading(
        article_id=article, source=SourceId(source), count=views, published_at=since, boxed=boxed
    )


async def counted(store: Store, window: Window, clock: ManualClock, *ids: ArticleId) -> list[float]:
    sums = await store.signals.sums(ids, [window], clock())
    return [one.get(SignalKind.VIEWS, 0) for one in sums[window]]


async def test_counters_become_increments(store: Store, clock: ManualClock) -> None:
    a, b = await articles(store, clock, 2)
    assert await store.popularity.record([read(a, 100), read(b, 50)], clock()) == Noted(grew=2)
    clock.advance(60)
    assert await store.popularity.record([read(a, 100), read(b, 80)], clock()) == Noted(grew=1)
    assert await counted(store, Window.ALL, clock, a, b) == [100, 80]
    assert await store.popularity.views([a, b, ArticleId("c")]) == [100, 80, None]


async def test_the_same_reading_twice_changes_nothing(store: Store, clock: ManualClock) -> None:
    (a,) = await articles(store, clock, 1)
    await store.popularity.record([read(a, 100)], clock())
    before = await counted(store, Window.HOUR, clock, a)
    assert await store.popularity.record([read(a, 100)], clock()) == Noted()
    assert await counted(store, Window.HOUR, clock, a) == before
    means = await store.popularity.means([CITY])
    assert means[CITY].readings == 1


async def test_what_is_no_article_is_not_counted(store: Store, clock: ManualClock) -> None:
    gone = ArticleId("gone")
    assert await store.popularity.record([read(gone, 100)], clock()) == Noted()
    assert await store.popularity.views([gone]) == [None]


async def test_a_counter_that_fell_was_reset(store: Store, clock: ManualClock) -> None:
    (a,) = await articles(store, clock, 1)
    await store.popularity.record([read(a, 100)], clock())
    assert await store.popularity.record([read(a, 10)], clock()) == Noted(reset=1)
    assert await counted(store, Window.ALL, clock, a) == [100]
    await store.popularity.record([read(a, 15)], clock())
    assert await counted(store, Window.ALL, clock, a) == [105]


@pytest.mark.parametrize("leap", [250_000, 10**11])
async def test_a_counter_that_leaps_is_not_believed(store: Store, clock: ManualClock, leap: int) -> None:
    (a,) = await articles(store, clock, 1)
    await store.popularity.record([read(a, 200)], clock())
    clock.advance(600)
    assert await store.popularity.record([read(a, leap)], clock()) == Noted(jumped=1)
    clock.advance(600)
    assert await store.popularity.record([read(a, leap + 20)], clock()) == Noted(grew=1)
    assert await counted(store, Window.ALL, clock, a) == [220]


async def test_a_figure_beyond_all_counts_harms_nothing(store: Store, clock: ManualClock) -> None:
    a, b = await articles(store, clock, 2)
    noted = await store.popularity.record([read(a, 10**24), read(b, 7)], clock())
    assert noted == Noted(grew=1, jumped=1)
    assert await counted(store, Window.ALL, clock, a, b) == [0, 7]


async def test_a_portals_mean_is_that_of_its_pages_before_that_of_its_box(
    store: Store, clock: ManualClock
) -> None:
    ids = await articles(store, clock, 4)
    # An hour each: 1, 10 and 100 views with one more for smoothing.
    await store.popularity.record([read(ids[0], 8999, boxed=True)], clock())
    means = await store.popularity.means([CITY, SourceId("other")])
    assert set(means) == {CITY}
    assert means[CITY].log_rate == pytest.approx(math.log(9000))
    await store.popularity.record(
        [read(one, views) for one, views in zip(ids[1:], (0, 9, 99), strict=True)], clock()
    )
    means = await store.popularity.means([CITY])
    assert means[CITY].readings == 3
    assert means[CITY].log_rate == pytest.approx(math.log(10))


async def test_a_board_puts_the_best_of_a_small_portal_beside_those_of_a_large_one(
    store: Store, clock: ManualClock
) -> None:
    large = await articles(store, clock, 8, source="large")
    small = await articles(store, clock, 8, source="small")
    for ids, source, views in ((large, "large", 10_000), (small, "small", 50)):
        await store.popularity.record([read(one, views, source=source) for one in ids], clock())
    clock.advance(3600)
    star = read(small[0], 50 + 500, source="small")
    usual = [read(one, 20_000, source="large") for one in large]
    await store.popularity.record([star, *usual], clock())
    assert (await store.signals.top(SignalKind.VIEWS, Window.HOUR, 1)) == [small[0]]


@pytest.mark.parametrize("window", [Window.HOUR, Window.DAY, Window.WEEK])
async def test_counters_equal_the_exact_decayed_sum(store: Store, clock: ManualClock, window: Window) -> None:
    half = HALF_LIVES[window]
    assert half is not None
    half_s = half.total_seconds()
    exact, before_s, count = 0.0, -3600.0, 0
    (a,) = await articles(store, clock, 1)
    start = clock()
    for views, step_s in ((40, 0), (55, 600), (700, 7200), (701, 86400), (5000, 30)):
        clock.advance(step_s)
        now_s = (clock() - start).total_seconds()
        await store.popularity.record([read(a, views)], clock())
        # Views between two readings, evenly spread: the integral of rate · 2^(-age / half-life).
        span_s = max(now_s - before_s, 0.001)
        exact *= 2 ** (-(now_s - max(before_s, 0)) / half_s) if count else 1
        exact += (views - count) / span_s * half_s / math.log(2) * (1 - 2 ** (-span_s / half_s))
        before_s, count = now_s, views
    assert await counted(store, window, clock, a) == [pytest.approx(exact, rel=1e-6)]


async def test_what_was_read_yesterday_sinks_without_being_touched(store: Store, clock: ManualClock) -> None:
    a, b = await articles(store, clock, 2)
    await store.popularity.record([read(a, 1000)], clock())
    clock.advance(86400)
    await store.popularity.record([read(b, 500)], clock())
    assert await store.signals.top(SignalKind.VIEWS, Window.DAY, 10) == [b, a]
    today, yesterday = await counted(store, Window.DAY, clock, b, a)
    assert today > yesterday
    assert await counted(store, Window.ALL, clock, a, b) == [1000, 500]


async def test_an_older_copy_of_a_page_is_no_reset(store: Store, clock: ManualClock) -> None:
    (a,) = await articles(store, clock, 1)
    for views in (1000, 990, 1000, 990, 1004):
        await store.popularity.record([read(a, views)], clock())
        clock.advance(5)
    assert await counted(store, Window.ALL, clock, a) == [1004]
    assert await store.popularity.views([a]) == [1004]


async def test_the_time_that_a_box_stood_is_bounded(store: Store, clock: ManualClock) -> None:
    stood = []
    for pause_s in (0, 60, 86400):
        clock.advance(pause_s)
        stood.append(await store.popularity.box_stood(CITY, clock()))
    assert stood == [timedelta(minutes=5), timedelta(minutes=1), timedelta(hours=1)]


async def test_what_was_counted_of_an_article_goes_to_the_one_that_it_is(
    store: Store, clock: ManualClock
) -> None:
    old, new = await articles(store, clock, 2)
    since = clock() - timedelta(hours=1)
    counts = ((old, 900), (new, 300))
    await store.popularity.record(
        [
            CounterReading(article_id=one, source=CITY, count=count, published_at=since)
            for one, count in counts
        ],
        clock(),
    )
    clicks = [Signal(article_id=one, kind=SignalKind.CLICKS, at=clock(), count=3) for one in (old, new)]
    box = [Signal(article_id=old, kind=SignalKind.BOX, at=clock(), count=0.5)]
    await store.signals.add([*clicks, *box], clock())
    assert await store.signals.carry(old, new)
    assert not await store.signals.carry(old, new)
    sums = (await store.signals.sums([old, new], [Window.ALL], clock()))[Window.ALL]
    assert sums == [
        {},
        {SignalKind.VIEWS: 900, SignalKind.CLICKS: pytest.approx(6), SignalKind.BOX: pytest.approx(0.5)},
    ]
    assert await store.signals.top(SignalKind.CLICKS, Window.DAY, 5) == [new]
    assert await store.popularity.views([old, new]) == [None, 900], "both are the portal's one counter"
