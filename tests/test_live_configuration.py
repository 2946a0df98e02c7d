"""Which configuration a process runs, where several publish at the same moment, or hold other keys."""

import asyncio
import os
import uuid
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from support import ManualClock, new_store, until

from syndicator.errors import ConfigError, StoreUnavailable
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.ops.configuration import AddedTable
from syndicator.pipeline.configuration.configuration_editing import ConfigurationEditing, NameTaken
from syndicator.settings.files import ConfigFiles
from syndicator.settings.settings import Settings
from syndicator.settings.shared_files import LocalConfiguration
from syndicator.store.embedded import EmbeddedServer
from syndicator.store.store import Store, StoreOptions, open_store

SOURCE = '[source.{0}]\ntitle = "{0}"\nkind = "feed"\nurl = "http://127.0.0.1:9/{0}"\nschedule.every = "1h"\n'
VILLAGE = {"title": "Village", "kind": "feed", "url": "http://127.0.0.1:9/rss", "schedule": {"every": "1h"}}


def process(store: Store, folder: Path, clock: ManualClock, name: str) -> LiveConfiguration:
    return LiveConfiguration(LocalConfiguration(folder, {}), store, clock, process=name)


def folder_of(tmp_path: Path, name: str, *sources: str, at: int) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "main.toml").write_text("".join(map(SOURCE.format, sources)), "utf-8")
    for path in (folder / "main.toml", folder):
        os.utime(path, (at, at))
    return folder


async def test_of_processes_that_start_together_the_newest_files_win(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folders = [folder_of(tmp_path, f"host-{n}", "city", f"only-{n}", at=1_700_000_000 + n) for n in range(6)]
    live = [process(store, folder, clock, folder.name) for folder in folders]
    await asyncio.gather(*(one.begin() for one in live))
    settings = [await one.shown() for one in live]
    assert all(set(each.sources) == {"city", "only-5"} for each in settings)
    version = await store.configuration.described()
    assert version is not None
    assert version.changed_at == datetime.fromtimestamp(1_700_000_005, UTC)


async def test_the_same_files_on_two_machines_are_one_version(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    for number in range(2):
        folder = folder_of(tmp_path, f"host-{number}", "city", at=1_700_000_000 + number)
        assert set((await process(store, folder, clock, folder.name).begin()).sources) == {"city"}
    assert await store.configuration.number() == 1


async def test_files_that_are_wrong_are_not_published_and_the_version_runs(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    await process(store, folder_of(tmp_path, "right", "city", at=1), clock, "right").begin()
    wrong = folder_of(tmp_path, "wrong", "city", at=2)
    (wrong / "more.toml").write_text('[feed.latest]\ntitle = "x"\nfilter = { source = "village" }\n', "utf-8")
    live = process(store, wrong, clock, "wrong")
    assert set((await live.begin()).sources) == {"city"}
    assert "village" in live.note().refused[0]
    assert await store.configuration.number() == 1


async def test_without_a_version_wrong_files_end_the_start(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folder = folder_of(tmp_path, "wrong", at=1)
    (folder / "main.toml").write_text('[feed.latest]\nsize = "many"\n', "utf-8")
    with pytest.raises(ConfigError, match="size"):
        await process(store, folder, clock, "wrong").begin()


async def test_a_change_that_cannot_be_applied_leaves_what_runs(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folder = folder_of(tmp_path, "host", "city", at=1)
    live = process(store, folder, clock, "host")
    await live.begin()
    seen = asyncio.Event()

    async def fail(settings: Settings) -> None:
        seen.set()
        raise RuntimeError(f"no room for {len(settings.sources)}")

    async with live.followed(fail):
        (folder / "more.toml").write_text(SOURCE.format("village"), "utf-8")
        await asyncio.wait_for(seen.wait(), 60)
        await until(lambda: live.note().refused)
    assert live.version == 1
    assert "RuntimeError" in live.note().refused[0]


class CountingReads(LocalConfiguration):
    """The files of a process, and how often they were read."""

    reads = 0

    def read(self) -> ConfigFiles:
        found = super().read()
        self.reads += 1
        return found


async def test_files_that_change_while_redis_is_away_are_applied_once_it_is_back(
    server: EmbeddedServer, tmp_path: Path, clock: ManualClock
) -> None:
    async with new_store(f"unix://{server.socket}", tmp_path) as store:
        local = CountingReads(folder_of(tmp_path, "host", "city", at=1), {})
        live = LiveConfiguration(local, store, clock, process="host")
        await live.begin()
        applied: list[set[str]] = []

        async def apply(settings: Settings) -> None:
            applied.append(set(settings.sources))

        async def read_while_away() -> None:
            """Wait until the files were read, and could not be published."""
            reads = local.reads
            await until(lambda: local.reads > reads)
            await server.ensure()

        async with live.followed(apply):
            await server.stop()
            (local.folder / "more.toml").write_text(SOURCE.format("village"), "utf-8")
            await read_while_away()
            await until(lambda: len(applied) == 1)
            newer = folder_of(tmp_path, "other", "town", at=4_000_000_000)
            await process(store, newer, clock, "other").begin()
            await until(lambda: len(applied) == 2)
            await server.stop()
            live.reload()  # files that are older than what runs
            await read_while_away()
            await until(lambda: len(applied) == 3)
        assert applied == [{"city", "village"}, {"town"}, {"city", "village"}]


async def test_what_redis_did_not_let_begin_is_tried_again(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folder = folder_of(tmp_path, "host", "city", at=1)
    live = process(store, folder, clock, "host")
    await live.begin()
    applied: list[Settings] = []

    async def apply(settings: Settings) -> None:
        applied.append(settings)
        if len(applied) == 1:
            raise StoreUnavailable("Redis is away")

    async with live.followed(apply):
        (folder / "more.toml").write_text(SOURCE.format("village"), "utf-8")
        await until(lambda: len(applied) > 1)
        await until(lambda: live.version == 2)
    assert [set(settings.sources) for settings in applied] == [{"city", "village"}] * 2
    assert live.note().refused == ()


async def test_what_is_added_before_any_start_runs_from_the_first(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folder = folder_of(tmp_path, "host", "city", at=1)
    live = process(store, folder, clock, "host")
    editing = ConfigurationEditing(store, live.check, live.names, clock)
    await editing.put({"source": {"village": VILLAGE}})
    await editing.put({"source": {"hamlet": VILLAGE}})
    await editing.remove(("source", "hamlet"))
    shown = await editing.shown()
    assert (shown.version, [each.id for each in shown.added]) == (None, ["village"])
    assert set((await live.shown()).sources) == {"city", "village"}
    assert set((await live.begin()).sources) == {"city", "village"}
    assert set((await process(store, folder, clock, "other").begin()).sources) == {"city", "village"}


async def test_what_is_added_needs_an_id_that_is_free(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    live = process(store, folder_of(tmp_path, "host", "city", at=1), clock, "host")
    await live.begin()
    editing = ConfigurationEditing(store, live.check, live.names, clock)
    await editing.add({"source": {"village": VILLAGE}})
    assert await editing.add({"source": {"village": VILLAGE}}), "the same again is no fault"
    for name in ("city", "village"):
        with pytest.raises(NameTaken, match=rf"source\.{name}\] is there already"):
            await editing.add({"source": {name: VILLAGE | {"title": "Another"}}})
    with pytest.raises(ConfigError) as caught:
        await editing.add({"source": {"No Id": VILLAGE}})
    assert caught.value.faults[0].key == "source.No Id"
    assert [each.id for each in (await editing.shown()).added] == ["village"]
    entries, _ = await store.audit.list(0)
    assert [entry.what for entry in entries].count("source.added") == 1


async def test_a_reason_is_given_once(redis_url: str, tmp_path: Path, clock: ManualClock) -> None:
    here = StoreOptions(url=redis_url, namespace=f"test-{uuid.uuid4().hex}", data_dir=tmp_path / "here")
    elsewhere = replace(here, data_dir=tmp_path / "elsewhere")
    async with open_store(here) as store, open_store(elsewhere) as foreign:
        right = process(store, folder_of(tmp_path, "right", "city", at=2), clock, "right")
        await right.begin()
        await ConfigurationEditing(store, right.check, right.names, clock).put(
            {"source": {"village": VILLAGE}}
        )
        live = process(foreign, folder_of(tmp_path, "newer", "town", at=3), clock, "newer")
        assert set((await live.begin()).sources) == {"town"}
    assert len(live.note().refused) == 1


async def test_the_newest_files_are_published_again_where_redis_has_lost_them(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    live = [
        process(
            store, folder_of(tmp_path, f"host-{n}", f"only-{n}", at=1_700_000_000 + n), clock, f"host-{n}"
        )
        for n in range(3)
    ]
    for one in live:
        await one.begin()
    assert await store.configuration.number() == 3

    async def apply(settings: Settings) -> None:
        del settings

    async with AsyncExitStack() as stack:
        for one in live:
            await stack.enter_async_context(one.followed(apply))
        await until(lambda: all(one.version == 3 for one in live))
        await store.connection.call("FLUSHALL")
        published = await until(
            store.configuration.described,
            lambda found: found and found.changed_at == datetime.fromtimestamp(1_700_000_002, UTC),
        )
        assert published is not None
        await until(lambda: {one.version for one in live} == {published.version})


async def test_wrong_files_after_a_loss_of_data_do_not_end_the_following(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folder = folder_of(tmp_path, "host", "city", at=1)
    live = process(store, folder, clock, "host")
    await live.begin()
    applied: list[Settings] = []

    async def apply(settings: Settings) -> None:
        applied.append(settings)

    async with live.followed(apply):
        (folder / "wrong.toml").write_text('[feed.latest]\nsize = "many"\n', "utf-8")
        await until(lambda: live.note().refused)
        await store.connection.call("FLUSHALL")
        (folder / "wrong.toml").write_text('[feed.latest]\nsize = "more"\n', "utf-8")
        await asyncio.sleep(3)  # some looks
        (folder / "wrong.toml").unlink()
        (folder / "more.toml").write_text(SOURCE.format("village"), "utf-8")
        await until(lambda: applied)
    assert set(applied[0].sources) == {"city", "village"}


class BreaksOnReading(LocalConfiguration):
    """Files that the program cannot read through a fault of its own, once there is one called `bug.toml`."""

    def settings_and_digest(self, own: ConfigFiles, added: Iterable[AddedTable] = ()) -> tuple[Settings, str]:
        if any(file.name == "bug.toml" for file in own.files):
            raise OverflowError("date value out of range")
        return super().settings_and_digest(own, added)


async def test_a_bug_in_reading_files_is_reported_and_does_not_end_the_following(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    local = BreaksOnReading(folder_of(tmp_path, "host", "city", at=1), {})
    live = LiveConfiguration(local, store, clock, process="host")
    await live.begin()
    applied: list[Settings] = []

    async def apply(settings: Settings) -> None:
        applied.append(settings)

    async with live.followed(apply):
        (local.folder / "bug.toml").write_text(SOURCE.format("village"), "utf-8")
        await until(lambda: "OverflowError" in "".join(live.note().refused))
        (local.folder / "bug.toml").rename(local.folder / "village.toml")
        await until(lambda: applied)
    assert set(applied[0].sources) == {"city", "village"}


async def test_a_folder_that_cannot_be_looked_at_is_looked_at_again(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    folder = folder_of(tmp_path, "host", "city", at=1)
    live = process(store, folder, clock, "host")
    await live.begin()
    applied: list[Settings] = []

    async def apply(settings: Settings) -> None:
        applied.append(settings)

    async with live.followed(apply):
        folder.rename(tmp_path / "away")
        folder.symlink_to("x" * 300)  # longer than any name may be
        with pytest.raises(OSError, match="too long"):
            LocalConfiguration(folder, {}).look()
        await asyncio.sleep(2)  # a look or two
        folder.unlink()
        (tmp_path / "away" / "more.toml").write_text(SOURCE.format("village"), "utf-8")
        (tmp_path / "away").rename(folder)
        await until(lambda: applied)
    assert set(applied[0].sources) == {"city", "village"}
