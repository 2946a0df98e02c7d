"""Delta encoding of feeds (RFC 3229), by hand and with a reader that asks for it."""

import asyncio
import gzip
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import feedparser
import pytest
from support import ManualClock
from web.web_world import Client, World, client_of, story

from syndicator.model.feed import Format
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

LATEST = "/feeds/latest.rss"
FEED = {"A-IM": "feed"}


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    await world.admit(story(2), story(3), story(4))
    async with client_of(create_app(world.reading, WebOptions())) as opened:
        yield opened


def has(tag: str, **more: str) -> dict[str, str]:
    return FEED | {"If-None-Match": tag} | more


def titles(body: bytes) -> list[str]:
    return [entry.title for entry in feedparser.parse(body).entries]


async def test_who_has_something_gets_what_changed_since(client: Client, world: World) -> None:
    before = await client.get(LATEST)
    world.clock.advance(60)
    await world.admit(story(1, title="Satu"), story(3, title="Tiga, diperbarui"))
    answer = await client.get(LATEST, has(before.headers["ETag"]))
    assert answer.status == 226
    assert titles(answer.body) == ["Satu", "Tiga, diperbarui"]
    full = await client.get(LATEST)
    assert len(titles(full.body)) == 4
    assert answer.headers["IM"] == "feed"
    assert answer.headers["Delta-Base"] == before.headers["ETag"]
    assert answer.headers["ETag"] == full.headers["ETag"]
    assert answer.headers["Last-Modified"] == full.headers["Last-Modified"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Accept-Encoding, A-IM, If-None-Match"
    for name in ("Content-Type", "Link", "Access-Control-Allow-Origin", "X-Content-Type-Options"):
        assert answer.headers[name] == full.headers[name]
    again = await client.get(LATEST, has(answer.headers["ETag"]))
    assert again.status == 304, "with the new tag, the client has everything"


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM, Format.JSON])
async def test_every_format_has_deltas(client: Client, world: World, form: Format) -> None:
    path = f"/feeds/latest.{form}"
    tag = (await client.get(path)).headers["ETag"]
    await world.admit(story(1, title="Satu"))
    answer = await client.get(path, has(tag))
    shown = (
        [one["title"] for one in json.loads(answer.body)["items"]]
        if form is Format.JSON
        else titles(answer.body)
    )
    assert (answer.status, shown) == (226, ["Satu"])


async def test_a_delta_is_coded_as_the_client_likes(client: Client, world: World) -> None:
    packed = {"Accept-Encoding": "gzip"}
    tag = (await client.get(LATEST, packed)).headers["ETag"]
    await world.admit(story(1, title="Satu"))
    answer = await client.get(LATEST, has(tag, **packed))
    assert answer.status == 226
    assert titles(gzip.decompress(answer.body)) == ["Satu"]
    assert answer.headers["ETag"] == (await client.get(LATEST, packed)).headers["ETag"]
    assert answer.headers["ETag"].endswith('-gzip"')
    other = await client.get(LATEST, has(tag))
    assert (other.status, titles(other.body)) == (226, ["Satu"]), "the coding of before does not matter"


async def test_of_several_the_newest_counts(client: Client, world: World) -> None:
    tags = []
    for number, title in ((1, "Satu"), (0, "Nol")):
        tags.append((await client.get(LATEST)).headers["ETag"])
        await world.admit(story(number, title=title))
    for order in (tags, tags[::-1]):
        answer = await client.get(LATEST, has(f'"unknown", W/{order[0]}, {order[1]}, junk'))
        assert (answer.status, titles(answer.body)) == (226, ["Nol"])
        assert answer.headers["Delta-Base"] == tags[1]


async def test_everybody_else_gets_all_or_nothing(client: Client, world: World) -> None:
    before = await client.get(LATEST)
    old = {"If-None-Match": before.headers["ETag"]}
    same = [{"A-IM": "feed"}, {"A-IM": "diffe, feed;q=1"}, {"A-IM": "gzip"}, {"A-IM": "feed;q=0"}, {}]
    for asked in same:
        assert (await client.get(LATEST, asked | old)).status == 304
        assert (await client.get(LATEST, asked)).status == 200
        assert (await client.get(LATEST, asked | {"If-None-Match": "*"})).status == 304
    await world.admit(story(1))
    for asked in ({"A-IM": "gzip"}, {"A-IM": "feed;q=0"}, {"A-IM": ""}, {}):
        assert (await client.get(LATEST, asked | old)).status == 200
    for tag in ('"0123456789abcdef0123456789abcdef"', '"x"', "junk", '""'):
        answer = await client.get(LATEST, has(tag))
        assert answer.status == 200
        assert len(titles(answer.body)) == 4
        assert answer.headers["Vary"] == "Accept-Encoding"
    since = {"A-IM": "feed", "If-Modified-Since": "Thu, 05 Nov 2020 12:00:00 GMT"}
    assert (await client.get(LATEST, since)).status == 200


async def test_where_everything_changed_it_is_sent_as_usual(client: Client, world: World) -> None:
    tag = (await client.get(LATEST)).headers["ETag"]
    await world.admit(*(story(number, title=f"Judul {number}") for number in (2, 3, 4)))
    assert (await client.get(LATEST, has(tag))).status == 200


async def test_a_ranking_has_no_deltas(client: Client, world: World) -> None:
    first, second = await world.admit(story(2), story(3))
    await world.rank(first, second)
    tag = (await client.get("/feeds/popular.rss")).headers["ETag"]
    await world.rank(second, first)
    assert (await client.get("/feeds/popular.rss", has(tag))).status == 200


async def test_another_process_and_the_next_start_know_what_was_sent(
    client: Client, world: World, store: Store, clock: ManualClock
) -> None:
    tag = (await client.get(LATEST)).headers["ETag"]
    await world.admit(story(1, title="Satu"))
    async with client_of(create_app(World(store, clock).reading, WebOptions())) as other:
        answer = await other.get(LATEST, has(tag))
        assert (answer.status, titles(answer.body)) == (226, ["Satu"])


async def test_head_tells_what_get_would(client: Client, world: World) -> None:
    tag = (await client.get(LATEST)).headers["ETag"]
    await world.admit(story(1))
    get, head = [await client.get(LATEST, has(tag), method) for method in ("GET", "HEAD")]
    assert (head.status, head.body) == (226, b"")
    same = [{name: value for name, value in one.headers.items() if name != "Date"} for one in (get, head)]
    assert same[0] == same[1]


@pytest.mark.skipif(shutil.which("newsboat") is None, reason="newsboat is not installed")
async def test_newsboat_takes_deltas_and_keeps_what_it_has(world: World, tmp_path: Path) -> None:
    await world.admit(story(2, title="Dua"), story(3, title="Tiga"))
    counted: list[int] = []
    app = create_app(world.reading, WebOptions(count=lambda *answer: counted.append(answer[2])))
    async with client_of(app) as client:
        (tmp_path / "urls").write_text(f"{client.base}{LATEST}\n", "utf-8")
        (tmp_path / "config").write_text("download-retries 1\n", "utf-8")

        async def reload() -> set[str]:
            process = await asyncio.create_subprocess_exec(
                "newsboat", "-u", str(tmp_path / "urls"), "-C", str(tmp_path / "config"),
                "-c", str(tmp_path / "cache.db"), "-x", "reload",
                env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TERM": "dumb"},
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            assert await process.wait() == 0
            with sqlite3.connect(tmp_path / "cache.db") as cache:
                return {title for (title,) in cache.execute("SELECT title FROM rss_item WHERE deleted = 0")}

        for _ in range(3):
            assert await reload() == {"Dua", "Tiga"}
        assert 304 in counted
        world.clock.advance(60)
        await world.admit(story(1, title="Satu"))
        assert await reload() == {"Satu", "Dua", "Tiga"}
        assert counted[-1] == 226
        assert await reload() == {"Satu", "Dua", "Tiga"}
        assert counted[-1] == 304
