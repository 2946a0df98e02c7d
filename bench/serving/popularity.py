"""Popularity: signals against bare pipelined ZINCRBYs, the top of a board and of a feed, ranking, memory."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from bench.invented import invented
from bench.measure import tell, wall_seconds
from bench.stories.cost import empty_store, used_bytes
from syndicator.model.feed import FeedSpec, Order, Site, Window
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.signal import SignalKind
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.popularity.partner_reports import PartnerReports
from syndicator.pipeline.popularity.ranking import RankStep
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store

ARTICLES = 100_000
SIGNALS = 1_000_000
BATCH = 10_000
PIPELINE = 1000
READS = 200
_LETTERS = str.maketrans("0123456789", "abcdefghij")
NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
KEYS = Keys("main")
FEED = FeedSpec(id=FeedId("popular"), title="x", order=Order.POPULAR)


async def run() -> None:
    async with empty_store() as store:
        ids = [ArticleId(f"{number:016d}".translate(_LETTERS)) for number in range(ARTICLES)]
        await _put_articles(store, ids)
        await _tell_adding(store, ids)
        await _tell_reading(store)


async def _put_articles(store: Store, ids: Sequence[ArticleId]) -> None:
    admitter = Admitter(store.articles, [], lambda: NOW)
    (admitted,) = await admitter.admit([invented(0)])
    article = await store.articles.get(admitted.article_id)
    assert article is not None
    for start in range(0, len(ids), PIPELINE):
        commands: list[Command] = [
            (
                "HSET", KEYS.article(one), "revision", 1, "source", f"portal-{at % 20}", "published", at,
                "head", pack(replace(article, id=one, source=SourceId(f"portal-{at % 20}"))),
            )
            for at, one in enumerate(ids[start : start + PIPELINE], start)
        ]  # fmt: skip
        await store.connection.batch(commands)


async def _tell_adding(store: Store, ids: Sequence[ArticleId]) -> None:
    before = await used_bytes(store)
    await _tell_reporting(store, ids, SIGNALS, "signals reported")
    taken = await used_bytes(store) - before
    boards = [KEYS.board(SignalKind.READS, window) for window in Window]
    of_boards = sum(await store.connection.batch([("MEMORY", "USAGE", key) for key in boards]))
    print(
        f"memory of {len(ids):,} articles with one kind of signal: {taken / 2**20:.1f} MiB,"
        f" its boards {of_boards / 2**20:.2f} MiB"
    )
    await _tell_reporting(store, ids, SIGNALS // 10, "signals reported, each with its visitor", visitors=True)


async def _tell_reporting(
    store: Store, ids: Sequence[ArticleId], number: int, what: str, *, visitors: bool = False
) -> None:
    """Report through the use case behind `POST /api/v1/signals`, from bytes on."""
    rng, now = random.Random(1), NOW
    partner_reports = PartnerReports(store, PopularityPolicy().partner_most, lambda: now)
    ours_s = bare_s = 0.0
    for start in range(0, number, BATCH):  # by turns, so that a busy machine slows both
        part = rng.choices(ids, k=BATCH)
        now = NOW + timedelta(seconds=start / 1000)
        body = _batch(part, now, rng, visitors=visitors)
        began = time.perf_counter()
        told = await partner_reports.take("partner", f"{what} {start}", body)
        ours_s += time.perf_counter() - began
        assert told.taken == len(part)
        began = time.perf_counter()
        for at in range(0, BATCH, PIPELINE):
            await store.connection.batch([("ZINCRBY", "bare", 1, one) for one in part[at : at + PIPELINE]])
        bare_s += time.perf_counter() - began
    tell(what, number / ours_s, number / bare_s, unit="signals/s", against="ZINCRBY")
    await store.connection.call("DEL", "bare")


def _batch(part: Sequence[ArticleId], now: datetime, rng: random.Random, *, visitors: bool) -> bytes:
    return msgspec.json.encode(
        {
            "signals": [
                {"kind": "reads", "article": one, "at": now - timedelta(seconds=rng.random() * 60)}
                | ({"visitor": f"{rng.getrandbits(128):032x}"} if visitors else {})
                for one in part
            ]
        }
    )


async def _tell_reading(store: Store) -> None:
    board = KEYS.board(SignalKind.READS, Window.DAY)

    async def ours() -> None:
        for _ in range(READS):
            await store.signals.top(SignalKind.READS, Window.DAY, 50)

    async def bare() -> None:
        for _ in range(READS):
            await store.connection.call("ZRANGE", board, 0, 49, "REV")

    ours_ms, bare_ms = [await wall_seconds(work) / READS * 1000 for work in (ours, bare)]
    tell("top 50 of a board", ours_ms, bare_ms, unit="ms", against="ZRANGE")

    async def rank() -> None:
        # A process that has just begun always ranks.
        step = RankStep(
            store,
            [FEED],
            Scoring(store, PopularityPolicy()),
            Site(title="x", public_url="https://news.example"),
            lambda: NOW,
        )
        for job in (await step.take(1)).jobs:
            await job()

    print(f"a turn of ranking one feed of {FEED.size}: {await wall_seconds(rank) * 1000:.1f} ms")

    async def listed() -> None:
        for _ in range(READS):
            assert len(await store.feeds.ranking(FEED.id)) == FEED.size

    listed_ms = await wall_seconds(listed) / READS * 1000
    tell("top 50 of a feed, scored", listed_ms, bare_ms, unit="ms", against="ZRANGE")
