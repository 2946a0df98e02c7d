"""The console's first page: what is late or failing stands on top, with its reason in words."""

from aiohttp import web

from syndicator.model.ops.states import PartStatus, SourceStanding, worst
from syndicator.pipeline.ops.source_standings import SourceFilter
from syndicator.web.console.console import Console
from syndicator.web.console.endpoint_rows import endpoint_rows, worst_first
from syndicator.web.console.sources.source_rows import source_rows, with_strips
from syndicator.web.ops.health import HealthRoutes
from syndicator.web.use_cases import UseCases

MOST_SOURCES, MOST_ENDPOINTS = 20, 20
"""So many the page shows at most."""

_NEEDS_ATTENTION = frozenset(standing for standing in SourceStanding if standing.needs_attention)


class OverviewPage:
    """Handler of `/admin/`."""

    def __init__(self, cases: UseCases, console: Console, health: HealthRoutes) -> None:
        self._reading = cases.reading
        self._console = console
        self._health = health

    def routes(self) -> list[web.RouteDef]:
        return [self._console.get("", self.page), self._console.get("/", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """Show the sources that need attention, and the endpoints, the worst first."""
        wanted = SourceFilter(standings=_NEEDS_ATTENTION)
        page = await self._reading.standings.page(None, MOST_SOURCES, wanted)
        status = await self._reading.status(page.sources)
        parts = (await self._health.parts()).values()
        faults = [part for part in parts if part.status is not PartStatus.READY]
        rows = source_rows(status.sources, status.at)
        sources = with_strips(rows, await self._reading.strips(page.sources), page.sources)
        endpoints = worst_first(endpoint_rows(status.endpoints, status.at))
        attention = {
            "source": sum(page.counts.get(standing, 0) for standing in _NEEDS_ATTENTION),
            "endpoint": sum(row.health.kind.needs_attention for row in endpoints),
            "part": len(faults),
        }
        states = [*page.counts, *(row.health.kind for row in endpoints), *(part.status for part in faults)]
        return self._console.page(
            request,
            "console/overview.html",
            "overview",
            status=status,
            reloads="reload" in request.query,
            sources=sources,
            configured=sum(page.counts.values()),
            counts=page.counts,
            endpoints=endpoints[:MOST_ENDPOINTS],
            more_endpoints=max(len(endpoints) - MOST_ENDPOINTS, 0),
            faults=faults,
            attention={kind: count for kind, count in attention.items() if count},
            severity=worst(state for state in states if state.needs_attention),
        )
