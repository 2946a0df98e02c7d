"""The console's pages of deliveries: what waits for whom, what is dead and why; and each of them."""

from aiohttp import web

from syndicator.errors import NoEndpoint
from syndicator.model.ids import EndpointId, EventId
from syndicator.web.access.areas import CONSOLE
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_rows import endpoint_rows
from syndicator.web.console.shown_failures import shown_failure
from syndicator.web.use_cases import UseCases

ON_PAGE = 150
"""Endpoints that a page lists at most."""
_SHOWN_BODY = 20_000
"""Characters of a body that a page shows."""


class DeliveryPages:
    """Handlers of `/admin/deliveries`, and of each delivery there and in the portal."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        one = "/endpoints/{endpoint}/deliveries/{event}"
        return [
            *([self._console.get("/deliveries", self.page)] if self._console.area is CONSOLE else []),
            self._console.get(one, self.delivery),
            self._console.post(f"{one}/resend", self.resend),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show how deliveries stand, to all endpoints, from `?from=ID` on, or to `?endpoint=ID`."""
        only = EndpointId(request.query.get("endpoint", "")) or None
        overview = await self._cases.reading.deliveries(only)
        if only is not None and not overview.endpoints:
            raise NoEndpoint(f"there is no endpoint {only!r}")
        begin = request.query.get("from", "")
        shown = [status for status in overview.endpoints if status.endpoint.id >= begin]
        return self._console.page(
            request,
            "console/deliveries.html",
            "deliveries",
            overview=overview,
            headlines=await self._cases.reading.headlines(
                one.delivery.event.subject for one in overview.dead
            ),
            shown_failure=shown_failure,
            only=only,
            rows=endpoint_rows(shown[:ON_PAGE], overview.at),
            more=shown[ON_PAGE].endpoint.id if len(shown) > ON_PAGE else None,
        )

    async def delivery(self, request: web.Request) -> web.Response:
        """Show what became of one event at one endpoint: request, attempts, answers, what is next."""
        asker, (endpoint, event) = self._console.asker(request), _named(request)
        shown = await self._cases.inspection.show(asker, endpoint, event)
        sent = await self._cases.inspection.request(asker, endpoint, event)
        return self._console.page(
            request,
            "console/delivery.html",
            self._console.area.endpoints,
            now=self._cases.clock(),
            delivery=shown.delivery,
            headline=(await self._cases.reading.headlines([shown.delivery.subject])).get(
                shown.delivery.subject
            ),
            attempts=list(reversed(shown.attempts)),
            shown_failure=shown_failure,
            headers=sent.headers if sent else (),
            body=sent.body[:_SHOWN_BODY] if sent else "",
            is_cut=bool(sent and len(sent.body) > _SHOWN_BODY),
        )

    async def resend(self, request: web.Request) -> web.Response:
        """Send an event once more to one endpoint, under the same id."""
        endpoint, event = _named(request)
        await self._cases.redelivery.one(self._console.asker(request), endpoint, event)
        return self._console.done(f"/endpoints/{endpoint}/deliveries/{event}", "resent")


def _named(request: web.Request) -> tuple[EndpointId, EventId]:
    return EndpointId(request.match_info["endpoint"]), EventId(request.match_info["event"])
