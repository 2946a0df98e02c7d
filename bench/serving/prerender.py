"""Many feeds, and news that concern few of them: how soon these are rendered, and what the others cost.

One process admits ten articles a second (in batches of two, as small rounds bring them), while its publish
step renders what they concern, as `run` does: the feed of all, and of 300 feeds of a section one each. The
time of processors is compared with that of the same with 699 feeds more, which none of the articles concerns.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bench.invented import invented
from syndicator.model.article import Candidate
from syndicator.model.feed import READER_FORMATS
from syndicator.model.ids import FeedId
from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.schedule.runner import Runner
from syndicator.service import Service
from syndicator.settings import load

SECTIONS = 300
A_SECOND, BATCH, SECONDS = 10, 2, 15
SOURCE = """
[source.portal]
title = "Portal"
kind = "feed"
url = "https://portal.example/rss"
schedule = { every = "1d" }
"""


async def run() -> None:
    costs = {}
    for feeds in (301, 1000):
        costs[feeds], waits = await _measure(feeds)
        print(
            f"{feeds:>5} feeds: {1000 * costs[feeds]:.1f} ms of processor time for each article; rendered "
            f"after {statistics.median(waits):.2f} s at the median, {max(waits):.2f} s at most"
        )
    print(f"with 699 feeds that it does not concern, an article costs {costs[1000] / costs[301]:.2f} as much")


async def _measure(feeds: int) -> tuple[float, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "all.toml"
        config.write_text(f'[store]\ndata_dir = "{folder}/data"\n{SOURCE}{_tables(feeds)}', "utf-8")
        async with open_service(load(Path(folder), {})) as service:
            await service.sync_configuration()
            admitter = Admitter(service.store.articles, service.settings.feeds.values(), service.clock)
            await admitter.admit([_article(number, feeds) for number in range(200)])
            runner = Runner(service.publish_step, capacity=1, clock=service.clock, on_report=lambda _: None)
            await runner.run(until_empty=True)
            working = asyncio.create_task(runner.run())
            waits: list[float] = []
            began = time.process_time()
            await _admit_steadily(service, admitter, runner, feeds, waits)
            spent = time.process_time() - began
            runner.stop()
            await working
            return spent / (A_SECOND * SECONDS), waits


async def _admit_steadily(
    service: Service, admitter: Admitter, runner: Runner, feeds: int, waits: list[float]
) -> None:
    loop = asyncio.get_running_loop()
    start, watching = loop.time(), []
    for turn in range(A_SECOND * SECONDS // BATCH):
        await asyncio.sleep(max(0.0, start + turn * BATCH / A_SECOND - loop.time()))
        batch = [_article(1000 + turn * BATCH + place, feeds) for place in range(BATCH)]
        await admitter.admit(batch)
        runner.poke()
        watching.append(asyncio.create_task(_until_rendered(service, batch, waits)))
    await asyncio.gather(*watching)


async def _until_rendered(service: Service, batch: Sequence[Candidate], waits: list[float]) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    concerned = [FeedId("all"), *(FeedId(str(one.section)) for one in batch)]
    versions = await service.store.feeds.versions(concerned)
    for feed in concerned:
        for form in READER_FORMATS:
            while True:
                stored = service.publisher._kept.get((feed, form))  # noqa: SLF001  to look, not to touch
                if stored is not None and stored.version >= versions[feed].version:
                    break
                await asyncio.sleep(0.02)
    waits.append(loop.time() - began)


def _article(number: int, feeds: int) -> Candidate:
    section = f"s{number % min(SECTIONS, feeds - 1)}"
    claimed = datetime.now(UTC) - timedelta(seconds=1)
    return replace(invented(number), section=section, tags=(section,), published_at=claimed)


def _tables(feeds: int) -> str:
    """Give a feed of everything, feeds of one section each, and feeds of tags that nothing has."""
    named = [(f"s{number}", f'section = ["s{number}"]') for number in range(min(SECTIONS, feeds - 1))]
    named += [(f"t{number}", f'tag = ["nothing-{number}"]') for number in range(feeds - 1 - len(named))]
    tables = [f'[feed.{name}]\ntitle = "{name}"\nfilter = {{ {filters} }}\n' for name, filters in named]
    return '[feed.all]\ntitle = "all"\n' + "".join(tables)
