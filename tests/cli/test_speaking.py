"""How the commands speak: on success and on failure, to people and to programs."""

import json
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cli.cli_world import configured
from support import answering
from warm_program import run

from syndicator import __version__

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Kabar "Kota" Kita</title>
<link>{url}/</link><language>id</language><item><title>Pasar dibuka</title>
<link>{url}/read/1/pasar-dibuka-pagi-ini-oleh-wali-kota-dan-para-pedagang-lama</link></item></channel></rss>"""
PAGE = """<!DOCTYPE html><html><head><title>Kabar</title>
<link rel="stylesheet" type="text/css" href="/style.css">
<link rel="alternate" type="application/rss+xml" href="/rss">
<link rel="ALTERNATE home" type="application/feed+json; charset=utf-8" href="/feed.json">
<link rel="alternate" type="text/html" href="/amp"></head><body>Kabar</body></html>"""


@pytest.fixture
async def portal() -> AsyncIterator[str]:
    """A portal with a feed, a page that announces it, and a page that announces nothing."""

    async def answer(request: web.Request) -> web.Response:
        url = f"http://{request.host}"
        match request.path:
            case "/rss":
                return web.Response(text=FEED.format(url=url), content_type="application/rss+xml")
            case "/":
                return web.Response(text=PAGE, content_type="text/html")
        raise web.HTTPNotFound

    async with answering(answer) as url:
        yield url


@pytest.fixture
def config(tmp_path: Path, portal: str) -> Path:
    """A configuration of one source, with data of its own."""
    return configured(
        tmp_path,
        f"""
[source.kota]
title = "Berita Kota"
kind = "feed"
url = "{portal}/rss"
schedule = {{ every = "5m" }}
headers = {{ authorization = "Bearer very-private-words" }}
[feed.latest]
title = "Terbaru"
[feed.popular]
title = "Terpopuler"
order = "popular"
""",
    )


def failure(out: str) -> dict[str, Any]:
    """Give the one error of the one document on standard output."""
    document = json.loads(out)
    assert (document["ok"], document["items"], document["next"]) == (False, [], None)
    (error,) = document["errors"]
    assert set(error) == {"file", "line", "key", "reason", "remedy"}
    assert isinstance(error, dict)
    return error


async def test_the_version_needs_no_command(config: Path) -> None:
    code, out, _ = await run(config, "--version")
    assert (code, out) == (0, f"syndicator {__version__}\n")


async def test_the_help_shows_its_remarks_in_brackets(config: Path) -> None:
    _, out, _ = await run(config, "--help")
    assert "SYNDICATOR_CONFIG" in out
    assert "text on a terminal" in " ".join(out.replace("│", " ").split())


@pytest.mark.parametrize(
    ("path", "reason", "remedy"),
    [
        ("/nothing", "http_404", ""),
    ],
)
async def test_a_failed_preview_is_one_document(
    config: Path, portal: str, path: str, reason: str, remedy: str
) -> None:
    code, out, _ = await run(config, "preview", portal + path, "--json")
    error = failure(out)
    assert code == 1
    assert error["reason"].startswith(reason)
    assert remedy in error["remedy"]
    code, out, err = await run(config, "preview", portal + path)
    assert (code, out) == (1, "")
    assert error["remedy"] in err


async def test_a_blocked_preview_is_one_document(config: Path) -> None:
    code, out, _ = await run(config, "preview", "http://10.0.0.1/rss", "--json")
    assert code == 1
    assert failure(out)["reason"].startswith("blocked")


UNKNOWN = [
    ("preview", "--source", "nope"),
    ("once", "gather", "--source", "nope"),
    ("articles", "list", "--source", "nope"),
    ("sources", "show", "nope"),
    ("feeds", "show", "nope"),
    ("deliveries", "list", "--endpoint", "nope"),
]


@pytest.mark.parametrize("command", UNKNOWN, ids=" ".join)
async def test_an_unknown_name_is_told_with_the_known_ones(config: Path, command: tuple[str, ...]) -> None:
    code, out, _ = await run(config, *command, "--json")
    assert code == 2
    reason = failure(out)["reason"]
    assert "'nope'" in reason
    assert any(word in reason for word in ("there are: kota", "there are: latest", "none is configured"))
    code, out, err = await run(config, *command)
    assert (code, out) == (2, "")
    assert "nope" in err


async def test_a_broken_configuration_is_one_document(config: Path) -> None:
    (config / "more.toml").write_text("[feed.more]\ntitel = 'x'\n", "utf-8")
    for command in (("once", "gather"), ("sources", "list"), ("check",), ("stats",)):
        code, out, _ = await run(config, *command, "--json")
        document = json.loads(out)
        assert (code, document["ok"]) == (2, False)
        assert {error["file"] for error in document["errors"]} == {str(config / "more.toml")} or document[
            "errors"
        ][0]["file"].endswith("more.toml")


async def test_a_redis_that_is_away_is_one_document(config: Path) -> None:
    text = (config / "all.toml").read_text("utf-8")
    (config / "all.toml").write_text(
        text.replace("[store]", '[store]\nurl = "redis://127.0.0.1:9/0"'), "utf-8"
    )
    code, out, _ = await run(config, "sources", "list", "--json")
    error = failure(out)
    assert code == 1
    assert "[store] url" in error["remedy"]
    code, _, err = await run(config, "sources", "list")
    assert code == 1
    assert "[store] url" in err


async def test_wrong_arguments_are_one_document(config: Path) -> None:
    code, out, _ = await run(config, "once", "nothing", "--json")
    assert code == 2
    assert "nothing" in failure(out)["reason"]


async def test_headers_of_requests_are_not_shown(config: Path) -> None:
    for command in (("sources", "show", "kota", "--json"), ("preview", "--source", "kota", "--json")):
        code, out, err = await run(config, *command)
        assert code == 0, err
        assert list(json.loads(out)["source"]["headers"].values()) == ["[hidden]"]
        assert "very-private-words" not in out + err


async def test_a_preview_gives_a_block_that_can_be_used(config: Path, portal: str) -> None:
    code, out, err = await run(config, "preview", f"{portal}/rss")
    assert code == 0, err
    assert "1 article in the list" in out
    block = tomllib.loads("[source" + out.partition("[source")[2])
    source = block["source"]["kabar-kota-kita"]
    assert (source["title"], source["language"]) == ('Kabar "Kota" Kita', "id")
    assert block["feed"]["kabar-kota-kita"]["filter"] == {"source": ["kabar-kota-kita"]}
    (config / "mine.toml").write_text("[source" + out.partition("[source")[2], "utf-8")
    code, out, err = await run(config, "check")
    assert (code, out.partition("all well: ")[2]) == (0, "2 sources, 3 feeds, 0 endpoints.\n")
    assert "[source.kabar-kota-kita-2]" in (await run(config, "preview", f"{portal}/rss"))[1]


async def test_rounds_say_what_they_did(config: Path, portal: str) -> None:
    assert (await run(config, "once", "gather"))[0] == 0
    _, out, _ = await run(config, "once", "gather")
    assert out == "gather: nothing was due; --all takes all sources.\n"
    _, out, _ = await run(config, "once", "rank")
    assert out.startswith("rank: ")
    assert out.endswith("re-ranked.\n")
    code, out, _ = await run(config, "stats", "--json")
    assert (code, json.loads(out)["articles"]) == (0, 1)
    _, out, _ = await run(config, "articles", "list", "--json")
    (item,) = json.loads(out)["items"]
    _, out, _ = await run(config, "articles", "list")
    assert out.splitlines()[0].split() == ["id", "age", "title", "source", "url"]
    assert out.splitlines()[1].split()[0] == item["id"]
    assert out.splitlines()[1].endswith(item["url"])
    for command in (("articles", "show", item["id"]), ("feeds", "show", "latest")):
        code, out, _ = await run(config, *command, "--json")
        assert code == 0
        assert json.loads(out)
