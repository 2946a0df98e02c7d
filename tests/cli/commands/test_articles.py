"""What `articles show` tells of a photo."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cli.cli_world import LATEST, configured, source_of
from jsonschema import Draft202012Validator
from support import answering
from warm_program import run

from syndicator.cli.commands.articles.trace import wrapped
from syndicator.model.event import EventType
from syndicator.push.catalogue import catalogue

FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel>
<title>Kabar</title><link>{url}/</link><item><title>Pasar dibuka</title>
<slash:comments xmlns:slash="http://purl.org/rss/1.0/modules/slash/">119</slash:comments><link>{url}/read/1</link>
<media:content url="{url}/1.jpg" medium="image" type="image/jpeg" width="800" height="450">
<media:description>Pagi, di pasar</media:description><media:credit>Rina, Kabar</media:credit></media:content>
</item></channel></rss>"""


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    """A configuration of one source, with data of its own."""

    async def answer(request: web.Request) -> web.Response:
        if request.path != "/rss":
            return web.Response(body=b"x", content_type="image/jpeg")
        text = FEED.format(url=f"http://{request.host}")
        return web.Response(text=text, content_type="application/rss+xml")

    async with answering(answer) as url:
        yield configured(tmp_path, source_of(f"{url}/rss") + LATEST)


async def test_caption_and_credit_stand_apart(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "articles", "list", "--json")
    (item,) = json.loads(out)["items"]
    _, out, _ = await run(config, "articles", "show", item["id"])
    lines = [line.strip() for line in out.splitlines()]
    at = next(place for place, line in enumerate(lines) if line.startswith("photo "))
    assert [line.split(maxsplit=1) for line in lines[at + 1 : at + 4]] == [
        ["caption", "Pagi, di pasar"],
        ["credit", "Rina, Kabar"],
        ["image/jpeg,", "800 × 450, 1 bytes"],
    ]


async def test_articles_are_exported_one_in_a_line_as_webhooks_carry_them(config: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    status, out, _ = await run(config, "articles", "export")
    (line,) = out.splitlines()
    article = json.loads(line)
    assert (status, article["title"], article["source"]) == (0, "Pasar dibuka", "kota")
    (image,) = article["images"]
    assert (image["caption"], image["credit"]) == ("Pagi, di pasar", "Rina, Kabar")
    whole = catalogue()[EventType.ARTICLE_CREATED].schema
    Draft202012Validator({"$ref": "#/$defs/ArticlePart", "$defs": whole["$defs"]}).validate(article)
    assert (await run(config, "articles", "export", "--since", "2099-01-01"))[1] == ""
    assert (await run(config, "articles", "export", "--query", "pasar"))[1] == out
    assert (await run(config, "articles", "export", "--query", "jembatan"))[1] == ""
    status, _, errors = await run(config, "articles", "export", "--since", "kemarin")
    assert (status, "--since" in errors) == (2, True)


async def test_what_makes_an_article_popular_is_told(config: Path) -> None:
    popular = '[feed.popular]\ntitle = "Terpopuler"\norder = "popular"\n'
    (config / "popular.toml").write_text(popular, "utf-8")
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "articles", "list", "--json")
    (item,) = json.loads(out)["items"]
    assert (await run(config, "once", "rank"))[0] == 0
    _, out, _ = await run(config, "articles", "show", item["id"])
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["all", "0.642: comments 0.642 (of 119)"] in lines
    assert any(
        line[:1] == ["in"] and line[1].startswith("popular") and "rank 1 at" in line[1] for line in lines
    )
    _, out, _ = await run(config, "articles", "show", item["id"], "--json")
    told = json.loads(out)
    assert told["popularity"]["all"]["counted"] == {"comments": 119.0}
    assert [note["rank"] for note in told["ranks"]] == [1]


async def test_the_other_names_of_an_article_are_told(config: Path, tmp_path: Path) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "articles", "list", "--json")
    (item,) = json.loads(out)["items"]
    _, out, _ = await run(config, "articles", "show", item["id"])
    assert "its guid and address have stayed the same" in out
    global FEED  # noqa: PLW0603  # the portal begins to give guids
    before, FEED = FEED, FEED.replace("<media:content", "<guid isPermaLink='false'>baru</guid><media:content")
    try:
        _, out, _ = await run(config, "once", "gather", "--all", "--json")
        assert json.loads(out)["totals"]["new"] == 0
    finally:
        FEED = before
    _, out, _ = await run(config, "articles", "show", item["id"])
    line = next(
        line for line in out.splitlines() if line.strip().startswith("guid ") and "recognised" in line
    )
    assert line.split()[1] == "baru,"
    assert line.endswith("recognised by its address")


async def test_an_article_is_followed_to_feeds_and_partners_in_80_columns(config: Path) -> None:
    sport = '[feed.olahraga]\ntitle = "Olahraga"\nfilter = { section = ["olahraga"] }\n'
    partner = (
        '[endpoint.partner-a]\nurl = "https://partner-a.example/hook"\n'
        'secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="\nfilter = { language = ["en"] }\n'
    )
    (config / "more.toml").write_text(sport + partner, "utf-8")
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "articles", "list", "--json")
    (item,) = json.loads(out)["items"]
    status, by_url, _ = await run(config, "articles", "trace", item["url"])
    assert status == 0
    lines = [" ".join(line.split()) for line in by_url.splitlines()]
    assert lines[:2] == ["Pasar dibuka", f"id {item['id']}, revision 1"]
    assert any(line.startswith("requested http://127.0.0.1") for line in lines)
    assert any(line.startswith("round began ") and line.endswith(", 1 new, 0 changed") for line in lines)
    assert any(line.startswith("latest shown: It shows the article. Since ") for line in lines)
    assert "olahraga not shown: Its filter.section takes olahraga, the article has none." in lines
    assert any(
        line.startswith("partner-a not_wanted: article.created is not sent: filter.language")
        for line in lines
    )
    _, as_json, _ = await run(config, "articles", "trace", item["id"], "--json")
    told = json.loads(as_json)
    assert [(one["endpoint"], one["status"], one["reason"]) for one in told["endpoints"]] == [
        ("partner-a", "not_wanted", "filter.language")
    ]
    status, _, errors = await run(config, "articles", "trace", "https://elsewhere.example/1")
    assert (status, "there is no article 'https://elsewhere.example/1'" in errors) == (1, True)


def test_a_trace_fits_into_80_columns() -> None:
    url = "https://kota.example/" + "panjang-sekali/" * 8
    sentence = f"article.created is not sent: the endpoint was sent the same text before, as {url}."
    lines = wrapped("partner-a", sentence, 80)
    assert max(len(line) for line in lines if url not in line) <= 80
    assert any(url in line for line in lines), "what is copied stays whole"
    assert [line.strip() for line in wrapped("popularity.crossed", "at noon", 80)] == [
        "popularity.crossed",
        "at noon",
    ]
