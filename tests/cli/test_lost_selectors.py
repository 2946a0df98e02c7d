"""Selectors that find nothing any more, as `sources list` and `sources show` tell of them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from e2e.conftest import run

LIST = "<ul><li><a href='/read/1'>Pasar dibuka</a>{section}</li></ul>"


class Portal:
    """A portal whose list shows sections, until it does not."""

    section = "<b>Kota</b>"

    async def answer(self, request: web.Request) -> web.Response:
        text = LIST.format(section=self.section)
        if request.path == "/read/1":
            text = "<h1>Pasar dibuka</h1><time>5 November 2026 10:00</time><div class=isi><p>Isi.</p></div>"
        return web.Response(text=text, content_type="text/html")


@pytest.fixture
async def portal() -> Portal:
    return Portal()


@pytest.fixture
async def config(tmp_path: Path, portal: Portal) -> AsyncIterator[Path]:
    app = web.Application()
    app.router.add_get("/{path:.*}", portal.answer)
    folder = tmp_path / "config"
    folder.mkdir()
    async with TestServer(app) as server:
        text = f"""
[store]
data_dir = "{tmp_path / "data"}"
[sample]
enabled = false
[egress]
allow = ["127.0.0.1/32"]
[source.kota]
title = "Berita Kota"
kind = "page"
url = "{server.make_url("/")}"
schedule = {{ every = "5m" }}
politeness = {{ robots = false }}
list = {{ item = "li", url = "a", section = "b" }}
article = {{ title = "h1", body = ".isi", date = "time" }}
[feed.latest]
title = "Terbaru"
"""
        (folder / "all.toml").write_text(text, "utf-8")
        yield folder


async def test_the_list_and_the_source_name_them(config: Path, portal: Portal) -> None:
    logged = []
    for portal.section in ("<b>Kota</b>", "", "", "", ""):
        _, _, err = await run(config, "once", "gather", "--all")
        logged.append("list.section" in err)
    assert logged == [False, False, False, True, False]
    _, out, _ = await run(config, "sources", "list", "--json")
    (item,) = json.loads(out)["items"]
    assert (item["health"], item["find_nothing"]) == ("ok", "list.section")
    _, out, _ = await run(config, "sources", "list")
    assert "find nothing" in out.splitlines()[0]
    assert "list.section" in out
    _, out, _ = await run(config, "sources", "show", "kota")
    assert "selectors find nothing any more: list.section (for 4 rounds)" in out
    portal.section = "<b>Kota</b>"
    _, _, err = await run(config, "once", "gather", "--all")
    assert "selectors find something again" in err
    _, out, _ = await run(config, "sources", "list")
    assert "find nothing" not in out
