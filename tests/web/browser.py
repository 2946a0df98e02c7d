"""A site whose every page is to be seen, and a real browser to see it with."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request, Route, async_playwright
from support import ManualClock
from web.trouble import ENDPOINTS, SOURCES, get_into_trouble
from web.web_world import HARBOUR, OPS_TOKEN, World, client_of, story

from syndicator.model.feed import Site
from syndicator.model.ids import ArticleId, EndpointId, FeedId, TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.ops.api_tokens import new_token
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.pipeline.webhooks.endpoint_views import Asker
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store
from syndicator.web.access.sign_in import AreaAccess
from syndicator.web.access.sign_in_links import sign_in_path
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import SignedInPages, create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
LONG = "https://example.example/" + "sangat-panjang/" * 20
TEXT = " ".join(f"Petugas regu {number} memadamkan kios nomor {number + 40} di pasar." for number in range(9))

ADDED = {
    "title": "<b>Desa</b>",
    "kind": "feed",
    "url": LONG,
    "headers": {"X-Key": "geheim"},
    "tags": [LONG, "desa"],
}

NO_BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@dataclass
class Seen:
    """A page, and what the browser complained about."""

    page: Page
    public: str
    ops: str
    articles: list[ArticleId]
    endpoint: EndpointId
    """One of a partner."""
    complaints: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """Give the address of a page of every kind, and of each kind at its worst."""
        pages = (
            "/", "/feeds/latest", "/feeds/popular", "/problems/internal",
            *(f"/articles/{one}" for one in self.articles[:5]),
            f"/stories/{self.articles[0]}", f"/stories/{self.articles[3]}",
            "/partners/", "/partners/add-endpoint", "/partners/verification", "/partners/sign-in/x",
            f"/partners/endpoints/{self.endpoint}", f"/partners/endpoints/{self.endpoint}/change",
            "/api/docs", "/articles?tag=banjir", f"/articles?section={'b' * 90}", "/search", "/search?q=judul+OR+kabar", f"/search?q={'a' * 299}&tag={'b' * 90}",
        )  # fmt: skip
        operators = (
            "/admin/",
            "/admin/sources",
            "/admin/sources?q=nothing&state=failing",
            "/admin/sources/fine",
            "/admin/sources/failing",
            "/admin/deliveries",
            "/admin/schedule",
            "/admin/tokens",
            "/admin/add-endpoint",
            "/admin/groups",
            "/admin/groups/regional",
            "/admin/configuration",
            "/admin/configuration/source/desa",
            "/admin/add?by=hand",
            "/admin/add",
            "/admin/articles",
            f"/admin/articles/{self.articles[0]}",
            f"/admin/articles/{self.articles[3]}",
            "/admin/feeds",
            "/admin/feeds/popular",
            "/admin/stories",
            f"/admin/stories/{self.articles[0]}",
            "/admin/boards",
            "/admin/changes",
            "/admin/log",
            "/admin/endpoints/stuck",
            "/admin/endpoints/stuck/deliveries/evt_1",
            "/admin/schedule?for=7d",
            "/admin/schedule?source=fine&for=31d",
        )
        return [*(self.public + path for path in pages), *(self.ops + path for path in operators)]

    @property
    def problems(self) -> list[str]:
        """Give addresses that are answered with a page all the same."""
        refused = f"{self.ops}/schedule?source={'x' * 200}"
        return [f"{self.public}/nothing/{'x' * 200}", f"{self.public}/search?q=%22open", refused]


async def _articles(world: World) -> list[ArticleId]:
    body = f"<p>{LONG}</p><pre>{LONG}</pre><table><tr><td>{LONG}</td></tr></table><iframe title='x' src='{LONG}'></iframe>"
    ids = await world.admit(
        story(1, body_html=body, title=f"Judul {LONG}", section=LONG, tags=(LONG, "banjir")),
        story(2, lead=LONG, body_html=f"<table><tr>{'<td>Kecamatan</td>' * 12}</tr></table>"),
        story(3, title="أخبار المدينة 🌧️ 2026", lead="أمطار غزيرة في المدينة", language="ar"),
        story(4, title="Kebakaran pasar lama", lead="", body_html=f"<p>{TEXT}</p>", photos=()),
        story(5, title="x", lead="", body_html="", quote=None, authors=(), photos=(), section=None, tags=()),
    )
    copy = story(
        6, source=HARBOUR, url="https://pelabuhan.example/6", title="Kebakaran pasar lama", lead="",
        body_html=f"<p>{TEXT}</p>",
    )  # fmt: skip
    return ids + await world.admit(copy)


async def _ranks(world: World, ids: list[ArticleId]) -> None:
    """Note an hour in the popular feed, with a gap."""
    for at, minutes in enumerate((10, 20, 30, 90, 100)):
        noted_at = world.clock() - timedelta(minutes=minutes)
        places = [Ranked(article_id=one, score=9.0 - rank + at) for rank, one in enumerate(ids[at % 2 :])]
        await world.store.popularity.note_ranks(
            FeedId("popular"), places, noted_at, unless_since=world.clock()
        )


async def _partner(world: World) -> tuple[EndpointId, str]:
    """Add an endpoint of a partner; return its id, and a token of the partner."""
    values = {"url": "https://koran.example/hook", "description": LONG, "filter": {"tag": [LONG, "banjir"]}}
    added = await world.registration.add(Asker(owner="koran"), values, is_trusted=True)
    made = new_token(Token(id=TokenId("koran"), scopes=(TokenScope.PARTNER,)), world.clock())
    await world.access.keep(made)
    return added.endpoint.id, made.value


@dataclass(frozen=True)
class Shown:
    """A site that is served, and a browser."""

    browser: Browser
    public: str
    ops: str
    articles: list[ArticleId]
    endpoint: EndpointId
    token: str
    """Of the partner."""
    clock: ManualClock

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Seen]:
        """Open a page of its own, which is signed in as the operator, and in the portal as a partner."""
        page = await self.browser.new_page(locale="id-ID")
        one = Seen(
            page=page, public=self.public, ops=self.ops, articles=self.articles, endpoint=self.endpoint
        )
        await page.goto(self.ops + sign_in_path(OPS_TOKEN, self.clock()))
        await page.goto(f"{self.public}/partners/sign-in")
        await page.fill("#token", self.token)
        await page.click(".sign-in button")
        await page.wait_for_url("**/partners/")
        page.on("console", lambda message: one.complaints.append(message.text))
        await page.route("**/*", lambda route, request: _only_here(one, route, request))
        yield one
        await page.context.close()


@asynccontextmanager
async def open_shown(store: Store, clock: ManualClock, folder: Path) -> AsyncIterator[Shown]:
    """Serve a site and start a browser."""
    site = Site(
        title="Warta Nusantara", public_url="http://127.0.0.1", language="id", contact="a@kota.example"
    )
    world = World(store, clock, site=site, sources=SOURCES, endpoints=ENDPOINTS)
    ids = await _articles(world)
    await world.rank(*ids)
    await _ranks(world, ids)
    await get_into_trouble(world, ids[0])
    await world.cases.editing.put({"source": {"desa": ADDED}, "group": {"regional": {"title": LONG}}})
    endpoint, token = await _partner(world)
    article_search = ArticleSearch(store, SearchIndex(folder))
    await article_search.build()
    scoring = Scoring(store, PopularityPolicy())
    public, ops = (
        create_app(
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
            signed_in=SignedInPages(
                cases=world.cases,
                portal=AreaAccess(gate=Gate(world.access, clock), sessions=store.sessions),
            ),
        ),
        world.ops_app(),
    )
    async with client_of(public) as front, client_of(ops) as back, async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Shown(browser, front.base, back.base, ids, endpoint, token, clock)
        await browser.close()
    article_search.close()


async def _only_here(seen: Seen, route: Route, request: Request) -> None:
    """Let nothing out: pictures of the portals are answered here, and anything else is a complaint."""
    if request.url.startswith((seen.public, seen.ops)):
        await route.continue_()
    elif request.resource_type == "image":
        await route.fulfill(body=b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml")
    else:
        seen.complaints.append(f"asked for {request.url}")
        await route.abort()
