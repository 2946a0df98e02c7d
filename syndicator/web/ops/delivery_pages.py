"""The operators' page of deliveries: endpoints, their circuits, what was given up, replays."""

from aiohttp import web

from syndicator.pipeline.queries import Queries
from syndicator.web.http.problems import not_found
from syndicator.web.ops.endpoint_rows import endpoint_rows
from syndicator.web.ops.operator_access import Operators
from syndicator.web.pages.templates import Drawing

PATH = "/deliveries"


class DeliveryPages:
    """Handler of `/deliveries`."""

    def __init__(self, reading: Queries, drawing: Drawing, operators: Operators) -> None:
        self._operators = operators
        self._reading = reading
        self._drawing = drawing

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self._operators.behind(self.page))]

    async def page(self, request: web.Request) -> web.Response:
        """Show how deliveries stand, to all endpoints or to `?endpoint=ID`."""
        only = request.query.get("endpoint") or None
        overview = await self._reading.deliveries(only)
        if only is not None and not overview.endpoints:
            raise not_found("No endpoint has this name.")
        return self._drawing.page(
            request,
            "deliveries.html",
            cache_control="no-store",
            overview=overview,
            only=only,
            rows=endpoint_rows(overview.endpoints, overview.at),
        )
