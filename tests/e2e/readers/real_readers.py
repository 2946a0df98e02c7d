"""Feed readers as people install them: each fetches a feed over HTTP and tells what it lists."""

import asyncio
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import aiohttp

from syndicator.web.http.server import open_socket, port_of

POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
HAS_NEWSBOAT = shutil.which("newsboat") is not None
HAS_MINIFLUX = shutil.which("miniflux") is not None and POSTGRES is not None and os.geteuid() == 0
_START_S = 60.0


class Listed(NamedTuple):
    """What a reader lists of one entry."""

    title: str
    author: str
    published: datetime
    url: str
    image: str


async def in_newsboat(feed_url: str, folder: Path) -> list[Listed]:
    """Have newsboat reload a feed, and read what it keeps of it, in its order."""
    folder.mkdir()
    (folder / "urls").write_text(f"{feed_url}\n")
    (folder / "config").write_text("")
    cache = folder / "cache.db"
    await _run("newsboat", "-u", folder / "urls", "-c", cache, "-C", folder / "config", "-x", "reload")
    with sqlite3.connect(cache) as database:
        rows = database.execute(
            "SELECT title, author, pubDate, url, enclosure_url FROM rss_item ORDER BY pubDate DESC"
        ).fetchall()
    return [
        Listed(title, author, datetime.fromtimestamp(at, UTC), url, image)
        for title, author, at, url, image in rows
    ]


@asynccontextmanager
async def miniflux() -> AsyncIterator["Miniflux"]:
    """Run miniflux over a PostgreSQL of its own."""
    async with _postgres() as database_url:
        listening = open_socket("127.0.0.1", 0)
        port = port_of(listening)
        listening.close()
        settings = {
            "DATABASE_URL": database_url,
            "LISTEN_ADDR": f"127.0.0.1:{port}",
            "RUN_MIGRATIONS": "1",
            "CREATE_ADMIN": "1",
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": "for this test",
            "FETCHER_ALLOW_PRIVATE_NETWORKS": "1",
        }
        async with _running("miniflux", env=os.environ | settings), aiohttp.ClientSession() as session:
            reader = Miniflux(session, f"http://127.0.0.1:{port}")
            await reader.wait()
            yield reader


class Miniflux:
    """Its API, as its apps use it."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self._headers = {"Authorization": aiohttp.encode_basic_auth("admin", "for this test")}

    async def wait(self) -> None:
        async with asyncio.timeout(_START_S):
            while True:
                try:
                    async with self._session.get(f"{self._base}/healthcheck") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)

    async def listed(self, feed_url: str) -> list[Listed]:
        """Subscribe to a feed, and give what is listed of it."""
        made = await self.call("POST", "/v1/feeds", {"feed_url": feed_url, "category_id": 1})
        found = await self.call(
            "GET", f"/v1/feeds/{made['feed_id']}/entries?direction=desc&order=published_at"
        )
        return [
            Listed(
                one["title"],
                one["author"],
                datetime.fromisoformat(one["published_at"]).astimezone(UTC),
                one["url"],
                next((each["url"] for each in one["enclosures"] or ()), ""),
            )
            for one in found["entries"]
        ]

    async def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        async with self._session.request(
            method, self._base + path, json=body, headers=self._headers
        ) as answer:
            text = await answer.text()
            assert answer.status < 300, text
            return json.loads(text) if text else None


@asynccontextmanager
async def _postgres() -> AsyncIterator[str]:
    """Run a PostgreSQL that only this test knows. It refuses to run as root, and so needs a folder of its own."""
    assert POSTGRES is not None
    as_postgres = ("runuser", "-u", "postgres", "--")
    with TemporaryDirectory(prefix="readers-") as folder:
        shutil.chown(folder, "postgres")
        data = Path(folder) / "data"
        await _run(*as_postgres, POSTGRES / "initdb", "-D", data, "-A", "trust", "--no-sync", "-E", "UTF8")
        options = ("-D", data, "-k", folder, "-h", "", "-F")
        async with _running(*as_postgres, POSTGRES / "postgres", *options):
            await _answers(*as_postgres, POSTGRES / "pg_isready", "-h", folder)
            yield f"user=postgres dbname=postgres host={folder} sslmode=disable"


async def _answers(*command: str | Path) -> None:
    async with asyncio.timeout(_START_S):
        while True:
            process = await asyncio.create_subprocess_exec(
                *map(str, command), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
            )
            if await process.wait() == 0:
                return
            await asyncio.sleep(0.1)


async def _run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


@asynccontextmanager
async def _running(*command: str | Path, env: Mapping[str, str] | None = None) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
