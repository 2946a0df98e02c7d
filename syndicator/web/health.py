"""Probes: does the process live, and can it do its work."""

import asyncio
from collections.abc import Mapping

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.feed import Format
from syndicator.pipeline.reading import Reading

_PING_TIMEOUT_S = 2.0
_HEADERS = {hdrs.CACHE_CONTROL: "no-store", hdrs.CONTENT_TYPE: "application/json"}


class Part(Struct, frozen=True):
    """How one part of the service stands."""

    status: str
    """`ready`, `degraded` or `down`."""
    detail: str


class HealthRoutes:
    """Handlers of `/healthz` and `/readyz`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self.live), web.get("/readyz", self.ready)]

    async def live(self, request: web.Request) -> web.Response:
        """Say that the process answers; asks nobody else."""
        del request
        return web.Response(body=b'{"status": "ok"}\n', headers=_HEADERS)

    async def ready(self, request: web.Request) -> web.Response:
        """Say how every part stands; 503 only when nothing at all can be served."""
        del request
        store = await self._store()
        feeds = self._feeds(store)
        status = "ready" if store.status == "ready" else feeds.status
        parts: Mapping[str, Part] = {"store": store, "feeds": feeds}
        body = msgspec.json.encode({"status": status, "parts": parts}) + b"\n"
        return web.Response(status=503 if status == "down" else 200, body=body, headers=_HEADERS)

    async def _store(self) -> Part:
        try:
            await asyncio.wait_for(self._reading.ping(), _PING_TIMEOUT_S)
        except StoreUnavailable:
            return Part("down", "Redis does not answer.")
        except TimeoutError:
            return Part("down", f"Redis did not answer within {_PING_TIMEOUT_S:g} s.")
        except StoreError:
            return Part("down", "Redis answers with a fault.")
        return Part("ready", "Redis answers.")

    def _feeds(self, store: Part) -> Part:
        publisher = self._reading.publisher
        total = len(publisher.specs)
        if store.status == "ready":
            return Part("ready", f"{total} feeds are served as they are now.")
        kept = sum(any(publisher.last_good(feed, form) for form in Format) for feed in publisher.specs)
        if kept:
            return Part("degraded", f"{kept} of {total} feeds are served as last known.")
        return Part("down", "No feed is known in this process.")
