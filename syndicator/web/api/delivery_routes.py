"""Deliveries by program: what waits for an endpoint, what is dead and why, what was tried."""

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from aiohttp import web

from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId, EndpointId, EventId
from syndicator.model.ops.states import UNDELIVERED, AttemptResult, DeliveryStatus
from syndicator.model.token import TokenScope
from syndicator.pipeline.webhooks.inspection import (
    ENDED,
    DeliveryInspection,
    DeliveryLine,
    DeliveryQuery,
    DeliveryShown,
)
from syndicator.pipeline.webhooks.resend import Redelivery, Resent
from syndicator.store.webhooks.attempts import AttemptQuery, LoggedAttempt
from syndicator.web.api.endpoint_routes import asker_of, named
from syndicator.web.api.json_api import (
    INSTANT,
    PAGED,
    ApiRoute,
    Parameter,
    cursor_of,
    document,
    instant_of,
    limit_of,
    list_document,
)
from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.http.auth import owner_of
from syndicator.web.http.problems import bad_request

State = TypeVar("State", DeliveryStatus, AttemptResult)


class DeliveryRoutes:
    """Handlers for deliveries. Partners see those of their own endpoints."""

    def __init__(self, inspection: DeliveryInspection, redelivery: Redelivery, clock: Clock) -> None:
        self._inspection = inspection
        self._redelivery = redelivery
        self._pace = PaceLimit("requests that have a delivery sent again", clock)

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, scope=TokenScope.PARTNER, topic="Deliveries")
        endpoint, one = "/api/v1/endpoints/{endpoint}", "/api/v1/endpoints/{endpoint}/deliveries/{event_id}"
        return [
            route(
                "GET", "/api/v1/deliveries", self.deliveries, DeliveryLine, is_list=True, refusals=(400, 404),
                query=(
                    Parameter(name="endpoint", description="Only of this endpoint."),
                    Parameter(name="event", description="Only of this event."),
                    Parameter(name="article", description="Only of events of this article."),
                    Parameter(
                        name="status",
                        description="Only these; left out: all that is not delivered. Of what is delivered "
                        "or superseded, the log of attempts is searched, the newest first.",
                        schema={"enum": [*UNDELIVERED, *ENDED]},
                    ),
                    Parameter(name="since", description="It happened then or later.", schema=INSTANT),
                    Parameter(name="until", description="It happened before then.", schema=INSTANT),
                    *PAGED,
                ),
            ),
            route("GET", one, self.delivery, DeliveryShown, refusals=(404,)),
            route("POST", f"{one}/resend", self.resend, Resent, refusals=(404, 409)),
            route("POST", f"{endpoint}/resend-dead", self.resend_dead, Resent, refusals=(404, 409)),
            route(
                "GET", f"{endpoint}/attempts", self.attempts, LoggedAttempt, is_list=True,
                refusals=(400, 404), query=(
                    Parameter(name="event", description="Only of this event."),
                    Parameter(name="subject", description="Only of events about this, as an article's id."),
                    Parameter(name="result", description="Only these.", schema={"enum": list(AttemptResult)}),
                    Parameter(name="since", description="Then or later.", schema=INSTANT),
                    Parameter(name="until", description="Then or before.", schema=INSTANT),
                    *PAGED,
                ),
            ),
        ]  # fmt: skip

    async def deliveries(self, request: web.Request) -> web.Response:
        """List what is not delivered, endpoint by endpoint: the first due first, then the dead.

        The list is read when a piece is asked for: what is delivered meanwhile moves the others up.
        """
        asked = request.query
        query = DeliveryQuery(
            endpoint=EndpointId(asked["endpoint"]) if asked.get("endpoint") else None,
            event=EventId(asked["event"]) if asked.get("event") else None,
            article=ArticleId(asked["article"]) if asked.get("article") else None,
            status=_one_of(request, "status", (*UNDELIVERED, *ENDED)),
            since=instant_of(request, "since"),
            until=instant_of(request, "until"),
        )
        piece = await self._inspection.deliveries(
            asker_of(request), query, cursor_of(request), limit_of(request)
        )
        return list_document(piece.items, piece.next)

    async def delivery(self, request: web.Request) -> web.Response:
        """Show one delivery: how it stands, and all that was tried."""
        return document(await self._inspection.show(asker_of(request), named(request), _event(request)))

    async def resend(self, request: web.Request) -> web.Response:
        """Send an event again that this endpoint was sent recently, now and under the same id."""
        self._pace.draw(owner_of(request))
        return document(await self._redelivery.one(asker_of(request), named(request), _event(request)))

    async def resend_dead(self, request: web.Request) -> web.Response:
        """Send the dead deliveries of an endpoint again, up to 1,000, the last first."""
        self._pace.draw(owner_of(request))
        return document(await self._redelivery.dead(asker_of(request), named(request)))

    async def attempts(self, request: web.Request) -> web.Response:
        """List the attempts at an endpoint with their results, the newest first."""
        event = request.query.get("event")
        query = AttemptQuery(
            event=EventId(event) if event else None,
            subject=request.query.get("subject") or None,
            result=_one_of(request, "result", list(AttemptResult)),
            since=instant_of(request, "since"),
            until=instant_of(request, "until"),
        )
        piece = await self._inspection.attempts(
            asker_of(request), named(request), query, cursor_of(request), limit_of(request)
        )
        return list_document(piece.items, piece.next)


def _event(request: web.Request) -> EventId:
    return EventId(request.match_info["event_id"])


def _one_of(request: web.Request, name: str, known: Sequence[State]) -> State | None:
    value = request.query.get(name) or None
    if value is None:
        return None
    if value not in known:
        raise bad_request(f'The parameter "{name}" is one of {", ".join(known)}.')
    return known[known.index(value)]
