"""The order of lists against exact sums over the same random log, with racing workers and a restart."""

import asyncio
import itertools
import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from support import NOON, SITE, ManualClock, candidate

from syndicator.model.feed import FeedSpec, Order, Window
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.signal import Signal, SignalKind
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.popularity.ranking import RankStep
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.popularity.popularity_score import HALF_LIVES, PopularityPolicy, PortalMean, score
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.popularity.portal_counters import CounterReading
from syndicator.store.store import Store, StoreOptions, open_store

ARTICLES, SOURCES, TURNS, TOP = 900, 6, 8, 100
POLICY = PopularityPolicy(in_a_row=1000)
SPECS = [
    FeedSpec(id=FeedId(f"w{window.value}"), title="x", order=Order.POPULAR, window=window, size=TOP)
    for window in Window
]


class Written(Struct):
    """A log as it was told, for the sums that are made of it offline."""

    signals: list[Signal] = []
    readings: list[tuple[CounterReading, datetime]] = []


def source_of(number: int) -> str:
    return f"portal{number % SOURCES}"


def sums_offline(
    written: Written, now: datetime
) -> Mapping[Window, Mapping[ArticleId, Mapping[SignalKind, float]]]:
    """Add up the log, each signal by its own age."""
    found: dict[Window, dict[ArticleId, dict[SignalKind, float]]] = {
        window: defaultdict(lambda: defaultdict(float)) for window in Window
    }
    for window, half in HALF_LIVES.items():
        for one in written.signals:
            found[window][one.article_id][one.kind] += one.count * (
                2 ** (-((now - one.at) / half)) if half else 1
            )
        before: dict[ArticleId, tuple[int, datetime]] = {}
        for reading, at in written.readings:
            count, since = before.get(reading.article_id, (0, reading.published_at))
            grown, before[reading.article_id] = reading.count - count, (reading.count, at)
            if half is None:
                found[window][reading.article_id][SignalKind.VIEWS] += grown
            else:  # the integral of an even rate, faded
                first, last = (now - since) / half, (now - at) / half
                spread = (2**-last - 2**-first) / math.log(2) / (first - last)
                found[window][reading.article_id][SignalKind.VIEWS] += grown * spread
    return found


def means_offline(written: Written) -> Mapping[str, PortalMean]:
    rates: dict[str, list[float]] = defaultdict(list)
    before: dict[ArticleId, tuple[int, datetime]] = {}
    for reading, at in written.readings:
        count, since = before.get(reading.article_id, (0, reading.published_at))
        before[reading.article_id] = (reading.count, at)
        rates[reading.source].append(
            math.log((reading.count - count + 1) / ((at - since) / timedelta(hours=1)))
        )
    return {
        source: PortalMean(readings=len(found), log_rate=math.fsum(found) / len(found))
        for source, found in rates.items()
    }


def tau(ours: Sequence[ArticleId], exact: Sequence[ArticleId]) -> float:
    """Kendall's: pairs of the exact list in the same order here, less the others; what is missing is last."""
    place = {one: at for at, one in enumerate(ours)}
    agreed = [
        1 if place.get(high, len(ours)) < place.get(low, len(ours)) else -1
        for high, low in itertools.combinations(exact, 2)
    ]
    return sum(agreed) / len(agreed)


async def write(
    stores: Sequence[Store],
    ids: Sequence[ArticleId],
    clock: ManualClock,
    rng: random.Random,
    written: Written,
) -> None:
    """Let all workers write at once: signals of any article, counters of the portals that each reads."""
    weights = [1 / (at + 3) for at in range(len(ids))]
    favourites = rng.sample(ids, len(ids))
    signals = [
        Signal(
            article_id=article,
            kind=rng.choice((SignalKind.CLICKS, SignalKind.READS, SignalKind.COMMENTS, SignalKind.BOX)),
            at=clock() - timedelta(seconds=rng.expovariate(1 / 2000)),
            count=rng.choice((0.3, 1, 1, 2)),
        )
        for article in rng.choices(favourites, weights, k=1500)
    ]
    counts = {one.article_id: one.count for one, _ in written.readings}
    readings: dict[str, list[CounterReading]] = defaultdict(list)
    for number in rng.sample(range(len(ids)), 100):
        source = source_of(number)
        grown = int(rng.lognormvariate(3 + number % SOURCES, 1))
        readings[source].append(
            CounterReading(
                article_id=ids[number],
                source=SourceId(source),
                count=counts.get(ids[number], 0) + grown,
                published_at=NOON - timedelta(hours=2),
            )
        )
    await asyncio.gather(
        *(store.signals.add(signals[at :: len(stores)], clock()) for at, store in enumerate(stores)),
        *(
            stores[at % len(stores)].popularity.record(found, clock())
            for at, found in enumerate(readings.values())
        ),
    )
    written.signals += signals
    written.readings += [(one, clock()) for found in readings.values() for one in found]


async def ranked_by_all(stores: Sequence[Store], clock: ManualClock) -> Mapping[Window, list[ArticleId]]:
    """Let all workers rank at once; give what is listed."""
    workers = [RankStep(store, SPECS, Scoring(store, POLICY), SITE, clock) for store in stores]
    jobs = [job for worker in workers for job in (await worker.take(1)).jobs]
    await asyncio.gather(*(job() for job in jobs))
    return {
        spec.window: [place.article_id for place in await stores[0].feeds.ranking(spec.id)] for spec in SPECS
    }


def ranked_offline(
    ids: Sequence[ArticleId], written: Written, now: datetime
) -> Mapping[Window, list[ArticleId]]:
    """Order by the same score of the exact sums; all were published at once, so equal ones stand by id."""
    means, sums = means_offline(written), sums_offline(written, now)
    lists = {}
    for window in Window:
        totals = {
            one: round(score(sums[window][one], means.get(source_of(n)), window, POLICY).total, 9)
            for n, one in enumerate(ids)
        }
        lists[window] = [one for _, one in sorted((-total, one) for one, total in totals.items())][:TOP]
    return lists


async def test_the_order_is_that_of_exact_sums(
    server: EmbeddedServer, tmp_path: Path, clock: ManualClock
) -> None:
    rng, written = random.Random(11), Written()
    options = StoreOptions(url=f"unix://{server.socket}", namespace="exact", data_dir=tmp_path)
    ids: list[ArticleId] = []
    for turn in range(TURNS):
        if turn == TURNS // 2:
            await server.stop()
            await server.ensure()
        async with AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(open_store(options)) for _ in range(3)]
            if not ids:
                news = [
                    candidate(n, source=source_of(n), url=f"https://{source_of(n)}.example/{n}")
                    for n in range(ARTICLES)
                ]
                admitted = await Admitter(stores[0].articles, [], clock).admit(news)
                ids = [one.article_id for one in admitted]
            await write(stores, ids, clock, rng, written)
            clock.advance(rng.uniform(600, 20_000))
            shown = await ranked_by_all(stores, clock)
        exact = ranked_offline(ids, written, clock())
        for window in Window:
            assert len(shown[window]) == TOP
            assert tau(shown[window], exact[window]) >= 0.999, (turn, window)
    # Each window has its own order, so that agreeing says something.
    assert tau(shown[Window.HOUR], exact[Window.ALL]) < 0.9
