"""All pages of sources and groups."""

from aiohttp import web

from syndicator.web.console.console import Console
from syndicator.web.console.sources.group_pages import GroupPages
from syndicator.web.console.sources.source_actions import SourceActions
from syndicator.web.console.sources.source_list import SourceList
from syndicator.web.console.sources.source_page import SourcePage
from syndicator.web.console.sources.trial_pages import SourceTrialPages
from syndicator.web.use_cases import UseCases


def source_routes(cases: UseCases, console: Console) -> list[web.RouteDef]:
    """Return the routes of all pages of sources and groups."""
    page = SourcePage(cases, console)
    groups = (
        SourceList(cases, console),
        page,
        SourceActions(cases, console, page),
        SourceTrialPages(cases, console),
        GroupPages(cases, console),
    )
    return [route for group in groups for route in group.routes()]
