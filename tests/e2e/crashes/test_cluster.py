"""A service on a cluster: a primary is killed, and the slot of its keys moves, while it gathers and delivers."""

import asyncio
import random
import uuid
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Start
from e2e.crashes.test_crashes import more_events, publish, settle
from redis_cluster import RedisCluster, moves_slots_at_once, slot_of
from support import until

from syndicator.sample.server import Sample

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def namespace() -> str:
    return f"kota-{uuid.uuid4().hex}"


@pytest.fixture
def on_cluster(config: Path, own_cluster: RedisCluster, namespace: str) -> Path:
    rest = config / "rest.toml"
    table = f'[store]\nurl = "{own_cluster.url}"\nnamespace = "{namespace}"'
    rest.write_text(rest.read_text("utf-8").replace("[store]", table, 1), "utf-8")
    return config


class Reader:
    """Reads a feed again and again, and counts the answers by status."""

    def __init__(self, url: str) -> None:
        self.statuses = Counter[int]()
        self._url = url

    async def read(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(self._url) as answer:
                    await answer.read()
                    self.statuses[answer.status] += 1
                await asyncio.sleep(0.02)


async def test_a_primary_is_killed_while_articles_are_gathered_and_delivered(
    start: Start, on_cluster: Path, own_cluster: RedisCluster, namespace: str, sample: Sample
) -> None:
    web, *workers = [await start(on_cluster, command) for command in ("serve", "work", "work")]
    reader = Reader(f"{await web.ready()}/feeds/latest.rss")
    await more_events(sample, 10)
    reading = asyncio.create_task(reader.read())
    for _ in range(2):
        publishing = asyncio.create_task(publish(sample, random.Random(3), 12))
        await asyncio.sleep(1)
        killed = await own_cluster.owner(slot_of(namespace))
        killed.kill()
        assert await own_cluster.owner(slot_of(namespace)) is not killed
        await publishing
        await settle(on_cluster, sample)
        await killed.start()
        await own_cluster.ready()
    reading.cancel()
    assert set(reader.statuses) == {200}
    for program in (*workers, web):
        assert await program.stop() == 0, program.told()
        assert program.faults() == []


async def test_the_slot_moves_while_articles_are_gathered_and_delivered(
    start: Start, on_cluster: Path, own_cluster: RedisCluster, namespace: str, sample: Sample
) -> None:
    """First key by key, for which the service waits; then at once, where the server can."""
    slot = slot_of(namespace)
    web, worker = await start(on_cluster, "serve"), await start(on_cluster, "work")
    url = await web.ready()
    reader = Reader(f"{url}/feeds/latest.rss")
    await more_events(sample, 10)
    reading = asyncio.create_task(reader.read())
    publishing = asyncio.create_task(publish(sample, random.Random(3), 20))
    source = await own_cluster.owner(slot)
    target = await own_cluster.another(source)
    await own_cluster.begin_move_by_keys(slot, source, target)
    await own_cluster.move_keys(slot, source, target, 20)
    await until(lambda: any(each["event"] == "redis_slot_moves_by_keys" for each in worker.events))
    await own_cluster.end_move_by_keys(slot, source, target)
    if moves_slots_at_once():
        for _ in range(3):
            source = await own_cluster.owner(slot)
            await own_cluster.move(slot, source, await own_cluster.another(source))
            await asyncio.sleep(0.3)
    await publishing
    await settle(on_cluster, sample)
    reading.cancel()
    assert set(reader.statuses) == {200}
    for program in (worker, web):
        assert await program.stop() == 0, program.told()
        assert program.faults() == []
