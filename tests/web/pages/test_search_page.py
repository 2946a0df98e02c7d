"""The page and the feeds of a search, over a real store and index."""

import asyncio
import re
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest
from support import candidate, until
from web.web_world import Client, World, client_of, story

from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.rules.search.query import QueryError, parse_query
from syndicator.store.search.search_index import SearchIndex
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions
from syndicator.web.pages.search_page import AT_ONCE_EACH
from syndicator.web.texts.texts import TEXTS

BROWSER = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture
async def client(world: World, tmp_path: Path) -> AsyncIterator[Client]:
    article_search = ArticleSearch(world.store, SearchIndex(tmp_path))
    await article_search.build()
    async with client_of(create_app(world.reading, WebOptions(), article_search=article_search)) as opened:
        yield opened
    article_search.close()


async def admit(world: World, *titles: str, body: str = "Isi.") -> list[str]:
    return list(
        await world.admit(
            *(
                candidate(number, source="kota", title=title, body_html=f"<p>{body}</p>")
                for number, title in enumerate(titles, 1)
            )
        )
    )


def titles(page: str) -> list[str]:
    return re.findall(r'<h3 dir="auto"><a href="[^"]*/articles/[^"]*">([^<]*)</a></h3>', page)


async def test_the_page_shows_what_is_found_and_how_many(client: Client, world: World) -> None:
    await admit(world, "Banjir besar", "Gempa", "Kebanjiran lagi")
    answer = await client.get("/search?q=banjir", BROWSER)
    assert answer.status == 200
    assert set(titles(answer.text)) == {"Banjir besar", "Kebanjiran lagi"}
    assert "2 articles found" in answer.text
    assert 'value="banjir"' in answer.text
    one = await client.get("/search?q=gempa", BROWSER | {"Accept-Language": "id"})
    assert "1 artikel ditemukan" in one.text


async def test_robots_are_asked_to_keep_out_and_the_form_may_be_sent(client: Client) -> None:
    answer = await client.get("/search", BROWSER)
    assert answer.status == 200
    assert '<meta name="robots" content="noindex">' in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text


async def test_without_words_it_explains_and_its_examples_are_queries(client: Client) -> None:
    answer = await client.get("/search", BROWSER)
    examples = re.findall(r"<code>([^<]*)</code>", answer.text)
    assert len(examples) == 5
    for example in examples:
        parse_query(example.replace("&#34;", '"'))


async def test_nothing_found_is_said(client: Client) -> None:
    answer = await client.get("/search?q=banjir", BROWSER)
    assert answer.status == 200
    assert TEXTS["found_none"][1] in answer.text


async def test_a_fault_is_shown_beside_the_form_with_its_place(client: Client) -> None:
    answer = await client.get("/search?q=banjir+OR", BROWSER)
    assert answer.status == 400
    assert "Character 10: A word is missing" in answer.text
    assert 'value="banjir OR"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_fault_of_a_feed_is_a_problem(client: Client) -> None:
    answer = await client.get("/search.rss?q=banjir+OR")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "character 10" in answer.json["detail"]
    assert (await client.get("/search.json")).status == 400


@pytest.mark.parametrize("path", ["/search?q=x&page=0", "/search?q=x&page=51", "/search?q=x&page=9" + "9" * 5000,
                                  "/search?q=x&page=²", "/search?q=x&order=views"])  # fmt: skip
async def test_what_is_no_page_or_order_is_refused(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 400


async def test_pages_follow_each_other_and_end(client: Client, world: World) -> None:
    await admit(world, *(f"Banjir {number}" for number in range(45)))
    first, second, third, fourth = [
        await client.get(f"/search?q=banjir&page={page}", BROWSER) for page in (1, 2, 3, 4)
    ]
    shown = [titles(page.text) for page in (first, second, third)]
    assert [len(found) for found in shown] == [20, 20, 5]
    assert len({title for found in shown for title in found}) == 45
    assert 'rel="next"' in first.text
    assert 'rel="prev"' not in first.text
    assert 'rel="next"' not in third.text
    assert fourth.status == 200
    assert titles(fourth.text) == []


async def test_the_best_come_first_where_wanted(client: Client, world: World) -> None:
    await world.admit(
        candidate(1, source="kota", title="Gempa", body_html="<p>gempa gempa</p>"),
        candidate(2, source="kota", title="Kabar", body_html="<p>Ada gempa di antara banyak kata lain.</p>"),
    )
    newest = await client.get("/search?q=gempa", BROWSER)
    best = await client.get("/search?q=gempa&order=best", BROWSER)
    assert set(titles(newest.text)) == set(titles(best.text))
    assert titles(best.text) == ["Gempa", "Kabar"]
    assert "order=best" in re.findall(r'href="[^"]*/search\.rss\?([^"]*)"', best.text)[0]


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
async def test_what_is_found_can_be_subscribed_to(client: Client, world: World, form: str) -> None:
    await admit(world, "Banjir besar", "Gempa")
    path = f"/search.{form}?q=%22banjir+besar%22"
    answer = await client.get(f"/search.{form}?utm=x&q=+%22banjir++besar%22+")
    assert answer.status == 200
    own = f"https://feeds.example/news{path}"
    assert f'<{own}>; rel="self"' in answer.headers["Link"]
    if form == "json":
        assert [item["title"] for item in answer.json["items"]] == ["Banjir besar"]
        assert answer.json["feed_url"] == own
    else:
        found = feedparser.parse(answer.body)
        assert [entry.title for entry in found.entries] == ["Banjir besar"]
        assert own in [link.get("href") for link in found.feed.links] or own.encode() in answer.body.replace(
            b"&amp;", b"&"
        )
        ET.fromstring(answer.body)
    again = await client.get(path, {"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_the_other_keys_of_a_filter_narrow_a_search_and_go_along(client: Client, world: World) -> None:
    await world.admit(
        candidate(1, source="kota", title="Banjir di stadion", section="Olahraga"),
        candidate(2, source="kota", title="Banjir di jalan", section="Kota"),
    )
    answer = await client.get("/search?q=banjir&section=OLAHRAGA&unknown=x&order=best", BROWSER)
    assert titles(answer.text) == ["Banjir di stadion"]
    assert '<input type="hidden" name="section" value="olahraga">' in answer.text
    assert "/search.rss?q=banjir&amp;section=olahraga&amp;order=best" in answer.text
    feed = await client.get("/search.json?section=kota&q=banjir")
    assert [item["title"] for item in feed.json["items"]] == ["Banjir di jalan"]
    assert feed.json["feed_url"].endswith("/search.json?q=banjir&section=kota")


async def test_a_bad_value_of_a_filter_is_a_problem_that_names_it(client: Client) -> None:
    for path in ("/search.rss?q=banjir&since=yesterday", "/search?q=banjir&since=yesterday"):
        answer = await client.get(path)
        assert answer.status == 400
        assert '"since" is not a date and time: write date, time and offset' in answer.json["detail"]


async def test_a_feed_shows_a_new_article_at_once(client: Client, world: World) -> None:
    assert (await client.get("/search.json?q=banjir")).json["items"] == []
    await admit(world, "Banjir besar")
    assert len((await client.get("/search.json?q=banjir")).json["items"]) == 1


async def test_one_address_cannot_have_all_searches(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article_search = ArticleSearch(world.store, SearchIndex(tmp_path / "slow"))
    await article_search.build()
    goes_on, waiting = asyncio.Event(), 0

    async def slowly(batches: int = 1) -> None:
        nonlocal waiting
        waiting += 1
        await goes_on.wait()

    monkeypatch.setattr(article_search, "catch_up", slowly)
    options = WebOptions(trusted_proxies=(ip_network("127.0.0.0/8"),))
    async with client_of(create_app(world.reading, options, article_search=article_search)) as client:
        one, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        first = [asyncio.create_task(client.get(f"/search?q=kata{n}", one)) for n in range(AT_ONCE_EACH)]
        await until(lambda: waiting >= AT_ONCE_EACH)
        refused = await client.get("/search.rss?q=kata", one)
        assert refused.status == 503
        assert "Retry-After" in refused.headers
        second = asyncio.create_task(client.get("/search?q=kata", other))
        await until(lambda: waiting >= AT_ONCE_EACH + 1)
        goes_on.set()
        assert {answer.status for answer in await asyncio.gather(*first, second)} == {200}
        assert (await client.get("/search.rss?q=kata", one)).status == 200
    article_search.close()


async def test_without_an_index_the_page_says_so_and_others_go_on(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    article_search = ArticleSearch(world.store, SearchIndex(tmp_path / "file"))
    async with client_of(create_app(world.reading, WebOptions(), article_search=article_search)) as client:
        answer = await client.get("/search?q=banjir", BROWSER)
        assert answer.status == 503
        assert "Retry-After" in answer.headers
        assert (await client.get("/search", BROWSER)).status == 200
        assert (await client.get("/", BROWSER)).status == 200
    article_search.close()


async def test_words_of_a_visitor_are_never_markup(client: Client) -> None:
    answer = await client.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", BROWSER)
    assert "<script" not in answer.text
    feed = await client.get("/search.rss?q=%3Cscript%3Eabc")
    assert b"<script" not in feed.body


@pytest.mark.parametrize("path", ["/search", "/search.rss", "/search.atom", "/search.json"])
async def test_whatever_bytes_come_are_answered(client: Client, path: str) -> None:
    queries = "%FF%FE", "%ED%A0%80abc", "%00abc", "abc%0Adef%01", "%F0%9F%8C%8A%20banjir", "%EF%BF%BFabc"
    for query in (*queries, "a%26q%3Db+%23x"):
        answer = await client.get(f"{path}?q={query}")
        assert answer.status in {200, 400}, query
        if answer.status == 200 and path.endswith(("rss", "atom")):
            ET.fromstring(answer.body)


async def test_every_page_leads_to_search_where_there_is_one(client: Client, world: World) -> None:
    assert 'href="/news/search"' in (await client.get("/", BROWSER)).text
    assert 'href="/news/search"' in (await client.get("/feeds/latest", BROWSER)).text
    async with client_of(create_app(world.reading, WebOptions())) as without:
        assert "/search" not in (await without.get("/", BROWSER)).text
        assert (await without.get("/search", BROWSER)).status == 404


@pytest.mark.parametrize(
    "query",
    ["", "a " * 17, "x" * 301, "(" * 9 + "a" + ")" * 9, "a OR", "NOT a", "(a", "a)", '"a', '"' + "a " * 13 + '"', "!", "ab*", "a*b"],
)  # fmt: skip
def test_every_fault_has_words(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert f"query.{caught.value.code}" in TEXTS


async def test_pages_lead_to_search(client: Client, world: World) -> None:
    (one,) = await world.admit(story(1, section="Kota & Desa", tags=("banjir rob",)))
    for path in ("/", "/nothing"):
        page = (await client.get(path, BROWSER)).text
        assert '<form class="search" role="search" method="get" action="/news/search">' in page, path
    page = (await client.get(f"/articles/{one}", BROWSER)).text
    assert (
        'href="/news/search?q=%22banjir+rob%22"' in page or 'href="/news/search?q=%22banjir%20rob%22"' in page
    )
    assert "search?q=%22Kota" in page


async def test_a_narrowed_search_says_to_what(client: Client) -> None:
    page = (
        await client.get("/search?q=banjir&source=kota&tag=%3Cb%3E&since=2026-11-01T00:00:00Z", BROWSER)
    ).text
    assert page.count('<span class="limit">') == 3
    assert 'source: <b dir="auto">kota</b>' in page
    assert "&lt;b&gt;" in page
    assert 'href="/news/search?q=banjir"' in page
