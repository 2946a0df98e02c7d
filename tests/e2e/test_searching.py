"""Search where one process serves and others work, with nothing between them but Redis."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from e2e.conftest import Start, articles
from support import PATIENCE_S, until
from warm_program import run

from syndicator.sample.server import Sample

pytestmark = pytest.mark.timeout(180)


async def found(url: str, query: str) -> set[str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/search.json?{urlencode({'q': query})}") as answer,
    ):
        assert answer.status == 200, await answer.text()
        document: dict[str, Any] = json.loads(await answer.text())
        return {item["title"] for item in document["items"]}


async def test_a_process_that_serves_finds_what_another_gathers_and_withdraws(
    start: Start, config: Path, sample: Sample, redis_url: str, tmp_path: Path
) -> None:
    rest = config / "rest.toml"
    own = f'[store]\nurl = "{redis_url}"\nnamespace = "search-{uuid.uuid4().hex}"'
    rest.write_text(rest.read_text("utf-8").replace("[store]", own, 1), "utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in config.iterdir():
        text = file.read_text("utf-8").replace(str(tmp_path / "data"), str(tmp_path / "other"))
        (elsewhere / file.name).write_text(text, "utf-8")
    program = await start(config, "serve")
    url = await program.ready()
    assert await found(url, "jakarta OR the OR di") == set()
    code, _, err = await run(elsewhere, "once", "gather", "--all")
    assert code == 0, err
    one, *_ = await articles(elsewhere)
    query = f'"{" ".join(one["title"].replace(chr(34), " ").split()[:4])}"'
    assert one["title"] in await found(url, query)
    code, _, err = await run(elsewhere, "articles", "withdraw", one["id"], "--reason", "x")
    assert code == 0, err
    assert one["title"] not in await found(url, query)
    assert await program.stop() == 0
    assert program.faults() == []
    program = await start(config, "serve")
    await program.ready()
    resumed = "search_index_resumed"
    await until(lambda: any(event["event"] == resumed for event in program.events))


async def test_what_was_gathered_before_is_found_after_a_start(
    start: Start, config: Path, sample: Sample
) -> None:
    code, _, err = await run(config, "once", "gather", "--all")
    assert code == 0, err
    titles = {article["title"] for article in await articles(config)}
    program = await start(config, "run")
    url = await program.ready()
    async with asyncio.timeout(PATIENCE_S):
        while not (shown := await found(url, "berita* OR jakarta* OR the OR dan")):
            await asyncio.sleep(0.05)
    assert shown <= titles
    assert await program.stop() == 0
