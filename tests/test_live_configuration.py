"""Which configuration a process runs, where several publish at the same moment, or hold other keys."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import ManualClock, until

from syndicator.errors import ConfigError
from syndicator.live_configuration import LiveConfiguration
from syndicator.settings.settings import Settings
from syndicator.settings.shared_files import LocalConfiguration
from syndicator.store.store import Store

SOURCE = '[source.{0}]\ntitle = "{0}"\nkind = "feed"\nurl = "http://127.0.0.1:9/{0}"\nschedule.every = "1h"\n'


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
