"""A Redis of the operator's own that is away: at a stop, at a start, and until it comes."""

from pathlib import Path

import aiohttp
import pytest
from e2e.conftest import Program, Start
from support import until
from warm_program import run

from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer, embedded_server, find_server

pytestmark = pytest.mark.embedded

PORTAL = """
[site]
public_url = "https://news.example"
[server]
port = 0
ops_port = 0
[source.portal]
title = "Portal"
kind = "feed"
url = "https://portal.example/rss"
schedule = { every = "1d" }
[feed.latest]
title = "Terbaru"
"""


def listening(program: Program) -> str:
    return next((str(event["listening"]) for event in program.events if "listening" in event), "")


async def ask(
    program: Program, path: str, headers: dict[str, str] | None = None
) -> tuple[int, str, dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(listening(program) + path, headers=headers) as answer,
    ):
        told = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, await answer.text(), told


async def test_a_start_without_redis_serves_what_was_served_last(start: Start, tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    redis = EmbeddedServer(tmp_path / "redis", find_server(None))
    config = tmp_path / "config"
    config.mkdir()
    store = f'[store]\nurl = "unix://{redis.socket}"\ndata_dir = "{tmp_path}/data"\n'
    (config / "all.toml").write_text(store + PORTAL, "utf-8")

    code, _, told = await run(config, "serve")
    assert code == 1
    assert "Redis does not answer" in told

    await redis.ensure()
    first = await start(config, "serve")
    await first.ready()
    status, before, headers = await ask(first, "/feeds/latest.rss")
    assert (status, "age" in headers) == (200, False)
    await redis.stop()
    assert await first.stop() == 0

    second = await start(config, "serve")
    await until(lambda: bool(listening(second)))
    status, shown, headers = await ask(second, "/feeds/latest.rss")
    assert (status, shown) == (200, before)
    assert int(headers["age"]) >= 0
    assert (await ask(second, "/feeds/latest.rss", {"If-None-Match": headers["etag"]}))[0] == 304
    assert (await ask(second, "/readyz"))[0] == 200
    assert (await ask(second, "/"))[0] == 503

    await redis.ensure()
    await second.ready()
    status, shown, headers = await ask(second, "/feeds/latest.rss")
    assert (status, shown, "age" in headers) == (200, before, False)
    assert (await ask(second, "/"))[0] == 200
    assert await second.stop() == 0
    assert second.faults() == []
    await redis.stop()


LOADING = """#!/bin/sh
[ "$1" = --version ] && exec {binary} --version
exec {binary} "$@" --key-load-delay 20000
"""


async def test_a_start_that_waits_for_much_data_can_be_stopped(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with embedded_server(data) as url, connect(url, anchor="x") as redis:
        await redis.batch([("SET", f"much:{number}", "x") for number in range(3000)])  # a minute to load
    slow = tmp_path / "slow-server"
    slow.write_text(LOADING.format(binary=find_server(None)), "ascii")
    slow.chmod(0o700)
    config = tmp_path / "config"
    config.mkdir()
    (config / "all.toml").write_text(f'[store]\nengine = "{slow}"\ndata_dir = "{data}"\n' + PORTAL, "utf-8")
    program = await start(config, "run")
    waits = {
        "embedded_server_loading",
        "embedded_server_not_ready",
    }  # while it loads it may be too busy to say so
    await until(lambda: any(event["event"] in waits for event in program.events))
    assert await program.stop() == 0
    assert not any(event["event"] == "ready" for event in program.events)
