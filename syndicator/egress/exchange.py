"""One request and what came back: once the status is there it counts, even if the rest never comes."""

import asyncio
import time
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from syndicator.egress.answers import MAX_ANSWER_BYTES, Answer
from syndicator.egress.client_pool import Lane
from syndicator.egress.failures import PROXY_WANTS_CREDENTIALS, proxy_refusal, translate
from syndicator.egress.headers import lower_case
from syndicator.egress.redirect_chain import Trip, callback, client_timeout
from syndicator.egress.wire import Asking, Reply, WireRequest
from syndicator.observe.tracing import Span, span

HTTP_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, UnicodeError)
"""What aiohttp can raise for reasons outside: its own trees, sockets and TLS (TimeoutError is an OSError),
and names that IDNA does not know."""

_FAILED = 400
"""From this status on, a request has failed."""


async def exchange(
    lane: Lane,
    trip: Trip,
    body: bytes | None,
    connect_timeout_s: float,
    *,
    own: Mapping[str, str] = MappingProxyType({}),
) -> Answer:
    """Send and listen. Once the status is there it counts, even if the rest never comes."""
    began = time.monotonic()
    received = bytearray()
    reply: Reply | None = None
    method = "GET" if body is None else "POST"
    with span(method, kind="client", method=method, host=trip.host) as current:
        try:
            async with (
                trip.working.spend(),
                lane.request(method, trip, connect_timeout_s, own=own, body=body) as reply,
            ):
                await _read_answer(reply, received)
        except HTTP_ERRORS as error:
            if reply is None:
                raise translate(error, trip.host, trip.proxy) from error
        note_status(current, reply.status)
    if trip.proxy is not None and reply.status == PROXY_WANTS_CREDENTIALS:
        raise proxy_refusal(trip.proxy, trip.host, reply.status)
    return _answer(reply, received, began)


def note_status(current: Span, status: int) -> None:
    """Add the status of an answer to the span of its request."""
    current.note(status=status)
    if status >= _FAILED:
        current.fail(f"http_{status}")


async def _read_answer(reply: Reply, into: bytearray) -> None:
    content = reply.content
    if content.at_eof() and content.exception() is None:  # most often there is no body
        return
    async for chunk in content.iter_any():
        into += chunk
        if len(into) > MAX_ANSWER_BYTES:
            return


def _answer(reply: Reply, received: bytearray, began_s: float) -> Answer:
    return Answer(
        status=reply.status,
        headers=lower_case(reply.headers),
        body=bytes(received[:MAX_ANSWER_BYTES]),
        duration_ms=round((time.monotonic() - began_s) * 1000),
    )


async def posted(
    lane: Lane,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    own: Mapping[str, str] = MappingProxyType({}),
    timeout_s: float,
    connect_timeout_s: float,
) -> Answer:
    """Post to a callback once a slot is free, and listen as `exchange` does."""
    to = callback(url, tuple(headers.items()))
    request = WireRequest(
        method="POST",
        url=to.url,
        headers={**to.headers, **own},
        body=body,
        limits=client_timeout(connect_timeout_s),
    )
    async with lane.slots.hold(to.host_port, lane.new_wait()):
        began, received = time.monotonic(), bytearray()
        reply: Reply | None = None
        with span("POST", kind="client", method="POST", host=to.host) as current:
            try:
                async with asyncio.timeout(timeout_s), Asking(lane.wire, request) as reply:
                    await _read_answer(reply, received)
            except HTTP_ERRORS as error:
                if reply is None:
                    raise translate(error, to.host) from error
            note_status(current, reply.status)
        return _answer(reply, received, began)
