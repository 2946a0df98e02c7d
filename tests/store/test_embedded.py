"""The embedded server: one owner, guests, take-over, and files that outlive them all."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from operator import not_
from pathlib import Path

import pytest
from machine import SmallDisk, small_disk
from support import own_redis, refuse_writes, until

from syndicator.errors import EngineMismatch, StoreError
from syndicator.store import embedded
from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer, embedded_server, find_server
from syndicator.store.store import StoreOptions, open_server, open_store

OWNER = """
import asyncio, sys
from pathlib import Path
from syndicator.store import embedded
from syndicator.store.connection import connect
from syndicator.store.embedded import embedded_server
async def main():
    async with embedded_server(Path(sys.argv[1])) as url, connect(url, anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
        print("up", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


async def value(url: str) -> bytes | None:
    async with connect(url, anchor="x") as redis:
        found: bytes | None = await redis.call("GET", "kept")
        return found


async def server_pid(url: str) -> int:
    async with connect(url, anchor="x") as redis:
        info = (await redis.call("INFO", "server")).decode()
    return int(next(line for line in info.splitlines() if line.startswith("process_id")).split(":")[1])


async def start_owner(folder: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n"
    return process


async def test_data_outlives_the_server(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url, connect(url, anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
    async with embedded_server(tmp_path) as url:
        assert await value(url) == b"yes"
    assert json.loads((tmp_path / "engine.json").read_text())["engine"] == "valkey"


async def test_a_second_opener_is_a_guest_of_the_first(tmp_path: Path) -> None:
    owner = EmbeddedServer(tmp_path, find_server(None))
    guest = EmbeddedServer(tmp_path, find_server(None))
    await owner.ensure()
    try:
        await guest.ensure()
        assert (owner.is_owner, guest.is_owner) == (True, False)
        await guest.stop()
        assert await value(f"unix://{owner.socket}") is None
    finally:
        await owner.stop()


async def test_a_guest_takes_over_from_an_owner_that_was_killed(tmp_path: Path) -> None:
    process = await start_owner(tmp_path)
    async with embedded_server(tmp_path) as url:
        assert await value(url) == b"yes"
        before = await server_pid(url)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await until(lambda: _is_another(url, before))
        assert await value(url) == b"yes"


async def _is_another(url: str, before: int) -> bool:
    try:
        return await server_pid(url) != before
    except StoreError:
        return False


async def _refused(url: str) -> bool:
    try:
        await value(url)
    except StoreError:
        return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux' own")
async def test_calls_of_a_guest_outlast_the_end_of_the_owner(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as guests:
        async with open_server(StoreOptions(data_dir=tmp_path)) as (owner, _):
            guest, url = await guests.enter_async_context(open_server(StoreOptions(data_dir=tmp_path)))
            await owner.call("SET", "kept", "yes")
        # Whatever a start does at this moment: no server listens until its watcher takes over.
        replies = await asyncio.gather(
            guest.call("GET", "kept"), guest.batch([("GET", "kept"), ("ECHO", "x")]), guest.commit([])
        )
        assert replies[:2] == [b"yes", [b"yes", b"x"]]
        assert url.startswith("unix://")


async def test_the_server_ends_with_an_owner_that_was_killed(tmp_path: Path) -> None:
    process = await start_owner(tmp_path)
    server = EmbeddedServer(tmp_path, find_server(None))
    pid = await server_pid(f"unix://{server.socket}")
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await until(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_a_server_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url, connect(url, anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
        os.kill(await server_pid(url), signal.SIGKILL)
        await until(lambda: _refused(url), not_)
        assert await value(url) == b"yes"


async def test_files_of_another_engine_are_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text('{"engine": "redis", "version": "8.0.2"}')
    with pytest.raises(EngineMismatch, match=r"redis 8\.0\.2.*\[store\] engine"):
        async with embedded_server(tmp_path):
            pass


async def test_an_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no-such-server"):
        async with embedded_server(tmp_path, "no-such-server"):
            pass


async def test_the_socket_is_private_and_its_path_short(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    async with embedded_server(deep) as url:
        socket = Path(url.removeprefix("unix://"))
        assert len(os.fsencode(socket)) <= 103
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


async def test_a_store_opens_on_nothing_but_a_folder(tmp_path: Path) -> None:
    async with open_store(StoreOptions(data_dir=tmp_path / "data")) as store:
        await store.ping()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux' own")
async def test_no_second_server_starts_while_that_of_a_killed_owner_lives(tmp_path: Path) -> None:
    process = await start_owner(tmp_path)
    heir = EmbeddedServer(tmp_path, find_server(None))
    old = await server_pid(f"unix://{heir.socket}")
    os.kill(old, signal.SIGSTOP)  # stands for whatever keeps it busy: a fork, a slow disk, its last snapshot
    process.send_signal(signal.SIGKILL)
    await process.wait()
    starting = asyncio.create_task(heir.ensure())
    try:
        await asyncio.sleep(3)
        assert (starting.done(), heir.is_owner) == (False, False)
        os.kill(old, signal.SIGCONT)
        async with asyncio.timeout(30):
            await starting
            while not heir.is_owner:  # the old one may answer once more before it ends: `watch` goes on so
                await asyncio.sleep(0.1)
                await heir.ensure()
        assert heir.is_owner
        assert not _runs(old)
        assert await value(f"unix://{heir.socket}") == b"yes"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(old, signal.SIGCONT)
        starting.cancel()
        await heir.stop()


async def test_a_guest_waits_for_a_server_that_outlives_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "WATCH_INTERVAL_S", 0.1)
    owner = EmbeddedServer(tmp_path, find_server(None))
    guest = EmbeddedServer(tmp_path, find_server(None))
    await owner.ensure()
    await guest.ensure()
    assert owner._lock is not None
    assert owner._process is not None
    watcher = asyncio.create_task(guest.watch())
    try:
        os.close(owner._lock)
        owner._lock = None
        await asyncio.sleep(0.6)
        assert (guest.is_owner, await value(f"unix://{guest.socket}")) == (False, None)  # the old one answers
        owner._process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(owner._process.wait)
        await until(lambda: _refused(f"unix://{guest.socket}"), not_)
        assert guest.is_owner
        assert not watcher.done()
    finally:
        watcher.cancel()
        await guest.stop()


async def test_a_server_whose_socket_was_removed_is_reached_again(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url, connect(url, anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
        Path(url.removeprefix("unix://")).unlink()
        await until(lambda: _refused(url), not_)
        assert await value(url) == b"yes"


async def test_a_busy_server_is_left_to_its_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "WATCH_INTERVAL_S", 0.05)
    monkeypatch.setattr(embedded, "PING_TIMEOUT_S", 0.1)
    async with embedded_server(tmp_path) as url:
        pid = await server_pid(url)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(2)
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await server_pid(url) == pid


SLOW = """#!/bin/sh
[ "$1" = --version ] && exec {binary} --version
exec {binary} "$@" --key-load-delay 500
"""


async def test_a_server_that_loads_for_long_is_waited_for_and_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    async with embedded_server(data) as url, connect(url, anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
        await redis.batch([("SET", f"much:{number}", "x" * 200) for number in range(8000)])
    slow = tmp_path / "slow-server"
    slow.write_text(SLOW.format(binary=find_server(None)), "ascii")
    slow.chmod(0o700)
    monkeypatch.setattr(embedded, "START_TIMEOUT_S", 0.5)
    monkeypatch.setattr(embedded, "REPORT_INTERVAL_S", 0.2)
    capsys.readouterr()
    async with embedded_server(data, str(slow)) as url:
        assert await value(url) == b"yes"
    told = "".join(capsys.readouterr())
    assert "embedded_server_loading" in told
    assert "loaded_bytes=" in told


@pytest.mark.parametrize("below", ["", "data", "deep/data"])
async def test_a_file_in_the_way_of_the_data_folder_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be written.*\[store\] data_dir"):
        async with embedded_server(tmp_path / "file" / below):
            pass


async def test_a_snapshot_that_would_be_ignored_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"precious")
    with pytest.raises(StoreError, match=r"dump\.rdb would be overwritten.*appendonly"):
        async with embedded_server(tmp_path):
            pass
    assert (tmp_path / "dump.rdb").read_bytes() == b"precious"
    assert not (tmp_path / "engine.json").exists()


async def test_the_owner_leaves_no_socket_folder_behind(tmp_path: Path) -> None:
    async with embedded_server(tmp_path) as url:
        folder = Path(url.removeprefix("unix://")).parent
        assert folder.is_dir()
    assert not folder.exists()


async def test_a_server_that_cannot_save_ends_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    process = await start_owner(folder)
    pid = await server_pid(f"unix://{EmbeddedServer(folder, find_server(None)).socket}")
    shutil.rmtree(folder)
    os.kill(pid, signal.SIGTERM)
    try:
        await until(lambda: not _runs(pid))
    finally:
        process.kill()
        await process.wait()


async def test_a_guest_of_a_server_that_takes_no_writes_is_let_in(tmp_path: Path) -> None:
    async with own_redis(tmp_path) as owner, connect(f"unix://{owner.socket}", anchor="x") as redis:
        await refuse_writes(owner, redis)
        async with asyncio.timeout(20), embedded_server(tmp_path) as url:
            assert url == f"unix://{owner.socket}"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        with small_disk(tmp_path / "disk") as mounted:
            yield mounted
    except PermissionError as error:
        pytest.skip(f"no disk can be made: {error.strerror}")


async def test_a_server_is_started_again_on_a_disk_that_is_full(disk: SmallDisk) -> None:
    data = disk.folder / "data"
    async with embedded_server(data) as url, connect(url, anchor="x") as redis:
        await redis.call("SET", "kept", "yes")
    with disk.filled():
        async with embedded_server(data) as url:
            assert await value(url) == b"yes"
    async with embedded_server(data) as url:
        assert await value(url) == b"yes"


async def test_what_wrote_the_files_is_noted_once(tmp_path: Path) -> None:
    """Written at each start, the note would be empty where the disk fills up meanwhile: nothing would start again."""
    record = tmp_path / "engine.json"
    written = []
    for _ in range(2):
        async with embedded_server(tmp_path):
            written.append((record.stat().st_ino, record.stat().st_mtime_ns))
    assert written[0] == written[1]
