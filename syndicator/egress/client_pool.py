"""One kind of outgoing requests: its sessions, its turns, and what it may reach."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver

from syndicator.egress.guard import open_connector
from syndicator.egress.ip_addresses import ANYWHERE, AllowList
from syndicator.egress.own_listeners import OwnListeners
from syndicator.egress.proxies import Proxy, refuse_literal
from syndicator.egress.redirect_chain import Trip, client_timeout
from syndicator.egress.slots import Budget, ConnectionLimits, Slots
from syndicator.egress.wire import Asking, Reply, Wire, WireRequest


class Lane:
    """Two sessions, straight and by proxy: what one has connected, the other never uses."""

    def __init__(
        self,
        straight: aiohttp.ClientSession,
        by_proxy: aiohttp.ClientSession,
        allow: AllowList,
        own: OwnListeners,
        limits: ConnectionLimits,
    ) -> None:
        self._by_proxy = by_proxy
        self._allow = allow
        self._own = own
        self.slots = Slots(limits)
        self.wire = Wire(straight)

    def new_wait(self) -> Budget:
        """Return what one request may spend on waiting for its turns."""
        return Budget(self.slots.limits.wait_s)

    def request(
        self,
        method: str,
        trip: Trip,
        connect_timeout_s: float,
        *,
        own: Mapping[str, str],
        body: bytes | None = None,
    ) -> AbstractAsyncContextManager[Reply]:
        """Return the request that a trip is at; it is sent on entering.

        `own` are header fields of ours, sent to whatever origin.
        Raises EgressError(blocked) where a proxy would be asked for a private address, or for ourselves.
        """
        headers = {**trip.headers, **trip.validators, **own}
        request = WireRequest(
            method=method,
            url=trip.url,
            headers=headers,
            body=body,
            limits=client_timeout(connect_timeout_s),
        )
        if trip.proxy is None:
            return Asking(self.wire, request)
        refuse_literal(trip.url, self._allow, self._own)
        if trip.url.scheme == "http":  # the proxy reads the request itself, else just the one for a tunnel
            headers.update(trip.proxy.headers)
        return self._request_by(trip.proxy, request)

    @asynccontextmanager
    async def _request_by(self, proxy: Proxy, request: WireRequest) -> AsyncIterator[Reply]:
        async with self._by_proxy.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
            timeout=request.limits,
            proxy=proxy.url,
            proxy_headers=proxy.headers,
        ) as response:
            yield Reply(response.status, response.headers, response.content, None, request.url.host or "")


@asynccontextmanager
async def open_lane(
    *,
    headers: Mapping[str, str],
    allow: AllowList,
    own: OwnListeners,
    limits: ConnectionLimits,
    keepalive_s: float,
    resolver: AbstractResolver,
    decompressing: bool,
) -> AsyncIterator[Lane]:
    """Open a lane; its connections are closed at the end. The resolver stays the caller's to close."""

    def session(reachable: AllowList) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=open_connector(reachable, own, keepalive_s=keepalive_s, resolver=resolver),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            raise_for_status=False,
            auto_decompress=decompressing,
        )

    # By proxy, connections go to proxies only, whose addresses the configuration chose.
    async with session(allow) as straight, session(ANYWHERE) as by_proxy:
        yield Lane(straight, by_proxy, allow, own, limits)
