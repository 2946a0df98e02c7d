"""Endpoints by program: partners add theirs, verify them, change them, and see how they stand."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from syndicator.model.clock import Clock
from syndicator.model.ids import EndpointId
from syndicator.model.token import TokenScope
from syndicator.pipeline.webhooks.backfill import LONGEST, MOST_ARTICLES
from syndicator.pipeline.webhooks.endpoint_views import Asker, EndpointSecret, EndpointShown
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.push.probes import Probed
from syndicator.push.signing import Signature
from syndicator.web.api.json_api import (
    PAGED,
    ApiRoute,
    document,
    list_document,
    piece_of,
    read_json,
)
from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.http.auth import is_trusted, owner_of
from syndicator.web.http.problems import bad_request

_EXAMPLE = '{"url": "https://partner.example/hook", "events": ["article.*"]}'
_MOST_HOURS = LONGEST / timedelta(hours=1)
Hours = Annotated[float, Meta(ge=0, le=168)]


class Rotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a secret is changed."""

    overlap_hours: Annotated[Hours, Meta(description="How long the one before goes on to sign, too.")] = 24
    signature: Annotated[Signature, Meta(description="v1: a shared secret; v1a: an ed25519 key.")] = "v1"


class EndpointPause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an endpoint rests."""

    reason: Annotated[str, Meta(max_length=200)] = ""


class Backfill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be sent after the fact: so many articles, or those of the last hours."""

    articles: Annotated[int | None, Meta(description="The newest so many.")] = None
    hours: Annotated[float | None, Meta(description="Or those of so many hours.")] = None

    @property
    def is_bounded(self) -> bool:
        """Return whether what is named can be sent."""
        articles = 1 if self.articles is None else self.articles
        hours = 1 if self.hours is None else self.hours
        return 0 < articles <= MOST_ARTICLES and 0 < hours <= _MOST_HOURS


class Backfilled(Struct, frozen=True, kw_only=True):
    """What was queued."""

    ok: bool = True
    queued: int


class EndpointGone(Struct, frozen=True, kw_only=True):
    """An endpoint that was removed."""

    ok: bool = True
    id: EndpointId


class EndpointRoutes:
    """Handlers of `/api/v1/endpoints`. Partners see their own; administrators see all."""

    def __init__(self, registration: EndpointRegistration, schema: Mapping[str, Any], clock: Clock) -> None:
        self._registration = registration
        self._schema = schema
        self._pace = PaceLimit("requests that have an endpoint asked", clock)

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, scope=TokenScope.PARTNER, topic="Endpoints")
        base, one, schema = "/api/v1/endpoints", "/api/v1/endpoints/{endpoint}", self._schema
        return [
            route("GET", base, self.endpoints, EndpointShown, is_list=True, query=PAGED, refusals=(400,)),
            route(
                "POST", base, self.add_endpoint, EndpointSecret, status=201, body=schema,
                refusals=(400, 409, 415, 422),
            ),
            route("GET", one, self.endpoint, EndpointShown, refusals=(404,)),
            route(
                "PATCH", one, self.change_endpoint, EndpointShown, body={**schema, "required": []},
                refusals=(400, 404, 409, 415, 422),
            ),
            route("DELETE", one, self.remove_endpoint, EndpointGone, refusals=(404, 409)),
            route("POST", f"{one}/verify", self.verify_endpoint, Probed, refusals=(404, 409)),
            route("POST", f"{one}/ping", self.ping_endpoint, Probed, refusals=(404, 409)),
            route(
                "POST", f"{one}/rotate-secret", self.rotate_secret, EndpointSecret, body=Rotation,
                refusals=(400, 404, 409, 415),
            ),
            route(
                "POST", f"{one}/pause", self.pause_endpoint, EndpointShown, body=EndpointPause,
                refusals=(400, 404, 415),
            ),
            route(
                "POST", f"{one}/backfill", self.backfill_endpoint, Backfilled, body=Backfill,
                refusals=(400, 404, 409, 415),
            ),
            route("POST", f"{one}/resume", self.resume_endpoint, EndpointShown, refusals=(404,)),
        ]  # fmt: skip

    async def endpoints(self, request: web.Request) -> web.Response:
        """List your endpoints and how they stand, by id."""
        known = {one.id: one for one in await self._registration.shown(asker_of(request))}
        names, more = piece_of(known, request)
        return list_document([known[EndpointId(name)] for name in names], more)

    async def add_endpoint(self, request: web.Request) -> web.Response:
        """Add an endpoint: its secret is in this answer alone.

        It is sent a challenge at once, see `verified`; until it has given one back, no event is sent there.
        """
        self._pace.draw(owner_of(request))
        values = await read_json(request, dict[str, Any], _EXAMPLE)
        return document(await self._registration.add(asker_of(request), values), status=201)

    async def endpoint(self, request: web.Request) -> web.Response:
        """Show an endpoint: what was chosen, whether it is verified, how it stands, what waits for it."""
        return document(await self._registration.show(asker_of(request), named(request)))

    async def change_endpoint(self, request: web.Request) -> web.Response:
        """Change an endpoint: keys that are given take the place of those before, null takes one back.

        Another address must be verified anew.
        """
        values = await read_json(request, dict[str, Any], '{"payload": "thin"}')
        return document(await self._registration.change(asker_of(request), named(request), values))

    async def remove_endpoint(self, request: web.Request) -> web.Response:
        """Remove an endpoint, with all that waits for it."""
        await self._registration.remove(asker_of(request), named(request))
        return document(EndpointGone(id=named(request)))

    async def verify_endpoint(self, request: web.Request) -> web.Response:
        """Send a challenge: once it comes back, events are sent to the endpoint."""
        return await self._probed(request, self._registration.verify)

    async def ping_endpoint(self, request: web.Request) -> web.Response:
        """Send a signed `endpoint.ping`, to try an endpoint by."""
        return await self._probed(request, self._registration.ping)

    async def rotate_secret(self, request: web.Request) -> web.Response:
        """Make a new secret for an endpoint; this answer alone has it. The one before overlaps."""
        wanted = await read_json(request, Rotation, '{"overlap_hours": 24}')
        rotated = await self._registration.rotate(
            asker_of(request), named(request), timedelta(hours=wanted.overlap_hours), wanted.signature
        )
        return document(rotated)

    async def pause_endpoint(self, request: web.Request) -> web.Response:
        """Let an endpoint rest: its events wait."""
        wanted = await read_json(request, EndpointPause, '{"reason": "maintenance"}')
        reason = wanted.reason or "paused by its owner"
        return document(await self._registration.pause(asker_of(request), named(request), reason))

    async def resume_endpoint(self, request: web.Request) -> web.Response:
        """Let an endpoint that is paused or disabled work again: what waits goes out."""
        return document(await self._registration.resume(asker_of(request), named(request)))

    async def backfill_endpoint(self, request: web.Request) -> web.Response:
        """Send `article.created` of what was published before: up to 1,000 articles, the oldest first."""
        wanted = await read_json(request, Backfill, '{"articles": 50}')
        if not wanted.is_bounded:
            raise bad_request(f"Send 1 to {MOST_ARTICLES} articles, or those of up to {_MOST_HOURS:g} hours.")
        asker, name = asker_of(request), named(request)
        queued = await self._registration.backfill(asker, name, articles=wanted.articles, hours=wanted.hours)
        return document(Backfilled(queued=queued))

    async def _probed(
        self, request: web.Request, probe: Callable[[Asker, EndpointId], Awaitable[Probed]]
    ) -> web.Response:
        self._pace.draw(owner_of(request))
        return document(await probe(asker_of(request), named(request)))


def asker_of(request: web.Request) -> Asker:
    """Return on whose behalf a request is made."""
    return Asker(owner=owner_of(request), is_operator=is_trusted(request))


def named(request: web.Request) -> EndpointId:
    """Return the endpoint that the path names."""
    return EndpointId(request.match_info["endpoint"])
