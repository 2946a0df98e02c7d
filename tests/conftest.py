"""A real Redis for every test: the embedded server that users start too, one namespace a test."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support import ManualClock, own_redis

from syndicator.cli.loops import new_event_loop
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.store import Store, StoreOptions, open_store

# How long an example takes is up to who else uses the machine.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Have tests run on the event loop that the processes of the service have."""
    return {"uvloop": new_event_loop}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that lives as long as the test run.

    `SYNDICATOR_TEST_ENGINE=redis-server` tries another one than the bundled.
    """
    engine = os.environ.get("SYNDICATOR_TEST_ENGINE")
    server = EmbeddedServer(tmp_path_factory.mktemp("redis"), find_server(engine))
    asyncio.run(server.ensure())
    yield f"unix://{server.socket}"
    asyncio.run(server.stop())


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A Redis of the test's own, which it may stop, freeze and start again."""
    async with own_redis(tmp_path / "redis") as started:
        yield started


@pytest.fixture
async def store(redis_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    options = StoreOptions(url=redis_url, namespace=f"test-{uuid.uuid4().hex}", data_dir=tmp_path)
    async with open_store(options) as opened:
        yield opened
