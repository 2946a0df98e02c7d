"""Faults of all kinds, one after the other: nothing is lost, shown twice, announced under two ids or undone.

`make chaos SEED=7 MINUTES=20` goes on for longer, `FAULTS="kill_worker stop_redis"` has these alone. Each run tells
its seed, which gives the same faults in the same order.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Start, announced
from e2e.crashes.chaos import FEEDS, Portal, Reader, Stage, marks
from machine import SetClock, small_disk, why_no_clock_is_set
from redis_link import RedisLink
from support import own_redis
from warm_program import run

from syndicator.sample.server import SAMPLE_SECRET, Sample
from syndicator.store.embedded import find_server

SEED = int(os.environ.get("CHAOS_SEED") or 1)
MINUTES = float(os.environ.get("CHAOS_MINUTES") or 0)
"""How long faults are made; 0: until each kind was there once."""
KINDS = frozenset((os.environ.get("CHAOS_FAULTS") or "").split())
"""Names of methods of `Stage`; none: all of them."""
TELLING = frozenset({"article.created", "article.updated", "article.corrected"})
"""Events that bring an article: a later one takes the place of an earlier one that waits."""
PAUSE_S = (0.2, 1.0)
"""Between two articles."""
SETTLED_S = 150
"""Within this time after the last fault all must be as it should: the service is given ten times what it takes."""

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.timeout(MINUTES * 60 + SETTLED_S + 300)]


@pytest.fixture
async def stage(start: Start, sample: Sample, portal: Portal, tmp_path: Path) -> AsyncIterator[Stage]:
    rng = random.Random(SEED)
    own_clock = redis_clock = disk = None
    if reason := why_no_clock_is_set():
        tell(f"clocks are left alone: {reason}")
    else:
        own_clock, redis_clock = SetClock(tmp_path / "own_clock"), SetClock(tmp_path / "redis_clock")
    async with AsyncExitStack() as stack:
        home = tmp_path / "disk"
        try:
            disk = stack.enter_context(small_disk(home))
        except OSError as error:
            tell(f"no disk is filled: {error.strerror}")
        server = find_server(None)
        if redis_clock:
            server = redis_clock.wrapped(server)
        redis = await stack.enter_async_context(own_redis(home / "redis", server))
        link = RedisLink(redis.socket, random.Random(SEED))
        await stack.enter_async_context(link.open())
        config = tmp_path / "config"
        config.mkdir()
        (config / "all.toml").write_text(
            f'[server]\nport = 0\nops_port = 0\n[store]\nurl = "{link.url}"\ndata_dir = "{home}/data"\n'
            '[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n'
            f'[endpoint.partner]\nurl = "{sample.partner_url}/hook"\nsecret = "{SAMPLE_SECRET}"\n'
            f"retry = {{ delays = {['1s'] * 20} }}\n".replace("'", '"')
            + f'[source.portal]\ntitle = "Portal"\nkind = "feed"\nurl = "{portal.url}/rss"\n'
            'schedule = { every = "2s" }\n[feed.latest]\ntitle = "Terbaru"\nsize = 5000\nper = "article"\n',
            "utf-8",
        )
        environment = own_clock.environment if own_clock else {}
        web = await start(config, "serve", environment=environment)
        workers = [await start(config, "work", environment=environment) for _ in range(2)]
        for program in (web, *workers):
            await program.ready()
        yield Stage(redis, link, start, config, rng, web, workers, disk, own_clock, redis_clock)


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    opened = Portal(random.Random(SEED))
    async with opened.open():
        yield opened


@dataclass
class Received:
    """What the partner knows of an article."""

    ids: set[str] = field(default_factory=set)
    revisions: list[int] = field(default_factory=list)
    """The portal's, in the order in which they came first."""


def delivered(sample: Sample) -> dict[int, Received]:
    """Return what the partner was told, by the numbers of articles: an event may stand for older ones."""
    known: dict[int, Received] = {}
    for event in reversed(sample.inbox.newest_first()):
        if event.type in TELLING and event.article_id:
            for number, revision in marks(event.article_title or ""):
                one = known.setdefault(number, Received())
                one.ids.add(event.article_id)
                one.revisions.append(revision)
    return known


async def make_faults(stage: Stage, behind: Callable[[], int]) -> None:
    """Make each fault once in an order by chance, then any of them until the time is over.

    `behind`: how many articles the partner has not been told of; it is written down for who reads along.
    """
    faults = [one for one in stage.faults if not KINDS or one.__name__ in KINDS]
    waiting = stage.rng.sample(faults, len(faults))
    began_at = time.monotonic()
    tell(f"seed {SEED}")
    while waiting or time.monotonic() - began_at < MINUTES * 60:
        fault = waiting.pop() if waiting else stage.rng.choice(faults)
        tell(f"{time.monotonic() - began_at:7.1f} s  {fault.__name__} ({behind()} articles behind)")
        await fault()
        await asyncio.sleep(stage.rng.uniform(0, 3))


def tell(line: str) -> None:
    """Write a line for who reads along (`pytest -s`), or why a run failed."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def settled(
    portal: Portal, reader: Reader, sample: Sample, lost_until: Callable[[], datetime | None] = lambda: None
) -> str:
    """Wait until readers and the partner have all; return what is still missing after `SETTLED_S`.

    `lost_until`: the time before which Redis was emptied: of what was published until then, partners need not
    be told.
    """
    wanted = portal.shown()
    deadline = time.monotonic() + SETTLED_S
    while True:
        shown = dict(await reader.read("latest.json"))
        unlike = {
            number: (shown.get(number), revision)
            for number, revision in wanted.items()
            if shown.get(number) != revision
        }
        told = {number: max(one.revisions) for number, one in delivered(sample).items()}
        spared = portal.published_before(lost_until())
        untold = {
            number: (told.get(number), revision)
            for number, revision in wanted.items()
            if number not in spared and told.get(number) != revision
        }
        if not unlike and not untold:
            return ""
        if time.monotonic() > deadline:
            return f"feed (shown, wanted): {unlike}; delivered: {untold}"
        await asyncio.sleep(0.5)


async def test_whatever_fails_each_article_is_shown_once_and_delivered_under_one_id(
    stage: Stage, portal: Portal, sample: Sample
) -> None:
    async with aiohttp.ClientSession() as session:
        url = await stage.server.ready()
        publishing = asyncio.create_task(portal.publish_on(PAUSE_S))
        first = Reader(url, session)
        while not all([await first.read(feed) for feed in FEEDS]):
            await asyncio.sleep(0.2)
        reader = Reader(url, session)
        reading = asyncio.create_task(reader.read_on())
        await make_faults(stage, lambda: len(portal.pieces) - len(delivered(sample)))
        publishing.cancel()
        ended_at = time.monotonic()
        missing = await settled(portal, reader, sample, stage.lost_until)
        tell(f"settled {time.monotonic() - ended_at:.1f} s after the last fault")
        reading.cancel()
        shown = Counter(number for number, _ in await reader.read("latest.json"))
    tell(
        f"{len(portal.pieces)} articles, {sample.inbox.repeats} deliveries repeated, {sample.inbox.refused} refused, {reader.summary()}"
    )
    assert missing == ""
    assert shown == dict.fromkeys(portal.shown(), 1)
    told = delivered(sample)
    assert {number: one.ids for number, one in told.items() if len(one.ids) > 1} == {}
    assert {
        number: one.revisions for number, one in told.items() if one.revisions != sorted(one.revisions)
    } == {}
    assert {url: times for url, times in announced(sample).items() if times > 1} == {}
    assert reader.gone_back == []
    assert set(reader.statuses) == {200}, "a feed that was served once is served whatever fails"
    assert reader.took_s(0.99) < 2, "readers do not wait for Redis"
    for program in (stage.server, *stage.workers):
        assert await program.stop() == 0
        assert "Traceback" not in program.told()
    code, out, _ = await run(stage.config, "doctor")
    assert code == 0, out
