"""Replays by program: what happened before is sent to an endpoint once more, at a pace."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from syndicator.model.clock import Clock
from syndicator.model.feed import Filter
from syndicator.model.ids import EndpointId, EventId, ReplayId
from syndicator.model.token import TokenScope
from syndicator.pipeline.webhooks.replays import (
    MOST_EVENTS,
    MOST_PER_S,
    USUAL_PER_S,
    ReplayControl,
    ReplayShown,
    ReplayWanted,
)
from syndicator.rules.filter_language import FILTER_KEYS, FilterError, filter_from
from syndicator.web.api.endpoint_routes import asker_of
from syndicator.web.api.json_api import (
    PAGED,
    ApiRoute,
    cursor_of,
    document,
    limit_of,
    list_document,
    read_json,
)
from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.http.auth import owner_of
from syndicator.web.http.problems import bad_request

_EXAMPLE = '{"endpoint": "koran-3f9a1c07", "since": "2026-11-05T00:00:00Z"}'
_Instant = Annotated[datetime, Meta(tz=True)]
_Count = Annotated[int, Meta(ge=1, le=MOST_EVENTS)]


class NewReplay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be sent once more: at least one of since, since_event, filter and events."""

    endpoint: str
    since: Annotated[_Instant | None, Meta(description="What happened then or later.")] = None
    since_event: Annotated[str | None, Meta(description="What happened after this event.")] = None
    filter: Annotated[
        dict[str, str | list[str]], Meta(description="The keys of any filter, beside the endpoint's own.")
    ] = {}
    events: Annotated[list[str], Meta(description="As article.created or article.*.")] = []
    limit: Annotated[_Count | None, Meta(description="So many events at most.")] = None
    per_s: Annotated[int, Meta(ge=1, le=MOST_PER_S, description="So many events in a second.")] = USUAL_PER_S


class ReplayRoutes:
    """Handlers of `/api/v1/replays`. Partners see those of their own endpoints."""

    def __init__(self, replay_control: ReplayControl, clock: Clock) -> None:
        self._replay_control = replay_control
        self._pace = PaceLimit("replays", clock)

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, scope=TokenScope.PARTNER, topic="Replays")
        base, one = "/api/v1/replays", "/api/v1/replays/{replay}"
        return [
            route("GET", base, self.replays, ReplayShown, is_list=True, query=PAGED, refusals=(400,)),
            route(
                "POST", base, self.add_replay, ReplayShown, status=201, body=NewReplay,
                refusals=(400, 404, 409, 415),
            ),
            route("GET", one, self.replay, ReplayShown, refusals=(404,)),
            route("DELETE", one, self.cancel_replay, ReplayShown, refusals=(404, 409)),
        ]  # fmt: skip

    async def replays(self, request: web.Request) -> web.Response:
        """List the replays to your endpoints, the newest first; ended ones are kept for a week."""
        known = await self._replay_control.shown(asker_of(request))
        limit, cursor = limit_of(request), cursor_of(request)
        names = [one.id for one in known]
        begin = 0
        if cursor is not None:
            if cursor not in names:
                raise bad_request("The cursor was not given out here: take the `next` of a list.")
            begin = names.index(ReplayId(cursor)) + 1
        piece = known[begin : begin + limit]
        return list_document(piece, piece[-1].id if len(known) > begin + limit else None)

    async def add_replay(self, request: web.Request) -> web.Response:
        """Send an endpoint once more what happened since a time or an event, or what passes a filter.

        Every event keeps its id; header and body show that it is a replay. It goes on by itself, at its pace.
        """
        asked = await read_json(request, NewReplay, _EXAMPLE)
        self._pace.draw(owner_of(request))
        wanted = ReplayWanted(
            endpoint=EndpointId(asked.endpoint),
            since=asked.since,
            since_event=EventId(asked.since_event) if asked.since_event else None,
            filter=_filter(asked.filter),
            events=asked.events,
            limit=asked.limit,
            per_s=asked.per_s,
        )
        return document(await self._replay_control.begin(asker_of(request), wanted), status=201)

    async def replay(self, request: web.Request) -> web.Response:
        """Show a replay: how far it is, and the results of its events."""
        return document(await self._replay_control.show(asker_of(request), _named(request)))

    async def cancel_replay(self, request: web.Request) -> web.Response:
        """End a replay: nothing more is queued for it. What is queued already is still sent."""
        return document(await self._replay_control.cancel(asker_of(request), _named(request)))


def _named(request: web.Request) -> ReplayId:
    return ReplayId(request.match_info["replay"])


def _filter(values: Mapping[str, str | list[str]]) -> Filter:
    if unknown := sorted(values.keys() - set(FILTER_KEYS)):
        raise bad_request(f'A filter has no key "{unknown[0]}"; there are {", ".join(FILTER_KEYS)}.')
    texts = {key: [value] if isinstance(value, str) else value for key, value in values.items()}
    try:
        return filter_from(texts)
    except FilterError as error:
        remedy = f": {error.remedy}" if error.remedy else ""
        raise bad_request(f'The key "filter.{error.key}" {error.reason}{remedy}.') from error
