"""A source whose address holds a secret: wherever the address is shown, the secret is not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cli.cli_world import LATEST, configured, source_of
from msgspec.structs import replace
from support import answering
from warm_program import run
from web.web_world import source

from syndicator.pipeline.preview.preview import Preview
from syndicator.pipeline.preview.redaction import preview_without_secrets
from syndicator.pipeline.preview.selector_coverage import SelectorCoverage

SECRET = "very-private-words"
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Kabar</title><link>{url}/</link>
<item><title>Pasar dibuka</title><link>{url}/read?key=1</link><description>Pagi.</description></item>
</channel></rss>"""


@pytest.fixture
async def portal() -> AsyncIterator[str]:
    """A portal that gives a feed to those who have the token, by way of another address with a token."""

    async def answer(request: web.Request) -> web.Response:
        if SECRET not in request.query_string:
            raise web.HTTPNotFound
        if request.path == "/feed":
            raise web.HTTPFound(f"/rss?{request.query_string}")
        if request.path != "/rss":
            raise web.HTTPNotFound
        return web.Response(
            text=FEED.format(url=f"http://{request.host}"), content_type="application/rss+xml"
        )

    async with answering(answer) as url:
        yield url


# What an own parameter is called, only its owner knows.
@pytest.mark.parametrize("parameter", ["token", "key", "x-amz-signature", "pelanggan"])
async def test_an_article_does_not_tell_it_and_keeps_its_own_link(
    tmp_path: Path, portal: str, parameter: str
) -> None:
    config = configured(tmp_path, source_of(f"{portal}/feed?{parameter}={SECRET}") + LATEST)
    assert (await run(config, "once", "gather"))[0] == 0
    (item,) = json.loads((await run(config, "articles", "list", "--json"))[1])["items"]
    assert item["url"] == f"{portal}/read?key=1"
    for options in ([], ["--json"]):
        _, out, _ = await run(config, "articles", "show", item["id"], *options)
        assert SECRET not in out
        assert f"{portal}/read?key=1" in out
        assert out.count("[hidden]") >= 2  # where it was asked, and where that led


@pytest.mark.parametrize("parameter", ["token", "pelanggan"])
async def test_a_preview_of_the_source_does_not_tell_it(tmp_path: Path, portal: str, parameter: str) -> None:
    config = configured(tmp_path, source_of(f"{portal}/feed?{parameter}={SECRET}") + LATEST)
    for options in ([], ["--json"], ["--diff", "--json"]):
        code, out, err = await run(config, "preview", "--source", "kota", *options)
        assert code == 0
        assert SECRET not in out + err
        assert f"{portal}/read?key=1" in out


async def test_a_source_and_what_failed_of_it_do_not_tell_it(tmp_path: Path, portal: str) -> None:
    config = configured(tmp_path, source_of(f"{portal}/gone?token={SECRET}") + LATEST)
    for command in (
        ["once", "gather", "--json"],
        ["sources", "show", "kota"],
        ["sources", "show", "kota", "--json"],
        ["sources", "list"],
        ["preview", "--source", "kota"],
        ["preview", "--source", "kota", "--json"],
        ["preview", f"{portal}/gone?token={SECRET}"],
    ):
        _, out, err = await run(config, *command)
        assert out + err
        assert SECRET not in out + err


async def test_a_source_is_shown_with_the_rest_of_its_query(tmp_path: Path, portal: str) -> None:
    config = configured(tmp_path, source_of(f"{portal}/gone?page=2&token={SECRET}") + LATEST)
    _, out, _ = await run(config, "sources", "show", "kota")
    assert f"{portal}/gone?page=2&token=[hidden]" in out
    _, out, _ = await run(config, "sources", "show", "kota", "--json")
    shown = json.loads(out)
    assert shown["source"]["url"] == shown["asked_url"] == f"{portal}/gone?page=2&token=[hidden]"


async def test_only_the_block_that_is_to_be_pasted_has_it(tmp_path: Path, portal: str) -> None:
    config = configured(tmp_path, source_of(f"{portal}/other") + LATEST)
    _, out, _ = await run(config, "preview", f"{portal}/feed?token={SECRET}", "--json")
    told = json.loads(out)
    assert SECRET in told.pop("block")
    assert SECRET not in json.dumps(told)
    assert told["candidates"][0]["url"] == f"{portal}/read?key=1"


def test_nor_does_the_link_to_the_next_list_page() -> None:
    kota = replace(source("kota", "Berita Kota"), url=f"https://kota.example/berita?token={SECRET}")
    following = f"https://kota.example/berita?p=2&token={SECRET}"
    article = "https://kota.example/read?key=1"
    shown = preview_without_secrets(
        Preview(
            source=kota,
            final_url=kota.url,
            candidates=(),
            next_url=following,
            yields=(
                SelectorCoverage(key="list.url", selector="a", found=1, of=1, sample=article),
                SelectorCoverage(key="list.next", selector="a.next", found=1, of=1, sample=following),
            ),
        )
    )
    assert SECRET not in repr(shown)
    assert shown.yields[0].sample == article
    assert shown.next_url == shown.yields[1].sample == "https://kota.example/berita?p=2&token=[hidden]"
