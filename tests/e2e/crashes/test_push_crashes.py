"""kill -9 of workers and of Redis while a backlog is delivered: nothing lost, and no more repeated than was under way."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from e2e.conftest import Start
from support import answering, candidate, until
from warm_program import run

from syndicator.opening import open_service
from syndicator.pipeline.articles.admission import Admitter
from syndicator.settings import load
from syndicator.store.connection import connect
from syndicator.store.embedded import EmbeddedServer, find_server

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.timeout(240)]

ARTICLES = 900
ENDPOINTS = ("a", "b")
IN_FLIGHT = 4
KILLS = 4
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Receivers:
    """Partners that take everything, a little slowly, and count."""

    def __init__(self) -> None:
        self.came: Counter[tuple[str, str]] = Counter()
        self.url = ""

    async def hook(self, request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(0.005)
        self.came[request.match_info["name"], request.headers["webhook-id"]] += 1
        return web.Response(status=204)

    @property
    def repeated(self) -> int:
        return sum(self.came.values()) - len(self.came)


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    played = Receivers()
    async with answering(played.hook, "/{name}") as played.url:
        yield played


@pytest.fixture
def backlog_config(tmp_path: Path, receivers: Receivers) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    endpoints = "".join(
        f'[endpoint.{name}]\nurl = "{receivers.url}/{name}"\nsecret = "{SECRET}"\n'
        f"max_in_flight = {IN_FLIGHT}\nretry = {{ delays = {['1s'] * 20} }}\n"
        for name in ENDPOINTS
    )
    (folder / "all.toml").write_text(
        f'[server]\nport = 0\nops_port = 0\n[store]\ndata_dir = "{tmp_path / "data"}"\n'
        '[egress]\nallow_callbacks = ["127.0.0.0/8"]\n'
        '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "30d" }\n'
        + endpoints.replace("'", '"'),
        "utf-8",
    )
    return folder


async def fill(config: Path) -> None:
    """Admit a backlog, and queue it for all."""
    async with open_service(load(config, {})) as service:
        await service.sync_configuration()
        admitter = Admitter(service.store.articles, (), service.clock)
        for start in range(0, ARTICLES, 100):
            await admitter.admit([candidate(number) for number in range(start, start + 100)])
        await service.deliver_step.event_fan_out.run()


async def redis_pid(data: Path) -> int:
    server = EmbeddedServer(data, find_server(None))
    async with connect(f"unix://{server.socket}", anchor="x") as connection:
        info = (await connection.call("INFO", "server")).decode()
    return int(next(line for line in info.splitlines() if line.startswith("process_id")).split(":")[1])


async def test_a_backlog_survives_the_killing_of_workers_and_redis(
    start: Start, backlog_config: Path, receivers: Receivers, tmp_path: Path
) -> None:
    rng = random.Random(11)
    await fill(backlog_config)
    allowed = 0
    for turn in range(KILLS):
        program = await start(backlog_config, "work")
        before = len(receivers.came)
        await until(lambda before=before: len(receivers.came) > before + 100)  # type: ignore[misc]
        await asyncio.sleep(rng.uniform(0, 0.3))
        if turn % 2:
            os.kill(await redis_pid(tmp_path / "data"), signal.SIGKILL)
            allowed += IN_FLIGHT * len(ENDPOINTS)
            before = len(receivers.came)
            await until(lambda before=before: len(receivers.came) > before + 50)  # type: ignore[misc]
        await program.stop(signal.SIGKILL)
        allowed += IN_FLIGHT * len(ENDPOINTS)
    program = await start(backlog_config, "work")
    await until(lambda: len(receivers.came) >= ARTICLES * len(ENDPOINTS))
    assert await program.stop() == 0
    assert Counter(name for name, _ in receivers.came) == dict.fromkeys(ENDPOINTS, ARTICLES)
    assert receivers.repeated <= allowed
    code, out, _ = await run(backlog_config, "doctor")
    assert code == 0, out
