"""Data of an older layout is migrated by one process, step by step, whatever happens meanwhile."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support import NOON, PATIENCE_S, own_redis, until

from syndicator import __version__
from syndicator.errors import StoreError
from syndicator.model.ops.configuration import ProcessNote
from syndicator.store.connection import Connection, connect
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT, Layout, stamp
from syndicator.store.lease_owners import new_token
from syndicator.store.migrations import MIGRATIONS
from syndicator.store.migrations.migration import MigratedData, Migration, MigrationLost
from syndicator.store.migrations.runner import Migrator

KEYS = Keys("lama")
NUMBERS = 3000


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with own_redis(tmp_path / "redis") as server:
        yield f"unix://{server.socket}"


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Connection]:
    async with connect(url, anchor=KEYS.meta()) as connection:
        yield connection


class Step:
    """A migration that counts up what has not its layout yet: strings `1` become `2`, and so on."""

    def __init__(self, layout: int, *, beside_older: bool = True) -> None:
        self.runs = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.layout = layout
        self.migration = Migration(
            layout=layout, about=f"numbers {layout}", beside_older=beside_older, carry_out=self._carry_out
        )

    async def _carry_out(self, data: MigratedData) -> Mapping[str, int]:
        self.runs += 1
        changed = 0
        async for names in data.redis.names(f"{KEYS.prefix}number:"):
            values = await data.redis.call("MGET", *names) if names else []
            former = [
                name for name, value in zip(names, values, strict=True) if int(value) == self.layout - 1
            ]
            await data.write([("SET", name, self.layout) for name in former])
            changed += len(former)
            await self.goes_on.wait()
        return {"numbers": changed}


async def former(redis: Connection) -> None:
    """Make data of layout 1."""
    await redis.batch([("SET", f"{KEYS.prefix}number:{one}", 1) for one in range(NUMBERS)])
    await redis.call("HSET", KEYS.meta(), "schema", 1)


async def numbers(redis: Connection) -> set[bytes]:
    return set(await redis.call("MGET", *(f"{KEYS.prefix}number:{one}" for one in range(NUMBERS))))


def migrator(redis: Connection, *steps: Step, living: list[ProcessNote] | None = None) -> Migrator:
    async def processes() -> list[ProcessNote]:
        return living or []

    return Migrator(redis, KEYS, processes, [step.migration for step in steps])


def note(layout: int) -> ProcessNote:
    return ProcessNote(process=f"kota:{layout}", version=1, at=NOON, layout=layout)


def said(logs: list[Any], event: str) -> list[Any]:
    return [line for line in logs if line["event"] == event]


def test_each_layout_has_its_step() -> None:
    assert [one.layout for one in MIGRATIONS] == list(range(2, LAYOUT + 1))


async def test_steps_run_in_order_and_once(redis: Connection) -> None:
    await former(redis)
    steps = (Step(2), Step(3))
    with capture_logs() as logs:
        for _ in range(2):
            await migrator(redis, *steps).migrate()
    assert [step.runs for step in steps] == [1, 1]
    assert await numbers(redis) == {b"3"}
    stored = await Layout(redis, KEYS).read()
    assert (stored.version, stored.oldest, stored.release) == (3, 1, __version__)
    assert [(line["layout"], line["numbers"]) for line in said(logs, "layout_migrated")] == [
        (2, NUMBERS),
        (3, NUMBERS),
    ]
    assert not await redis.call("EXISTS", KEYS.migration())


async def test_an_empty_namespace_has_the_newest_layout(redis: Connection) -> None:
    step = Step(2)
    await migrator(redis, step).migrate()
    assert ((await Layout(redis, KEYS).read()).version, step.runs) == (2, 0)


async def test_a_namespace_that_another_process_begins_meanwhile_has_its_layout(redis: Connection) -> None:
    read = set[int]()
    for number in range(50):
        keys = Keys(f"lama-{number}")
        begun = [*stamp(keys), ("SET", f"{keys.prefix}number:0", 1)]
        stored, _ = await asyncio.gather(Layout(redis, keys).read(), redis.batch(begun))
        read.add(stored.version)
    assert read <= {0, LAYOUT}


async def test_data_that_names_no_layout_has_the_first_one(redis: Connection) -> None:
    await former(redis)
    await redis.call("DEL", KEYS.meta())
    step = Step(2)
    await migrator(redis, step).migrate()
    assert (await numbers(redis), step.runs) == ({b"2"}, 1)


@pytest.mark.parametrize("field", ["schema", "schema_oldest"])
async def test_newer_data_is_refused_with_the_release_that_wrote_it(redis: Connection, field: str) -> None:
    await redis.call("HSET", KEYS.meta(), "schema", 2, "schema_release", "7.1.0", field, 9)
    for way in (migrator(redis, Step(2)).migrate, migrator(redis, Step(2)).check):
        with pytest.raises(StoreError, match=r"layout 9, .*knows layouts up to 2. Start syndicator 7.1.0"):
            await way()


async def test_a_command_migrates_nothing(redis: Connection) -> None:
    await former(redis)
    with pytest.raises(StoreError, match=r"has layout 1, .* layout 2: start the service"):
        await migrator(redis, Step(2)).check()
    assert await numbers(redis) == {b"1"}


async def test_one_process_migrates_and_the_others_wait(redis: Connection) -> None:
    await former(redis)
    working, waiting = Step(2), Step(2)
    working.goes_on.clear()
    with capture_logs() as logs:
        first = asyncio.create_task(migrator(redis, working).migrate())
        await until(lambda: working.runs)
        second = asyncio.create_task(migrator(redis, waiting).migrate())
        (line, *_) = await until(lambda: said(logs, "layout_migration_waits"))
        assert f":{os.getpid()} migrates the data" in line["reason"]
        assert not second.done()
        working.goes_on.set()
        await asyncio.wait_for(asyncio.gather(first, second), PATIENCE_S)
    assert (working.runs, waiting.runs) == (1, 0)


async def test_processes_of_an_older_layout_are_waited_for(redis: Connection) -> None:
    await former(redis)
    living, step = [note(1), note(2)], Step(2, beside_older=False)
    with capture_logs() as logs:
        migrating = asyncio.create_task(migrator(redis, step, living=living).migrate())
        (line, *_) = await until(lambda: said(logs, "layout_migration_waits"))
        assert "processes of an older release run: kota:1. " in line["reason"]
        assert step.runs == 0
        living.pop(0)
        await asyncio.wait_for(migrating, PATIENCE_S)
    assert (step.runs, (await Layout(redis, KEYS).read()).oldest) == (1, 2)


async def test_a_step_may_run_beside_older_processes(redis: Connection) -> None:
    await former(redis)
    step = Step(2, beside_older=True)
    await migrator(redis, step, living=[note(1)]).migrate()
    assert (step.runs, (await Layout(redis, KEYS).read()).oldest) == (1, 1)


async def test_older_processes_end_before_a_step_that_they_must_not_see(redis: Connection) -> None:
    await former(redis)
    step = Step(2, beside_older=False)
    step.goes_on.clear()
    older = asyncio.create_task(Layout(redis, KEYS).until_excluded(1))
    migrating = asyncio.create_task(migrator(redis, step).migrate())
    error = await asyncio.wait_for(older, PATIENCE_S)
    assert "is brought to layout 2, which this process does not know" in str(error)
    with pytest.raises(StoreError, match="has layout 2"):  # nor does one start, also where this is cut short
        (await Layout(redis, KEYS).read()).check(1)
    step.goes_on.set()
    await asyncio.wait_for(migrating, PATIENCE_S)


async def test_who_stood_still_meanwhile_writes_nothing(redis: Connection) -> None:
    await former(redis)
    await redis.call("HSET", KEYS.migration(), "token", new_token())
    late = MigratedData(redis, KEYS, new_token())
    with pytest.raises(MigrationLost):
        await late.write([("SET", f"{KEYS.prefix}number:1", 2)])
    assert await numbers(redis) == {b"1"}


KILLED = """
import asyncio, sys
from store.migrations.test_runner import KEYS, Step, migrator
from syndicator.store.connection import connect

async def main():
    async with connect(sys.argv[1], anchor=KEYS.meta()) as redis:
        step = Step(2)
        step.goes_on.clear()  # it stands still after the first piece
        await migrator(redis, step).migrate()

asyncio.run(main())
"""


async def test_another_process_goes_on_where_one_was_killed(url: str, redis: Connection) -> None:
    await former(redis)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, url, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    try:
        await until(lambda: numbers(redis), lambda found: found == {b"1", b"2"})
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert (await Layout(redis, KEYS).read()).version == 1
    step = Step(2)
    with capture_logs() as logs:
        await migrator(redis, step).migrate()
    assert await numbers(redis) == {b"2"}
    (line,) = said(logs, "layout_migrated")
    assert 0 < line["numbers"] < NUMBERS, "what was done stays done"
