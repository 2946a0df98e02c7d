"""The operators' pages: what is late or failing stands on top, with its reason in words; all deliveries."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.fetch import Reason
from syndicator.model.ids import SourceId
from syndicator.model.ops.status import EndpointStatus, Status
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.freshness import FreshnessStanding
from syndicator.model.token import TokenScope
from syndicator.pipeline.ops.source_standings import StandingCursor
from syndicator.pipeline.queries import Queries
from syndicator.rules.sources.freshness import standing_of
from syndicator.rules.sources.health import Health, HealthStanding, failed_rounds, health
from syndicator.rules.sources.round_history import Strip
from syndicator.rules.webhooks.endpoint_health import (
    NEEDS_ATTENTION,
    EndpointHealth,
    Verdict,
    endpoint_health,
)
from syndicator.web.http.options import OpsOptions
from syndicator.web.http.problems import bad_request, not_found
from syndicator.web.ops.health import HealthRoutes
from syndicator.web.ops.operator_access import Handler, Operators
from syndicator.web.ops.source_strips import StripDrawing, strip_drawing
from syndicator.web.pages.templates import Drawing


class ShownFailure(Struct, frozen=True, kw_only=True):
    """A failure as pages show it. Without a `key` its code is shown."""

    key: str | None
    code: str
    status: str
    detail: str


def shown_failure(code: str, detail: str = "") -> ShownFailure:
    """Return a reason with the key of its text: `http_404` is the reason `http` with its status."""
    word, _, number = code.partition("_")
    if word == Reason.HTTP and number.isdigit():
        return ShownFailure(key="reason.http", code=code, status=number, detail=detail)
    known = code in list(Reason)
    return ShownFailure(key=f"reason.{code}" if known else None, code=code, status="", detail=detail)


class EndpointRow(Struct, frozen=True, kw_only=True):
    status: EndpointStatus
    host: str
    """Only the host: paths and queries of webhooks are often secrets."""
    health: EndpointHealth
    last_failure: ShownFailure | None


def endpoint_rows(statuses: Iterable[EndpointStatus], now: datetime) -> list[EndpointRow]:
    """Judge each endpoint, in their order."""
    return [
        EndpointRow(
            status=one,
            host=urlsplit(one.endpoint.url).hostname or "",
            health=endpoint_health(one, now),
            last_failure=shown_failure(one.last_failure.rpartition(":")[2]) if one.last_failure else None,
        )
        for one in statuses
    ]


def worst_first(rows: Iterable[EndpointRow]) -> list[EndpointRow]:
    """Order endpoints by their trouble, else as they were."""
    return sorted(rows, key=lambda row: list(Verdict).index(row.health.kind))


ON_PAGE = 200
"""Sources that one page shows at most."""

_METRICS_HEADERS = {
    hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
}
_NEEDS_ATTENTION = frozenset(HealthStanding) - {HealthStanding.NEW, HealthStanding.PAUSED, HealthStanding.OK}
_SAYS_IT_ITSELF = frozenset({HealthStanding.FAILING, HealthStanding.NEW, HealthStanding.OK})
"""Standings that the page has its own words for; of the others it shows the sentence."""


class SourceRow(Struct, frozen=True, kw_only=True):
    source: Source
    state: SourceState
    standing: HealthStanding
    reason: ShownFailure | None
    failed_rounds: int
    why: str = ""
    """One sentence, where nothing else in the row says it."""
    strip: Strip | None = None
    """Its last 24 hours."""
    drawn: StripDrawing | None = None
    fresh: FreshnessStanding | None = None
    """How it stands against its objective, where it has one."""


class StatusRoutes:
    """Handlers of `/status` and `/metrics`."""

    def __init__(
        self,
        reading: Queries,
        drawing: Drawing,
        options: OpsOptions,
        operators: Operators,
        health: HealthRoutes,
    ) -> None:
        self._reading = reading
        self._health = health
        self._operators = operators
        self._drawing = drawing
        self._options = options

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._operators.behind(self.status)),
            web.get("/status", self._operators.behind(self.status)),
            web.get("/metrics", self._for_scrapers(self.metrics)),
            web.get("/metrics/targets", self._for_scrapers(self.targets)),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """Show sources and endpoints, the worst first; of very many sources, a page."""
        page = await self._reading.standings.page(_begin(request), ON_PAGE)
        status = await self._reading.status(page.sources)
        faults = [part for part in (await self._health.parts()).values() if part.status != "ready"]
        sources = with_strips(source_rows(status), await self._reading.strips(page.sources), page.sources)
        endpoints = worst_first(endpoint_rows(status.endpoints, status.at))
        attention = {
            "source": sum(page.counts.get(standing, 0) for standing in _NEEDS_ATTENTION),
            "endpoint": sum(row.health.kind in NEEDS_ATTENTION for row in endpoints),
            "part": len(faults),
        }
        return self._drawing.page(
            request,
            "status.html",
            cache_control="no-store",
            status=status,
            reloads="reload" in request.query,
            sources=sources,
            configured=sum(page.counts.values()),
            counts=page.counts,
            more=_spelled(page.next) if page.next else None,
            endpoints=endpoints,
            faults=faults,
            attention={kind: count for kind, count in attention.items() if count},
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Return the counters to Prometheus."""
        del request
        await self._options.measure()
        return web.Response(body=self._options.metrics(), headers=_METRICS_HEADERS)

    async def targets(self, request: web.Request) -> web.Response:
        """Return where the metrics of all living processes are, for HTTP service discovery of Prometheus."""
        del request
        notes = [note for note in await self._options.processes() if note.operators]
        return web.json_response(
            [{"targets": [note.operators], "labels": {"process": note.process}} for note in notes]
        )

    def _for_scrapers(self, handler: Handler) -> Handler:
        """Let a handler be asked by anybody on this machine, from elsewhere with a token of scope `read`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._options.is_local:
                await self._operators.gate.admit(request, TokenScope.READ)
            return await handler(request)

        return guarded


def _begin(request: web.Request) -> StandingCursor | None:
    """Read where the page begins; a 400 for what is no place in the list."""
    text = request.query.get("from", "")
    standing, _, source = text.partition(".")
    if not text:
        return None
    if standing not in list(HealthStanding):
        raise bad_request(f'The parameter "from" begins with one of: {", ".join(HealthStanding)}.')
    return StandingCursor(standing=HealthStanding(standing), source=SourceId(source) or None)


def _spelled(spot: StandingCursor) -> str:
    return f"{spot.standing}.{spot.source}" if spot.source else str(spot.standing)


def source_rows(status: Status) -> list[SourceRow]:
    """Judge each source; the worst first, else in the order of the configuration."""
    rows = [
        replace(
            _source_row(one.source, one.state, health(one.source, one.state, status.at)),
            fresh=standing_of(one.source, one.state, status.at),
        )
        for one in status.sources
    ]
    return sorted(rows, key=lambda row: list(HealthStanding).index(row.standing))


def with_strips(
    rows: Sequence[SourceRow], strips: Sequence[Strip], names: Sequence[SourceId]
) -> list[SourceRow]:
    """Return the rows with the strip of each source; `strips` in the order of `names`."""
    found = dict(zip(names, strips, strict=True))
    return [
        replace(row, strip=found[row.source.id], drawn=strip_drawing(found[row.source.id])) for row in rows
    ]


def _source_row(source: Source, state: SourceState, judged: Health) -> SourceRow:
    # The page lists the warnings, and what is stuck is so by one of them, or by selectors that are lost.
    is_shown_already = judged.kind in _SAYS_IT_ITSELF or (
        judged.kind is HealthStanding.STUCK and bool(state.warnings)
    )
    return SourceRow(
        source=source,
        state=state,
        standing=judged.kind,
        reason=_reason(state) if judged.kind is HealthStanding.FAILING else None,
        failed_rounds=failed_rounds(state),
        why="" if is_shown_already else judged.why,
    )


def _reason(state: SourceState) -> ShownFailure | None:
    if state.failure is None:
        return None
    return shown_failure(state.failure.reason, state.failure.detail)


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
