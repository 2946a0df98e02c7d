"""The console's page of one article, from request to delivery."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.trouble import open_troubled_world
from web.web_world import OPS, Client, World, client_of, story

from syndicator.model.article import WithdrawnBy
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.ids import EndpointId
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store
from syndicator.web.console import article_pages

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | ENGLISH


@pytest.fixture
async def world(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[World]:
    world = await open_troubled_world(store, clock)
    world.search = ArticleSearch(store, SearchIndex(tmp_path))
    await world.search.build()
    yield world
    world.search.close()


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened


async def page(operator: Client, path: str) -> LexborHTMLParser:
    answer = await operator.get(path, ENGLISH)
    assert answer.status == 200
    return LexborHTMLParser(answer.body)


def rows(shown: LexborHTMLParser, section: str) -> dict[str, str]:
    found = shown.css(f"section[aria-labelledby={section}] tbody tr")
    texts = [" ".join(row.text(separator=" ").split()) for row in found]
    return {text.split()[0]: text for text in texts}


async def test_three_clicks_lead_to_the_reason_why_a_partner_lacks_an_article(operator: Client) -> None:
    listed = await page(operator, "/admin/articles")
    (first, *_) = listed.css("tbody th a")
    shown = await page(operator, str(first.attributes["href"]))
    partners = rows(shown, "partners")
    assert "evt_1 Dead" in partners["stuck"]
    assert "waits to be fanned out" in partners["stuck"]
    assert partners["quiet"].count("Delivered") == 0
    assert len(partners["quiet"].split()) > 5, "a sentence says why"
    links = [str(one.attributes["href"]) for one in shown.css("#partners ~ table a")]
    assert "/admin/endpoints/stuck/deliveries/evt_1" in links
    for path in ("/admin/endpoints/stuck", "/admin/endpoints/stuck/deliveries/evt_1"):
        await page(operator, path)


async def test_an_article_is_found_by_its_id_and_its_address(world: World, operator: Client) -> None:
    (article,) = await world.admit(story(7))
    found = await world.store.articles.get(article)
    assert found is not None
    for asked in (article, found.url):
        answer = await operator.get(f"/admin/articles?{urlencode({'q': asked})}", ENGLISH)
        assert (answer.status, answer.headers["Location"]) == (303, f"/admin/articles/{article}")
    unknown = await operator.get("/admin/articles?q=<b>xyz", ENGLISH)
    assert "There is no such article." in unknown.text
    assert "<b>" not in unknown.text.partition("<main")[2].replace("&lt;b&gt;xyz", "")
    assert (await operator.get("/admin/articles/none", ENGLISH)).status == 404


async def test_an_article_is_found_by_its_words(world: World, operator: Client) -> None:
    (article,) = await world.admit(replace(story(7), title="Sungai Winongo Meluap di Bener"))
    shown = await page(operator, "/admin/articles?q=winongo+meluap")
    (link,) = shown.css("tbody th a")
    assert (link.text(), link.attributes["href"]) == (
        "Sungai Winongo Meluap di Bener", f"/admin/articles/{article}",
    )  # fmt: skip
    assert shown.css("[role=status]")[0].text() == "1 article found"
    wrong = await operator.get("/admin/articles?q=%28winongo", ENGLISH)
    assert wrong.status == 422
    assert "A ( is not closed by a )." in wrong.text
    assert 'value="(winongo"' in wrong.text


async def test_only_a_part_that_is_shown_is_called_the_newest(
    world: World, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.admit(*(replace(story(number), title=f"Sungai Winongo meluap {number}") for number in (7, 8)))
    shown = await page(operator, "/admin/articles?q=winongo")
    assert shown.css("[role=status]")[0].text() == "2 articles found"
    monkeypatch.setattr(article_pages, "ON_PAGE", 1)
    shown = await page(operator, "/admin/articles?q=winongo")
    assert shown.css("[role=status]")[0].text() == "2 articles found, the newest 1 are shown"


async def test_it_is_withdrawn_with_a_reason_and_restored(world: World, operator: Client) -> None:
    (article,) = await world.admit(story(8))
    path = f"/admin/articles/{article}"
    assert (await operator.send("POST", f"{path}/withdraw", FORM, b"reason=")).status == 400
    done = await operator.send("POST", f"{path}/withdraw", FORM, b"reason=court+order")
    assert done.headers["Location"] == f"{path}?note=article_withdrawn"
    withdrawal = await world.store.withdrawals.get(article)
    assert withdrawal is not None
    assert (withdrawal.by, withdrawal.reason) == (WithdrawnBy.OPERATOR, "court order")
    text = (await operator.get(path, ENGLISH)).text
    assert "Withdrawn" in text
    assert "court order" in text
    done = await operator.send("POST", f"{path}/restore", FORM)
    assert done.headers["Location"] == f"{path}?note=article_restored"
    assert await world.store.articles.get(article) is not None


async def test_only_the_endpoints_of_a_page_are_asked(world: World) -> None:
    many = [
        Endpoint(id=EndpointId(f"p-{number:03}"), url="https://p.example/", secrets=(Secret("whsec_x"),))
        for number in range(2 * article_pages.MOST_ENDPOINTS + 20)
    ]
    crowded = World(world.store, world.clock, sources=world.sources, endpoints=many)
    crowded.search = world.search
    (article,) = await world.admit(story(8))
    path, read = f"/admin/articles/{article}", []
    async with client_of(crowded.ops_app(), OPS) as operator:
        while path:
            before = await calls(world.store, "zmscore")
            shown = await page(operator, path)
            names = list(rows(shown, "partners"))
            assert await calls(world.store, "zmscore") - before <= 2 * (len(names) + 1)
            assert len(names) <= article_pages.MOST_ENDPOINTS
            read += names
            more = shown.css("section[aria-labelledby=partners] .and-more a")
            path = f"/admin/articles/{article}{more[0].attributes['href']}" if more else ""
        found = await operator.get(f"/admin/articles?q={article}", ENGLISH)
    assert read == [one.id for one in many]
    assert found.headers["Location"] == f"/admin/articles/{article}"


async def calls(store: Store, command: str) -> int:
    """Return how often the server has carried out a command."""
    stats = (await store.connection.call("INFO", "commandstats")).decode()
    rows = [
        line.removeprefix("cmdstat_").split(":calls=") for line in stats.splitlines() if ":calls=" in line
    ]
    return sum(int(counts.split(",")[0]) for name, counts in rows if name == command)
