"""kill -9 is an ordinary stop: nothing lost, nothing repeated, one stable id."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from e2e.conftest import Start, announced, articles
from support import until
from warm_program import run

from syndicator.sample.server import Sample
from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer, find_server

SETTLED_S = 120
"""Many times what it takes on a machine that has nothing else to do."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


async def publish(sample: Sample, rng: random.Random, count: int) -> None:
    """Bring some articles on both portals.

    All of a test must fit into what the portals list: on a machine that is busy enough, none of them is
    gathered before the last was published.
    """
    for _ in range(count):
        article = sample.world.publish()
        if article.n % 3 == 0:
            sample.world.take_over(article.n)
        await asyncio.sleep(rng.uniform(0.1, 0.5))


async def published(sample: Sample) -> set[str]:
    """Read both portals' own ledgers: the address of everything that they ever brought."""
    urls: set[str] = set()
    async with aiohttp.ClientSession() as session:
        for portal in (sample.city_url, sample.wire_url):
            async with session.get(f"{portal}/_sample/ledger.json") as answer:
                ledger: dict[str, Any] = await answer.json()
            urls |= {article["url"] for article in ledger["articles"] if not article["withdrawn"]}
    return urls


async def more_events(sample: Sample, count: int) -> None:
    """Wait until the partner has received so many more."""
    seen = sample.inbox.distinct
    await until(lambda: sample.inbox.distinct > seen + count)


async def settle(config: Path, sample: Sample) -> None:
    """Wait until all that was published is stored and pushed, then check that all of it is so exactly once.

    A copy is not pushed: its original is. Fail after `SETTLED_S`, and tell what is missing.
    """
    wanted = await published(sample)
    deadline = time.monotonic() + SETTLED_S
    while True:
        items = await articles(config)
        copies = {article["url"] for article in items if article["copy_of"]}
        stored = Counter(article["url"] for article in items)
        missing, untold = wanted - set(stored), wanted - copies - set(announced(sample))
        if not missing and not untold:
            break
        assert time.monotonic() < deadline, f"not stored: {sorted(missing)}; not pushed: {sorted(untold)}"
        await asyncio.sleep(0.5)
    assert {url: stored[url] for url in wanted} == dict.fromkeys(wanted, 1)
    assert max(stored.values()) == 1
    assert max(announced(sample).values()) == 1, "an article was announced under two ids"


async def test_killed_again_and_again_it_loses_and_repeats_nothing(
    start: Start, config: Path, sample: Sample
) -> None:
    rng = random.Random(7)
    for _ in range(6):
        publishing = asyncio.create_task(publish(sample, rng, 8))
        program = await start(config, "run")
        await more_events(sample, 3)
        await asyncio.sleep(rng.uniform(0, 1.5))
        await program.stop(signal.SIGKILL)
        await publishing
    program = await start(config, "run")
    await program.ready()
    await settle(config, sample)
    assert await program.stop() == 0
    assert program.faults() == []


async def test_killed_amid_retries_it_goes_on_with_the_same_ids(
    start: Start, config: Path, sample: Sample
) -> None:
    async with aiohttp.ClientSession() as session:
        await session.post(f"{sample.partner_url}/behave", json={"status": 503, "times": 40})
    program = await start(config, "run")
    await program.ready()
    await until(lambda: any(event["event"] == "delivery_retrying" for event in program.events))
    await program.stop(signal.SIGKILL)
    program = await start(config, "run")
    await program.ready()  # a command that comes first would own the embedded server for its moment
    await settle(config, sample)
    assert await program.stop() == 0


async def test_sigterm_under_load_exits_well_and_refuses_nobody(
    start: Start, config: Path, sample: Sample
) -> None:
    publishing = asyncio.create_task(publish(sample, random.Random(3), 40))
    program = await start(config, "run")
    url = await program.ready()
    statuses: Counter[int] = Counter()

    async def read(session: aiohttp.ClientSession) -> None:
        with suppress(aiohttp.ClientConnectionError):
            while True:
                async with session.get(f"{url}/feeds/latest.rss") as answer:
                    await answer.read()
                    statuses[answer.status] += 1

    async with aiohttp.ClientSession() as session:
        readers = [asyncio.create_task(read(session)) for _ in range(8)]
        await until(lambda: statuses[200] > 200 and sample.inbox.distinct > 10)
        code = await program.stop()
        await asyncio.gather(*readers)
    await publishing
    assert code == 0
    assert set(statuses) == {200}
    assert program.faults() == []
    program = await start(config, "run")
    await program.ready()  # a command that comes first would own the embedded server for its moment
    await settle(config, sample)
    assert await program.stop() == 0


@pytest.mark.embedded
async def test_the_embedded_redis_may_be_killed_too(
    start: Start, config: Path, sample: Sample, tmp_path: Path
) -> None:
    rng = random.Random(5)
    program = await start(config, "run")
    url = await program.ready()
    await until(lambda: sample.inbox.distinct > 10)
    redis = EmbeddedServer(tmp_path / "data", find_server(None))
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/feeds/latest.rss") as answer:
            assert answer.status == 200
        for _ in range(3):
            async with connect(f"unix://{redis.socket}", anchor="x") as connection:
                info = (await connection.call("INFO", "server")).decode()
            pid = next(line for line in info.splitlines() if line.startswith("process_id")).split(":")[1]
            publishing = asyncio.create_task(publish(sample, rng, 10))
            os.kill(int(pid), signal.SIGKILL)
            async with session.get(f"{url}/feeds/latest.rss") as answer:
                assert answer.status == 200
            await more_events(sample, 3)
            await publishing
    await settle(config, sample)
    assert await program.stop() == 0


async def test_workers_that_share_the_work_announce_once(start: Start, config: Path, sample: Sample) -> None:
    rng = random.Random(9)
    first = await start(config, "work")
    await first.ready()
    others = [await start(config, "work") for _ in range(2)]
    await until(lambda: sample.inbox.distinct > 20)
    publishing = asyncio.create_task(publish(sample, rng, 30))
    # The owner of the embedded Redis goes, and one of the others takes it over.
    await first.stop(signal.SIGKILL)
    await more_events(sample, 10)
    await publishing
    await settle(config, sample)
    code, out, _ = await run(config, "stats")
    assert code == 0, out
    for program in others:
        assert await program.stop() == 0
