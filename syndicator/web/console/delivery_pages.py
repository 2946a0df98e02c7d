"""The console's page of deliveries: to whom, what waits and since when, what was given up and why."""

from aiohttp import web

from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_rows import endpoint_rows
from syndicator.web.http.problems import not_found
from syndicator.web.use_cases import UseCases


class DeliveryPages:
    """Handler of `/admin/deliveries`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._reading = cases.reading
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        return [self._console.get("/deliveries", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """Show how deliveries stand, to all endpoints or to `?endpoint=ID`."""
        only = request.query.get("endpoint") or None
        overview = await self._reading.deliveries(only)
        if only is not None and not overview.endpoints:
            raise not_found("No endpoint has this name.")
        return self._console.page(
            request,
            "deliveries.html",
            "deliveries",
            overview=overview,
            only=only,
            rows=endpoint_rows(overview.endpoints, overview.at),
        )
