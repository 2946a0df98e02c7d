"""The applications, as data: routes and middleware are listed, nothing registers itself."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from aiohttp import hdrs, web

from syndicator.model.feed import Site
from syndicator.model.ids import FeedId
from syndicator.observe.metrics import Count
from syndicator.pipeline.articles.served_pictures import ServedPictures
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.feeds.news_sitemap import AnnouncedPages
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.pipeline.hub.subscription_requests import Hub
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.pipeline.websub.callbacks import HubCallbacks
from syndicator.web.access.areas import CONSOLE, PORTAL
from syndicator.web.access.sign_in import AreaAccess, SignIn
from syndicator.web.api.api_docs import DescribingRoutes
from syndicator.web.api.json_api import ApiRoute, PublicApi, guarded
from syndicator.web.console.console import Console
from syndicator.web.console.console_routes import console_routes
from syndicator.web.degraded_app import WaitingRoutes
from syndicator.web.feeds.feed_routes import FeedRoutes
from syndicator.web.feeds.history_routes import HistoryRoutes
from syndicator.web.feeds.private_feeds import PrivateFeeds
from syndicator.web.http.answer_counts import count_answer
from syndicator.web.http.hosts import check_host
from syndicator.web.http.options import ConfigurationNote, OpsOptions, WebOptions
from syndicator.web.http.problems import Problem, catch_problems, problem_response
from syndicator.web.http.responses import complete
from syndicator.web.http.traced_requests import traced
from syndicator.web.hub.hub_routes import OwnHubRoutes
from syndicator.web.hub.websub_callbacks import HubRoutes
from syndicator.web.ops.health import HealthRoutes
from syndicator.web.ops.metrics_routes import MetricsRoutes
from syndicator.web.pages.article_pages import ArticleFeedRoutes
from syndicator.web.pages.click_routes import ClickRoutes
from syndicator.web.pages.feed_pages import FeedPages
from syndicator.web.pages.page_routes import PageRoutes
from syndicator.web.pages.picture_routes import PictureRoutes
from syndicator.web.pages.search_page import SearchRoutes
from syndicator.web.pages.sitemap_routes import SitemapRoutes
from syndicator.web.pages.story_pages import StoryPages
from syndicator.web.pages.templates import Drawing, path_prefix
from syndicator.web.portal.portal_routes import portal_routes
from syndicator.web.use_cases import UseCases

Signal = Callable[[web.Request, web.StreamResponse], Awaitable[None]]

_FORMER_PAGES = {"/status": "/", "/deliveries": "/deliveries", "/schedule": "/schedule"}

_MAX_BODY_BYTES = 64 * 1024
"""Nothing here takes a body but what hubs push, which is counted there."""


@dataclass(frozen=True, kw_only=True)
class SignedInPages:
    """Pages on the public listener that are behind a sign-in."""

    cases: UseCases
    console: AreaAccess | None = None
    """Who may use the console; None: it is not here."""
    portal: AreaAccess | None = None
    """Who may use the portal of partners; None: it is not here."""


def create_app(
    reading: Queries,
    options: WebOptions,
    *,
    callbacks: HubCallbacks | None = None,
    hub: Hub | None = None,
    pictures: ServedPictures | None = None,
    article_search: ArticleSearch | None = None,
    click_links: ClickLinks | None = None,
    any_filter_feeds: AnyFilterFeeds | None = None,
    api: PublicApi | None = None,
    announced: AnnouncedPages | None = None,
    keys: PrivateFeeds | None = None,
    signed_in: SignedInPages | None = None,
) -> web.Application:
    """Build the public application: feeds, pages, probes, and what is wanted of all else.

    It answers below the path of the public URL and below the root alike, so that it does not matter
    whether a proxy in front strips the path or keeps it.
    """
    drawing = Drawing(
        reading.site,
        searches=article_search is not None,
        counts=click_links is not None,
        describes=api is not None,
        lists=any_filter_feeds is not None,
    )
    pages, feeds = PageRoutes(reading, drawing, options), FeedRoutes(reading, options, keys)
    feed_pages = FeedPages(reading, drawing, options)
    stories = StoryPages(reading, drawing, options, as_feeds=any_filter_feeds is not None)
    older = HistoryRoutes(reading.history, reading.publisher, options)
    groups = (feeds, older, pages, feed_pages, stories, _health(reading, options.configuration), drawing)
    routes = [route for group in groups for route in group.routes()]
    if callbacks is not None:
        routes += HubRoutes(callbacks).routes()
    if hub is not None:
        routes += OwnHubRoutes(hub, options).routes()
    if article_search is not None:
        routes += SearchRoutes(article_search, reading, drawing, feeds, options).routes()
    if any_filter_feeds is not None:
        routes += ArticleFeedRoutes(any_filter_feeds, reading, drawing, feeds, options).routes()
    if announced is not None and reading.site.news_sitemap:
        routes += SitemapRoutes(reading.site, announced).routes()
    if click_links is not None:
        routes += ClickRoutes(click_links, options).routes()
    if api is not None:
        routes += guarded(api.table, api.gate) + DescribingRoutes(api.table, drawing).routes()
    routes += _signed_in(signed_in, _health(reading, options.configuration))
    if pictures is not None:
        routes += PictureRoutes(pictures).routes()
    app = web.Application(
        middlewares=[*traced(), catch_problems(reading.site, options.trusted_proxies, pages.show_problem)],
        client_max_size=_MAX_BODY_BYTES,
    )
    app.add_routes(routes)
    if prefix := path_prefix(reading.site):
        app.add_routes(_below(prefix, routes))
    app.on_response_prepare.append(_add_safe_headers)
    app.on_response_prepare.append(_counting(options.count))
    return app


def create_ops_app(
    cases: UseCases, options: OpsOptions, table: Sequence[ApiRoute], access: AreaAccess
) -> web.Application:
    """Build the operators' application, for a listener of its own.

    Open are probes and what belongs to pages, and on loopback metrics. The console asks to sign in, the API
    asks for a token.
    """
    reading = cases.reading
    drawing = Drawing(reading.site, prefix="", operates=True)
    pages = PageRoutes(reading, drawing, WebOptions())
    health = _health(reading, options.configuration)
    app = web.Application(
        middlewares=[
            *traced(),
            catch_problems(reading.site, (), pages.show_problem),
            check_host(options.hosts, addresses=not options.is_local),
        ],
        client_max_size=_MAX_BODY_BYTES,
    )
    for group in (MetricsRoutes(options, access.gate), health, drawing):
        app.add_routes(group.routes())
    app.add_routes(_console(cases, drawing, access, health))
    app.add_routes([web.get(path, _lead_to_console) for path in ("/", *_FORMER_PAGES)])
    app.add_routes(guarded(table, access.gate))
    app.on_response_prepare.append(_add_safe_headers)
    app.on_response_prepare.append(_counting(options.count))
    return app


def create_waiting_app(
    site: Site, feeds: Collection[FeedId], stale_cache: StaleCache, options: WebOptions
) -> web.Application:
    """Build what stands in for the public application while Redis has not been reached since the start."""

    def show(request: web.Request, problem: Problem) -> web.Response:
        del request
        return problem_response(site, problem)

    app = web.Application(middlewares=[catch_problems(site, options.trusted_proxies, show)])
    routes = WaitingRoutes(site, feeds, stale_cache, options).routes()
    if prefix := path_prefix(site):
        app.add_routes(_below(prefix, routes))
    app.add_routes(routes)
    app.on_response_prepare.append(_add_safe_headers)
    app.on_response_prepare.append(_counting(options.count))
    return app


def _console(
    cases: UseCases, drawing: Drawing, access: AreaAccess, health: HealthRoutes
) -> list[web.RouteDef]:
    sign_in = SignIn(drawing, access, CONSOLE)
    return [*sign_in.routes(), *console_routes(cases, Console(drawing, sign_in), health)]


def _signed_in(pages: SignedInPages | None, health: HealthRoutes) -> list[web.RouteDef]:
    if pages is None:
        return []
    drawing, routes = Drawing(pages.cases.reading.site, operates=True), list[web.RouteDef]()
    if pages.console is not None:
        routes += _console(pages.cases, drawing, pages.console, health)
    if pages.portal is not None:
        sign_in = SignIn(drawing, pages.portal, PORTAL)
        routes += [*sign_in.routes(), *portal_routes(pages.cases, Console(drawing, sign_in, PORTAL))]
    return routes


async def _lead_to_console(request: web.Request) -> web.Response:
    """Lead from the addresses that operators' pages had before there was a console."""
    path = _FORMER_PAGES.get(request.path, "/")
    query = f"?{asked}" if (asked := request.rel_url.raw_query_string) else ""
    return web.Response(status=308, headers={hdrs.LOCATION: f"{CONSOLE.path}{path}{query}"})


def _health(reading: Queries, configuration: ConfigurationNote | None) -> HealthRoutes:
    publisher = reading.publisher
    return HealthRoutes(reading, publisher.specs, publisher.stale_cache, configuration)


def _below(prefix: str, routes: Sequence[web.RouteDef]) -> list[web.RouteDef]:
    below = [web.RouteDef(one.method, prefix + one.path, one.handler, one.kwargs) for one in routes]
    root = next(one for one in routes if one.path == "/")
    return [*below, web.RouteDef(root.method, prefix, root.handler, root.kwargs)]


async def _add_safe_headers(request: web.Request, response: web.StreamResponse) -> None:
    del request
    response.headers.update(complete(response.headers))


def _counting(count: Count) -> Signal:
    async def counted(request: web.Request, response: web.StreamResponse) -> None:
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unknown"
        count_answer(count, request, route, response.status)

    return counted
