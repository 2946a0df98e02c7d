"""A Redis of the operator's own that is away: at a stop, at a start, and until it comes."""

from pathlib import Path

import aiohttp
from e2e.conftest import Program, Start, run, until

from syndicator.store.embedded import EmbeddedServer, find_server

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
