"""Notes to systemd: where they are sent, and that a start says when it is done."""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support import PATIENCE_S, until

from syndicator.cli.service_manager import notifier

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract names")


@contextmanager
def manager(name: str | bytes) -> Iterator[socket.socket]:
    """Play the service manager that listens at a name while the context is open."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        listening.settimeout(PATIENCE_S)
        yield listening


def test_a_note_reaches_a_socket_in_the_file_system() -> None:
    folder = Path(tempfile.mkdtemp())  # short: the path of a socket has 108 bytes at most
    try:
        with manager(str(folder / "notify")) as listening:
            notifier(str(folder / "notify"))("READY=1")
            assert listening.recv(100) == b"READY=1"
    finally:
        shutil.rmtree(folder)


@ON_LINUX
def test_a_note_reaches_a_socket_with_an_abstract_name() -> None:
    name = f"syndicator-{uuid.uuid4()}"
    with manager(f"\0{name}") as listening:
        notifier(f"@{name}")("READY=1\nSTATUS=")
        assert listening.recv(100) == b"READY=1\nSTATUS="


def test_without_a_manager_nothing_is_sent_and_a_lost_one_is_only_logged(tmp_path: Path) -> None:
    with capture_logs() as logs:
        notifier("")("READY=1")
        assert logs == []
        notifier(str(tmp_path / "nobody"))("READY=1")
    assert [one["event"] for one in logs] == ["service_manager_not_told"]


@ON_LINUX
async def test_a_service_says_when_it_is_ready_and_when_it_stops_and_its_children_say_nothing(
    tmp_path: Path,
) -> None:
    name = f"syndicator-{uuid.uuid4()}"
    (tmp_path / "all.toml").write_text(
        f'[server]\nport = 0\nops_port = 0\n[work]\nprocesses = 2\n[store]\ndata_dir = "{tmp_path / "data"}"\n'
        '[feed.latest]\ntitle = "Latest"\n'
        '[source.city]\ntitle = "City"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "1h" }\n',
        "utf-8",
    )
    log = tmp_path / "log"
    with manager(f"\0{name}") as listening, log.open("wb") as err:
        listening.setblocking(False)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syndicator", "--config", str(tmp_path), "--log-json", "run",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=err,
            env={**os.environ, "NOTIFY_SOCKET": f"@{name}"},
        )  # fmt: skip
        try:
            await until(lambda: log.read_text("utf-8").count('"event":"ready"') == 2 or process.returncode)
            process.terminate()
            assert await process.wait() == 0, log.read_text("utf-8")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert listening.recv(1000) == b"READY=1\nSTATUS="
        assert listening.recv(1000) == b"STOPPING=1"
        with pytest.raises(BlockingIOError):
            listening.recv(1000)
