"""Partitions of endpoints on a cluster: workers are killed amid fan-out and delivery, and others go on."""

import asyncio
import signal
from pathlib import Path

import pytest
from e2e.conftest import Start
from e2e.partners import NAMESPACE, configure, names_in, open_partners, publish, store_of
from redis.crc import key_slot
from redis_cluster import RedisCluster
from support import until

from syndicator.model.clock import system_clock
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]

PARTITIONS, IN_FLIGHT = 4, 4
NAMES = [name for partition in range(PARTITIONS) for name in names_in(partition, PARTITIONS, 2)]
KILLS, EVENTS = 3, 100


async def nodes(cluster: RedisCluster) -> set[str]:
    """Return the nodes that have partitions."""
    parts = Keys(NAMESPACE, Spread(endpoints=PARTITIONS)).partitions
    return {(await cluster.owner(key_slot(parts.prefix(one).encode()))).place for one in parts.all}


async def slowly(store: Store, numbers: range) -> set[str]:
    """Publish a few events at a time."""
    found = set[str]()
    for first in range(numbers.start, numbers.stop, 5):
        found |= await publish(store, range(first, min(first + 5, numbers.stop)))
        await asyncio.sleep(0.05)
    return found


async def test_a_worker_is_killed_while_it_fans_out_and_delivers(
    start: Start, own_cluster: RedisCluster, tmp_path: Path
) -> None:
    assert len(await nodes(own_cluster)) > 1
    async with open_partners() as partners:
        more = f"max_in_flight = {IN_FLIGHT}"
        config = configure(
            tmp_path, own_cluster.url, partners, NAMES, partitions=PARTITIONS, of_endpoint=more
        )
        workers = [await start(config, "work") for _ in range(2)]
        for worker in workers:
            await worker.ready()
        wanted = set[str]()
        async with store_of(config) as store:
            for turn in range(KILLS):
                came = len(partners.came)
                publishing = asyncio.create_task(slowly(store, range(turn * EVENTS, (turn + 1) * EVENTS)))
                await until(lambda came=came: len(partners.came) > came + 40)  # type: ignore[misc]
                await until(lambda task=publishing: task.done() or store.outbox.waiting())  # type: ignore[misc]
                await workers.pop(0).stop(signal.SIGKILL)
                wanted |= await publishing
                workers.append(await start(config, "work"))
                await workers[-1].ready()
            await until(lambda: all(partners.ids(name) >= wanted for name in NAMES))
            await until(
                lambda: store.deliveries.counts_of(NAMES, system_clock()),
                lambda found: not any(one.waiting + one.in_flight for one in found.values()),
            )
        assert len(wanted) == KILLS * EVENTS
        assert {name: partners.ids(name) for name in NAMES} == dict.fromkeys(NAMES, wanted)
        assert partners.repeated <= KILLS * len(NAMES) * IN_FLIGHT
        for worker in workers:
            assert await worker.stop() == 0, worker.told()
            assert worker.faults() == []
