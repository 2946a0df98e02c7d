"""kill -9 of workers while the queue of an endpoint is refilled from the log: nothing lost, nothing repeated."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from e2e.conftest import Start
from e2e.partners import configure, open_partners, publish, store_of
from support import until

from syndicator.model.clock import system_clock
from syndicator.model.ids import EndpointId
from syndicator.store.embedded import EmbeddedServer

pytestmark = [pytest.mark.scale, pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(300)]

A = EndpointId("a")
BOUND, EVENTS = 600, 3000
SMALL_QUEUES = f"from syndicator.store.webhooks import handover\nhandover.MOST_QUEUED = {BOUND}\n"
"""Python that a process runs at its start. With the real bound, a test would take 10,000 events and more."""


@pytest.fixture
def small_queues(tmp_path: Path) -> dict[str, str]:
    """The environment of processes whose queues are soon full."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(SMALL_QUEUES, "utf-8")
    paths = [str(tmp_path / "python"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


async def test_workers_are_killed_while_a_full_queue_is_refilled(
    start: Start, server: EmbeddedServer, tmp_path: Path, small_queues: dict[str, str]
) -> None:
    rng = random.Random(23)
    async with open_partners() as partners:
        config = configure(
            tmp_path, f"unix://{server.socket}", partners, [A], of_endpoint="max_in_flight = 8"
        )
        partners.down.add(A)
        worker = await start(config, "work", environment=small_queues)
        await worker.ready()
        async with store_of(config) as store:
            wanted = await publish(store, range(EVENTS))
            await until(store.outbox.waiting, lambda waiting: waiting == 0)
            counts = await store.deliveries.counts(A, system_clock())
            assert counts.in_log == EVENTS - BOUND
            await until(lambda: partners.refused)
            assert not partners.came
            partners.down.clear()
            allowed = 0
            for left in (1900, 1300, 700):
                await until(
                    lambda: store.deliveries.counts(A, system_clock()),
                    lambda one, left=left: one.in_log <= left,  # type: ignore[misc]
                )
                await asyncio.sleep(rng.uniform(0, 0.1))
                await worker.stop(signal.SIGKILL)
                counts = await store.deliveries.counts(A, system_clock())
                assert 0 < counts.in_log < EVENTS - BOUND, "it is killed while the queue is refilled"
                allowed += counts.in_flight
                worker = await start(config, "work", environment=small_queues)
            await until(lambda: partners.ids(A) >= wanted)
            await until(lambda: store.deliveries.counts(A, system_clock()), lambda one: not one.waiting)
            state = await until(lambda: store.endpoints.state(A), lambda one: one.overflow is None)
        assert partners.ids(A) == wanted
        assert partners.repeated <= allowed, "only what was under way is sent again"
        assert not state.dropped
        assert await worker.stop() == 0, worker.told()
        assert worker.faults() == []
