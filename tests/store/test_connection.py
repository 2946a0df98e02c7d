"""The door to Redis when Redis hangs, restarts or answers late: a server of our own, stopped for real."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from support import own_redis, until

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.store.connection import Script, Transaction, connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.web.http.server import open_socket, port_of, serving


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
                async with asyncio.timeout(30):
                    with pytest.raises(StoreUnavailable, match=r"within 0\.5 s"):
                        await call()
        assert await redis.call("PING") == b"PONG"


async def test_a_reply_that_this_process_had_no_time_to_read_is_no_loss_of_redis(
    server: EmbeddedServer,
) -> None:
    async with connect(url(server), anchor="x", timeout_s=0.5) as redis:
        with frozen(server):
            call = asyncio.create_task(redis.call("ECHO", "a"))
            await asyncio.sleep(0.1)  # it is on its way
        time.sleep(1)  # the loop stands still, as on a machine that is busy with others
        assert await call == b"a"


async def test_a_call_is_given_up_where_this_process_stands_still_again_and_again(
    server: EmbeddedServer,
) -> None:
    async with connect(url(server), anchor="x", timeout_s=0.3) as redis:
        with frozen(server):
            call = asyncio.create_task(redis.call("GET", "a"))
            for _ in range(20):
                await asyncio.sleep(0)
                if call.done():
                    break
                time.sleep(0.5)  # each time limit ends meanwhile
            assert call.done()
        with pytest.raises(StoreUnavailable):
            await call
        assert redis.losses == 3


async def test_many_calls_wait_no_longer_than_one(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x", timeout_s=4) as redis:
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


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with own_redis(tmp_path / "other") as started:
        yield started


async def test_after_a_failover_writes_go_where_the_name_leads_now(
    server: EmbeddedServer, other: EmbeddedServer, tmp_path: Path
) -> None:
    name = tmp_path / "name"
    name.symlink_to(server.socket)
    async with connect(f"unix://{name}", anchor="x") as redis, connect(url(server), anchor="x") as old:
        await asyncio.gather(*(redis.call("SET", "a", "1") for _ in range(10)))
        name.unlink()
        name.symlink_to(other.socket)
        await old.call("REPLICAOF", "127.0.0.1", "1")
        assert await redis.call("SET", "a", "2") == b"OK"
        assert await redis.commit([Transaction(expects=(), writes=(("SET", "b", "3"),))]) == [True]
        assert await asyncio.gather(*(redis.call("MGET", "a", "b") for _ in range(20))) == [[b"2", b"3"]] * 20
        await old.call("REPLICAOF", "NO", "ONE")


async def test_a_replica_without_its_primary_is_left(
    server: EmbeddedServer, other: EmbeddedServer, tmp_path: Path
) -> None:
    name = tmp_path / "name"
    name.symlink_to(server.socket)
    async with connect(f"unix://{name}", anchor="x") as redis, connect(url(server), anchor="x") as old:
        await old.call("CONFIG", "SET", "replica-serve-stale-data", "no")
        await old.call("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StoreUnavailable):
            await redis.call("GET", "a")
        name.unlink()
        name.symlink_to(other.socket)
        assert await redis.call("GET", "a") is None
        await old.call("REPLICAOF", "NO", "ONE")


async def test_a_transaction_may_name_very_many_words(server: EmbeddedServer) -> None:
    many = [str(number) for number in range(9000)]
    scored = [word for name in many for word in ("7", name)]
    async with connect(url(server), anchor="x") as redis:
        unit = Transaction(
            expects=tuple(("hash", name, "") for name in many),
            writes=(
                ("SET", "first", "1"),
                ("SADD", "set", *many),
                ("ZADD", "sorted", "NX", *scored),
                ("HSET", "hash", *(word for name in many for word in (name, "v"))),
                ("RPUSH", "list", *many),
            ),
        )
        assert await redis.commit([unit]) == [True]
        counts = (("SCARD", "set"), ("ZCARD", "sorted"), ("HLEN", "hash"), ("LLEN", "list"))
        assert await redis.batch(counts) == [9000] * 4
        assert await redis.call("LRANGE", "list", -1, -1) == [b"8999"]
        assert await redis.commit([unit]) == [False]
        assert await redis.commit([Transaction(expects=(), writes=(("ZREM", "sorted", *many),))]) == [True]
        assert await redis.call("EXISTS", "sorted") == 0


async def test_nothing_is_written_of_a_transaction_that_is_too_long(server: EmbeddedServer) -> None:
    words = [word for number in range(4000) for word in (f"field{number}", "v")]
    async with connect(url(server), anchor="x") as redis:
        with pytest.raises(StoreError, match="XADD with 8003 words"):
            await redis.commit(
                [Transaction(expects=(), writes=(("SET", "first", "1"), ("XADD", "stream", "*", *words)))]
            )
        assert await redis.call("EXISTS", "first") == 0


async def test_without_memory_no_half_of_a_transaction_is_written(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
        await redis.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            await redis.commit([Transaction(expects=(), writes=(("DEL", "kept"), ("SET", "other", "1")))])
        assert await redis.call("GET", "kept") == b"yes"
        await redis.call("CONFIG", "SET", "maxmemory", "0")
        assert await redis.commit([Transaction(expects=(), writes=(("SET", "other", "1"),))]) == [True]


async def test_one_of_many_writers_that_leaves_stops_no_other(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x") as redis:
        writers = [
            asyncio.create_task(redis.commit([Transaction(expects=(), writes=(("INCR", "count"),))]))
            for _ in range(60)
        ]
        await asyncio.sleep(0)
        for leaver in writers[::3]:
            leaver.cancel()
        async with asyncio.timeout(30):
            told = await asyncio.gather(*writers, return_exceptions=True)
        assert [one for place, one in enumerate(told) if place % 3] == [[True]] * 40
        assert await redis.commit([Transaction(expects=(), writes=(("SET", "after", "1"),))]) == [True]


async def test_what_answers_but_is_no_redis_is_told_by_its_place_and_key() -> None:
    opened = open_socket("127.0.0.1", 0)
    async with serving(web.Application(), opened):
        with pytest.raises(StoreError) as raised:
            async with connect(f"redis://me:geheim@127.0.0.1:{port_of(opened)}/0", anchor="x"):
                pass
        told = str(raised.value)
        assert f"[store] url leads to 127.0.0.1:{port_of(opened)}" in told
    assert "is not Redis" in told
    assert "geheim" not in told


async def test_a_redis_that_refuses_us_or_is_silent_is_told_by_its_place(server: EmbeddedServer) -> None:
    async def told(timeout_s: float) -> str:
        with pytest.raises(StoreUnavailable) as raised:
            async with connect(f"unix://me:geheim@{server.socket}", anchor="x", timeout_s=timeout_s):
                pass
        return str(raised.value)

    refused = await told(10.0)
    with frozen(server):
        silent = await told(0.5)
    assert "password" in refused
    for one in (refused, silent):
        assert one.endswith(f"(asked at {server.socket})")
        assert "geheim" not in one


async def test_calls_under_way_at_the_end_leave_no_connection_open(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x") as observer:
        for turns in range(12):
            async with connect(url(server), anchor="x") as redis:
                calls = [asyncio.create_task(redis.call("BLPOP", "nothing", 2)) for _ in range(8)]
                for _ in range(turns):
                    await asyncio.sleep(0)
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(one) for one in ended} == {StoreUnavailable}
            with pytest.raises(StoreUnavailable, match="closed"):
                await redis.call("PING")
        # Redis notices a moment later
        await until(lambda: observer.call("CLIENT", "LIST"), lambda found: len(found.splitlines()) <= 1)


@pytest.mark.parametrize("word", ["\ud800", 2**70])  # a lone surrogate; what msgpack has no number for
async def test_a_unit_with_a_word_that_is_hard_to_write_hinders_no_other(
    server: EmbeddedServer, word: str | int
) -> None:
    async with connect(url(server), anchor="x") as redis:
        units = [Transaction(expects=(), writes=(("RPUSH", "words", one),)) for one in ("1", word, "3")]
        async with asyncio.timeout(30):
            first, odd, last = await asyncio.gather(
                *(redis.commit([unit]) for unit in units), return_exceptions=True
            )
        assert first == last == [True]
        assert odd == [True] if isinstance(word, str) else isinstance(odd, OverflowError)
        words = await redis.call("LRANGE", "words", 0, -1)
        assert [one for one in words if one in {b"1", b"3"}] == [b"1", b"3"]


async def test_those_who_wait_for_a_commit_hear_of_the_end(server: EmbeddedServer) -> None:
    async with connect(url(server), anchor="x", timeout_s=30) as redis:
        unit = Transaction(expects=(), writes=(("INCR", "count"),))
        with frozen(server):
            writing = [asyncio.create_task(redis.commit([unit])) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # one call is on its way
            writing += [asyncio.create_task(redis.commit([unit])) for _ in range(3)]
            await asyncio.sleep(0)
            await redis.close()
            async with asyncio.timeout(30):
                told = await asyncio.gather(*writing, return_exceptions=True)
        assert [type(one) for one in told] == [StoreUnavailable] * 6
        assert len({id(one) for one in told}) == 6
