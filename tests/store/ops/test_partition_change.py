"""Another number of partitions in place: whole, or refused until it is."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from store.articles.test_texts import keys_of
from store.migrations.recorded_world import FOLDER, Recorded, configuration, entries, outside, run
from store.migrations.test_recorded_states import fresh
from store.ops.test_text_partitions import filled, state
from support import ManualClock, new_store, open_any, own_redis

from syndicator.errors import StoreError
from syndicator.opening import open_service
from syndicator.settings import load
from syndicator.store.connection import Connection
from syndicator.store.keys.partitions import MOST_SPREAD, Spread
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT, check_whole
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.partition_change import PartitionChange, change_partitions
from syndicator.store.ops.restore import restore


class Cut(Exception):
    """Ends a command in the middle."""


async def nobody_works() -> None:
    """Say so."""


def cut(*_: int) -> None:
    raise Cut


async def changed(
    redis: Connection, namespace: str, file: Path, texts: int, after: Callable[..., None] = lambda *_: None
) -> PartitionChange | None:
    """Change the number of partitions of texts; `after`: is called when the first keys are brought back."""
    wanted = Spread(texts=texts)
    return await change_partitions(
        redis, namespace, file, wanted=wanted, check=nobody_works, brought_back=after
    )


async def names(redis: Connection, namespace: str) -> set[bytes]:
    """Return all keys of a namespace, in whatever slots."""
    prefixes = Keys(namespace, MOST_SPREAD).prefixes
    return {name for prefix in prefixes async for some in redis.names(prefix) for name in some}


@pytest.mark.parametrize(("stored", "first", "then"), [(1, 4, 4), (4, 16, 3), (4, 1, 4)])
async def test_what_was_cut_short_is_used_by_nobody_until_it_is_whole(  # noqa: PLR0917  fixtures
    redis_url: str, tmp_path: Path, clock: ManualClock, stored: int, first: int, then: int
) -> None:
    file = tmp_path / "b.syn"
    async with new_store(redis_url, tmp_path, texts=stored) as store:
        ids = await filled(store, clock)
        before, namespace = await state(store, ids), keys_of(store).namespace
    async with open_any(redis_url, namespace) as redis:
        count = len(await names(redis, namespace))
        with pytest.raises(Cut):
            await changed(redis, namespace, file, first, cut)
        refusal = r"is not whole: .*b\.syn is being brought back, .* run `syndicator repartition` again"
        for number in {stored, first, then}:
            with pytest.raises(StoreError, match=refusal):
                async with new_store(redis_url, tmp_path, texts=number, namespace=namespace):
                    pass
        with pytest.raises(StoreError, match=refusal):
            await back_up(redis, namespace, tmp_path / "half.syn", partitions=Spread(texts=first))
        with pytest.raises(StoreError, match=refusal):
            await restore(redis, namespace, file, partitions=Spread(texts=first))
        done = await changed(redis, namespace, tmp_path / "other.syn", then)
        assert done is not None
        assert (done.file, done.before) == (file, Spread(texts=stored))
        assert not (tmp_path / "other.syn").exists()
        assert len(await names(redis, namespace)) == count, "nothing of the first attempt is left"
    async with new_store(redis_url, tmp_path, texts=then, namespace=namespace) as store:
        assert await state(store, ids) == before


async def test_a_restore_that_was_cut_short_goes_on_by_a_restore(
    redis_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    file = tmp_path / "b.syn"
    async with new_store(redis_url, tmp_path) as store:
        ids = await filled(store, clock)
        before, namespace = await state(store, ids), keys_of(store).namespace
        await back_up(store.connection, namespace, file)
    async with open_any(redis_url, namespace) as redis:
        with pytest.raises(Cut):
            await restore(redis, namespace, file, replace=True, progress=cut)
        with pytest.raises(StoreError, match=r"run `syndicator restore --replace .*b\.syn` again"):
            await changed(redis, namespace, tmp_path / "c.syn", 4)
        await restore(redis, namespace, file, replace=True)
        await check_whole(redis, Keys(namespace))
    async with new_store(redis_url, tmp_path, namespace=namespace) as store:
        assert await state(store, ids) == before


async def test_nothing_is_removed_where_a_process_began_meanwhile(
    redis_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    looks = 0

    async def begun() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise StoreError("the service runs")

    async with new_store(redis_url, tmp_path) as store:
        ids = await filled(store, clock)
        before, namespace = await state(store, ids), keys_of(store).namespace
        wanted = Spread(texts=4)
        with pytest.raises(StoreError, match="the service runs"):
            await change_partitions(
                store.connection, namespace, tmp_path / "b.syn", wanted=wanted, check=begun
            )
        await check_whole(store.connection, Keys(namespace))
        assert await state(store, ids) == before


async def test_what_has_no_partitions_to_change_is_refused(redis_url: str, tmp_path: Path) -> None:
    async with open_any(redis_url, "kosong") as redis:
        with pytest.raises(StoreError, match="'kosong' holds no data"):
            await changed(redis, "kosong", tmp_path / "b.syn", 4)
    async with new_store(redis_url, tmp_path) as store:
        namespace = keys_of(store).namespace
        await store.connection.call("HSET", keys_of(store).meta(), "schema", LAYOUT - 1)
        with pytest.raises(
            StoreError, match=f"is brought to {LAYOUT} first: start the service with the former"
        ):
            await changed(store.connection, namespace, tmp_path / "b.syn", 4)
    assert not (tmp_path / "b.syn").exists()


async def test_a_service_goes_on_with_other_partitions(tmp_path: Path) -> None:
    """All that a service keeps: articles, deliveries that wait, registered endpoints, subscribers."""
    name = f"state-{LAYOUT - 1}"
    recorded = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Recorded)
    clock = ManualClock(recorded.at + timedelta(minutes=1))
    for folder in ("data", "config"):
        (tmp_path / folder).mkdir(mode=0o700)
    (tmp_path / "data" / "seal.key").write_text(recorded.seal_key, "ascii")
    async with own_redis(tmp_path / "redis") as server, outside() as (world, address):
        url, config = f"unix://{server.socket}", tmp_path / "config" / "all.toml"
        store = f'[store]\nurl = "{url}"\nnamespace = "baru"\ndata_dir = "{tmp_path / "data"}"\n'
        config.write_text(store + configuration(address), "utf-8")
        async with open_any(url, "baru") as redis:
            seconds, _ = await redis.call("TIME")
            path = fresh(FOLDER / f"{name}.backup", tmp_path / "fresh.backup", int(seconds) * 1000)
            await restore(redis, "baru", path)
            async with open_service(load(config.parent, {}), clock, wall=clock) as service:
                assert await entries(service) == recorded.entries, "migrated"
            wanted, file = Spread(endpoints=3, hub=2, texts=4), tmp_path / "before.syn"
            done = await change_partitions(redis, "baru", file, wanted=wanted, check=nobody_works)
            assert done is not None
            assert (done.before, done.restored.expired) == (Spread(), 0)
        store += "[store.partitions]\nendpoints = 3\nhub = 2\ntexts = 4\n"
        config.write_text(store + configuration(address), "utf-8")
        async with open_service(load(config.parent, {}), clock, wall=clock) as service:
            await service.sync_configuration()
            assert await entries(service) == recorded.entries
            assert await service.doctor.examine(repair=False) == []
            clock.advance(3600)
            await run(service, "deliver")
            assert [(path, event) for path, event, _ in world.received] == [("/partner", recorded.waiting)]
            (subscriber,) = await service.store.hub.newest(0)
            assert service.store.hub.secret_of(subscriber) == "rahasia"
