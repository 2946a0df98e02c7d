"""Miniflux as the peer of the gathering benchmark: the Debian packages, tuned, over a PostgreSQL of its own.

Tuned: 50 workers and as many connections that stay open, `synchronous_commit=off`, no limit of errors, no
scheduler that would begin rounds of its own, and an icon for every feed, so that none is looked for. Feeds
come in by OPML, which fetches nothing. A round is begun by the API, after SQL has made all feeds due; the
clock runs from that request until each feed has been checked.
"""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from bench.gather.peer import Figures, Spent, Watch, done
from bench.gather.processes import cpu_s, free_port, process, wait_for_line
from bench.gather.world import feed_of, home_of

WORKERS = 50
_USER, _PASSWORD = "admin", "benchmark"
_POSTGRES = (
    "listen_addresses=", "synchronous_commit=off", "shared_buffers=512MB", "max_connections=100",
    "max_wal_size=4GB", "checkpoint_timeout=15min",
)  # fmt: skip
_ICONS = (
    "WITH icon AS ("
    "INSERT INTO icons (hash, mime_type, content) VALUES ('0', 'image/gif', 'GIF89a') RETURNING id"
    "), given AS ("
    "INSERT INTO feed_icons (feed_id, icon_id) SELECT feeds.id, icon.id FROM feeds, icon RETURNING 0"
    ") SELECT count(*) FROM given"
)


def missing() -> list[str]:
    """Return which programs are not installed here."""
    found = {
        "miniflux": shutil.which("miniflux"),
        "postgres": _binary("postgres"),
        "initdb": _binary("initdb"),
    }
    return [name for name, path in found.items() if path is None]


class Miniflux:
    """A running Miniflux."""

    def __init__(self, sql: "Sql", port: int, service: int, store: int) -> None:
        self._sql = sql
        self._port = port
        self._service = service
        self._store = store

    async def refresh(self) -> Figures:
        """Have all feeds gathered once."""
        began = await self._sql.ask(
            "UPDATE feeds SET next_check_at = now() - interval '1 second'; SELECT now()"
        )
        watch = Watch(self._spent)
        await asyncio.to_thread(call, self._port, "PUT", "/v1/feeds/refresh")
        left = f"SELECT count(*) FROM feeds WHERE checked_at < '{began}'"  # noqa: S608 -- a time it gave us

        async def is_done() -> bool:
            return await self._sql.ask(left) == "0"

        await done(is_done)
        figures = watch.figures()
        failed = await self._sql.ask("SELECT count(*) FROM feeds WHERE parsing_error_count > 0")
        return msgspec.structs.replace(figures, failed=int(failed))

    async def articles(self) -> int:
        """Count the entries."""
        return int(await self._sql.ask("SELECT count(*) FROM entries"))

    def _spent(self) -> Spent:
        return Spent(service_s=cpu_s(self._service), store_s=cpu_s(self._store))


class Sql:
    """One connection by `psql`, kept open: a look at the database then costs no new backend."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, query: str) -> str:
        """Return the one value that a query ends with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{query};\n".encode())
        answer = ""
        while not answer or answer.startswith(("UPDATE", "INSERT")):
            line = await self._process.stdout.readline()
            if not line:
                raise RuntimeError(f"psql ended at {query!r}")
            answer = line.decode().strip()
        return answer


@asynccontextmanager
async def running_miniflux(folder: Path, feeds: int, port: int) -> AsyncIterator[Miniflux]:
    """Start PostgreSQL and Miniflux with all feeds imported, none fetched."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(_postgres(folder))
        log = folder / "postgres.log"
        await wait_for_line(log, "database system is ready to accept connections", postgres)
        sql = await stack.enter_async_context(_psql(folder))
        own = free_port()
        service = stack.enter_context(_miniflux(folder, own))
        await _is_up(own, service)
        await asyncio.to_thread(call, own, "POST", "/v1/import", _opml(feeds, port))
        assert int(await sql.ask(_ICONS)) == feeds
        yield Miniflux(sql, own, service.pid, postgres.pid)


@contextmanager
def _postgres(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    data = folder / "postgres"
    data.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user is not None:
        folder.chmod(0o755)
        shutil.chown(data, user, user)
    command = [str(_binary("initdb")), "-D", str(data / "db"), "-A", "trust", "-U", "postgres", "-E", "UTF8"]
    subprocess.run(command, check=True, capture_output=True, user=user, cwd=data)
    options = [word for option in (*_POSTGRES, f"unix_socket_directories={data}") for word in ("-c", option)]
    words = [str(_binary("postgres")), "-D", str(data / "db"), *options]
    # A fast stop: SIGTERM would wait for connections to end by themselves.
    with process(words, folder / "postgres.log", user=user, stop=signal.SIGINT) as started:
        yield started


@asynccontextmanager
async def _psql(folder: Path) -> AsyncIterator[Sql]:
    started = await asyncio.create_subprocess_exec(
        str(_binary("psql")), "-h", str(folder / "postgres"), "-U", "postgres", "-qAtX", "-d", "postgres",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Sql(started)
    finally:
        assert started.stdin is not None
        started.stdin.close()
        await started.wait()


def _miniflux(folder: Path, port: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
    environ = {
        "DATABASE_URL": f"host={folder}/postgres user=postgres dbname=postgres sslmode=disable",
        "DATABASE_MAX_CONNS": str(WORKERS),
        "DATABASE_MIN_CONNS": str(WORKERS),
        "WORKER_POOL_SIZE": str(WORKERS),
        "LISTEN_ADDR": f"127.0.0.1:{port}",
        "RUN_MIGRATIONS": "1",
        "CREATE_ADMIN": "1",
        "ADMIN_USERNAME": _USER,
        "ADMIN_PASSWORD": _PASSWORD,
        "POLLING_PARSING_ERROR_LIMIT": "0",
        "DISABLE_SCHEDULER_SERVICE": "1",
        "LOG_LEVEL": "warning",
        # Newer versions have these, older ones know no such limits.
        "POLLING_LIMIT_PER_HOST": "0",
        "FETCHER_ALLOW_PRIVATE_NETWORKS": "1",
    }
    return process([str(shutil.which("miniflux"))], folder / "miniflux.log", environ=environ)


async def _is_up(port: int, service: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            await asyncio.to_thread(call, port, "GET", "/v1/me")
        except OSError:
            if service.poll() is not None:
                raise
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("Miniflux did not get ready")


def call(port: int, method: str, path: str, body: bytes | None = None) -> bytes:
    """Ask the API of Miniflux."""
    token = base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"Authorization": f"Basic {token}"}, method=method
    )
    with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310 -- of our own address
        content: bytes = answer.read()
        return content


def _opml(feeds: int, port: int) -> bytes:
    outlines = "".join(
        f'<outline type="rss" text="Portal {number}" title="Portal {number}" '
        f'xmlUrl="{feed_of(number, port)}" htmlUrl="{home_of(number, port)}/"/>'
        for number in range(feeds)
    )
    return f'<?xml version="1.0"?><opml version="2.0"><body>{outlines}</body></opml>'.encode()


def _binary(name: str) -> Path | None:
    """Find a program of PostgreSQL: Debian keeps those of each version in a folder of its own."""
    of_versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(of_versions, key=lambda path: float(path.parts[-3]), default=None)
    return newest or (Path(found) if (found := shutil.which(name)) else None)
