"""Signals over a real Redis, against the same sums computed offline."""

import asyncio
import random
from datetime import datetime, timedelta

import pytest
from store.popular_world import articles
from support import ManualClock

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import Signal, SignalKind
from syndicator.rules.popularity.popularity_score import HALF_LIVES
from syndicator.store.popularity import signals
from syndicator.store.popularity.signals import CHUNK, Added
from syndicator.store.store import Store

CLICKS = SignalKind.CLICKS


def click(article: ArticleId, clock: ManualClock, count: float = 1.0, *, ago_s: float = 0) -> Signal:
    return Signal(article_id=article, kind=CLICKS, at=clock() - timedelta(seconds=ago_s), count=count)


async def clicks(store: Store, clock: ManualClock, article: ArticleId, window: Window = Window.ALL) -> float:
    (sums,) = (await store.signals.sums([article], [window], clock()))[window]
    return sums.get(CLICKS, 0)


def exact(log: list[Signal], article: ArticleId, kind: SignalKind, window: Window, now: datetime) -> float:
    half = HALF_LIVES[window]
    return sum(
        one.count * (2 ** (-((now - one.at) / half)) if half else 1)
        for one in log
        if one.article_id == article and one.kind is kind
    )


async def test_racing_writers_add_up_to_the_exact_sums(store: Store, clock: ManualClock) -> None:
    rng = random.Random(3)
    kinds = (CLICKS, SignalKind.READS)
    ids = await articles(store, clock, 20)
    whole: list[Signal] = []
    for _ in range(3):
        clock.advance(rng.uniform(60, 90_000))
        log = [
            Signal(
                article_id=rng.choice(ids),
                kind=rng.choice(kinds),
                at=clock() - timedelta(seconds=rng.expovariate(1 / 3000)),
                count=rng.choice((1, 1, 2, 0.5)),
            )
            for _ in range(3 * CHUNK)
        ]
        done = await asyncio.gather(*(store.signals.add(log[part::4], clock()) for part in range(4)))
        assert sum(one.taken for one in done) == len(log)
        whole += log
    found = await store.signals.sums(ids, list(Window), clock())
    for window in Window:
        for article, sums in zip(ids, found[window], strict=True):
            for kind in kinds:
                assert sums[kind] == pytest.approx(exact(whole, article, kind, window, clock()), rel=1e-6)


async def test_a_batch_tells_which_of_its_signals_are_faulty(store: Store, clock: ManualClock) -> None:
    (a,) = await articles(store, clock, 1)
    gone = ArticleId("gone")
    batch = [click(a, clock), click(gone, clock), click(a, clock, 0), click(a, clock, float("nan"))]
    batch += [click(a, clock, float("inf")), click(a, clock, -3), click(gone, clock), click(a, clock)]
    assert await store.signals.add(batch, clock()) == Added(taken=2, refused=(1, 2, 3, 4, 5, 6))
    assert await clicks(store, clock, a) == 2
    assert await clicks(store, clock, gone) == 0


async def test_a_batch_that_comes_again_is_counted_once(store: Store, clock: ManualClock) -> None:
    (a,) = await articles(store, clock, 1)
    batch = [click(a, clock) for _ in range(2 * CHUNK)] + [click(ArticleId("gone"), clock)]
    # Only its first half arrived.
    await store.signals.add(batch[:CHUNK], clock(), key="partner:1")
    first = await store.signals.add(batch, clock(), key="partner:1")
    assert await store.signals.add(batch, clock(), key="partner:1") == first
    assert first == Added(taken=2 * CHUNK, refused=(2 * CHUNK,))
    assert await clicks(store, clock, a) == 2 * CHUNK
    await store.signals.add(batch, clock(), key="partner:2")
    assert await clicks(store, clock, a) == 4 * CHUNK


async def test_the_future_and_what_is_long_past_spoil_no_counter(store: Store, clock: ManualClock) -> None:
    a, b = await articles(store, clock, 2)
    await store.signals.add([click(a, clock, ago_s=-1e8), click(b, clock, ago_s=1e8)], clock())
    assert await clicks(store, clock, a, Window.HOUR) == pytest.approx(1)
    assert await clicks(store, clock, b, Window.HOUR) == pytest.approx(0)
    await store.signals.add([click(b, clock)], clock())
    assert await clicks(store, clock, b, Window.HOUR) == pytest.approx(1)


async def test_a_clock_that_was_put_back_breaks_nothing(store: Store, clock: ManualClock) -> None:
    a, b = await articles(store, clock, 2)
    await store.signals.add([click(a, clock)], clock())
    clock.advance(-60 * 86400)
    await store.signals.add([click(b, clock)], clock())
    assert await clicks(store, clock, a, Window.HOUR) > await clicks(store, clock, b, Window.HOUR)
    assert await clicks(store, clock, b, Window.HOUR) == pytest.approx(1)


async def test_boards_stay_small_and_what_left_comes_back_whole(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "BOARD_SIZE", 5)
    first, *others = await articles(store, clock, 40)
    await store.signals.add([click(first, clock, 3)], clock())
    for count in (4, 5):
        await store.signals.add([click(one, clock, count) for one in others], clock())
        clock.advance(60)
    board = await store.signals.top(CLICKS, Window.ALL, 100)
    assert len(board) <= 10
    assert first not in board
    await store.signals.add([click(first, clock, 7)], clock())
    assert await store.signals.top(CLICKS, Window.ALL, 1) == [first]
    assert await clicks(store, clock, first) == 10


async def test_counters_leave_with_their_article(store: Store, clock: ManualClock) -> None:
    ids = await articles(store, clock, 3)
    await store.signals.add([click(one, clock) for one in ids], clock())
    clock.advance(91 * 86400)
    assert len(await store.articles.sweep(clock(), timedelta(days=90), 100)) == 3
    for window in Window:
        assert await store.signals.top(CLICKS, window, 10) == []
        assert await clicks(store, clock, ids[0], window) == 0
    assert await store.signals.add([click(ids[0], clock)], clock()) == Added(taken=0, refused=(0,))
