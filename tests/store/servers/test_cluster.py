"""A cluster as store: the keys of a namespace are on one node, wherever that is; nodes die, slots move."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from machine import SetClock, why_no_clock_is_set
from redis_cluster import RedisCluster, moves_slots_at_once, redis_cluster, slot_of
from redis_processes import RedisProcess
from support import until

from syndicator.errors import StoreError, StoreRefuses, StoreUnavailable
from syndicator.model.ids import EndpointId
from syndicator.store import shared_clock
from syndicator.store.connection import Connection, Transaction, connect
from syndicator.store.embedded import find_server
from syndicator.store.keys.partitions import MOST_SPREAD, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.restore import restore

pytestmark = [pytest.mark.scale, pytest.mark.timeout(180)]

needs_moves_at_once = pytest.mark.skipif(not moves_slots_at_once(), reason="moves slots key by key only")


@pytest.fixture
def namespace() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
async def redis(cluster: RedisCluster, namespace: str) -> AsyncIterator[Connection]:
    async with connect(cluster.url, anchor=Keys(namespace).meta()) as opened:
        yield opened


async def write_pair(redis: Connection, namespace: str, value: object) -> None:
    """Append to two keys in one transaction, which the script hears of from its arguments alone."""
    prefix = Keys(namespace).prefix
    writes = (("RPUSH", f"{prefix}one", str(value)), ("RPUSH", f"{prefix}two-{value}", str(value)))
    assert await redis.commit([Transaction(expects=(), writes=writes)]) == [True]


async def pairs_of(redis: Connection, namespace: str) -> tuple[list[bytes], list[bytes]]:
    """Return what both keys of each transaction hold, each sorted: the same where none was torn."""
    prefix = Keys(namespace).prefix
    ones = await redis.call("LRANGE", f"{prefix}one", 0, -1)
    twos = list[bytes]()
    async for names in redis.names(f"{prefix}two-"):
        for name in set(names):
            twos += await redis.call("LRANGE", name, 0, -1)
    return sorted(ones), sorted(twos)


async def test_namespaces_are_spread_over_the_nodes(cluster: RedisCluster) -> None:
    owners = set()
    for number in range(12):
        namespace = f"spread-{number}"
        async with connect(cluster.url, anchor=Keys(namespace).meta()) as redis:
            await write_pair(redis, namespace, 1)
            owner = await cluster.owner(slot_of(namespace))
            assert await owner.ask("EXISTS", f"{Keys(namespace).prefix}one") == 1
            assert {name async for names in redis.names(Keys(namespace).prefix) for name in names} == {
                f"{Keys(namespace).prefix}one".encode(),
                f"{Keys(namespace).prefix}two-1".encode(),
            }
            owners.add(owner.port)
    assert len(owners) == 3


async def test_a_script_alone_is_torn_while_its_slot_moves_key_by_key(
    cluster: RedisCluster, namespace: str
) -> None:
    """Why each script of ours names a key that never exists: without it, this happens."""
    slot, prefix = slot_of(namespace), Keys(namespace).prefix
    source = await cluster.owner(slot)
    target = await cluster.another(source)
    await source.ask("SET", f"{prefix}one", "before")
    await cluster.begin_move_by_keys(slot, source, target)
    script = "redis.call('SET', KEYS[1], 'after') redis.call('SET', ARGV[1], 'after')"
    with pytest.raises(Exception, match="non local key"):
        await source.ask("EVAL", script, 1, f"{prefix}one", f"{prefix}two")
    assert await source.ask("GET", f"{prefix}one") == "after"
    with pytest.raises(Exception, match="during rehashing"):
        await source.ask("EVAL", script, 2, f"{prefix}one", f"{prefix}:never", f"{prefix}two")
    await cluster.end_move_by_keys(slot, source, target)


async def test_nothing_is_torn_or_lost_while_a_slot_moves_key_by_key(
    cluster: RedisCluster, namespace: str
) -> None:
    slot, prefix = slot_of(namespace), Keys(namespace).prefix
    source = await cluster.owner(slot)
    target = await cluster.another(source)
    async with connect(cluster.url, anchor=Keys(namespace).meta(), timeout_s=0.5) as redis:
        for value in range(10):
            await write_pair(redis, namespace, value)
        before = await pairs_of(redis, namespace)
        await cluster.begin_move_by_keys(slot, source, target)
        for moved in (0, 3):
            if moved:
                await cluster.move_keys(slot, source, target, moved)
            with pytest.raises(StoreRefuses, match="one by one"):
                await write_pair(redis, namespace, "refused")
            with pytest.raises(StoreRefuses, match="one by one"):
                await pairs_of(redis, namespace)  # a list of names would lack those that have moved
            for value in range(10):  # each on one of both nodes
                assert await redis.call("LRANGE", f"{prefix}two-{value}", 0, -1) == [str(value).encode()]
        assert await redis.call("RPUSH", f"{prefix}two-3", "3") == 2
        assert await redis.batch([("LPOP", f"{prefix}two-{value}") for value in (2, 3)]) == [b"2", b"3"]
        assert await redis.call("RPUSH", f"{prefix}two-2", "2") == 1  # a new key, where the slot will be
        await cluster.move_keys(slot, source, target)
        with pytest.raises(StoreRefuses, match="one by one"):
            await write_pair(redis, namespace, "refused")
        await cluster.end_move_by_keys(slot, source, target)
        assert await pairs_of(redis, namespace) == before
        await write_pair(redis, namespace, "after")  # there, where the script was not loaded
        assert len((await pairs_of(redis, namespace))[1]) == 11


async def test_a_call_waits_for_the_end_of_a_move_and_is_carried_out_once(
    cluster: RedisCluster, namespace: str
) -> None:
    slot = slot_of(namespace)
    source = await cluster.owner(slot)
    target = await cluster.another(source)
    async with connect(cluster.url, anchor=Keys(namespace).meta(), timeout_s=60) as redis:
        await write_pair(redis, namespace, 0)
        await cluster.begin_move_by_keys(slot, source, target)
        waiting = [asyncio.create_task(write_pair(redis, namespace, value)) for value in range(1, 20)]
        await asyncio.sleep(0.3)
        assert not any(each.done() for each in waiting)
        await cluster.end_move_by_keys(slot, source, target)
        await asyncio.gather(*waiting)
        ones, twos = await pairs_of(redis, namespace)
        assert ones == twos == sorted(str(value).encode() for value in range(20))


@needs_moves_at_once
async def test_slots_move_at_once_under_writes(
    cluster: RedisCluster, namespace: str, redis: Connection
) -> None:
    slot, written = slot_of(namespace), 0
    is_over = asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not is_over.is_set():
            written, value = written + 1, written
            await write_pair(redis, namespace, value)

    writers = [asyncio.create_task(write()) for _ in range(8)]
    for _ in range(4):
        source = await cluster.owner(slot)
        before = written
        await cluster.move(slot, source, await cluster.another(source))
        await until(lambda before=before: written > before + 50)  # type: ignore[misc]
    is_over.set()
    await asyncio.gather(*writers)
    ones, twos = await pairs_of(redis, namespace)
    assert ones == twos == sorted(str(value).encode() for value in range(written))


@needs_moves_at_once
async def test_what_has_no_key_is_asked_of_the_node_that_has_the_slot_now(
    cluster: RedisCluster, namespace: str, redis: Connection
) -> None:
    async def port() -> int:
        about = (await redis.call("INFO", "server")).decode()
        return int(next(line for line in about.splitlines() if line.startswith("tcp_port:")).split(":")[1])

    for value in range(3):
        await write_pair(redis, namespace, value)
    for _ in range(2):
        source = await cluster.owner(slot_of(namespace))
        assert await port() == source.port
        target = await cluster.another(source)
        await cluster.move(slot_of(namespace), source, target)
        names = {name async for page in redis.names(Keys(namespace).prefix) for name in page}
        assert len(names) == 4  # the first that is asked after the move
        assert await port() == target.port


async def test_a_replica_takes_over_from_a_primary_that_was_killed(
    own_cluster: RedisCluster, namespace: str
) -> None:
    async with connect(own_cluster.url, anchor=Keys(namespace).meta(), timeout_s=30) as redis:
        await write_pair(redis, namespace, "before")
        source = await own_cluster.owner(slot_of(namespace))
        await until(lambda: source.ask("WAIT", 1, 1000))
        source.kill()
        await write_pair(redis, namespace, "after")
        ones, twos = await pairs_of(redis, namespace)
        assert ones == twos == [b"after", b"before"]
        await source.start()
        await own_cluster.ready()
        await write_pair(redis, namespace, "again")
        assert (await own_cluster.owner(slot_of(namespace))).port != source.port


async def test_a_replica_takes_over_from_a_primary_that_hangs(
    own_cluster: RedisCluster, namespace: str
) -> None:
    async with connect(own_cluster.url, anchor=Keys(namespace).meta(), timeout_s=1) as redis:
        await write_pair(redis, namespace, "before")
        source = await own_cluster.owner(slot_of(namespace))
        await until(lambda: source.ask("WAIT", 1, 1000))
        source.freeze()

        async def is_written() -> bool:
            try:
                await redis.call("SET", f"{Keys(namespace).prefix}after", "x")
            except StoreUnavailable:
                return False
            return True

        await until(is_written)
        source.thaw()  # it still takes itself for the primary for a moment
        await until(source.is_ready)
        assert await redis.call("GET", f"{Keys(namespace).prefix}after") == b"x"


async def test_a_cluster_that_lost_a_slot_says_so(tmp_path: Path, namespace: str) -> None:
    async with (
        redis_cluster(tmp_path / "cluster", replicas=0) as cluster,
        connect(cluster.url, anchor=Keys(namespace).meta(), timeout_s=1) as redis,
    ):
        source = await cluster.owner(slot_of(namespace))
        other = await cluster.another(source)
        source.kill()
        await until(other.state, lambda state: state["cluster_state"] == "fail")
        with pytest.raises(StoreUnavailable):
            await redis.call("GET", f"{Keys(namespace).prefix}one")
        await source.start()
        await cluster.ready()
        await write_pair(redis, namespace, 1)


async def test_commands_over_several_slots_are_a_fault_of_ours(redis: Connection, namespace: str) -> None:
    with pytest.raises(StoreError, match=r"several slots.*fault of this program"):
        await redis.call("MGET", f"{Keys(namespace).prefix}a", "{other}b")
    foreign = Transaction(expects=(), writes=(("SET", "{other}b", 1),))
    with pytest.raises(StoreError, match=r"several slots.*fault of this program"):
        await redis.commit([foreign])


async def test_the_kind_of_the_url_must_be_right(
    cluster: RedisCluster, namespace: str, tmp_path: Path
) -> None:
    single = RedisProcess(tmp_path / "single")
    await single.start()
    try:
        with pytest.raises(StoreError, match="no node of a cluster"):
            async with connect(f"cluster://{single.place}", anchor=Keys(namespace).meta()):
                pass
    finally:
        single.kill()
    other = await cluster.another(await cluster.owner(slot_of(namespace)))
    async with connect(f"redis://{other.place}", anchor=Keys(namespace).meta()) as redis:
        with pytest.raises(StoreError, match="node of a cluster: write cluster://"):
            await redis.call("GET", Keys(namespace).meta())


async def test_any_node_that_answers_leads_to_the_others(cluster: RedisCluster, namespace: str) -> None:
    dead = "127.0.0.1:1"
    for node in cluster.nodes:
        async with connect(f"cluster://{dead},{node.place}", anchor=Keys(namespace).meta()) as redis:
            await write_pair(redis, namespace, node.port)
    with pytest.raises(StoreUnavailable, match=dead):
        async with connect(f"cluster://user:secret@{dead}", anchor=Keys(namespace).meta(), timeout_s=0.5):
            pass


async def test_a_back_up_of_a_namespace_comes_back_under_one_in_another_slot(
    cluster: RedisCluster, namespace: str, redis: Connection, tmp_path: Path
) -> None:
    other = f"{namespace}-restored"
    for value in range(700):
        await write_pair(redis, namespace, value)
    end = await back_up(redis, namespace, tmp_path / "b.syn")
    assert end.keys == 701
    async with connect(cluster.url, anchor=Keys(other).meta()) as there:
        assert (await restore(there, other, tmp_path / "b.syn")).keys == 701
        assert await pairs_of(there, other) == await pairs_of(redis, namespace)


async def test_a_back_up_of_one_slot_is_spread_over_the_nodes_and_replaced(
    cluster: RedisCluster, namespace: str, redis: Connection, tmp_path: Path
) -> None:
    other, keys = f"{namespace}-spread", Keys(namespace)
    names = [EndpointId(f"endpoint-{number}") for number in range(40)]
    await redis.call("HSET", keys.meta(), "schema", LAYOUT)
    await redis.batch([("ZADD", keys.queue(name), number, "evt") for number, name in enumerate(names)])
    await redis.batch([("ZADD", keys.queues(0), number, name) for number, name in enumerate(names)])
    await redis.batch([("HSET", keys.standing(name), "notices", 7) for name in names])
    end = await back_up(redis, namespace, tmp_path / "b.syn")
    spread, one = Keys(other, Spread(endpoints=16)), Keys(other)
    slots = Keys(other, MOST_SPREAD).other_slots
    async with connect(cluster.url, anchor=spread.meta(), others=slots) as there:
        await restore(there, other, tmp_path / "b.syn", partitions=Spread(endpoints=16))
        assert len(await there.servers_of(spread.prefixes)) == 3
        for number, name in enumerate(names):
            assert await there.call("ZSCORE", spread.queue(name), "evt") == b"%d" % number
            place = spread.queues(spread.partitions.of(name))
            assert await there.call("ZSCORE", place, name) == b"%d" % number
            assert await there.call("HGET", spread.endpoint_notices(), name) == b"7"
        await restore(there, other, tmp_path / "b.syn", partitions=Spread(endpoints=1), replace=True)
        left = set[bytes]()
        for prefix in spread.prefixes:
            async for some in there.names(prefix):
                left.update(some)
        assert len(left) == end.keys
        assert await there.call("ZCARD", one.queues(0)) == len(names)


@needs_moves_at_once
async def test_a_back_up_fails_where_the_slot_moves_meanwhile(
    cluster: RedisCluster, namespace: str, redis: Connection, tmp_path: Path
) -> None:
    for value in range(700):
        await write_pair(redis, namespace, value)
    source = await cluster.owner(slot_of(namespace))
    target = await cluster.another(source)

    def move(done: int, _: int) -> None:
        if done and not moved:
            moved.append(done)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, cluster.move(slot_of(namespace), source, target)).result()

    moved: list[int] = []
    with pytest.raises(StoreError, match="another node of the cluster; try again"):
        await back_up(redis, namespace, tmp_path / "b.syn", progress=move)
    assert moved
    assert not (tmp_path / "b.syn").exists()
    end = await back_up(redis, namespace, tmp_path / "b.syn")
    assert end.keys == 701


@needs_moves_at_once
@pytest.mark.skipif(bool(why_no_clock_is_set()), reason=why_no_clock_is_set())
async def test_the_clock_never_goes_back_on_nodes_whose_times_differ(
    tmp_path: Path, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_clock, "READ_INTERVAL_S", 0.05)
    time_ahead = SetClock(tmp_path / "clock")
    time_ahead.set(40)
    slot = slot_of(namespace)
    async with redis_cluster(tmp_path / "cluster", replicas=0) as cluster:
        right = await cluster.owner(slot)
        ahead = await cluster.another(right)
        ahead.kill()
        program = find_server(os.environ.get("SYNDICATOR_TEST_ENGINE"))
        with monkeypatch.context() as patched:
            patched.setenv("SYNDICATOR_TEST_ENGINE", str(time_ahead.wrapped(program)))
            await ahead.start()
        await cluster.ready()
        async with (
            connect(cluster.url, anchor=Keys(namespace).meta()) as redis,
            shared_clock.redis_clock(redis, Keys(namespace).clock()) as clock,
        ):
            assert clock.ahead_of_own_s < 20
            await cluster.move(slot, right, ahead)
            await until(lambda: clock.ahead_of_own_s, lambda found: found > 2)  # by and by
            last = clock()
            await cluster.move(slot, ahead, right)
            for _ in range(20):
                now = clock()
                assert now >= last
                last = now
                await asyncio.sleep(0.02)
            assert clock.ahead_of_own_s > 1  # it runs at half speed until all agree


async def test_user_and_password_of_the_url_are_those_of_every_node(
    cluster: RedisCluster, namespace: str
) -> None:
    rights = ("~syn:*", "+@all", "-@dangerous", "-@admin", "+info", "+config|get", "+cluster|slots")
    for node in cluster.nodes:
        await node.ask("ACL", "SETUSER", "kabar", "reset", "on", ">ge:heim", *rights)
    anchor, owner = Keys(namespace).meta(), await cluster.owner(slot_of(namespace))
    for node in cluster.nodes:
        async with connect(f"cluster://kabar:ge%3Aheim@{node.place}", anchor=anchor) as redis:
            await write_pair(redis, namespace, node.port)
            about = (await redis.call("INFO", "server")).decode()
            assert f"tcp_port:{owner.port}" in about
    with pytest.raises(StoreUnavailable, match="does not accept the user or password"):
        async with connect(f"cluster://kabar:wrong@{owner.place}", anchor=anchor, timeout_s=1):
            pass
