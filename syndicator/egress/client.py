"""The client: `fetch` for what sources publish, `post` for what partners receive.

Two sessions that share nothing: a source's document must never be a way to reach what only callbacks
may reach, nor the reverse (each has its own allow list).
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.resolver import DefaultResolver
from msgspec import Struct

from syndicator.egress.addresses import AllowList
from syndicator.egress.failures import failure, http_detail, translate
from syndicator.egress.guard import BoundedResolver, open_connector
from syndicator.egress.headers import lower_case
from syndicator.egress.slots import Budget, ConnectionLimits, Slots
from syndicator.egress.trip import REDIRECTS, Trip, client_timeout, without_userinfo
from syndicator.errors import EgressError
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, Reason
from syndicator.model.source import FetchLimits
from syndicator.rules.retry import parse_retry_after

SOURCE_LIMITS = ConnectionLimits(total=100, per_host=2, wait_s=60.0)
"""Politeness first: two requests per portal."""

CALLBACK_LIMITS = ConnectionLimits(total=256, per_host=0, wait_s=5.0)
"""No limit per host: how many requests one endpoint gets at once is for the deliverer to say, and many
endpoints may live on one host. The short wait keeps a delivery within its lease."""

MAX_ANSWER_BYTES = 16 * 1024
"""Of an answer to a callback, before any decompression."""

_DEFAULT_LIMITS = FetchLimits()
_HTTP_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, UnicodeError)
"""What aiohttp can raise for reasons outside: its own trees, sockets and TLS (TimeoutError is an OSError),
and names that IDNA does not know."""

_SUCCESS = range(200, 300)
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, text/html;q=0.8, application/json;q=0.8, */*;q=0.5"
)
_ACCEPT_ENCODING = "gzip, deflate, br, zstd"
_SOURCE_KEEPALIVE_S = 15.0
_CALLBACK_KEEPALIVE_S = 4.0  # below the 5 s of common servers: a POST must not meet a closing connection


class Answer(Struct, frozen=True, kw_only=True):
    """What a callback's receiver said, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """At most 16 KiB, as sent. Shorter where the receiver broke off after its status."""
    duration_ms: int


class _Lane:
    """One session and its turns."""

    def __init__(self, session: aiohttp.ClientSession, limits: ConnectionLimits) -> None:
        self.session = session
        self.slots = Slots(limits)

    def new_wait(self) -> Budget:
        return Budget(self.slots.limits.wait_s)


class Egress:
    """The one way out. Open it with `open_egress`; share it by all tasks of one event loop."""

    def __init__(self, *, sources: _Lane, callbacks: _Lane, clock: Clock) -> None:
        self._sources = sources
        self._callbacks = callbacks
        self._clock = clock

    async def fetch(
        self, url: str, *, headers: Mapping[str, str] = {}, limits: FetchLimits = _DEFAULT_LIMITS
    ) -> FetchResult:
        """GET a document, following redirects by hand.

        Expected failures are values (`FetchFailed`), cancellation passes. The caller's headers go to the
        origin of `url` only; of the standard ones only Accept can be set (see `headers.OWN_HEADERS`).
        Takes at most `limits.timeout_s` of work, plus the wait for a turn.
        """
        shown = without_userinfo(url)
        try:
            trip = Trip(
                url,
                dict(headers),
                working=Budget(limits.timeout_s),
                max_redirects=limits.max_redirects,
            )
            return await self._travel(trip, shown, limits)
        except EgressError as error:
            return FetchFailed(
                requested_url=shown,
                reason=Reason(error.reason),
                detail=error.detail,
                fetched_at=self._clock(),
            )

    async def _travel(self, trip: Trip, shown: str, limits: FetchLimits) -> FetchResult:
        waiting = self._sources.new_wait()
        while True:
            async with self._sources.slots.hold(trip.host_port, waiting):
                result = await self._hop(trip, shown, limits)
            if result is not None:
                return result

    async def _hop(self, trip: Trip, shown: str, limits: FetchLimits) -> FetchResult | None:
        """Make one request; None means that the trip has moved on."""
        host = trip.host
        try:
            async with (
                trip.working.spend(),
                self._sources.session.get(
                    trip.url,
                    headers=trip.headers,
                    allow_redirects=False,
                    timeout=client_timeout(limits.connect_timeout_s),
                ) as response,
            ):
                return await self._judge(response, trip, shown, limits)
        except _HTTP_ERRORS as error:
            raise translate(error, host) from error

    async def _judge(
        self, response: aiohttp.ClientResponse, trip: Trip, shown: str, limits: FetchLimits
    ) -> FetchResult | None:
        headers = lower_case(response.headers)
        if response.status in REDIRECTS:
            trip.follow(response.headers.get("Location"))
            return None
        if response.status == 304:  # noqa: PLR2004 — Not Modified
            return NotModified(requested_url=shown, headers=headers, fetched_at=self._clock())
        now = self._clock()
        if response.status not in _SUCCESS:
            return FetchFailed(
                requested_url=shown,
                reason=Reason.HTTP,
                detail=http_detail(trip.host, response.status),
                fetched_at=now,
                status=response.status,
                retry_after_s=parse_retry_after(headers.get("retry-after"), now),
            )
        body = await _read_whole(response, limits.max_body_bytes, trip.host)
        return Fetched(
            requested_url=shown,
            url=str(trip.url),
            status=response.status,
            headers=headers,
            body=body,
            fetched_at=self._clock(),
        )

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float = 10.0,
        connect_timeout_s: float = 5.0,
    ) -> Answer:
        """POST to a callback. Every status is an answer, redirects too: they are not followed.

        Raises EgressError with one of blocked, scheme, dns, connect, tls, timeout, protocol. Takes at most
        `timeout_s` of work plus `CALLBACK_LIMITS.wait_s` of waiting for a turn.
        """
        trip = Trip(url, dict(headers), working=Budget(timeout_s), max_redirects=0)
        async with self._callbacks.slots.hold(trip.host_port, self._callbacks.new_wait()):
            return await self._exchange(trip, body, connect_timeout_s)

    async def _exchange(self, trip: Trip, body: bytes, connect_timeout_s: float) -> Answer:
        """Send and listen. Once the status is there it counts, even if the rest never comes."""
        began = time.monotonic()
        received = bytearray()
        response: aiohttp.ClientResponse | None = None
        try:
            async with (
                trip.working.spend(),
                self._callbacks.session.post(
                    trip.url,
                    data=body,
                    headers=trip.headers,
                    allow_redirects=False,
                    timeout=client_timeout(connect_timeout_s),
                ) as response,
            ):
                async for chunk in response.content.iter_any():
                    received += chunk
                    if len(received) >= MAX_ANSWER_BYTES:
                        break
        except _HTTP_ERRORS as error:
            if response is None:
                raise translate(error, trip.host) from error
        return Answer(
            status=response.status,
            headers=lower_case(response.headers),
            body=bytes(received[:MAX_ANSWER_BYTES]),
            duration_ms=round((time.monotonic() - began) * 1000),
        )


async def _read_whole(response: aiohttp.ClientResponse, limit: int, host: str) -> bytes:
    """Read the decompressed body; it is counted while it comes, so that a bomb never unfolds."""
    declared = response.content_length
    if declared is not None and declared > limit:
        raise _too_large(host, limit)
    received = bytearray()
    async for chunk in response.content.iter_any():
        received += chunk
        if len(received) > limit:
            raise _too_large(host, limit)
    return bytes(received)


def _too_large(host: str, limit: int) -> EgressError:
    return failure(Reason.TOO_LARGE, f"The document of {host} is larger than {limit} bytes.")


@asynccontextmanager
async def open_egress(
    *,
    user_agent: str,
    allow: AllowList,
    allow_callbacks: AllowList,
    clock: Clock,
    source_limits: ConnectionLimits = SOURCE_LIMITS,
    callback_limits: ConnectionLimits = CALLBACK_LIMITS,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[Egress]:
    """Open the way out; all its connections are closed at the end.

    `allow` and `allow_callbacks` name networks that sources and callbacks may reach although they are not
    public. `resolver` answers for DNS (None: the system's) and is closed with the rest.
    """
    async with AsyncExitStack() as stack:
        names = BoundedResolver(resolver or DefaultResolver())
        stack.push_async_callback(names.close)
        sources = aiohttp.ClientSession(
            connector=open_connector(allow, keepalive_s=_SOURCE_KEEPALIVE_S, resolver=names),
            headers={"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": _ACCEPT_ENCODING},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            raise_for_status=False,
        )
        await stack.enter_async_context(sources)
        callbacks = aiohttp.ClientSession(
            connector=open_connector(allow_callbacks, keepalive_s=_CALLBACK_KEEPALIVE_S, resolver=names),
            headers={"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            raise_for_status=False,
            auto_decompress=False,
        )
        await stack.enter_async_context(callbacks)
        yield Egress(
            sources=_Lane(sources, source_limits), callbacks=_Lane(callbacks, callback_limits), clock=clock
        )
