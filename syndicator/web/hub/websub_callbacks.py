"""The addresses at which hubs ask back and push (WebSub, 5.2, 5.3 and 7): kept at once, read elsewhere."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from syndicator.errors import StoreError
from syndicator.model.ids import SourceId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.websub.callbacks import Closed, HubCallbacks
from syndicator.rules.rate_limit import RateLimit

PATH = "/websub/{source}/{callback_id}"

MAX_CHALLENGE = 4096
MAX_PER_MINUTE = 60
"""Pushes of one source that a process takes."""
MAX_READING = 8
"""Pushes whose bodies are read at once: what they may hold in memory is this often a source's limit."""
MAX_READING_OF_SOURCE = 2
"""Of these for one source: its hub alone cannot keep out all others."""
READ_TIMEOUT_S = 30.0
BUSY_RETRY_S = 60

_LEASE = re.compile(r"[0-9]{1,10}", re.ASCII)
_CLOSED = {Closed.UNKNOWN: 404, Closed.ENDED: 410, Closed.FULL: 503, Closed.PAUSED: 503}

log = get_logger(__name__)


class HubRoutes:
    """Handlers of the callbacks. Their addresses are secrets: only the hub that got one knows it."""

    def __init__(self, callbacks: HubCallbacks) -> None:
        self._callbacks = callbacks
        self._reading: Counter[SourceId] = Counter()
        self._pace = RateLimit[SourceId].a_minute(MAX_PER_MINUTE, time.monotonic)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(PATH, _when_stored(self.verify), allow_head=False),
            web.post(PATH, _when_stored(self.push)),
        ]

    async def verify(self, request: web.Request) -> web.Response:
        """Answer a hub that asks whether we mean it, or says that it will not."""
        source, callback_id = _named(request)
        query = request.query
        mode, topic = query.get("hub.mode", ""), query.get("hub.topic", "")
        if mode == "denied":
            known = await self._callbacks.deny(source, callback_id, topic, query.get("hub.reason", ""))
            return _plain(200 if known else 404)
        challenge = query.get("hub.challenge", "")
        lease = query.get("hub.lease_seconds", "")
        lease_s = int(lease) if _LEASE.fullmatch(lease) else None
        if not 0 < len(challenge) <= MAX_CHALLENGE:
            return _plain(404)
        meant = await self._callbacks.confirm(source, callback_id, mode, topic, lease_s)
        return _plain(200, challenge) if meant else _plain(404)

    async def push(self, request: web.Request) -> web.Response:
        """Take a document: 202 says that we have it, not that it is of any use."""
        source, callback_id = _named(request)
        opened = await self._callbacks.open(source, callback_id)
        if isinstance(opened, Closed):
            return _plain(_CLOSED[opened])
        if self._pace.take(source):
            return _plain(429)
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
            return _plain(415)  # what was signed would be something else than what we see
        if self._reading.total() >= MAX_READING or self._reading[source] >= MAX_READING_OF_SOURCE:
            return _plain(503)
        with self._counted(source):
            body = await _read(request, opened.max_body_bytes)
            if body is None:
                await self._callbacks.too_large(opened)
                return _plain(413)
            kept = await self._callbacks.receive(
                opened,
                body=body,
                content_type=request.headers.get(hdrs.CONTENT_TYPE, ""),
                signature=request.headers.get("X-Hub-Signature"),
            )
        return _plain(202 if kept else 503)

    @contextmanager
    def _counted(self, source: SourceId) -> Iterator[None]:
        """Count a push among those that are being read."""
        self._reading[source] += 1
        try:
            yield
        finally:
            self._reading[source] -= 1
            self._reading += Counter()  # forgets sources at nought


async def _read(request: web.Request, limit: int) -> bytes | None:
    """Read a body; None where it is larger than the limit. Too slow a one ends with 408."""
    if (request.content_length or 0) > limit:
        return None
    received = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                received += chunk
                if len(received) > limit:
                    return None
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    return bytes(received)


def _when_stored(handler: Handler) -> Handler:
    """Answer for a store that is away here: the path, which the log would name, is a secret of the hub's."""

    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StoreError as error:
            log.warning("websub_callback_not_stored", source=request.match_info["source"], reason=str(error))
            return _plain(503)

    return answered


def _named(request: web.Request) -> tuple[SourceId, str]:
    return SourceId(request.match_info["source"]), request.match_info["callback_id"]


def _plain(status: int, text: str = "") -> web.Response:
    """Answer in plain text, which no browser takes for a page (5.3.1): all our answers say `nosniff`."""
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    if status in {429, 503}:
        headers[hdrs.RETRY_AFTER] = str(BUSY_RETRY_S)
    return web.Response(status=status, text=text, content_type="text/plain", headers=headers)
