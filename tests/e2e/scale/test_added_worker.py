"""A worker that is added to one that is busy takes its share of rounds and deliveries within seconds."""

import asyncio
import itertools
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from e2e.conftest import Program, Start
from e2e.partners import configure, open_partners, publish, store_of
from support import answering, until

from syndicator.store.embedded import EmbeddedServer

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]

SOURCES, ENDPOINTS, EVENTS = 40, 20, 1500
BOUND_S = 30
"""Many times what it takes (see what is printed), on a machine that may be busy."""
_numbers = itertools.count()


async def feed(request: web.Request) -> web.Response:
    """Answer slowly, with an article that is new each time."""
    await asyncio.sleep(0.3)
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
    """Return sources that are due more often than one worker can gather them."""
    return (
        '[defaults]\npoliteness = { scope = "url", robots = false }\nschedule = { every = "1s" }\n'
        + "".join(
            f'[source.s{number}]\ntitle = "x"\nkind = "feed"\nurl = "{portal}/s{number}.xml"\n'
            for number in range(SOURCES)
        )
    )


def done_by(program: Program) -> Counter[str]:
    """Count the rounds and deliveries that a worker has logged; of deliveries, it logs some."""
    return Counter(event["event"] for event in program.events)


async def test_an_added_worker_takes_its_share_soon(
    start: Start, server: EmbeddedServer, tmp_path: Path, portal: str
) -> None:
    async with open_partners() as partners:
        names = [f"e{number}" for number in range(ENDPOINTS)]
        config = configure(tmp_path, f"unix://{server.socket}", partners, names, sources=sources(portal))
        first = await start(config, "work")
        await first.ready()
        async with store_of(config) as store:
            await publish(store, range(EVENTS))
            await until(
                lambda: done_by(first), lambda one: one["source_gathered"] and one["delivery_succeeded"]
            )
            second = await start(config, "work")
            await second.ready()
            began, before = time.monotonic(), done_by(first)
            took = dict[str, float]()
            for what, count in (("source_gathered", 1), ("delivery_succeeded", 1), ("source_gathered", 20)):
                await until(lambda what=what, count=count: done_by(second)[what] >= count)  # type: ignore[misc]
                took[f"{count} {what}"] = round(time.monotonic() - began, 2)
            meanwhile = done_by(first) - before
        sys.stdout.write(f"seconds after its readiness: {took}; the first one did {dict(meanwhile)}\n")
        assert max(took.values()) < BOUND_S
        for worker in (first, second):
            assert await worker.stop() == 0, worker.told()
            assert worker.faults() == []
