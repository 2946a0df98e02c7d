"""One request and what came back: once the status is there it counts, even if the rest never comes."""

import asyncio
import time
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from syndicator.egress.answers import MAX_ANSWER_BYTES, Answer
from syndicator.egress.failures import PROXY_WANTS_CREDENTIALS, failure, proxy_refusal, translate
from syndicator.egress.headers import lower_case
from syndicator.egress.lane import Lane
from syndicator.egress.posting import Posted
from syndicator.egress.trip import Callback, Trip, client_timeout
from syndicator.model.fetch import Reason

HTTP_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, UnicodeError)
"""What aiohttp can raise for reasons outside: its own trees, sockets and TLS (TimeoutError is an OSError),
and names that IDNA does not know."""


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
    response: aiohttp.ClientResponse | None = None
    try:
        async with (
            trip.working.spend(),
            lane.request(
                "GET" if body is None else "POST", trip, connect_timeout_s, own=own, body=body
            ) as response,
        ):
            async for chunk in response.content.iter_any():
                received += chunk
                if len(received) >= MAX_ANSWER_BYTES:
                    break
    except HTTP_ERRORS as error:
        if response is None:
            raise translate(error, trip.host, trip.proxy) from error
    if trip.proxy is not None and response.status == PROXY_WANTS_CREDENTIALS:
        raise proxy_refusal(trip.proxy, trip.host, response.status)
    return Answer(
        status=response.status,
        headers=lower_case(response.headers),
        body=bytes(received[:MAX_ANSWER_BYTES]),
        duration_ms=round((time.monotonic() - began) * 1000),
    )


async def posted(
    lane: Lane,
    to: Callback,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout_s: float,
    connect_timeout_s: float,
) -> Answer:
    """Post to a callback without the library's request objects, which are most of a delivery's cost."""
    began, into, limits = time.monotonic(), Posted(), client_timeout(connect_timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            await lane.poster.post(to.url, headers, body, limits, into)
    except HTTP_ERRORS as error:
        if into.status is None:
            raise translate(error, to.host) from error
    if into.status is None:
        raise failure(Reason.PROTOCOL, f"{to.host} does not answer in proper HTTP.")
    return Answer(
        status=into.status,
        headers=lower_case(into.headers),
        body=bytes(into.body[:MAX_ANSWER_BYTES]),
        duration_ms=round((time.monotonic() - began) * 1000),
    )
