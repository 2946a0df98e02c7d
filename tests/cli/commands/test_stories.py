"""What the commands about stories tell people."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cli.cli_world import LATEST, configured, source_of
from support import answering
from warm_program import run

WORDS = " ".join(f"kata{number}" for number in range(60))
FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Kabar</title><link>{url}/</link>
<item><title>Pasar Tambora terbakar</title><link>{url}/{name}/1</link><guid>{name}</guid>
<content:encoded>{words}</content:encoded></item></channel></rss>"""


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    """Two sources that tell the same, with data of their own."""

    async def answer(request: web.Request) -> web.Response:
        name = request.path.strip("/")
        text = FEED.format(url=f"http://{request.host}", name=name, words=WORDS)
        return web.Response(text=text, content_type="application/rss+xml")

    async with answering(answer) as url:
        sources = (source_of(f"{url}/{name}", name) for name in ("kota", "desa"))
        yield configured(tmp_path, "".join(sources) + LATEST)


async def test_who_tells_a_story_and_how_it_was_judged(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "stories", "list", "--json")
    (story,) = json.loads(out)["items"]
    assert story["articles"] == 2
    _, out, _ = await run(config, "stories", "show", story["id"])
    assert {"kota", "desa"} <= set(out.split())
    assert "have left" not in out
    _, out, _ = await run(config, "stories", "show", story["id"], "--json")
    copy = next(one["article"] for one in json.loads(out)["told_by"] if one["copy_of"])
    _, out, _ = await run(config, "articles", "show", copy)
    assert "100% of the shorter text is in the longer" in out
    assert "needed" not in out, "how near their words are has not decided"
