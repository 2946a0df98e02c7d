"""Back-ups of a namespace whose keys are on several nodes of a cluster: one moment of all, or none."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count, pairwise
from pathlib import Path

import pytest
from redis.crc import key_slot
from redis_cluster import Node, RedisCluster
from support import open_any, until

from syndicator.errors import StoreError
from syndicator.model.ids import ArticleId, EndpointId
from syndicator.store.connection import Connection
from syndicator.store.keys.partitions import ONE_SLOT, Partitions, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import SPREAD_FIELDS, stamp, stored_spread
from syndicator.store.ops.backup import _held, back_up
from syndicator.store.ops.backup_file import KeyRecords, frames
from syndicator.store.ops.backup_source import backup_source
from syndicator.store.ops.partition_change import change_partitions
from syndicator.store.ops.restore import restore

pytestmark = [pytest.mark.scale, pytest.mark.timeout(180)]

SPREAD, FILLED = Spread(endpoints=4, hub=3, texts=2), 400


@pytest.fixture
def keys() -> Keys:
    """Keys of a namespace whose slots are on all nodes."""
    return Keys(f"test-{uuid.uuid4().hex}", SPREAD)


@pytest.fixture
async def redis(cluster: RedisCluster, keys: Keys) -> AsyncIterator[Connection]:
    async with open_any(cluster.url, keys.namespace) as connection:
        await connection.batch(stamp(keys))
        yield connection


def places(keys: Keys, name: str) -> list[str]:
    """Return a key in each slot."""
    hub = keys.hub_partitions
    return [
        f"{keys.prefix}{name}",
        *(keys.standing(EndpointId(one)) for one in owners(keys.partitions, name)),
        *(f"{hub.prefix(number)}hub:{name}" for number in hub.all),
        *(keys.revisions(ArticleId(one)) for one in owners(keys.text_partitions, name)),
    ]


def owners(parts: Partitions, name: str) -> list[str]:
    """Return an owner in each partition, in their order."""
    found = dict[int, str]()
    for number in count():
        found.setdefault(parts.of(f"{name}-{number}"), f"{name}-{number}")
        if len(found) == parts.count:
            break
    return [found[part] for part in parts.all]


async def fill(redis: Connection, keys: Keys) -> None:
    """Write keys into all slots."""
    names = [name for number in range(FILLED) for name in places(keys, f"k{number}")]
    await redis.batch([("HSET", name, "n", 0) for name in names])


async def contents(redis: Connection, keys: Keys) -> dict[bytes, dict[bytes, bytes]]:
    """Return the hashes of a namespace, by their names without it."""
    found = dict[bytes, dict[bytes, bytes]]()
    for prefix in keys.prefixes:
        async for names in redis.names(prefix):
            for name, content in zip(
                names, await redis.batch([("HGETALL", name) for name in names]), strict=True
            ):
                short = name.replace(keys.namespace.encode(), b"")
                found[short] = dict(zip(content[::2], content[1::2], strict=True))
    return found


class Writer:
    """Writes numbers in order into keys of all slots, one slot after the other, again and again."""

    def __init__(self, redis: Connection, keys: Keys, name: str) -> None:
        self._redis = redis
        self._places = places(keys, name)
        self.number = 0

    async def write(self) -> None:
        while True:
            for name in self._places:
                await self._redis.call("HSET", name, "n", self.number + 1)
            self.number += 1


async def test_it_shows_one_moment_of_all_nodes_although_others_write_all_the_time(
    cluster: RedisCluster, redis: Connection, keys: Keys, tmp_path: Path
) -> None:
    """A number is written into the slots in their order: at each moment, none is ahead of the one before."""
    await fill(redis, keys)
    writers = [Writer(redis, keys, f"w{number}") for number in range(8)]
    for turn in range(4):
        other = Keys(f"{keys.namespace}-{turn}", SPREAD)
        before = [writer.number for writer in writers]
        tasks = [asyncio.ensure_future(writer.write()) for writer in writers]
        await until(lambda: all(writer.number > 5 for writer in writers))
        end = await back_up(redis, keys.namespace, tmp_path / "b.syn", partitions=SPREAD)
        after = [writer.number for writer in writers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert end.nodes == 3
        assert all(one < two for one, two in zip(before, after, strict=True)), "too little was written"
        async with open_any(cluster.url, other.namespace) as there:
            restored = await restore(there, other.namespace, tmp_path / "b.syn", partitions=SPREAD)
            assert restored.keys == end.keys == len(keys.prefixes) * (FILLED + len(writers)) + 1
            for number, writer in enumerate(writers):
                found = [int(await there.call("HGET", name, "n")) for name in places(other, f"w{number}")]
                assert all(0 <= one - two <= 1 for one, two in pairwise(found)), found
                assert found[0] - found[-1] <= 1, found
                assert before[number] <= found[-1] <= writer.number + 1


async def test_all_that_is_on_the_nodes_comes_back_on_other_nodes(
    cluster: RedisCluster, redis: Connection, keys: Keys, tmp_path: Path
) -> None:
    await fill(redis, keys)
    await redis.call("SET", Keys(f"{keys.namespace}x", SPREAD).queues(1), "not ours")
    end = await back_up(redis, keys.namespace, tmp_path / "b.syn", partitions=SPREAD)
    names = [
        record.name
        for frame in frames(tmp_path / "b.syn")
        if isinstance(frame, KeyRecords)
        for record in frame.records
    ]
    assert len(names) == len(set(names)) == end.keys, "nobody writes: each is copied once"
    other = Keys(f"{keys.namespace}-other", SPREAD)
    async with open_any(cluster.url, other.namespace) as there:
        await restore(there, other.namespace, tmp_path / "b.syn", partitions=SPREAD)
        assert await contents(there, other) == {
            name.replace(b"-other", b""): content for name, content in (await contents(redis, keys)).items()
        }


async def test_another_number_of_partitions_on_other_nodes_and_back(
    cluster: RedisCluster, redis: Connection, keys: Keys, tmp_path: Path
) -> None:
    names = [EndpointId(f"endpoint-{number}") for number in range(40)]
    await redis.batch([("ZADD", keys.queue(name), number, "evt") for number, name in enumerate(names)])
    await redis.batch(
        [("ZADD", keys.queues(keys.partitions.of(name)), number, name) for number, name in enumerate(names)]
    )
    for then in (Spread(endpoints=16, hub=2), ONE_SLOT, SPREAD):
        keys, file = Keys(keys.namespace, then), tmp_path / f"{then.endpoints}.syn"
        assert await change_partitions(redis, keys.namespace, file, wanted=then, check=nobody_works)
        for number, name in enumerate(names):
            assert await redis.call("ZSCORE", keys.queue(name), "evt") == b"%d" % number
            place = keys.queues(keys.partitions.of(name))
            assert await redis.call("ZSCORE", place, name) == b"%d" % number
        found = await redis.call("HMGET", keys.meta(), *SPREAD_FIELDS.values())
        assert stored_spread(found) == then


async def test_no_file_is_left_where_a_node_fails(
    own_cluster: RedisCluster, keys: Keys, tmp_path: Path
) -> None:
    async with open_any(own_cluster.url, keys.namespace) as redis:
        await redis.batch(stamp(keys))
        await fill(redis, keys)
        lost, killed = await own_cluster.owner(key_slot(keys.prefixes[-1].encode())), list[int]()

        def kill(done: int, _: int) -> None:
            killed.append(done)
            lost.kill()

        with pytest.raises(StoreError, match=f"could not be copied: {lost.place}"):
            await back_up(redis, keys.namespace, tmp_path / "b.syn", partitions=SPREAD, progress=kill)
        assert killed
        assert not (tmp_path / "b.syn").exists()


async def test_a_change_of_partitions_goes_on_after_a_node_was_lost(
    own_cluster: RedisCluster, keys: Keys, tmp_path: Path
) -> None:
    file, wanted = tmp_path / "b.syn", Spread(endpoints=16, hub=SPREAD.hub, texts=1)
    async with open_any(own_cluster.url, keys.namespace) as redis:
        await redis.batch(stamp(keys))
        await fill(redis, keys)
        before = short(await contents(redis, keys))
        own = await own_cluster.owner(key_slot(keys.meta().encode()))
        first = await own_cluster.another(own)
        lost = [first, own_cluster.nodes[own_cluster.nodes.index(first) + 3]]  # with its replica

        def kill(*_: int) -> None:
            for node in lost:
                node.kill()

        with pytest.raises(StoreError):
            await change_partitions(
                redis, keys.namespace, file, wanted=wanted, check=nobody_works, brought_back=kill
            )
        for node in lost:
            await node.start()
        await own_cluster.ready()
        with pytest.raises(StoreError, match="run `syndicator repartition` again"):
            await back_up(redis, keys.namespace, tmp_path / "half.syn", partitions=wanted)
        assert await change_partitions(redis, keys.namespace, file, wanted=wanted, check=nobody_works)
        assert short(await contents(redis, Keys(keys.namespace, wanted))) == before


def short(found: dict[bytes, dict[bytes, bytes]]) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return names and hashes, whatever their partition, without the key `meta`."""
    rows = [(name.partition(b"}:")[2], content) for name, content in found.items()]
    return sorted((row for row in rows if row[0] != b"meta"), key=lambda row: row[0])


async def nobody_works() -> None:
    """Say so."""


async def paused(node: Node) -> bool:
    """Return whether writers of a server are held back."""
    reason: str = (await node.ask("INFO", "clients"))["paused_reason"]
    return reason != "none"


async def times_paused(cluster: RedisCluster) -> list[int]:
    """Return how often writers of each server were held back since it started."""
    found = [await node.ask("INFO", "commandstats") for node in cluster.nodes]
    return [one.get("cmdstat_client|pause", {}).get("calls", 0) for one in found]


async def test_nobody_is_held_back_any_longer_where_a_node_fails_meanwhile(
    own_cluster: RedisCluster, keys: Keys
) -> None:
    first, *_, lost = own_cluster.nodes[:3]
    places = [f"redis://{node.place}" for node in (first, lost)]
    async with AsyncExitStack() as stack:
        sources = [await stack.enter_async_context(backup_source(place, keys, [])) for place in places]
        lost.freeze()
        holding = asyncio.ensure_future(_held(sources))
        await until(lambda: paused(first))
        lost.kill()
        with pytest.raises(StoreError, match=f"could not be copied: {lost.place}"):
            await holding
        assert not await paused(first)


async def test_writers_are_held_back_only_where_some_write(
    cluster: RedisCluster, redis: Connection, keys: Keys, tmp_path: Path
) -> None:
    await fill(redis, keys)
    before = await times_paused(cluster)
    end = await back_up(redis, keys.namespace, tmp_path / "b.syn", partitions=SPREAD)
    assert (end.held_s, await times_paused(cluster)) == (0, before)
    writing = asyncio.ensure_future(Writer(redis, keys, "w").write())
    end = await back_up(redis, keys.namespace, tmp_path / "b.syn", partitions=SPREAD)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert 0 < end.held_s <= 2.5
    after = await times_paused(cluster)
    assert sum(one < two for one, two in zip(before, after, strict=True)) == end.nodes == 3
    assert not any([await paused(node) for node in cluster.nodes])


async def test_a_node_that_does_not_let_us_pause_it_is_named(
    own_cluster: RedisCluster, keys: Keys, tmp_path: Path
) -> None:
    limited, *others = own_cluster.nodes[:3]
    for node in own_cluster.nodes:
        rights = ["-client|pause"] if node is limited else []
        await node.ask("ACL", "SETUSER", "salin", "on", ">rahasia", "~*", "&*", "+@all", *rights)
    url = own_cluster.url.replace("cluster://", "cluster://salin:rahasia@")
    async with open_any(url, keys.namespace) as redis:
        await redis.batch(stamp(keys))
        await fill(redis, keys)
        await back_up(redis, keys.namespace, tmp_path / "b.syn", partitions=SPREAD)
        writing = asyncio.ensure_future(Writer(redis, keys, "w").write())
        with pytest.raises(StoreError, match=rf"{limited.place} does not allow it .* see its ACL: .*pause"):
            await back_up(redis, keys.namespace, tmp_path / "c.syn", partitions=SPREAD)
        assert not any([await paused(node) for node in others])
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    assert not (tmp_path / "c.syn").exists()
