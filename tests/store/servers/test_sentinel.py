"""A primary that Sentinel watches: named by it, killed, handed over, and no longer watched."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis_processes import MASTER, RedisProcess, SentinelGroup, sentinel_group
from support import until

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.store.connection import Connection, Transaction, connect

pytestmark = pytest.mark.scale

_CALL_S = 10.0
"""A busy machine takes longer for a failover than a call of the service may last."""


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[SentinelGroup]:
    async with sentinel_group(tmp_path / "group") as started:
        await started.settled()
        yield started


async def written(redis: Connection, value: str) -> object:
    """Write a value, and again while the failover is not over, as the service does."""

    async def write() -> object:
        try:
            return await redis.call("SET", "a", value)
        except StoreUnavailable:
            return None

    return await until(write)


async def test_a_killed_primary_is_left_for_the_one_that_the_sentinels_choose(group: SentinelGroup) -> None:
    first = await group.primary()
    async with connect(group.url, anchor="x", timeout_s=_CALL_S) as redis:
        assert (await redis.server()).place == first.place
        await asyncio.gather(*(redis.call("SET", f"kept:{n}", n) for n in range(40)))
        assert await redis.call("WAIT", 2, 5000) == 2
        first.kill()
        assert await written(redis, "2") == b"OK"
        second = await group.primary(besides=first)
        assert (await redis.server()).place == second.place
        assert await redis.call("MGET", *(f"kept:{n}" for n in range(40))) == [b"%d" % n for n in range(40)]
        await first.start("--replicaof", f"127.0.0.1 {second.port}")
        answers = await asyncio.gather(*(redis.call("ROLE") for _ in range(40)))
        assert {answer[0] for answer in answers} == {b"master"}


async def test_a_primary_that_hands_over_in_life_is_left_at_once(group: SentinelGroup) -> None:
    first = await group.primary()
    async with connect(group.url, anchor="x", timeout_s=_CALL_S) as redis:
        await asyncio.gather(*(redis.call("SET", "a", "1") for _ in range(10)))
        await group.sentinels[0].ask("SENTINEL", "FAILOVER", MASTER)
        second = await group.primary(besides=first)
        await until(redis.server, lambda now: now.place == second.place)
        assert await first.role() == "master", "it takes writes for a while, which are lost"
        assert await written(redis, "2") == b"OK"
        assert await redis.commit([Transaction(expects=(), writes=(("SET", "b", "3"),))]) == [True]
        assert await asyncio.gather(*(redis.call("MGET", "a", "b") for _ in range(20))) == [[b"2", b"3"]] * 20
        assert await second.ask("MGET", "a", "b") == ["2", "3"]


async def test_a_primary_that_hangs_is_left(group: SentinelGroup) -> None:
    first = await group.primary()
    async with connect(group.url, anchor="x", timeout_s=1.0) as redis:
        await redis.call("SET", "a", "1")
        first.freeze()
        assert await written(redis, "2") == b"OK"
        second = await group.primary(besides=first)
        assert await second.ask("GET", "a") == "2"
        first.thaw()


async def test_dead_sentinels_stop_nobody_while_the_primary_lives(group: SentinelGroup) -> None:
    primary = await group.primary()
    group.sentinels[0].kill()
    async with connect(group.url, anchor="x", timeout_s=_CALL_S) as redis:
        assert await redis.call("SET", "a", "1") == b"OK"
        for one in group.sentinels:
            one.kill()
        await primary.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert await asyncio.gather(*(redis.call("GET", "a") for _ in range(20))) == [b"1"] * 20
    with pytest.raises(StoreUnavailable, match=f"sentinel .*{group.sentinels[1].port}.* does not answer"):
        async with connect(group.url, anchor="x", timeout_s=1.0):
            pass


async def test_a_replica_is_never_taken_for_the_primary(tmp_path: Path) -> None:
    async with sentinel_group(tmp_path / "group") as group:
        primary = await group.settled()
        async with connect(group.url, anchor="x", timeout_s=0.5) as redis:
            for one in group.sentinels:
                one.kill()
            other = next(one for one in group.servers if one is not primary)
            await primary.ask("REPLICAOF", "127.0.0.1", other.port)
            await primary.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            with pytest.raises(StoreUnavailable, match="replica"):  # a read: it would be answered
                await redis.call("GET", "a")


async def test_what_is_wrong_with_the_url_is_told_with_its_key(tmp_path: Path) -> None:
    settings = ("requirepass geheim", "masterauth geheim")
    watch = (f"sentinel auth-pass {MASTER} geheim", "requirepass heimlich")
    async with sentinel_group(tmp_path / "group", settings=settings, sentinel_settings=watch) as group:
        places = ",".join(one.place for one in group.sentinels)

        async def told(url: str) -> str:
            with pytest.raises(StoreUnavailable) as raised:
                async with connect(url, anchor="x", timeout_s=5.0):
                    pass
            assert "geheim" not in str(raised.value)
            assert "heimlich" not in str(raised.value)
            assert "[store] url" in str(raised.value)
            return str(raised.value)

        right = f"sentinel://:geheim@{places}/{MASTER}?sentinel_password=heimlich"
        async with connect(right, anchor="x") as redis:
            assert await redis.call("SET", "a", "1") == b"OK"
        assert "user or password" in await told(right.replace(":geheim", ":wrong"))
        assert "user or password" in await told(right.replace(":geheim@", ""))
        assert "sentinel_password" in await told(right.replace("heimlich", "wrong"))
        assert "sentinel_password" in await told(right.partition("?")[0])
        assert f"watches {MASTER}" in await told(right.replace(f"/{MASTER}", "/other"))


async def test_a_server_in_place_of_a_sentinel_is_told(tmp_path: Path) -> None:
    server = RedisProcess(tmp_path / "server")
    await server.start()
    try:
        with pytest.raises(StoreError, match=f"{server.place} is not a sentinel"):
            async with connect(f"sentinel://{server.place}/{MASTER}", anchor="x"):
                pass
    finally:
        server.kill()
