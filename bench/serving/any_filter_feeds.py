"""Feeds of any filter over 20 000 articles: made anew, sent from what is kept, and pauses of the loop."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

from msgspec.structs import replace

from bench.invented import NOW, invented
from bench.measure import tell
from syndicator.model.feed import Format, Site
from syndicator.model.signal import Signal, SignalKind
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.rules.feeds.any_filter_feeds import AdHoc, ad_hoc_from
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store, StoreOptions, open_store

ARTICLES = 20_000
TURNS = 9
BATCH = 500
_RNG = random.Random(7)
_SECTIONS = ("Ekonomi", "Olahraga", "Politik", "Budaya")
ASKED: Mapping[str, str] = {
    "everything": "per=article",
    "a section": "section=ekonomi",
    "a rare reporter": "author=reporter+7",
    "200 entries": "limit=200",
    "popular": "sort=popular&section=ekonomi",
}


async def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(StoreOptions(data_dir=Path(folder))) as store:
            await _fill(store)
            async with _feeds(store, Path(folder) / "search") as feeds:
                for name, asked in ASKED.items():
                    await _measure(feeds, name, ad_hoc_from(parse_qs(asked)))


async def _fill(store: Store) -> None:
    admitter = Admitter(store.articles, (), lambda: NOW)
    for start in range(0, ARTICLES, BATCH):
        batch = [
            replace(
                invented(number),
                section=_RNG.choice(_SECTIONS),
                authors=(f"Reporter {_RNG.randrange(5000)}",),
            )
            for number in range(start, start + BATCH)
        ]
        read = [one.article_id for one in await admitter.admit(batch)][:50]
        clicks = [
            Signal(article_id=one, kind=SignalKind.CLICKS, count=_RNG.randrange(1, 99), at=NOW)
            for one in read
        ]
        await store.signals.add(clicks, NOW)


@asynccontextmanager
async def _feeds(store: Store, folder: Path) -> AsyncIterator[AnyFilterFeeds]:
    article_search = ArticleSearch(store, SearchIndex(folder))
    await article_search.build()
    site = Site(title="Bench", public_url="https://bench.example")
    publisher = Publisher(
        store=store, site=site, specs=(), origins={}, metrics=open_metrics(), clock=lambda: NOW
    )
    yield AnyFilterFeeds(
        store=store,
        publisher=publisher,
        scoring=Scoring(store, PopularityPolicy()),
        clock=lambda: NOW,
        article_search=article_search,
    )
    publisher.close()
    article_search.close()


async def _measure(feeds: AnyFilterFeeds, name: str, asked: AdHoc) -> None:
    made, kept = [], []
    for _ in range(TURNS):
        _forget(feeds)
        began = time.perf_counter()
        rendition, _ = await feeds.rendition(asked, Format.RSS, "bench")
        made.append(time.perf_counter() - began)
        began = time.perf_counter()
        await feeds.rendition(asked, Format.RSS, "bench")
        kept.append(time.perf_counter() - began)
    what = f"{name} ({len(rendition.body) / 1024:.0f} KiB)"
    tell(what, statistics.median(made) * 1000, statistics.median(kept) * 1000, unit="ms", against="kept")
    _forget(feeds)
    watching = asyncio.create_task(_longest_piece())
    await asyncio.sleep(0)
    await feeds.rendition(asked, Format.RSS, "bench")
    watching.cancel()
    print(f"{'':<44} {await watching * 1000:>10,.1f} ms           longest piece of the loop's own time")


def _forget(feeds: AnyFilterFeeds) -> None:
    feeds._documents._kept.clear()  # noqa: SLF001
    feeds._popular._rankings.clear()  # noqa: SLF001
    feeds._popular._boards.clear()  # noqa: SLF001


async def _longest_piece() -> float:
    """Note for how long the loop's thread worked in one piece: its own time, whoever else has the machine."""
    before, longest = time.thread_time(), 0.0
    try:
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, before = max(longest, now - before), now
    except asyncio.CancelledError:
        return max(longest, time.thread_time() - before)
