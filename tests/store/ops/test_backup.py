"""Back-ups: as it was at one moment although others write, and back whole or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support import own_redis

from syndicator.errors import StoreError
from syndicator.model.ids import EndpointId
from syndicator.store.cold.objects import IN_DATA_DIR, opened
from syndicator.store.connection import Connection, connect
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.backup_file import KeyRecords, checked, frames
from syndicator.store.ops.restore import restore

KOTA, BARU = Keys("kota").prefix, Keys("baru").prefix


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    async with own_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def redis(server: EmbeddedServer) -> AsyncIterator[Connection]:
    async with connect(f"unix://{server.socket}", anchor="x", timeout_s=30) as connection:
        yield connection


def url_of(server: EmbeddedServer) -> str:
    return f"unix://{server.socket}"


async def contents(redis: Connection, prefix: str) -> dict[str, tuple[str, object]]:
    """Return what stands under a prefix: type and content of each key."""
    reads = {
        b"string": ("GET",), b"hash": ("HGETALL",), b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
        b"list": ("LRANGE", 0, -1), b"set": ("SMEMBERS",), b"stream": ("XRANGE", "-", "+"),
    }  # fmt: skip
    found: dict[str, tuple[str, object]] = {}
    for name in await redis.call("KEYS", f"{prefix}*"):
        kind = await redis.call("TYPE", name)
        command, *span = reads[kind]
        content = await redis.call(command, name, *span)
        if kind == b"set":
            content = sorted(content)
        elif kind == b"hash":
            content = sorted(zip(content[::2], content[1::2], strict=True))
        found[name.decode().removeprefix(prefix)] = (kind.decode(), content)
    return found


async def test_all_kinds_of_values_come_back_under_another_namespace(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.batch(
        [
            ("SET", f"{KOTA}text", b"\x00\xff berita"),
            ("HSET", f"{KOTA}hash", "a", "1", "b", b"\x80"),
            ("ZADD", f"{KOTA}zset", "1.5", "x", 2, "y"),
            ("RPUSH", f"{KOTA}list", *range(600)),
            ("SADD", f"{KOTA}set", "u", "v"),
            ("XADD", f"{KOTA}stream", "5-1", "k", "v"),
            ("SET", f"{KOTA}passing", "x", "PX", 600_000),
            ("SET", "other", "not ours"),
        ]
    )
    end = await back_up(redis, "kota", tmp_path / "b.syn", sealed_by="f")
    assert end.keys == 7
    assert (tmp_path / "b.syn").stat().st_mode & 0o777 == 0o600
    head, _ = checked(tmp_path / "b.syn")
    assert (head.namespace, head.sealed_by) == ("kota", "f")
    assert head.server.split()[0] in {"redis", "valkey"}
    restored = await restore(redis, "baru", tmp_path / "b.syn")
    assert (restored.keys, restored.expired) == (7, 0)
    assert await contents(redis, BARU) == await contents(redis, KOTA)
    assert 0 < int(await redis.call("PTTL", f"{BARU}passing")) <= 600_000


async def test_it_shows_one_moment_although_others_write_all_the_time(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    for start in range(0, 6000, 500):
        await redis.batch([("HSET", f"{KOTA}{n}", "n", 0) for n in range(start, start + 500)])
    script = (
        "for place = 1, 2 do redis.call('HSET', KEYS[place], 'n', ARGV[1]) end "
        "redis.call('HSET', KEYS[3], 'n', ARGV[1]) redis.call('DEL', KEYS[4]) redis.call('SET', KEYS[5], ARGV[1])"
    )
    written = 0

    async def write() -> None:
        nonlocal written
        async with connect(url_of(server), anchor="x", timeout_s=30) as other:
            while True:
                number = written + 1
                names = (number % 6000, 5999 - number % 6000, 9000 + number, 9000 + number - 50, "last")
                await other.call("EVAL", script, 5, *(f"{KOTA}{name}" for name in names), number)
                written = number

    writing = asyncio.ensure_future(write())
    while written < 100:
        await asyncio.sleep(0.005)
    before = written
    end = await back_up(redis, "kota", tmp_path / "b.syn")
    after = written
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert before < after, "nothing was written meanwhile: that proves nothing"
    await restore(redis, "baru", tmp_path / "b.syn")
    found = {name: content for name, (_, content) in (await contents(redis, BARU)).items()}
    assert len(found) == end.keys == 6000 + 50 + 1
    last = int(found.pop("last"))  # type: ignore[call-overload]
    assert before <= last <= after + 1
    numbers = {int(name): int(content[0][1]) for name, content in found.items()}  # type: ignore[index]
    expected = dict.fromkeys(range(6000), 0)
    for number in range(1, last + 1):
        expected |= {number % 6000: number, 5999 - number % 6000: number, 9000 + number: number}
        expected.pop(9000 + number - 50, None)
    assert numbers == expected


async def test_what_ended_by_itself_since_is_missed_by_nobody(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.call("SET", f"{KOTA}a", "1")
    for life_ms in (50, 1000, 20_000):  # a busy machine may take longer than the first one to copy it
        await redis.call("SET", f"{KOTA}b", "1", "PX", life_ms)
        if (await back_up(redis, "kota", tmp_path / "b.syn")).keys == 2:
            break
    while await redis.call("EXISTS", f"{KOTA}b"):
        await asyncio.sleep(0.01)
    restored = await restore(redis, "baru", tmp_path / "b.syn")
    assert (restored.keys, restored.expired) == (1, 1)


async def test_data_is_replaced_only_on_request(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.call("SET", f"{KOTA}a", "1")
    await back_up(redis, "kota", tmp_path / "b.syn")
    await redis.call("SET", f"{KOTA}later", "1")
    with pytest.raises(StoreError, match="holds data: name another one"):
        await restore(redis, "kota", tmp_path / "b.syn")
    assert await redis.call("EXISTS", f"{KOTA}later")
    await restore(redis, "kota", tmp_path / "b.syn", replace=True)
    assert await contents(redis, KOTA) == {"a": ("string", b"1")}


@pytest.mark.parametrize("place", ["cut", "flipped", "foreign", "empty"])
async def test_a_damaged_file_is_refused_before_anything_is_written(
    place: str, server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "b.syn"
    await redis.batch([("SET", f"{KOTA}{n}", f"berita {n}" * 9) for n in range(2000)])
    await back_up(redis, "kota", path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "foreign": b"PK\x03\x04" * 99,
            "empty": b"",
        }[place]
    )
    with pytest.raises(StoreError, match="is damaged"):
        await restore(redis, "baru", path, replace=True)
    assert await contents(redis, BARU) == {}


async def test_a_file_that_cannot_be_written_leaves_nothing(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.call("SET", f"{KOTA}a", "1")
    with pytest.raises(StoreError, match="cannot be written"):
        await back_up(redis, "kota", tmp_path / "none" / "b.syn")
    await server.stop()
    with pytest.raises(StoreError):
        await back_up(redis, "kota", tmp_path / "b.syn")
    assert not (tmp_path / "b.syn").exists()


async def test_a_large_value_that_is_written_all_the_time_is_copied_few_times(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.batch([("HSET", f"{KOTA}index", *(f"{n}-{at}" for at in range(100))) for n in range(2000)])
    written = 0

    async def write() -> None:
        nonlocal written
        async with connect(url_of(server), anchor="x", timeout_s=30) as other:
            while True:
                number = written + 1
                small = [("SET", f"{KOTA}small:{number % 3}:{n}", number) for n in range(2000)]
                await other.batch([*small, ("HSET", f"{KOTA}index", "newest", number)])
                written = number

    writing = asyncio.ensure_future(write())
    while not written:
        await asyncio.sleep(0.005)
    before = written
    await back_up(redis, "kota", tmp_path / "b.syn")
    assert written > before + 1, "too little was written meanwhile: that proves nothing"
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    records = [
        one for frame in frames(tmp_path / "b.syn") if isinstance(frame, KeyRecords) for one in frame.records
    ]
    assert sum(one.name == b"index" for one in records) <= 2
    assert sum(one.name == b"small:0:0" for one in records) > 1
    await restore(redis, "baru", tmp_path / "b.syn")
    newest = int(await redis.call("HGET", f"{BARU}index", "newest"))
    assert before <= newest <= written + 1


@pytest.mark.parametrize("may_configure", [True, False])
async def test_redis_is_left_as_it_was_configured(
    may_configure: bool, server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.call("SET", f"{KOTA}text", "berita " * 9)
    rights = "+@all" if may_configure else "-config"
    await redis.call("ACL", "SETUSER", "salin", "on", ">rahasia", "~*", "+@all", rights)
    url = f"unix://salin:rahasia@{server.socket}"
    async with connect(url, anchor="x") as limited:
        assert (await back_up(limited, "kota", tmp_path / "b.syn")).keys == 1
    assert (await redis.call("CONFIG", "GET", "rdbcompression"))[1] == b"yes"


async def test_texts_of_the_cold_store_come_back_into_another_one(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    source, target = (opened(IN_DATA_DIR, "kota", folder) for folder in (tmp_path, tmp_path / "new"))
    await redis.call("HSET", f"{KOTA}meta", "created_ms", 7, "cold", "7")
    await redis.call("HSET", f"{KOTA}article:a1", "cold", "1.0f")
    texts = {"id": b"7", "00/a1.1.0f": b"text", "ff/b1.1.0f": b"other"}
    await source.put(texts)
    end = await back_up(redis, "kota", tmp_path / "b.syn", cold=source)
    assert (end.keys, end.texts) == (2, 2)
    with pytest.raises(StoreError, match=r"\[store\] cold"):
        await restore(redis, "baru", tmp_path / "b.syn")
    assert await contents(redis, BARU) == {}
    await restore(redis, "baru", tmp_path / "b.syn", cold=target)
    assert await target.get(list(texts)) == texts
    assert await redis.call("HGET", f"{BARU}meta", "cold") == b"7"
    assert await contents(redis, BARU) == await contents(redis, KOTA)
    for objects in (source, target):
        await objects.close()


async def test_a_back_up_without_cold_texts_names_no_cold_store(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    source = opened(IN_DATA_DIR, "kota", tmp_path)
    await redis.call("HSET", f"{KOTA}meta", "created_ms", 7)
    await back_up(redis, "kota", tmp_path / "b.syn", cold=source)
    assert not (tmp_path / "cold-kota.db").exists()
    assert checked(tmp_path / "b.syn")[0].format == 1, "releases before read it, too"
    await source.close()


async def test_partitions_of_endpoints_come_back(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    one, other = Keys("kota", Spread(endpoints=4)), Keys("baru", Spread(endpoints=4))
    names = [EndpointId(f"endpoint-{number}") for number in range(20)]
    await redis.batch([("ZADD", one.queue(name), number, "evt") for number, name in enumerate(names)])
    await redis.call("HSET", one.meta(), "schema", LAYOUT, "partitions", 4)
    await redis.call("SET", Keys("kota2", Spread(endpoints=4)).queues(1), "not ours")
    end = await back_up(redis, "kota", tmp_path / "b.syn", partitions=Spread(endpoints=4))
    assert end.keys == 21
    assert (await restore(redis, "baru", tmp_path / "b.syn", partitions=Spread(endpoints=4))).keys == 21
    back = await redis.batch([("ZRANGE", other.queue(name), 0, -1, "WITHSCORES") for name in names])
    assert back == [[b"evt", b"%d" % number] for number in range(20)]
    with pytest.raises(StoreError, match="holds data"):
        await restore(redis, "baru", tmp_path / "b.syn", partitions=Spread(endpoints=4))
    await redis.batch([("ZADD", one.queue(name), 1, "evt_2") for name in names])
    assert (
        await restore(redis, "kota", tmp_path / "b.syn", partitions=Spread(endpoints=4), replace=True)
    ).keys == 21
    assert await redis.call("ZCARD", one.queue(names[0])) == 1


async def test_what_is_replaced_goes_with_all_its_partitions(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    keys = Keys("kota", Spread(endpoints=4))
    names = [EndpointId(f"endpoint-{number}") for number in range(20)]
    await redis.batch([("ZADD", keys.queue(name), 1, "evt") for name in names])
    await redis.call("HSET", keys.meta(), "schema", LAYOUT, "partitions", 4)
    await back_up(redis, "kota", tmp_path / "b.syn", partitions=Spread(endpoints=4))
    await restore(redis, "kota", tmp_path / "b.syn", replace=True)
    assert set(await redis.call("KEYS", "*")) == {
        name.encode() for name in (keys.meta(), *map(Keys("kota").queue, names))
    }
    assert await redis.call("HGETALL", keys.meta()) == [b"schema", b"%d" % LAYOUT]


async def test_a_back_up_has_all_partitions_or_is_refused(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.call("HSET", f"{KOTA}meta", "schema", LAYOUT, "partitions", 4)
    with pytest.raises(
        StoreError, match=r"endpoints is 1, and the data of this namespace has 4: set it to 4"
    ):
        await back_up(redis, "kota", tmp_path / "b.syn")
    assert not (tmp_path / "b.syn").exists()


async def test_data_of_an_older_layout_is_migrated_before_it_is_spread(
    server: EmbeddedServer, redis: Connection, tmp_path: Path
) -> None:
    await redis.call("HSET", f"{KOTA}meta", "schema", LAYOUT - 1)
    await back_up(redis, "kota", tmp_path / "b.syn")
    with pytest.raises(StoreError, match="endpoints is 4: set it to 1, restore, and start the service"):
        await restore(redis, "baru", tmp_path / "b.syn", partitions=Spread(endpoints=4))
    assert await contents(redis, BARU) == {}
