"""The page of one endpoint, for operators or its owner: how it stands, what waits, what was tried."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web
from msgspec import Struct

from syndicator.errors import NoEndpoint
from syndicator.model.ids import EndpointId, ReplayId
from syndicator.model.ops.states import UNDELIVERED, DeliveryStatus
from syndicator.pipeline.configuration.configuration_tables import shown_table
from syndicator.pipeline.preview.toml_blocks import table_block
from syndicator.pipeline.webhooks.inspection import ENDED, DeliveryQuery
from syndicator.pipeline.webhooks.replays import ReplayWanted
from syndicator.push.probes import Probed
from syndicator.store.webhooks.attempts import AttemptQuery
from syndicator.web.access.areas import CONSOLE
from syndicator.web.api.rate_limit import PaceLimit
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_rows import endpoint_rows
from syndicator.web.console.endpoint_usage import usage_of
from syndicator.web.console.shown_failures import ShownFailure, shown_failure
from syndicator.web.http.forms import FieldFault, chosen, field, hours_of
from syndicator.web.use_cases import UseCases

ON_PAGE = 50
LOGGED = 5_000
"""Attempts of an endpoint that are kept."""
_VERDICT = re.compile(r"[a-z0-9_]{1,40}")
_MOST_SAID = 300
_STATUSES = (*UNDELIVERED, *ENDED)
_MOST_REPLAYED_HOURS = 30 * 24


class ShownProbe(Struct, frozen=True, kw_only=True):
    """What came of a ping or a challenge."""

    probed: Probed
    failure: ShownFailure | None


class EndpointPages:
    """Handlers below `/endpoints/{endpoint}` of the console, or of the portal."""

    def __init__(self, cases: UseCases, console: Console, pace: PaceLimit | None = None) -> None:
        """`pace`: how often one owner may have an endpoint asked."""
        self._cases = cases
        self._console = console
        self._pace = pace

    def routes(self) -> list[web.RouteDef]:
        console, one = self._console, "/endpoints/{endpoint}"
        return [
            console.get(one, self.page),
            console.post(f"{one}/pause", self.pause),
            console.post(f"{one}/resume", self.resume),
            console.post(f"{one}/verify", self.verify),
            console.post(f"{one}/ping", self.ping),
            console.post(f"{one}/rotate-secret", self.rotate_secret),
            console.post(f"{one}/resend-dead", self.resend_dead),
            console.post(f"{one}/replay", self.replay),
            console.post(f"{one}/cancel-replay", self.cancel_replay),
            console.post(f"{one}/remove", self.remove),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show an endpoint, with its deliveries (`?status=`, `?cursor=`) and what was tried of late."""
        return await self.shown(request)

    async def pause(self, request: web.Request) -> web.Response:
        """Let it rest: its events wait."""
        reason = await field(request, "reason", 200)
        await self._cases.registration.pause(
            self._console.asker(request), named(request), reason or f"paused by {self._console.area.people}"
        )
        return self._done(request, "endpoint_paused")

    async def resume(self, request: web.Request) -> web.Response:
        """Let it work again."""
        await self._cases.registration.resume(self._console.asker(request), named(request))
        return self._done(request, "endpoint_resumed")

    async def verify(self, request: web.Request) -> web.Response:
        """Send a challenge, and lead to the page with what came back."""
        self._draw(request)
        probed = await self._cases.registration.verify(self._console.asker(request), named(request))
        return self._done(request, "challenge_sent", _query_of(probed))

    async def ping(self, request: web.Request) -> web.Response:
        """Send a signed ping, and lead to the page with what came back."""
        self._draw(request)
        probed = await self._cases.registration.ping(self._console.asker(request), named(request))
        return self._done(request, "ping_sent", _query_of(probed))

    async def rotate_secret(self, request: web.Request) -> web.Response:
        """Make a new secret and show it, this once."""
        overlap = timedelta(hours=await hours_of(request, "overlap_hours", 168))
        made = await self._cases.registration.rotate(self._console.asker(request), named(request), overlap)
        return await self.shown(request, secret=made.secret or made.public_key)

    async def resend_dead(self, request: web.Request) -> web.Response:
        """Send the dead deliveries again."""
        await self._cases.redelivery.dead(self._console.asker(request), named(request))
        return self._done(request, "dead_resent")

    async def replay(self, request: web.Request) -> web.Response:
        """Send once more what happened in the last hours."""
        hours = await hours_of(request, "hours", _MOST_REPLAYED_HOURS)
        since = self._cases.clock() - timedelta(hours=hours)
        await self._cases.replay_control.begin(
            self._console.asker(request), ReplayWanted(endpoint=named(request), since=since)
        )
        return self._done(request, "replay_begun")

    async def cancel_replay(self, request: web.Request) -> web.Response:
        """Queue nothing more of a replay."""
        await self._cases.replay_control.cancel(
            self._console.asker(request), ReplayId(await field(request, "replay", 100))
        )
        return self._done(request, "replay_cancelled")

    async def remove(self, request: web.Request) -> web.Response:
        """Remove it, with all that waits for it."""
        await self._cases.registration.remove(self._console.asker(request), named(request))
        return self._console.done(self._list, "endpoint_removed")

    @property
    def _list(self) -> str:
        return "/deliveries" if self._console.area is CONSOLE else "/"

    def _draw(self, request: web.Request) -> None:
        if self._pace is not None:
            self._pace.draw(self._console.asker(request).owner)

    def _done(self, request: web.Request, note: str, query: Mapping[str, str] | None = None) -> web.Response:
        return self._console.done(f"/endpoints/{named(request)}", note, query)

    async def shown(
        self,
        request: web.Request,
        *,
        name: EndpointId | None = None,
        probe: ShownProbe | None = None,
        secret: str | None = None,
        fault: FieldFault | None = None,
        typed: str | None = None,
    ) -> web.Response:
        """Draw the page: of `name`, or of what the path names."""
        cases, asker, name = self._cases, self._console.asker(request), name or named(request)
        shown = await cases.registration.show(asker, name)
        overview = await cases.reading.deliveries(name)
        if not overview.endpoints:
            raise NoEndpoint(f"there is no endpoint {name!r}")
        (row,) = endpoint_rows(overview.endpoints, overview.at)
        status = chosen(request, "status", _STATUSES)
        waiting = await cases.inspection.deliveries(
            asker,
            DeliveryQuery(endpoint=name, status=DeliveryStatus(status) if status else None),
            request.query.get("cursor") or None,
            ON_PAGE,
        )
        of_day = AttemptQuery(since=overview.at - timedelta(days=1))
        tried = await cases.inspection.attempts(asker, name, of_day, None, LOGGED)
        attempts = await cases.inspection.attempts(asker, name, AttemptQuery(), None, ON_PAGE)
        return self._console.page(
            request,
            "console/endpoint.html",
            self._console.area.endpoints,
            now=overview.at,
            row=row,
            endpoint=shown,
            block=table_block("endpoint", name, shown_table("endpoint", _given(shown.settings))),
            table=None if shown.owner else await cases.tables.standing(name, "endpoint", "alert"),
            statuses=_STATUSES,
            status=status,
            waiting=waiting,
            attempts=attempts.items,
            shown_failure=shown_failure,
            headlines=await cases.reading.headlines(
                [*(line.subject for line in waiting.items), *(line.subject for line in attempts.items)]
            ),
            replays=overview.replays,
            usage=usage_of(tried.items, overview.at),
            probe=probe or (_probe_in(request) if self._console.is_just_done(request) else None),
            secret=secret,
            http_status=422 if fault else 200,
            fault=fault,
            written=typed if typed is not None else written(shown.settings),
        )


def named(request: web.Request) -> EndpointId:
    """Return the endpoint that the path names."""
    return EndpointId(request.match_info["endpoint"])


def shown_probe(probed: Probed) -> ShownProbe:
    """Return what came of a probe, with its failure in words."""
    return ShownProbe(probed=probed, failure=shown_failure(probed.reason) if probed.reason else None)


def _query_of(probed: Probed) -> dict[str, str]:
    """Return a result for the query of the page that shows it."""
    values = {
        "probe": "ok" if probed.ok else probed.reason or "",
        "http": str(probed.status or ""),
        "ms": str(probed.duration_ms),
        "said": (probed.answer or "")[:_MOST_SAID],
    }
    return {name: value for name, value in values.items() if value}


def _probe_in(request: web.Request) -> ShownProbe | None:
    """Return the result that a query has; None where it has none."""
    query = request.query
    verdict, status, spent = query.get("probe", ""), query.get("http", ""), query.get("ms", "")
    if not _VERDICT.fullmatch(verdict):
        return None
    return shown_probe(
        Probed(
            ok=verdict == "ok",
            status=_number(status, 3),
            reason=None if verdict == "ok" else verdict,
            duration_ms=_number(spent, 6) or 0,
            answer=query.get("said", "")[:_MOST_SAID] or None,
        )
    )


def _number(text: str, digits: int) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def written(settings: Mapping[str, Any]) -> str:
    """Write the settings of an endpoint as TOML, without those that are not set."""
    return table_block("endpoint", "x", _given(settings)).partition("\n")[2]


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value}
