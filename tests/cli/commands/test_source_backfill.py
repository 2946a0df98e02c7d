"""Gathering the past of a source from a terminal."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cli.cli_world import LATEST, configured, source_of
from support import answering
from warm_program import run

from syndicator.opening import open_service
from syndicator.settings import load

ITEM = "<item><title>{title}</title><link>{url}/read/{number}</link><pubDate>{date}</pubDate></item>"
FEED = (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Kabar</title><link>{url}/</link>'
    "{link}{items}</channel></rss>"
)
OLD = [
    (2, "Harga cabai naik di pasar induk", "Mon, 02 Nov 2026 08:00:00 +0700"),
    (3, "Jembatan gantung desa selesai dipugar", "Sun, 01 Nov 2026 08:00:00 +0700"),
]


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    """A configuration of one feed with an archive."""

    async def answer(request: web.Request) -> web.Response:
        url = f"http://{request.host}"
        if request.path == "/rss":
            link = '<atom:link rel="prev-archive" href="/old.xml"/>'
            entries = [(1, "Pasar dibuka kembali", "Tue, 03 Nov 2026 08:00:00 +0700")]
        elif request.path == "/old.xml":
            link, entries = "", OLD
        else:
            return web.Response(status=404)
        items = "".join(
            ITEM.format(title=title, url=url, number=number, date=date) for number, title, date in entries
        )
        text = FEED.format(url=url, link=link, items=items)
        return web.Response(text=text, content_type="application/rss+xml")

    async with answering(answer) as url:
        yield configured(tmp_path, source_of(f"{url}/rss") + LATEST)


async def test_the_past_of_a_source_is_asked_for_shown_and_stopped(config: Path) -> None:
    status, out, _ = await run(config, "sources", "backfill", "kota", "--wait", "0")
    assert (status, out) == (0, "kota: running; 0 new, 0 known, 0 requests.\n")
    status, _, errors = await run(config, "sources", "backfill", "kota", "--wait", "0")
    assert (status, "its past is being gathered already" in errors) == (1, True)
    _, out, _ = await run(config, "sources", "show", "kota")
    assert "backfill          running; 0 new, 0 known, 0 requests" in out
    status, out, _ = await run(config, "sources", "backfill", "kota", "--stop", "--json")
    assert (status, json.loads(out)["status"]) == (0, "cancelled")
    _, out, _ = await run(config, "audit", "list", "--json")
    assert [entry["what"] for entry in json.loads(out)["items"]] == [
        "source.backfill_stopped", "source.backfill",
    ]  # fmt: skip


async def test_the_command_waits_for_workers_and_shows_what_they_found(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    asked = asyncio.ensure_future(
        run(config, "sources", "backfill", "kota", "--since", "2026-11-02", "--wait", "60")
    )
    async with open_service(load(config, {})) as service:
        while not asked.done():
            for job in (await service.backfill_step.take(1)).jobs:
                await job()
            await asyncio.sleep(0.05)
    status, out, _ = await asked
    done = "done: all that the source still lists was read; 1 new, 0 known"
    assert (status, out) == (0, f"kota: {done}, back to 2026-11-02 01:00 UTC, 2 requests.\n")
    _, out, _ = await run(config, "articles", "list", "--json")
    assert {item["title"] for item in json.loads(out)["items"]} == {"Pasar dibuka kembali", OLD[0][1]}


async def test_wrong_values_are_refused(config: Path) -> None:
    status, _, errors = await run(config, "sources", "backfill", "nobody")
    assert (status, "no source is called 'nobody'" in errors) == (2, True)
    status, _, errors = await run(config, "sources", "backfill", "kota", "--since", "kemarin")
    assert (status, "--since" in errors) == (2, True)
    status, _, errors = await run(config, "sources", "backfill", "kota", "--from", "pages")
    assert (status, "a feed has no pages" in errors) == (1, True)
