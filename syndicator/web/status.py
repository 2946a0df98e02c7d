"""The operators' page: what is late or failing stands on top, with its reason in words."""

from collections import Counter
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.model.delivery import Endpoint
from syndicator.model.fetch import Reason
from syndicator.model.ids import SourceId
from syndicator.model.source import Source, SourceState
from syndicator.model.status import EndpointStatus, QueueCounts, Status
from syndicator.pipeline.reading import Reading
from syndicator.pipeline.standings import Spot
from syndicator.rules.health import Health, Standing, failed_rounds, health
from syndicator.web.drawing import Drawing
from syndicator.web.operators import Operators
from syndicator.web.options import OpsOptions
from syndicator.web.problems import bad_request

ON_PAGE = 200
"""Sources that one page shows at most."""

_METRICS_HEADERS = {
    hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
}
_ENDPOINTS_WORST_FIRST = ("dead", "retrying", "ok")
_NEEDS_ATTENTION = frozenset(Standing) - {Standing.NEW, Standing.PAUSED, Standing.OK} | {"dead"}
_SAYS_IT_ITSELF = frozenset({Standing.FAILING, Standing.NEW, Standing.OK})
"""Standings of which the page tells in its own words; of the others it gives the sentence."""


class ShownFailure(Struct, frozen=True, kw_only=True):
    """A failure, as it is told. Without a `key` its code stands for itself."""

    key: str | None
    code: str
    status: str
    detail: str


class SourceRow(Struct, frozen=True, kw_only=True):
    source: Source
    state: SourceState
    standing: Standing
    reason: ShownFailure | None
    failed_rounds: int
    why: str = ""
    """One sentence, where nothing else in the row says it."""


class EndpointRow(Struct, frozen=True, kw_only=True):
    endpoint: Endpoint
    host: str
    counts: QueueCounts
    standing: str
    last_failure: ShownFailure | None


class StatusRoutes:
    """Handlers of `/status` and `/metrics`."""

    def __init__(self, reading: Reading, drawing: Drawing, options: OpsOptions, operators: Operators) -> None:
        self._reading = reading
        self._operators = operators
        self._drawing = drawing
        self._options = options

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._operators.behind(self.status)),
            web.get("/status", self._operators.behind(self.status)),
            web.get("/metrics", self.metrics),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """Show sources and endpoints, the worst first; of very many sources, a page."""
        page = await self._reading.standings.page(_begin(request), ON_PAGE)
        status = await self._reading.status(page.sources)
        sources, endpoints = source_rows(status), endpoint_rows(status)
        counts = Counter[str](page.counts)
        counts.update(row.standing for row in endpoints)
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
            attention=sum(counts[standing] for standing in _NEEDS_ATTENTION),
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Give the counters to Prometheus."""
        del request
        await self._options.measure()
        return web.Response(body=self._options.metrics(), headers=_METRICS_HEADERS)


def _begin(request: web.Request) -> Spot | None:
    """Read where the page begins; a 400 for what is no place in the list."""
    text = request.query.get("from", "")
    standing, _, source = text.partition(".")
    if not text:
        return None
    if standing not in list(Standing):
        raise bad_request(f'The parameter "from" begins with one of: {", ".join(Standing)}.')
    return Spot(standing=Standing(standing), source=SourceId(source) or None)


def _spelled(spot: Spot) -> str:
    return f"{spot.standing}.{spot.source}" if spot.source else str(spot.standing)


def source_rows(status: Status) -> list[SourceRow]:
    """Judge each source; the worst first, else in the order of the configuration."""
    rows = [
        _source_row(one.source, one.state, health(one.source, one.state, status.at)) for one in status.sources
    ]
    return sorted(rows, key=lambda row: list(Standing).index(row.standing))


def endpoint_rows(status: Status) -> list[EndpointRow]:
    """Judge each endpoint; the worst first, else in the order of the configuration."""
    rows = [
        EndpointRow(
            endpoint=one.endpoint,
            # Only the host: paths and queries of webhooks are often secrets.
            host=urlsplit(one.endpoint.url).hostname or "",
            counts=one.counts,
            standing=_endpoint_standing(one),
            last_failure=told_reason(one.last_failure.removeprefix("dead ")) if one.last_failure else None,
        )
        for one in status.endpoints
    ]
    return sorted(rows, key=lambda row: _ENDPOINTS_WORST_FIRST.index(row.standing))


def _source_row(source: Source, state: SourceState, judged: Health) -> SourceRow:
    # The page lists the warnings, and what is stuck is so by one of them, or by selectors that are lost.
    told = judged.kind in _SAYS_IT_ITSELF or (judged.kind is Standing.STUCK and bool(state.warnings))
    return SourceRow(
        source=source,
        state=state,
        standing=judged.kind,
        reason=_reason(state) if judged.kind is Standing.FAILING else None,
        failed_rounds=failed_rounds(state),
        why="" if told else judged.why,
    )


def _endpoint_standing(one: EndpointStatus) -> str:
    if one.counts.dead:
        return "dead"
    return "retrying" if one.counts.delayed else "ok"


def _reason(state: SourceState) -> ShownFailure | None:
    if state.failure is None:
        return None
    return told_reason(state.failure.reason, state.failure.detail)


def told_reason(code: str, detail: str = "") -> ShownFailure:
    """Put a reason into words: `http_404` is the reason `http` with its status."""
    word, _, number = code.partition("_")
    if word == Reason.HTTP and number.isdigit():
        return ShownFailure(key="reason.http", code=code, status=number, detail=detail)
    known = code in list(Reason)
    return ShownFailure(key=f"reason.{code}" if known else None, code=code, status="", detail=detail)
