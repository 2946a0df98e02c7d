"""Every link on our pages leads somewhere: a reader who follows them all, with everything switched on."""

from collections import deque
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser
from support import ManualClock
from web.web_world import HARBOUR, Client, World, client_of, story

from syndicator.model.feed import READER_FORMATS
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

PUBLIC = "https://feeds.example"
START = f"{PUBLIC}/news/"
PAGE = {"Accept": "text/html"}
TEXT = " ".join(f"Petugas regu {number} memadamkan kios nomor {number + 40} di pasar." for number in range(9))


async def fill(world: World) -> None:
    ids = await world.admit(*(story(number, tags=("a&b", "ü", '"')) for number in range(3)))
    fire = {"title": "Kebakaran pasar lama", "body_html": f"<p>{TEXT}</p>", "section": "Kota / Desa?"}
    ids += await world.admit(
        story(5, **fire), story(6, source=HARBOUR, url="https://pelabuhan.example/6", **fire)
    )
    await world.rank(*ids)


def links(base: str, page: str) -> set[str]:
    tree = LexborHTMLParser(page)
    ids = {node.attributes.get("id") for node in tree.css("[id]")}
    found = set()
    for node in tree.css("a[href], link[href], form[action]"):
        url, fragment = urldefrag(urljoin(base, node.attributes.get("href") or node.attributes["action"]))
        if url == urldefrag(base)[0] and fragment:
            assert fragment in ids, (base, fragment)
        found.add(url)
    return {url for url in found if url.startswith(PUBLIC)}


async def follow(client: Client, first: str) -> dict[str, int]:
    """Follow all links of pages from the first page on; give the status of each address."""
    seen: dict[str, int] = {}
    waiting = deque([first])
    while waiting:
        url = waiting.popleft()
        if url in seen:
            continue
        answer = await client.get(urlsplit(url)._replace(scheme="", netloc="").geturl(), PAGE)
        seen[url] = answer.status
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            waiting += sorted(links(url, answer.text) - seen.keys())
    return seen


async def test_every_link_leads_somewhere(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    world = World(store, clock)
    await fill(world)
    article_search = ArticleSearch(store, SearchIndex(tmp_path))
    await article_search.build()
    scoring = Scoring(store, PopularityPolicy())
    app = create_app(
        world.reading,
        WebOptions(),
        article_search=article_search,
        click_links=ClickLinks(store, clock),
        any_filter_feeds=AnyFilterFeeds(
            store=store,
            publisher=world.publisher,
            scoring=scoring,
            clock=clock,
            article_search=article_search,
        ),
        api=PublicApi(table=world.table, gate=Gate(world.access, clock)),
    )
    async with client_of(app) as client:
        seen = await follow(client, START)
    article_search.close()
    kinds = (
        "/feeds/kota", "/articles/", "/articles?tag=", "/articles?section=", "/stories/", "/search?q=", "/r/",
        "/api/docs", "/feeds.opml",
    )  # fmt: skip
    assert all(any(kind in url for url in seen) for kind in kinds)
    assert {form.value for form in READER_FORMATS} <= {
        url.partition("?")[0].rpartition(".")[2] for url in seen
    }
    lost = {url: status for url, status in seen.items() if status not in {200, 302}}
    assert lost == {}
