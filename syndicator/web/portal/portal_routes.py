"""All pages of the portal."""

from aiohttp import web

from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.console.console import Console
from syndicator.web.console.delivery_pages import DeliveryPages
from syndicator.web.console.endpoint_pages import EndpointPages
from syndicator.web.portal.endpoint_form_pages import EndpointFormPages
from syndicator.web.portal.portal_pages import PortalPages
from syndicator.web.use_cases import UseCases


def portal_routes(cases: UseCases, portal: Console) -> list[web.RouteDef]:
    """Return the routes of all pages: of one endpoint, and of deliveries, they are those of the console."""
    pace = PaceLimit("requests that have an endpoint asked", cases.clock)
    endpoint_pages = EndpointPages(cases, portal, pace)
    groups = (
        PortalPages(cases, portal),
        EndpointFormPages(cases, portal, endpoint_pages, pace),
        endpoint_pages,
        DeliveryPages(cases, portal),
    )
    return [route for group in groups for route in group.routes()]
