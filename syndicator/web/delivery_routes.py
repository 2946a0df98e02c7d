"""Deliveries by program: what waits for an endpoint, what is dead and why, what was tried."""

from datetime import datetime

from aiohttp import web

from syndicator.model.ids import EndpointId, EventId
from syndicator.model.token import Scope
from syndicator.pipeline.inspecting import DeliveryLine, Inspecting
from syndicator.pipeline.listing import CursorError
from syndicator.pipeline.registering import NoEndpoint
from syndicator.pipeline.resending import Resending, Resent
from syndicator.store.attempts import AttemptQuery, LoggedAttempt
from syndicator.web.api import PAGED, bad_cursor
from syndicator.web.endpoint_routes import asker_of, named, told
from syndicator.web.json_api import ApiRoute, Parameter, cursor_of, document, limit_of, list_document
from syndicator.web.problems import bad_request, not_found

_TOPIC = "Deliveries"
_STATUSES = ("ready", "delayed", "in_flight", "dead")
_RESULTS = ("delivered", "retry", "dead", "superseded")
_INSTANT = {"type": "string", "format": "date-time"}


class DeliveryRoutes:
    """Handlers of deliveries, and of sending them again. Partners see those of their own endpoints."""

    def __init__(self, inspecting: Inspecting, resending: Resending) -> None:
        self._inspecting = inspecting
        self._resending = resending

    def table(self) -> list[ApiRoute]:
        return [
            ApiRoute(
                method="GET", path="/api/v1/deliveries", handler=self.deliveries, scope=Scope.PARTNER,
                topic=_TOPIC, answer=DeliveryLine, is_list=True, refusals=(400, 404),
                query=(
                    Parameter(name="endpoint", description="Only of this endpoint."),
                    Parameter(name="status", description="Only these.", schema={"enum": list(_STATUSES)}),
                    *PAGED,
                ),
            ),
            ApiRoute(
                method="GET", path="/api/v1/endpoints/{endpoint}/attempts", handler=self.attempts,
                scope=Scope.PARTNER, topic=_TOPIC, answer=LoggedAttempt, is_list=True, refusals=(400, 404),
                query=(
                    Parameter(name="event", description="Only of this event."),
                    Parameter(name="subject", description="Only of events about this, as an article's id."),
                    Parameter(name="result", description="Only these.", schema={"enum": list(_RESULTS)}),
                    Parameter(name="since", description="Then or later.", schema=_INSTANT),
                    Parameter(name="until", description="Then or before.", schema=_INSTANT),
                    *PAGED,
                ),
            ),
            ApiRoute(
                method="POST", path="/api/v1/endpoints/{endpoint}/deliveries/{event_id}/resend",
                handler=self.resend, scope=Scope.PARTNER, topic=_TOPIC, answer=Resent, refusals=(404, 409),
            ),
            ApiRoute(
                method="POST", path="/api/v1/endpoints/{endpoint}/resend-dead", handler=self.resend_dead,
                scope=Scope.PARTNER, topic=_TOPIC, answer=Resent, refusals=(404, 409),
            ),
        ]  # fmt: skip

    async def deliveries(self, request: web.Request) -> web.Response:
        """List what is not delivered, endpoint by endpoint: the first due first, then the dead.

        It is told as it stands when a piece is asked for: what is delivered meanwhile moves the others up.
        """
        endpoint = request.query.get("endpoint")
        try:
            piece = await self._inspecting.deliveries(
                asker_of(request),
                EndpointId(endpoint) if endpoint else None,
                _one_of(request, "status", _STATUSES),
                cursor_of(request),
                limit_of(request),
            )
        except NoEndpoint:
            raise not_found("There is no such endpoint.") from None
        except CursorError as error:
            raise bad_cursor(error) from error
        return list_document(piece.items, piece.next)

    async def attempts(self, request: web.Request) -> web.Response:
        """List what was tried of late at an endpoint, the newest first: of each attempt what came of it."""
        event = request.query.get("event")
        query = AttemptQuery(
            event=EventId(event) if event else None,
            subject=request.query.get("subject") or None,
            result=_one_of(request, "result", _RESULTS),
            since=_instant(request, "since"),
            until=_instant(request, "until"),
        )
        try:
            piece = await self._inspecting.attempts(
                asker_of(request),
                named(request),
                query,
                cursor_of(request),
                limit_of(request),
            )
        except NoEndpoint:
            raise not_found("There is no such endpoint.") from None
        except CursorError as error:
            raise bad_cursor(error) from error
        return list_document(piece.items, piece.next)

    async def resend(self, request: web.Request) -> web.Response:
        """Send an event again that this endpoint was sent of late, under the same id."""
        event = EventId(request.match_info["event_id"])
        return document(await told(self._resending.one(asker_of(request), named(request), event)))

    async def resend_dead(self, request: web.Request) -> web.Response:
        """Send again what was given up, up to 1,000 events, the last first; what is too old stays."""
        return document(await told(self._resending.dead(asker_of(request), named(request))))


def _one_of(request: web.Request, name: str, known: tuple[str, ...]) -> str | None:
    value = request.query.get(name) or None
    if value is not None and value not in known:
        raise bad_request(f'The parameter "{name}" is one of {", ".join(known)}.')
    return value


def _instant(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise bad_request(f'The parameter "{name}" is an instant with its offset, as 2026-11-05T12:00:00Z.')
    return instant
