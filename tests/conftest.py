"""A real Redis for every test: the embedded server that users start too, one namespace a test."""

import asyncio
import faulthandler
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from redis_cluster import RedisCluster, is_on_cluster, redis_cluster
from support import ManualClock, new_store, own_redis

from syndicator.cli.event_loop import new_event_loop
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.store import Store

# How long an example takes is up to who else uses the machine.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


class Watch:
    """Ends the process that runs the tests when one test, its fixtures included, lives on after its timeout.

    The timeout raises once, in whatever runs at that moment. Where a task beside the test swallows it, or where
    the end of the test waits for something, the run would wait for ever.
    """

    PATIENCE_S = 120

    def __init__(self) -> None:
        self._stderr = os.dup(2)  # before pytest captures it
        self._limit_s = 0.0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        own = item.get_closest_marker("timeout")
        self._limit_s = self.PATIENCE_S + float(own.args[0] if own else item.config.getini("timeout"))
        self._wind_up()
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self) -> None:
        if self._limit_s:  # 0 while tests are collected
            self._wind_up()  # pytest itself has just stopped it

    def _wind_up(self) -> None:
        faulthandler.dump_traceback_later(self._limit_s, file=self._stderr, exit=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Watch(), "watch")


def _loop_whose_tests_time_out() -> asyncio.AbstractEventLoop:
    """Return the service's event loop; uvloop hands what a timeout raises to its handler of exceptions alone."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), pytest.fail.Exception):
            for task in asyncio.all_tasks(loop):
                task.cancel("the test ran into its timeout")
        loop.default_exception_handler(context)

    loop = new_event_loop()
    loop.set_exception_handler(handle)
    return loop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Have tests run on the event loop that the processes of the service have."""
    return {"uvloop": _loop_whose_tests_time_out}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that lives as long as the test run.

    `SYNDICATOR_TEST_ENGINE=redis-server` tries another one than the bundled, `SYNDICATOR_TEST_STORE=cluster`
    tries the nodes of a cluster.
    """
    if is_on_cluster():
        yield request.getfixturevalue("cluster").url
        return
    engine = os.environ.get("SYNDICATOR_TEST_ENGINE")
    server = EmbeddedServer(tmp_path_factory.mktemp("redis"), find_server(engine))
    asyncio.run(server.ensure())
    yield f"unix://{server.socket}"
    asyncio.run(server.stop())


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A cluster that lives as long as the test run: three primaries, each with a replica."""
    formed = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        asyncio.run(formed.start())
        yield formed
    finally:
        formed.kill()


@pytest.fixture
async def own_cluster(tmp_path: Path) -> AsyncIterator[RedisCluster]:
    """A cluster of the test's own, whose nodes it may kill."""
    async with redis_cluster(tmp_path / "cluster") as formed:
        yield formed


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A Redis of the test's own, which it may stop, freeze and start again."""
    async with own_redis(tmp_path / "redis") as started:
        yield started


@pytest.fixture
async def store(redis_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with new_store(redis_url, tmp_path) as opened:
        yield opened
