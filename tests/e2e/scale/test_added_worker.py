"""A worker that is added to one that is busy takes its share of rounds and deliveries within seconds."""

import asyncio
import itertools
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from e2e.conftest import Program, Start
from e2e.partners import configure, open_partners, publish, store_of
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families
from redis_cluster import RedisCluster
from support import answering, until

from syndicator.schedule.workers import CAPACITY
from syndicator.store.embedded import EmbeddedServer

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]

SOURCES, ENDPOINTS, EVENTS, PARTITIONS = 160, 20, 5000, 8
ANSWER_S = (1.0, 3.0)
"""A worker gathers 32 sources at once, so 16 a second at most; 160 are due a second after their last round."""
PROMISE_S = 5.0
FEWEST_ROUNDS = 2 * CAPACITY["gather"]
"""Each worker begins so many at one moment that fewer would tell nothing."""
LEAST = 0.2
"""Of all that both do; half of it would be even."""
_numbers = itertools.count()


async def feed(request: web.Request) -> web.Response:
    """Answer slowly, with an article that is new each time."""
    await asyncio.sleep(random.uniform(*ANSWER_S))
    name, number = request.match_info["path"], next(_numbers)
    return web.Response(
        content_type="application/rss+xml",
        text=f'<rss version="2.0"><channel><title>{name}</title><item><title>Berita {number}</title>'
        f"<guid>g{number}</guid><link>http://{request.host}/read/{number}</link></item></channel></rss>",
    )


@pytest.fixture
async def portal() -> AsyncIterator[str]:
    async with answering(feed) as url:
        yield url


def sources(portal: str) -> str:
    """Return sources that are due more often than two workers can gather them."""
    return (
        '[defaults]\npoliteness = { scope = "url", robots = false }\nschedule = { every = "1s" }\n'
        + "".join(
            f'[source.s{number}]\ntitle = "x"\nkind = "feed"\nurl = "{portal}/s{number}.xml"\n'
            for number in range(SOURCES)
        )
    )


class Done(Struct, frozen=True):
    """What a worker has done since its start."""

    rounds: float = 0
    deliveries: float = 0

    def __sub__(self, before: "Done") -> "Done":
        return Done(self.rounds - before.rounds, self.deliveries - before.deliveries)

    def __add__(self, other: "Done") -> "Done":
        return Done(self.rounds + other.rounds, self.deliveries + other.deliveries)

    def covers(self, other: "Done") -> bool:
        return self.rounds >= other.rounds and self.deliveries >= other.deliveries


async def done_by(program: Program) -> Done:
    """Ask a worker for its metrics."""
    operators = next(event["operators"] for event in program.events if event["event"] == "ready")
    async with aiohttp.ClientSession() as session, session.get(f"http://{operators}/metrics") as answer:
        text = await answer.text()
    return Done(*(_sum(text, name) for name in ("syndicator_rounds", "syndicator_deliveries")))


def _sum(text: str, name: str) -> float:
    def values() -> Iterator[float]:
        for family in text_string_to_metric_families(text):
            if family.name == name:
                yield from (one.value for one in family.samples if one.name == f"{name}_total")

    return sum(values())


@pytest.fixture(params=["one Redis", "cluster"])
def redis(request: pytest.FixtureRequest) -> str:
    """The URL of one Redis, and of a cluster of three primaries and three replicas."""
    if request.param == "cluster":
        cluster: RedisCluster = request.getfixturevalue("own_cluster")
        return cluster.url
    server: EmbeddedServer = request.getfixturevalue("server")
    return f"unix://{server.socket}"


async def test_an_added_worker_takes_its_share_within_the_work_of_five_seconds(
    start: Start, redis: str, tmp_path: Path, portal: str
) -> None:
    """The window is what one worker does in the promised seconds: it is longer on a machine that is busy."""
    async with open_partners() as partners:
        names = [f"e{number}" for number in range(ENDPOINTS)]
        partitions = PARTITIONS if redis.startswith("cluster") else 1
        config = configure(tmp_path, redis, partners, names, partitions=partitions, sources=sources(portal))
        first = await start(config, "work")
        await first.ready()
        async with store_of(config) as store:
            await publish(store, range(EVENTS))
            await until(lambda: done_by(first), lambda one: one.covers(Done(1, 1)))
            began = await done_by(first)
            await asyncio.sleep(PROMISE_S)
            alone = await done_by(first) - began
            window = Done(max(alone.rounds, FEWEST_ROUNDS), alone.deliveries)
            second = await start(config, "work")
            await second.ready()
            since, before = time.monotonic(), await done_by(first)

            async def both() -> tuple[Done, Done]:
                return await done_by(first) - before, await done_by(second)

            old, new = await until(both, lambda done: (done[0] + done[1]).covers(window))
            took_s = time.monotonic() - since
        sys.stdout.write(f"alone {alone}; then in {took_s:.1f} s: {old}, added {new}\n")
        assert new.rounds >= LEAST * (old + new).rounds
        assert new.deliveries >= LEAST * (old + new).deliveries
        for worker in (first, second):
            assert await worker.stop() == 0, worker.told()
            assert worker.faults() == []
