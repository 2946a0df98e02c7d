"""FLUSHALL while the program runs: it says so, gathers all again, and sends partners nothing again."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from e2e.conftest import Program, Start
from support import until

from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ITEM = "<item><title>Berita {n}</title><link>https://city.example/{n}</link><pubDate>{at}</pubDate></item>"


class World:
    """A portal with three articles of this morning and one of two days ago, and a partner."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.published = {n: now - timedelta(hours=n) for n in (1, 2, 3, 50)}
        self.came: list[str] = []
        self.url = ""

    async def feed(self, request: web.Request) -> web.Response:
        del request
        items = "".join(
            ITEM.format(n=n, at=f"{at:%a, %d %b %Y %H:%M:%S} +0000") for n, at in self.published.items()
        )
        return web.Response(
            text=f'<rss version="2.0"><channel><title>Kota</title>{items}</channel></rss>',
            content_type="application/rss+xml",
        )

    async def hook(self, request: web.Request) -> web.Response:
        event = json.loads(await request.read())
        if event["type"] == "article.created":
            self.came.append(event["data"]["article"]["title"])
        return web.Response(status=204)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    played = World()
    app = web.Application()
    app.router.add_get("/rss", played.feed)
    app.router.add_post("/hook", played.hook)
    async with TestServer(app) as server:
        played.url = str(server.make_url("")).rstrip("/")
        yield played


async def health(program: Program) -> dict[str, str]:
    address = next(str(event["url"]) for event in program.events if event["event"] == "ready")
    async with aiohttp.ClientSession() as session, session.get(f"{address}/readyz") as answer:
        told = await answer.json()
    return {"status": told["status"], "detail": told["parts"]["store"]["detail"]}


async def test_an_emptied_redis_is_gathered_again_and_partners_are_spared(
    start: Start, tmp_path: Path, world: World, server: EmbeddedServer
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "all.toml").write_text(
        f'[server]\nport = 0\nops_port = 0\n[store]\nurl = "unix://{server.socket}"\n'
        f'data_dir = "{tmp_path}/data"\n'
        '[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n'
        f'[endpoint.partner]\nurl = "{world.url}/hook"\nsecret = "{SECRET}"\n'
        f'[source.city]\ntitle = "Kota"\nkind = "feed"\nurl = "{world.url}/rss"\nschedule = {{ every = "1h" }}\n'
        '[source.gone]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/rss"\nschedule = { every = "1h" }\n'
        '[feed.latest]\ntitle = "Terbaru"\n',
        "utf-8",
    )
    program = await start(config, "run")
    await program.ready()
    await until(lambda: len(world.came) == 3)
    assert (await health(program))["status"] == "ready"
    async with connect(f"unix://{server.socket}", anchor="x") as own:
        await own.call("FLUSHALL")
        world.published[0] = datetime.now(UTC) + timedelta(seconds=1)
        await until(lambda: any(event["event"] == "data_lost" for event in program.events))
        await until(lambda: "Berita 0" in world.came)
        async with asyncio.timeout(45):
            while (await health(program))["status"] != "ready":
                await asyncio.sleep(0.1)
    assert sorted(world.came) == ["Berita 0", "Berita 1", "Berita 2", "Berita 3"]
    assert await program.stop() == 0
