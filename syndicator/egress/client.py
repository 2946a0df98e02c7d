"""The client: `fetch`, `head` and `submit` for sources, `post` for partners, `mail` for operators.

Two more are for subscribers of our hub.

Three lanes that share nothing: sources, endpoints of partners, and subscribers of our hub, who are strangers.
None must ever be a way to reach what only another may reach: each has its own allow list. Our own listeners
are reached by none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver
from msgspec import Struct
from msgspec.structs import replace

from syndicator.egress.answers import Answer, read_beginning, read_whole
from syndicator.egress.client_pool import Lane, open_lane
from syndicator.egress.exchange import HTTP_ERRORS, exchange, note_status, posted
from syndicator.egress.failures import PROXY_WANTS_CREDENTIALS, http_detail, proxy_refusal, translate
from syndicator.egress.guard import BoundedResolver
from syndicator.egress.headers import lower_case
from syndicator.egress.ip_addresses import AllowList
from syndicator.egress.mail import MailDoor, MailServer
from syndicator.egress.own_listeners import OwnListeners
from syndicator.egress.proxies import Proxy, parse_proxy
from syndicator.egress.redirect_chain import (
    NO_VALIDATORS,
    REDIRECTS,
    Trip,
    Validators,
    without_userinfo,
)
from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.egress.slots import Budget, ConnectionLimits
from syndicator.egress.wire import Reply
from syndicator.errors import EgressError
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, Reason
from syndicator.model.source import FetchLimits
from syndicator.observe.tracing import span
from syndicator.rules.webhooks.retry import parse_retry_after

SOURCE_LIMITS = ConnectionLimits(total=100, per_host=8, wait_s=60.0)
"""How polite we are is said for each source, and kept to over all processes, before a request comes here.
This is the backstop, for what is asked past that budget."""

CALLBACK_LIMITS = ConnectionLimits(total=640, per_host=0, wait_s=5.0)
"""No limit per host: how many requests one endpoint gets at once is for the deliverer to say, and many
endpoints may live on one host. There is room for all that the steps of a process have on their way. The short
wait keeps a delivery within its lease."""

_DEFAULT_LIMITS = FetchLimits()
_SUCCESS = range(200, 300)
_NO_HEAD_HERE = frozenset({405, 501})
_PART = 206
_SAME_METHOD = frozenset({307, 308})
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, text/html;q=0.8, application/json;q=0.8, */*;q=0.5"
)
_ACCEPT_ENCODING = "gzip, deflate, br, zstd"
_SOURCE_KEEPALIVE_S = 15.0
_CONNECT_TIMEOUT_S = 5.0
_CALLBACK_KEEPALIVE_S = 4.0  # below the 5 s of common servers: a POST must not meet a closing connection


class _Manner(Struct, frozen=True, kw_only=True):
    """How a document is asked for, and what is read of it."""

    method: str
    own: Mapping[str, str]
    read: Callable[[Reply, int], Awaitable[bytes]]


_WHOLE: Final = _Manner(method="GET", own={}, read=read_whole)
_HEAD: Final = _Manner(method="HEAD", own={"Accept-Encoding": "identity"}, read=read_beginning)
_BEGINNING: Final = _Manner(
    method="GET", own={"Accept-Encoding": "identity", "Range": "bytes=0-1023"}, read=read_beginning
)
_FORM: Final = {"Accept-Encoding": "identity", "Content-Type": "application/x-www-form-urlencoded"}


class Egress:
    """The one way out. Open it with `open_egress`; share it by all tasks of one event loop."""

    def __init__(
        self,
        *,
        sources: Lane,
        callbacks: Lane,
        subscribers: Lane,
        mails: MailDoor,
        clock: Clock,
        proxy: Proxy | None,
    ) -> None:
        self._sources = sources
        self._callbacks = callbacks
        self._subscribers = subscribers
        self._mails = mails
        self._clock = clock
        self._proxy = proxy

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        limits: FetchLimits = _DEFAULT_LIMITS,
        proxy: str | None = None,
        gate: Gate = open_gate,
        validators: Validators = NO_VALIDATORS,
        manner: _Manner = _WHOLE,
    ) -> FetchResult:
        """GET a document, following redirects by hand.

        Expected failures are values (`FetchFailed`), cancellation passes, and so does what `gate` raises. The
        caller's headers go to the origin of `url` only (see `headers.OWN_HEADERS` for those that cannot be
        set), `validators` to the address that gave them. `proxy` is the URL of a forward proxy, with its
        credentials; None means that of the session.
        Takes at most `limits.timeout_s` of work, plus the waits for turns and at the gate.
        """
        shown = without_userinfo(url)
        try:
            trip = self._trip(url, headers, limits, proxy, validators)
            return await self._travel(manner, trip, shown, limits, gate)
        except EgressError as error:
            return FetchFailed(
                requested_url=shown,
                reason=Reason(error.reason),
                detail=error.detail,
                fetched_at=self._clock(),
            )

    async def head(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = {},
        limits: FetchLimits = _DEFAULT_LIMITS,
        proxy: str | None = None,
        gate: Gate = open_gate,
    ) -> FetchResult:
        """Look at a document without reading it: as `fetch`, but by HEAD, and the body is empty.

        Where HEAD is not known (405, 501) or not answered properly, by GET of the first 1024 bytes; who sends
        more than was asked for is heard for 64 KiB. `content-range` or `content-length` then give the size of
        the whole.
        """
        ask = partial(self.fetch, url, headers=headers, limits=limits, proxy=proxy, gate=gate)
        found = await ask(manner=_HEAD)
        if isinstance(found, FetchFailed) and (
            found.status in _NO_HEAD_HERE or found.reason is Reason.PROTOCOL
        ):
            return await ask(manner=_BEGINNING)
        return found

    def _trip(
        self,
        url: str,
        headers: Mapping[str, str],
        limits: FetchLimits,
        proxy: str | None,
        validators: Validators = NO_VALIDATORS,
    ) -> Trip:
        return Trip(
            url,
            dict(headers),
            working=Budget(limits.timeout_s),
            max_redirects=limits.max_redirects,
            proxy=parse_proxy(proxy) if proxy else self._proxy,
            validators=validators,
        )

    async def _travel(
        self, manner: _Manner, trip: Trip, shown: str, limits: FetchLimits, gate: Gate
    ) -> FetchResult:
        waiting = self._sources.new_wait()
        while True:
            async with gate(trip.address) as refusal:
                if refusal is not None:
                    return replace(refusal, requested_url=shown)
                async with self._sources.slots.hold(trip.host_port, waiting):
                    fetched = await self._hop(manner, trip, shown, limits)
            if fetched is not None:
                return fetched

    async def _hop(self, manner: _Manner, trip: Trip, shown: str, limits: FetchLimits) -> FetchResult | None:
        """Make one request; None means that the trip has moved on."""
        host, method = trip.host, manner.method
        with span(method, kind="client", method=method, host=host, url=trip.address) as current:
            try:
                async with (
                    trip.working.spend(),
                    self._sources.request(method, trip, limits.connect_timeout_s, own=manner.own) as reply,
                ):
                    note_status(current, reply.status)
                    return await self._judge(manner, reply, trip, shown, limits)
            except HTTP_ERRORS as error:
                raise translate(error, host, trip.proxy, redirected=bool(trip.redirects)) from error

    async def _judge(
        self,
        manner: _Manner,
        reply: Reply,
        trip: Trip,
        shown: str,
        limits: FetchLimits,
    ) -> FetchResult | None:
        headers = lower_case(reply.headers)
        if reply.status in REDIRECTS:
            trip.follow(reply.status, reply.headers.get("Location"))
            return None
        if reply.status == 304:  # noqa: PLR2004 — Not Modified
            return NotModified(
                requested_url=shown, headers=headers, fetched_at=self._clock(), redirects=trip.redirects
            )
        unasked_part = reply.status == _PART and manner is _WHOLE
        if reply.status not in _SUCCESS or unasked_part:
            return self._refused(reply.status, headers, trip, shown)
        body = await manner.read(reply, limits.max_body_bytes)
        return Fetched(
            requested_url=shown,
            url=trip.address,
            status=reply.status,
            headers=headers,
            body=body,
            fetched_at=self._clock(),
            redirects=trip.redirects,
        )

    def _refused(self, status: int, headers: Mapping[str, str], trip: Trip, shown: str) -> FetchFailed:
        if trip.proxy is not None and status == PROXY_WANTS_CREDENTIALS:
            raise proxy_refusal(trip.proxy, trip.host, status)
        now = self._clock()
        return FetchFailed(
            requested_url=shown,
            reason=Reason.HTTP,
            detail=http_detail(trip.host, status, signed_in=trip.is_signed_in),
            fetched_at=now,
            status=status,
            retry_after_s=parse_retry_after(headers.get("retry-after"), now),
        )

    async def submit(
        self,
        url: str,
        form: Mapping[str, str],
        *,
        headers: Mapping[str, str] = {},
        limits: FetchLimits = _DEFAULT_LIMITS,
        proxy: str | None = None,
    ) -> Answer:
        """POST a form to where a source says, under the rules for sources; 307 and 308 are followed.

        Every other status is an answer. Raises EgressError with one of blocked, busy, scheme, dns, connect,
        tls, timeout, protocol, redirect. A form that came by TLS does not leave it. Takes at most
        `limits.timeout_s` of work, plus the wait for a turn.
        """
        trip = self._trip(url, headers, limits, proxy)
        body = urlencode(form).encode()
        waiting = self._sources.new_wait()
        while True:
            async with self._sources.slots.hold(trip.host_port, waiting):
                answer = await exchange(self._sources, trip, body, limits.connect_timeout_s, own=_FORM)
            if answer.status not in _SAME_METHOD:
                return answer
            trip.follow_with_body(answer.status, answer.headers.get("location"))

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        own: Mapping[str, str] = MappingProxyType({}),
        timeout_s: float = 10.0,
        connect_timeout_s: float = _CONNECT_TIMEOUT_S,
    ) -> Answer:
        """POST to what the configuration or a partner named. Every status is an answer, redirects too: they
        are not followed.

        `headers` are checked; `own` are ours, unchecked, and win where both have a name in the same spelling.

        Raises EgressError with one of blocked, busy, scheme, dns, connect, tls, timeout, protocol. Takes at
        most `timeout_s` of work plus `CALLBACK_LIMITS.wait_s` of waiting for a turn. The answer's body is as
        sent, not decompressed.
        """
        return await posted(
            self._callbacks,
            url,
            headers,
            body,
            own=own,
            timeout_s=timeout_s,
            connect_timeout_s=connect_timeout_s,
        )

    async def mail(
        self,
        server: MailServer,
        sender: str,
        recipients: Sequence[str],
        message: bytes,
        *,
        timeout_s: float,
        connect_timeout_s: float,
    ) -> Answer:
        """Hand a mail to a server that the configuration named. Raises EgressError: see `MailDoor.send`."""
        return await self._mails.send(
            server, sender, recipients, message, timeout_s=timeout_s, connect_timeout_s=connect_timeout_s
        )

    async def post_to_subscriber(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_s: float = 10.0
    ) -> Answer:
        """POST to a subscriber of our hub, as `post`."""
        return await posted(
            self._subscribers,
            url,
            headers,
            body,
            timeout_s=timeout_s,
            connect_timeout_s=_CONNECT_TIMEOUT_S,
        )

    async def ask_subscriber(self, url: str, *, timeout_s: float = 10.0) -> Answer:
        """GET the callback of a subscriber of our hub, to ask back; all else as `post`."""
        trip = Trip(url, {}, working=Budget(timeout_s), max_redirects=0, exact=True)
        async with self._subscribers.slots.hold(trip.host_port, self._subscribers.new_wait()):
            return await exchange(self._subscribers, trip, None, _CONNECT_TIMEOUT_S)


@asynccontextmanager
async def open_egress(
    *,
    user_agent: str,
    allow: AllowList,
    allow_callbacks: AllowList,
    allow_subscribers: AllowList = (),
    own: OwnListeners | None = None,
    clock: Clock,
    source_limits: ConnectionLimits = SOURCE_LIMITS,
    callback_limits: ConnectionLimits = CALLBACK_LIMITS,
    resolver: AbstractResolver | None = None,
    proxy: str | None = None,
) -> AsyncIterator[Egress]:
    """Open the way out; all its connections are closed at the end.

    `allow`, `allow_callbacks` and `allow_subscribers` name networks that sources, endpoints of partners and
    subscribers of our hub may have although they are not public. `own` are the listeners of this service,
    which nothing reaches whatever is allowed. `resolver` answers for DNS (None: the system's) and is closed
    with the rest. `proxy` is the URL of a forward proxy for everything that goes to sources (callbacks never
    use one); raises EgressError(connect) where it is none.
    """
    parsed_proxy = parse_proxy(proxy) if proxy else None
    names = BoundedResolver(resolver or DefaultResolver())
    listeners = OwnListeners() if own is None else own

    def callbacks_lane(allowed: AllowList) -> AbstractAsyncContextManager[Lane]:
        return open_lane(
            headers={"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
            allow=allowed,
            own=listeners,
            limits=callback_limits,
            keepalive_s=_CALLBACK_KEEPALIVE_S,
            resolver=names,
            decompressing=False,
        )

    try:
        async with (
            open_lane(
                headers={"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": _ACCEPT_ENCODING},
                allow=allow,
                own=listeners,
                limits=source_limits,
                keepalive_s=_SOURCE_KEEPALIVE_S,
                resolver=names,
                decompressing=True,
            ) as sources,
            callbacks_lane(allow_callbacks) as callbacks,
            callbacks_lane(allow_subscribers) as subscribers,
        ):
            yield Egress(
                sources=sources,
                callbacks=callbacks,
                subscribers=subscribers,
                mails=MailDoor(allow_callbacks, listeners, names),
                clock=clock,
                proxy=parsed_proxy,
            )
    finally:
        await names.close()
