"""The console's pages of stories and of popular lists."""

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser
from web.web_world import OPS, Client, World, client_of, story

from syndicator.model.ids import ArticleId

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def page(
    operator: Client, path: str, status: int = 200, headers: Mapping[str, str] = ENGLISH
) -> LexborHTMLParser:
    answer = await operator.get(path, dict(headers))
    assert answer.status == status
    return LexborHTMLParser(answer.body)


def titles(shown: LexborHTMLParser) -> list[str]:
    return [one.text() for one in shown.css("tbody th a")]


def sources(shown: LexborHTMLParser) -> list[str | None]:
    return [
        one.attributes["href"]
        for one in shown.css("tbody td[data-label=Source] a, tbody td[data-label=Sources] a")
    ]


async def joined(world: World, operator: Client) -> list[ArticleId]:
    one, other = await world.admit(story(1), story(2))
    answer = await operator.send(
        "POST", f"/admin/stories/{one}/join", FORM, urlencode({"with": f"http://x/articles/{other}"}).encode()
    )
    assert answer.status == 303
    assert answer.headers["Location"].endswith("?note=story_joined")
    return [one, other]


async def test_two_stories_are_joined_and_split_again(world: World, operator: Client) -> None:
    one, other = await joined(world, operator)
    assert len((await page(operator, "/admin/stories")).css("tbody tr")) == 1
    assert sources(await page(operator, "/admin/stories")) == ["/admin/sources/kota"]
    led = ENGLISH | {"Cookie": "syndicator-done=story_joined"}
    shown = await page(operator, f"/admin/stories/{other}?note=story_joined", headers=led)
    assert sources(shown) == ["/admin/sources/kota"] * 2
    assert len(titles(shown)) == 2
    text = " ".join((shown.body.text(separator=" ") if shown.body else "").split())
    assert "The two stories are one now." in text
    assert "similarity 0." in text
    answer = await operator.send("POST", f"/admin/stories/{other}/split", FORM)
    assert answer.status == 303
    assert (await page(operator, "/admin/stories")).css("tbody tr") == []
    entries, _ = await world.store.audit.list(0)
    assert [entry.what for entry in entries] == ["story.split", "story.joined"]
    assert titles(await page(operator, f"/admin/stories/{one}")) != []


async def test_what_cannot_be_joined_says_why(world: World, operator: Client) -> None:
    one, other = await joined(world, operator)
    body = urlencode({"with": other}).encode()
    answer = await operator.send("POST", f"/admin/stories/{one}/join", FORM, body)
    assert (answer.status, "are one story already" in answer.text) == (404, True)
    assert (await operator.get("/admin/stories/none", ENGLISH)).status == 404
    assert (await operator.get("/admin/stories?cursor=junk", ENGLISH)).status == 400


async def test_a_board_shows_why_each_article_stands_there(world: World, operator: Client) -> None:
    assert "Nothing was ranked yet." in (await operator.get("/admin/boards", ENGLISH)).text
    ids = await world.admit(story(1), story(2), story(3))
    await world.rank(*ids)
    shown = await page(operator, "/admin/boards?feed=popular")
    assert [one.text() for one in shown.css("tbody .count:first-child")] == ["1", "2", "3"]
    assert len(titles(shown)) == 3
    assert (await operator.get("/admin/boards?feed=latest", ENGLISH)).status == 400
