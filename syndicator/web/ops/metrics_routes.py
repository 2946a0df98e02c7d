"""What Prometheus asks: the metrics of this process, and where those of all others are."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from syndicator.model.token import TokenScope
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import OpsOptions

_METRICS_HEADERS = {
    hdrs.CONTENT_TYPE: "text/plain; version=0.0.4; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class MetricsRoutes:
    """Handlers of `/metrics` and `/metrics/targets`."""

    def __init__(self, options: OpsOptions, gate: Gate) -> None:
        self._options = options
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/metrics", self._for_scrapers(self.metrics)),
            web.get("/metrics/targets", self._for_scrapers(self.targets)),
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        """Return the counters to Prometheus."""
        del request
        await self._options.measure()
        # With thousands of sources it takes a tenth of a second, in which readers would wait.
        body = await asyncio.to_thread(self._options.metrics)
        return web.Response(body=body, headers=_METRICS_HEADERS)

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
                await self._gate.admit(request, TokenScope.READ)
            return await handler(request)

        return guarded
