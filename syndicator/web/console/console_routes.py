"""All pages of the console."""

from aiohttp import web

from syndicator.web.console.article_pages import ArticlePages
from syndicator.web.console.configuration_pages import ConfigurationPages
from syndicator.web.console.console import Console
from syndicator.web.console.delivery_pages import DeliveryPages
from syndicator.web.console.endpoint_pages import EndpointPages
from syndicator.web.console.endpoint_settings import EndpointSettings
from syndicator.web.console.feed_pages import FeedPages
from syndicator.web.console.log_pages import LogPages
from syndicator.web.console.overview_page import OverviewPage
from syndicator.web.console.schedule_page import SchedulePages
from syndicator.web.console.sources.source_routes import source_routes
from syndicator.web.console.story_pages import StoryPages
from syndicator.web.console.token_pages import TokenPages
from syndicator.web.ops.health import HealthRoutes
from syndicator.web.use_cases import UseCases


def console_routes(cases: UseCases, console: Console, health: HealthRoutes) -> list[web.RouteDef]:
    """Return the routes of all pages, over the use cases of one service."""
    endpoint_pages = EndpointPages(cases, console)
    groups = (
        OverviewPage(cases, console, health),
        SchedulePages(cases, console),
        DeliveryPages(cases, console),
        endpoint_pages,
        EndpointSettings(cases, console, endpoint_pages),
        ArticlePages(cases, console),
        ConfigurationPages(cases, console),
        FeedPages(cases, console),
        StoryPages(cases, console),
        TokenPages(cases, console),
        LogPages(cases, console),
    )
    return [*source_routes(cases, console), *(route for group in groups for route in group.routes())]
