"""The door to Redis when Redis hangs, restarts or answers late: a server of our own, stopped for real."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import EPOCH
from syndicator.store import connection as connection_module
from syndicator.store.connection import Script, connect, redis_clock
from syndicator.store.embedded import EmbeddedServer, find_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    own = EmbeddedServer(tmp_path / "redis", find_server(None))
    await own.ensure()
    yield own
    await own.stop()


@contextmanager
def frozen(server: EmbeddedServer) -> Iterator[None]:
    assert server._process is not None
    pid = server._process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def url(server: EmbeddedServer) -> str:
    return f"unix://{server.socket}"


async def test_a_call_to_a_server_that_hangs_ends_in_time(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x", timeout_s=0.5) as redis:
        with frozen(server):
            for call in (
                lambda: redis.call("GET", "a"),
                lambda: redis.batch([("GET", "a"), ("GET", "b")]),
                lambda: redis.run(Script("commit"), ["x"]),
            ):
                async with asyncio.timeout(10):
                    with pytest.raises(StoreUnavailable, match=r"within 0\.5 s"):
                        await call()
        assert await redis.call("PING") == b"PONG"


async def test_many_calls_wait_no_longer_than_one(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x", timeout_s=1.5) as redis:
        with frozen(server):
            async with asyncio.timeout(30):
                told = await asyncio.gather(
                    *(redis.call("GET", "a") for _ in range(100)), return_exceptions=True
                )
        assert {type(error) for error in told} == {StoreUnavailable}
        # Nothing leaked from the pool: again as many find a connection.
        assert await asyncio.gather(*(redis.call("ECHO", n) for n in range(100))) == [
            str(n).encode() for n in range(100)
        ]


async def test_a_late_reply_reaches_nobody_else(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x", timeout_s=0.3) as redis:
        await redis.call("SET", "secret", "of the first")
        with frozen(server):
            late = [asyncio.create_task(redis.call("GET", "secret")) for _ in range(40)]
            cancelled = [
                asyncio.create_task(redis.batch([("GET", "secret"), ("GET", "secret")])) for _ in range(5)
            ]
            await asyncio.sleep(0.1)  # they are on their way
            for task in cancelled:
                task.cancel()
            await asyncio.wait([*late, *cancelled])
        assert all(isinstance(task.exception(), StoreUnavailable) for task in late)
        assert all(task.cancelled() for task in cancelled)
        for n in range(50):
            assert await redis.call("ECHO", n) == str(n).encode()


async def test_a_restart_costs_no_call(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x") as redis:
        await asyncio.gather(*(redis.call("SET", f"kept:{n}", n) for n in range(20)))
        await server.stop()
        await server.ensure()
        found = await asyncio.gather(*(redis.call("GET", f"kept:{n}") for n in range(20)))
        assert found == [str(n).encode() for n in range(20)]


async def test_a_connection_that_was_cut_costs_no_call(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x") as redis, connect(url(server), anchor="x") as other:
        await redis.call("SET", "kept", "yes")
        await other.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await redis.call("GET", "kept") == b"yes"


async def test_the_clock_is_that_of_redis_and_no_step_of_the_wall_clock_moves_it(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(url(server), anchor="x") as redis:
        clock = await redis_clock(redis)
        seconds, _ = await redis.call("TIME")
        assert abs(clock().timestamp() - int(seconds)) < 5
        # The wall clock is stepped far back, wherever the module could ask it.
        monkeypatch.setattr(connection_module, "system_clock", lambda: EPOCH, raising=False)
        first, second = clock(), clock()
        assert first <= second
        assert abs(second.timestamp() - int(seconds)) < 5
