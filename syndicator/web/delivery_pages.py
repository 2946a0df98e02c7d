"""The operators' page of deliveries: endpoints, their circuits, what was given up, replays."""

from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Struct

from syndicator.model.endpoint import Standing
from syndicator.model.status import EndpointStatus
from syndicator.pipeline.reading import Reading
from syndicator.web.drawing import Drawing
from syndicator.web.operators import Operators
from syndicator.web.problems import not_found
from syndicator.web.status import ShownFailure, told_reason

PATH = "/deliveries"


class EndpointRow(Struct, frozen=True, kw_only=True):
    status: EndpointStatus
    host: str
    standing: str
    """`active`, `paused`, `disabled`, `unverified` or `failing`."""
    colour: str
    last_failure: ShownFailure | None


class DeliveryPages:
    """Handler of `/deliveries`."""

    def __init__(self, reading: Reading, drawing: Drawing, operators: Operators) -> None:
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
            rows=[_row(one) for one in overview.endpoints],
        )


def _row(one: EndpointStatus) -> EndpointRow:
    standing = _standing(one)
    return EndpointRow(
        status=one,
        # Only the host: paths and queries of webhooks are often secrets.
        host=urlsplit(one.endpoint.url).hostname or "",
        standing=standing,
        colour="ok" if standing == "active" else "dead" if standing in {"disabled", "failing"} else "paused",
        last_failure=told_reason(one.last_failure.rpartition(":")[2]) if one.last_failure else None,
    )


def _standing(one: EndpointStatus) -> str:
    if not one.listed.is_trusted:
        return "unverified"
    if one.state.standing is not Standing.ACTIVE:
        return one.state.standing.value
    return "failing" if one.state.openings else "active"
