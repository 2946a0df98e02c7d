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


async def test_copies_and_duplicates_of_a_source_are_counted(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    told = {name: (await run(config, "sources", "show", name))[1] for name in ("kota", "desa")}
    (copier,) = (name for name, text in told.items() if "1 copy (the same text as another article)" in text)
    (original,) = told.keys() - {copier}
    for name, copies in ((copier, "1 copy"), (original, "0 copies")):
        assert f"1: 0 duplicates (another source had them first), {copies} (the same text" in told[name]
    _, out, _ = await run(config, "sources", "show", copier, "--json")
    assert json.loads(out)["newest_articles"] == {"articles": 1, "duplicates": 0, "copies": 1}
    _, out, _ = await run(config, "preview", "--source", copier, "--diff")
    assert "1 unchanged; 1 with the same text as another article" in out
    _, out, _ = await run(config, "preview", "--source", copier, "--diff", "--json")
    (judged,) = json.loads(out)["diff"]
    assert judged["copy_of"]
