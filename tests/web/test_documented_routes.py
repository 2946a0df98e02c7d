"""The documented routes are the real ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from support import ManualClock
from web.web_world import SITE, World

from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.feeds.news_sitemap import AnnouncedPages
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import SignedInPages, create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions


@pytest.fixture
def article_search(store: Store, tmp_path: Path) -> Iterator[ArticleSearch]:
    opened = ArticleSearch(store, SearchIndex(tmp_path))
    yield opened
    opened.close()


@pytest.mark.parametrize("which", ["public", "ops"])
def test_every_route_is_documented(
    store: Store, clock: ManualClock, article_search: ArticleSearch, which: str
) -> None:
    world = World(store, clock, site=replace(SITE, news_sitemap=True))
    reading = world.reading
    app = (
        create_app(
            reading,
            WebOptions(),
            article_search=article_search,
            click_links=ClickLinks(store, clock),
            any_filter_feeds=AnyFilterFeeds(
                store=store,
                publisher=world.publisher,
                scoring=Scoring(store, PopularityPolicy()),
                clock=clock,
            ),
            api=PublicApi(table=world.table, gate=Gate(world.access, clock)),
            announced=AnnouncedPages(store, world.publisher, clock),
            signed_in=SignedInPages(cases=world.cases, console=world.operators),
        )
        if which == "public"
        else world.ops_app()
    )
    docs = Path(__file__).parents[2] / "docs"
    told = "".join((docs / page).read_text("utf-8") for page in ("feeds.md", "api.md", "console.md"))
    prefix = reading.site.public_url.split("/", 3)[3]
    found = {
        route.resource.canonical
        for route in app.router.routes()
        if route.resource and not (route.method == "POST" and "/admin/" in route.resource.canonical)
    }  # what forms of the console send is told with their pages
    found = {path for path in found if not path.startswith(f"/{prefix}")}
    assert "/healthz" in found
    for path in found - {"/status", "/deliveries", "/schedule"}:  # they lead to the console
        name = path.replace(".{form}", ".rss")
        assert f"`{name}`" in told, path
