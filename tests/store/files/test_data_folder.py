"""The data folder: other users of the machine read nothing of it."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicator.store.connection import Connection
from syndicator.store.files.data_folder import make_private
from syndicator.store.store import StoreOptions, open_store


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


async def rewritten(redis: Connection) -> None:
    """Have all files of the server written anew, and wait until they are."""
    await redis.call("BGREWRITEAOF")
    async with asyncio.timeout(30):
        while True:
            about = (await redis.call("INFO", "persistence")).decode()
            if "aof_rewrite_in_progress:0" in about and "aof_rewrite_scheduled:0" in about:
                break
            await asyncio.sleep(0.05)
    assert "aof_last_bgrewrite_status:ok" in about
    await redis.call("SAVE")


async def test_other_users_of_the_machine_read_no_file_of_the_embedded_server(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    async with open_store(StoreOptions(data_dir=folder)) as store:
        await store.connection.call("SET", "callback", "https://subscriber.example/?secret=1")
        await rewritten(store.connection)
        await store.connection.call("SET", "callback", "https://subscriber.example/?secret=2")
        assert mode(folder) == 0o700
        assert mode(folder / "appendonlydir") == 0o700
        files = [*folder.glob("appendonlydir/*"), folder / "dump.rdb", folder / "server.log", folder / "lock"]
        assert {path.suffix for path in files} >= {".aof", ".rdb", ".manifest", ".log"}
        assert {path.name: oct(mode(path)) for path in files if mode(path) != 0o600} == {}
    async with open_store(StoreOptions(data_dir=folder)) as store:
        assert await store.connection.call("GET", "callback") == b"https://subscriber.example/?secret=2"


async def test_a_data_folder_beside_another_redis_is_private_too(tmp_path: Path, redis_url: str) -> None:
    folder = tmp_path / "data"
    async with open_store(StoreOptions(url=redis_url, namespace="private-folder", data_dir=folder)):
        assert mode(folder) == 0o700


async def test_a_folder_of_ours_that_all_can_open_is_closed_and_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    async with open_store(StoreOptions(data_dir=folder)):
        assert mode(folder) == 0o700
    told = capsys.readouterr().out
    assert told.count("data_folder_closed") == 1
    assert str(folder) in told
    assert "0755" in told
    assert make_private(folder)
    assert capsys.readouterr().out == ""


def test_a_group_that_was_let_in_on_purpose_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o2770)
    assert make_private(tmp_path)
    assert mode(tmp_path) == 0o2770


def test_a_folder_that_is_shared_as_tmp_is_stays_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    assert not make_private(tmp_path)
    assert mode(tmp_path) == 0o1777


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives folders away")
def test_a_folder_of_another_user_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    os.chown(folder, 12345, -1)
    assert not make_private(folder)
    assert mode(folder) == 0o755


def test_a_folder_that_cannot_be_made_is_told_by_who_writes_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert make_private(tmp_path / "file" / "data")


def test_a_folder_of_the_system_that_was_named_by_mistake_stays_open(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    (folder / "apt").mkdir(parents=True)
    folder.chmod(0o755)
    assert not make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    (folder / "seal.key").touch()
    assert make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
