"""The console's page of one endpoint: how it stands, what waits, what was tried; and what can be done."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import tomli
from aiohttp import web
from msgspec import Struct

from syndicator.errors import ConfigError, EndpointRefused, NoEndpoint
from syndicator.model.ids import EndpointId, ReplayId
from syndicator.model.ops.states import UNDELIVERED, DeliveryStatus
from syndicator.pipeline.configuration.configuration_tables import shown_table
from syndicator.pipeline.preview.toml_blocks import table_block
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR, Asker
from syndicator.pipeline.webhooks.inspection import ENDED, DeliveryQuery
from syndicator.pipeline.webhooks.replays import ReplayWanted
from syndicator.push.probes import Probed
from syndicator.store.webhooks.attempts import AttemptQuery
from syndicator.web.api.json_api import sentence
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_rows import endpoint_rows
from syndicator.web.console.forms import FieldFault, chosen, field, hours_of
from syndicator.web.console.shown_failures import ShownFailure, shown_failure
from syndicator.web.use_cases import UseCases

ON_PAGE = 50
_LONGEST = 20_000
_OWNER = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_EXAMPLE = 'url = "https://partner.example/hook"\nevents = ["article.*"]\n'
_VERDICT = re.compile(r"[a-z0-9_]{1,40}")
_MOST_SAID = 300
_STATUSES = (*UNDELIVERED, *ENDED)
_MOST_REPLAYED_HOURS = 30 * 24


class ShownProbe(Struct, frozen=True, kw_only=True):
    """What came of a ping or a challenge."""

    probed: Probed
    failure: ShownFailure | None


class EndpointPages:
    """Handlers below `/admin/endpoints/{endpoint}`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        console, one = self._console, "/endpoints/{endpoint}"
        return [
            console.get("/add-endpoint", self.form),
            console.post("/add-endpoint", self.add),
            console.post(f"{one}/change", self.change),
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
        return await self._page(request)

    async def form(self, request: web.Request) -> web.Response:
        """Show the form for a new endpoint."""
        return self._form(request, {"settings": _EXAMPLE})

    async def add(self, request: web.Request) -> web.Response:
        """Add an endpoint for a partner, send it the challenge, and show its secret, this once."""
        owner, text = await field(request, "owner", 50), await field(request, "settings", _LONGEST)
        typed = {"owner": owner, "settings": text}
        if not _OWNER.fullmatch(owner):
            return self._form(request, typed, FieldFault(field="owner", key="no_owner"))
        try:
            made = await self._cases.registration.add(Asker(owner=owner), tomli.loads(text))
        except (ValueError, ConfigError, EndpointRefused) as error:
            return self._form(request, typed, FieldFault(field="settings", text=_words(error)))
        return await self._page(
            request,
            name=made.endpoint.id,
            secret=made.secret or made.public_key,
            probe=_shown(made.verified) if made.verified else None,
        )

    async def change(self, request: web.Request) -> web.Response:
        """Change settings; what was left out of the form goes back to its default."""
        name, text = _named(request), await field(request, "settings", _LONGEST)
        before = (await self._cases.registration.show(OPERATOR, name)).settings
        try:
            wanted = tomli.loads(text)
            changed = {key: value for key, value in wanted.items() if before.get(key) != value}
            gone = {key: None for key, value in before.items() if value and key not in wanted}
            await self._cases.registration.change(OPERATOR, name, {**changed, **gone})
        except (ValueError, ConfigError, EndpointRefused) as error:
            fault = FieldFault(field="settings", text=_words(error))
            return await self._page(request, fault=fault, typed=text)
        return self._done(request, "endpoint_changed")

    async def pause(self, request: web.Request) -> web.Response:
        """Let it rest: its events wait."""
        reason = await field(request, "reason", 200)
        await self._cases.registration.pause(OPERATOR, _named(request), reason or "paused by an operator")
        return self._done(request, "endpoint_paused")

    async def resume(self, request: web.Request) -> web.Response:
        """Let it work again."""
        await self._cases.registration.resume(OPERATOR, _named(request))
        return self._done(request, "endpoint_resumed")

    async def verify(self, request: web.Request) -> web.Response:
        """Send a challenge, and lead to the page with what came back."""
        probed = await self._cases.registration.verify(OPERATOR, _named(request))
        return self._done(request, "challenge_sent", _query_of(probed))

    async def ping(self, request: web.Request) -> web.Response:
        """Send a signed ping, and lead to the page with what came back."""
        probed = await self._cases.registration.ping(OPERATOR, _named(request))
        return self._done(request, "ping_sent", _query_of(probed))

    async def rotate_secret(self, request: web.Request) -> web.Response:
        """Make a new secret and show it, this once."""
        overlap = timedelta(hours=await hours_of(request, "overlap_hours", 168))
        made = await self._cases.registration.rotate(OPERATOR, _named(request), overlap)
        return await self._page(request, secret=made.secret or made.public_key)

    async def resend_dead(self, request: web.Request) -> web.Response:
        """Send the dead deliveries again."""
        await self._cases.redelivery.dead(OPERATOR, _named(request))
        return self._done(request, "dead_resent")

    async def replay(self, request: web.Request) -> web.Response:
        """Send once more what happened in the last hours."""
        hours = await hours_of(request, "hours", _MOST_REPLAYED_HOURS)
        since = self._cases.clock() - timedelta(hours=hours)
        await self._cases.replay_control.begin(OPERATOR, ReplayWanted(endpoint=_named(request), since=since))
        return self._done(request, "replay_begun")

    async def cancel_replay(self, request: web.Request) -> web.Response:
        """Queue nothing more of a replay."""
        await self._cases.replay_control.cancel(OPERATOR, ReplayId(await field(request, "replay", 100)))
        return self._done(request, "replay_cancelled")

    async def remove(self, request: web.Request) -> web.Response:
        """Remove it, with all that waits for it."""
        await self._cases.registration.remove(OPERATOR, _named(request))
        return self._console.done("/deliveries", "endpoint_removed")

    def _done(self, request: web.Request, note: str, query: Mapping[str, str] | None = None) -> web.Response:
        return self._console.done(f"/endpoints/{_named(request)}", note, query)

    def _form(
        self, request: web.Request, typed: Mapping[str, str], fault: FieldFault | None = None
    ) -> web.Response:
        return self._console.page(
            request,
            "add_endpoint.html",
            "deliveries",
            http_status=422 if fault else 200,
            typed=typed,
            fault=fault,
        )

    async def _page(
        self,
        request: web.Request,
        *,
        name: EndpointId | None = None,
        probe: ShownProbe | None = None,
        secret: str | None = None,
        fault: FieldFault | None = None,
        typed: str | None = None,
    ) -> web.Response:
        cases, name = self._cases, name or _named(request)
        shown = await cases.registration.show(OPERATOR, name)
        overview = await cases.reading.deliveries(name)
        if not overview.endpoints:
            raise NoEndpoint(f"there is no endpoint {name!r}")
        (row,) = endpoint_rows(overview.endpoints, overview.at)
        status = chosen(request, "status", _STATUSES)
        waiting = await cases.inspection.deliveries(
            OPERATOR,
            DeliveryQuery(endpoint=name, status=DeliveryStatus(status) if status else None),
            request.query.get("cursor") or None,
            ON_PAGE,
        )
        attempts = await cases.inspection.attempts(OPERATOR, name, AttemptQuery(), None, ON_PAGE)
        return self._console.page(
            request,
            "endpoint.html",
            "deliveries",
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
            probe=probe or (_probe_in(request) if self._console.is_just_done(request) else None),
            secret=secret,
            http_status=422 if fault else 200,
            fault=fault,
            written=typed if typed is not None else _written(shown.settings),
        )


def _named(request: web.Request) -> EndpointId:
    return EndpointId(request.match_info["endpoint"])


def _shown(probed: Probed) -> ShownProbe:
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
    return _shown(
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


def _words(error: Exception) -> str:
    return " ".join(map(str, error.faults)) if isinstance(error, ConfigError) else sentence(error)


def _written(settings: Mapping[str, Any]) -> str:
    """Write the settings of an endpoint as TOML, without those that are not set."""
    return table_block("endpoint", "x", _given(settings)).partition("\n")[2]


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value}
