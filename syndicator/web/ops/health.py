"""Probes: does the process live, and can it do its work."""

import asyncio
import time
from collections.abc import Collection, Mapping
from statistics import median_low

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.errors import StoreError, StoreRefuses, StoreUnavailable
from syndicator.model.ids import FeedId
from syndicator.model.ops.configuration import ProcessNote
from syndicator.model.ops.states import PartStatus
from syndicator.model.ops.status import Recovery
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.pipeline.queries import Queries
from syndicator.web.http.options import ConfigurationNote

_TIMEOUT_S = 2.0
_PINGS = 3
_PINGS_S = 0.5
"""Redis is not asked again once the answers took so long together."""
SLOW_S = 0.1
"""An answer that takes longer is slow: a round that brings something waits for ten, one after the other."""
_HEADERS = {hdrs.CACHE_CONTROL: "no-store", hdrs.CONTENT_TYPE: "application/json"}


class Part(Struct, frozen=True):
    """How one part of the service stands."""

    status: PartStatus
    detail: str


class HealthRoutes:
    """Handlers of `/healthz` and `/readyz`."""

    def __init__(
        self,
        reading: Queries | None,
        feeds: Collection[FeedId],
        stale_cache: StaleCache,
        configuration: ConfigurationNote | None = None,
    ) -> None:
        """`reading`: None where Redis was away from the start."""
        self._configuration = configuration
        self._reading = reading
        self._configured = frozenset(feeds)
        self._stale_cache = stale_cache

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self.live), web.get("/readyz", self.ready)]

    async def live(self, request: web.Request) -> web.Response:
        """Return the answer that the process lives, without asking Redis."""
        del request
        return web.Response(body=b'{"status": "ok"}\n', headers=_HEADERS)

    async def ready(self, request: web.Request) -> web.Response:
        """Return how every part stands; 503 only when nothing at all can be served."""
        del request
        parts = await self.parts()
        store, feeds = parts["store"], parts["feeds"]
        status = feeds.status if store.status is PartStatus.DOWN else store.status
        if status is PartStatus.READY and any(part.status is not PartStatus.READY for part in parts.values()):
            status = PartStatus.DEGRADED
        body = msgspec.json.encode({"status": status, "parts": parts}) + b"\n"
        return web.Response(status=503 if status is PartStatus.DOWN else 200, body=body, headers=_HEADERS)

    async def parts(self) -> Mapping[str, Part]:
        """Return how every part stands, by name."""
        store = await self._store()
        parts = {"store": store, "feeds": self._feeds(store)}
        if self._configuration is not None:
            parts["configuration"] = _configured(self._configuration())
        return parts

    async def _store(self) -> Part:
        if self._reading is None:
            return Part(PartStatus.DOWN, "Redis does not answer.")
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                latency_s = await _latency_s(self._reading)
                lost = await self._reading.recovery()
        except StoreRefuses as error:
            return Part(PartStatus.DOWN, error.why)
        except StoreUnavailable:
            return Part(PartStatus.DOWN, "Redis does not answer.")
        except TimeoutError:
            return Part(PartStatus.DOWN, f"Redis did not answer within {_TIMEOUT_S:g} s.")
        except StoreError:
            return Part(PartStatus.DOWN, "Redis answers with a fault.")
        return await self._writable(self._reading, lost, latency_s)

    async def _writable(self, reading: Queries, lost: Recovery | None, latency_s: float) -> Part:
        """Return whether Redis takes writes, too: without them feeds are served, and nothing else goes on."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await reading.try_writing()
        except StoreRefuses as error:
            return Part(PartStatus.DEGRADED, error.why)
        except (StoreUnavailable, TimeoutError):
            return Part(
                PartStatus.DEGRADED, "Redis answers, but takes no writes: are they paused (CLIENT PAUSE)?"
            )
        except StoreError:
            return Part(PartStatus.DEGRADED, "Redis answers a write with a fault.")
        if lost is not None:
            return Part(
                PartStatus.DEGRADED,
                f"Redis was emptied after {lost.there_until:%Y-%m-%dT%H:%M:%SZ}. Sources that wait to be "
                f"gathered again: {lost.waiting}.",
            )
        if latency_s > SLOW_S:
            return Part(PartStatus.DEGRADED, f"Redis answers slowly: {latency_s * 1000:.0f} ms.")
        return Part(PartStatus.READY, "Redis answers.")

    def _feeds(self, store: Part) -> Part:
        total = len(self._configured)
        if store.status is not PartStatus.DOWN:
            return Part(PartStatus.READY, f"{total} feeds are served as they are now.")
        kept = len(self._stale_cache.feeds & self._configured)
        if kept:
            return Part(PartStatus.DEGRADED, f"{kept} of {total} feeds are served as last known.")
        return Part(PartStatus.DOWN, "No feed is known here.")


def _configured(note: ProcessNote) -> Part:
    runs = f"version {note.version} runs" if note.version else "the files of this process run"
    if note.refused:
        # Which they are, is for operators: anybody may ask here.
        faults = "1 fault" if len(note.refused) == 1 else f"{len(note.refused)} faults"
        reload = "syndicator reload names them"
        return Part(PartStatus.DEGRADED, f"A newer configuration is refused ({faults}; {reload}); {runs}.")
    if note.restart_for:
        return Part(PartStatus.DEGRADED, f"A restart would apply {', '.join(note.restart_for)}; {runs}.")
    return Part(PartStatus.READY, f"{runs[0].upper()}{runs[1:]}.")


async def _latency_s(reading: Queries) -> float:
    """Return how long Redis takes to answer: the median, so that one pause of this process does not count."""
    took_s: list[float] = []
    while len(took_s) < _PINGS and sum(took_s) < _PINGS_S:
        asked_at = time.monotonic()
        await reading.ping()
        took_s.append(time.monotonic() - asked_at)
    return median_low(took_s)
