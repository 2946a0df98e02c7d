"""Keys in several slots of one namespace: commands go to their servers; one step has keys of one slot only."""

import uuid
from collections.abc import AsyncIterator

import pytest
from redis.crc import key_slot
from redis_cluster import RedisCluster

from syndicator.errors import CrossSlot
from syndicator.store.connection import Connection, Script, Transaction, connect
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys

_PARTITIONS = 16


@pytest.fixture
def keys() -> Keys:
    return Keys(f"test-{uuid.uuid4().hex}", Spread(endpoints=_PARTITIONS))


@pytest.fixture(
    params=["server", pytest.param("cluster", marks=[pytest.mark.scale, pytest.mark.timeout(180)])]
)
def url(request: pytest.FixtureRequest) -> str:
    """Return the URL of one server, or of a cluster."""
    found = request.getfixturevalue("redis_url" if request.param == "server" else "cluster")
    return found.url if isinstance(found, RedisCluster) else str(found)


@pytest.fixture
async def redis(url: str, keys: Keys) -> AsyncIterator[Connection]:
    others = [keys.queues(partition) for partition in keys.partitions.all]
    async with connect(url, anchor=keys.meta(), others=others) as opened:
        yield opened


def places(keys: Keys) -> list[str]:
    return [keys.queues(partition) for partition in keys.partitions.all]


async def test_a_batch_is_answered_in_its_order(redis: Connection, keys: Keys) -> None:
    assert len({key_slot(name.encode()) for name in places(keys)}) == _PARTITIONS
    writes = [("ZADD", name, number, f"member-{number}") for number, name in enumerate(places(keys))]
    assert await redis.batch([("HSET", keys.meta(), "a", 1), *writes]) == [1] * (_PARTITIONS + 1)
    reads = [word for name in places(keys) for word in (("ZRANGE", name, 0, -1), ("HGET", keys.meta(), "a"))]
    expected = [word for number in range(_PARTITIONS) for word in ([b"member-%d" % number], b"1")]
    assert await redis.batch(reads) == expected
    assert await redis.call("ZCARD", keys.queues(3)) == 1
    for partition in keys.partitions.all:
        prefix = keys.partitions.prefix(partition)
        found = {name async for names in redis.names(prefix) for name in names}
        assert found == {keys.queues(partition).encode()}


async def test_a_script_runs_where_its_keys_are(redis: Connection, keys: Keys) -> None:
    script = Script("webhooks/event_articles")
    for name in places(keys):
        assert await redis.run(script, [f"{name}-none"], "", "none") == [[None] * 5]


async def test_transactions_go_to_the_slots_of_their_keys(redis: Connection, keys: Keys) -> None:
    hashes = [keys.delivered(partition) for partition in keys.partitions.all]
    units = [
        Transaction(
            expects=((name, "x", "" if number % 2 else "else"),), writes=(("HSET", name, "x", number),)
        )
        for number, name in enumerate([keys.meta(), *hashes])
    ]
    assert await redis.commit(units) == [bool(number % 2) for number in range(_PARTITIONS + 1)]
    assert await redis.call("HGET", hashes[0], "x") == b"1"
    assert await redis.call("HGET", keys.meta(), "x") is None


async def test_a_step_with_keys_of_two_slots_is_refused(redis: Connection, keys: Keys) -> None:
    here, there = keys.delivered(0), keys.delivered(1)
    with pytest.raises(CrossSlot, match="different slots"):
        await redis.run(Script("webhooks/event_articles"), [here, there])
    with pytest.raises(CrossSlot):
        await redis.call("UNLINK", here, keys.meta())
    unit = Transaction(expects=((here, "x", ""),), writes=(("HSET", here, "x", 1), ("HSET", there, "x", 1)))
    with pytest.raises(CrossSlot):
        await redis.commit([unit])
    assert await redis.batch([("EXISTS", here), ("EXISTS", there)]) == [0, 0]
