"""A receiver hangs and its queue is full: endpoints of other partitions get their events about as soon as before."""

import asyncio
import statistics
import sys
import time
from pathlib import Path

import pytest
from e2e.conftest import Start
from e2e.partners import Partners, configure, names_in, open_partners, publish, store_of
from support import until

from syndicator.model.clock import system_clock
from syndicator.model.event import EventType
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.store import Store
from syndicator.store.webhooks.handover import MOST_QUEUED

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]

PARTITIONS, EVENTS = 4, 150
MANY = MOST_QUEUED + 1000
FULL = names_in(0, PARTITIONS, 1)[0]
NAMES = [name for partition in range(1, PARTITIONS) for name in names_in(partition, PARTITIONS, 2)]
IN_FLIGHT = 100
"""Below three quarters of a worker's quick slots: with more, others wait until the first of them count as slow."""
HANGS = (
    f'events = ["source.recovered", "source.quiet"]\nmax_in_flight = {IN_FLIGHT}\ntimeout = "60s"\n'
    'connect_timeout = "60s"'
)
BOUND = 5.0


async def p95_s(store: Store, partners: Partners, numbers: range) -> float:
    """Publish events one after the other; return how late they came to endpoints that take them."""
    published = dict[str, float]()
    for number in numbers:
        now = time.time()
        published |= dict.fromkeys(await publish(store, range(number, number + 1)), now)
        await asyncio.sleep(0.04)
    wanted = {(name, event): at for event, at in published.items() for name in NAMES}
    await until(lambda: wanted.keys() <= partners.came.keys())
    return statistics.quantiles((partners.came_at[one] - at for one, at in wanted.items()), n=20)[-1]


async def test_a_full_partition_hardly_delays_the_others(
    start: Start, server: EmbeddedServer, tmp_path: Path
) -> None:
    async with open_partners() as partners:
        config = configure(
            tmp_path,
            f"unix://{server.socket}",
            partners,
            NAMES,
            partitions=PARTITIONS,
            of_one={FULL: HANGS},
        )
        worker = await start(config, "work")
        await worker.ready()
        async with store_of(config) as store:
            await p95_s(store, partners, range(50))  # all is warm then
            before_s = await p95_s(store, partners, range(50, 50 + EVENTS))
            partners.hung.add(FULL)
            await publish(store, range(MANY), EventType.SOURCE_QUIET)
            # All is in the queue or the log: what follows is late because of neither the burst nor its fan-out.
            await until(
                lambda: store.deliveries.counts(FULL, system_clock()),
                lambda one: one.in_flight == IN_FLIGHT and one.waiting + one.in_flight == MANY,
            )
            after_s = await p95_s(store, partners, range(200, 200 + EVENTS))
            counts = await store.deliveries.counts(FULL, system_clock())
        assert counts.in_flight == IN_FLIGHT, "its receiver still hangs"
        assert counts.in_log > EVENTS
        sys.stdout.write(f"p95 {before_s:.3f} s, beside a full partition {after_s:.3f} s\n")
        sys.stdout.write(f"ratio {after_s / before_s:.2f}\n")
        assert after_s / before_s < BOUND
        partners.come_back()
        assert await worker.stop() == 0, worker.told()
        assert worker.faults() == []
