"""How often a client may have one thing: a token bucket for each client and thing, in this process.

Generous, because one address may be a whole office, or a service that fetches for thousands of readers; and
some readers that get 429 from one feed leave all feeds of the domain alone for a while. Answers
of 304 are never counted.
"""

import math
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address

from aiohttp import hdrs, web

from syndicator.egress.ip_addresses import is_public
from syndicator.observe.logs import get_logger
from syndicator.pipeline.concurrency_limits import OWN_CLIENT
from syndicator.rules.popularity.visitors import household_of
from syndicator.rules.rate_limit import RateLimit
from syndicator.web.http.forwarded import Network, client_address, is_believed
from syndicator.web.http.problems import too_many

log = get_logger(__name__)

_TOO_OFTEN = (
    "This was sent in full to your address very often. Ask with If-None-Match or If-Modified-Since: "
    "what has not changed may be asked for at any rate."
)

ThingLimit = RateLimit[tuple[str, str]]
"""A limit for each client and thing."""


class Clients:
    """Identifies clients by address (an IPv6 network of /64 is one), and lets some go on without limits."""

    def __init__(self, trusted: tuple[Network, ...], unlimited: tuple[Network, ...]) -> None:
        self._trusted = trusted
        self._unlimited = unlimited
        self._known = lru_cache(maxsize=10_000)(self._look)

    def name(self, request: web.Request) -> str:
        """Return the client of a request; all that have no limits are one."""
        return self._client(request) or OWN_CLIENT

    def check_answer(
        self, request: web.Request, answer: web.StreamResponse, limit: ThingLimit, thing: str
    ) -> None:
        """Count a request as `check` does, unless the client has what it asks for."""
        if answer.status != HTTPStatus.NOT_MODIFIED:
            self.check(request, limit, thing)

    def check(self, request: web.Request, limit: ThingLimit, thing: str) -> None:
        """Count a request; raise a 429 that says when to come again (RFC 6585, 4)."""
        client = self._client(request)
        if client is not None and (wait_s := limit.take((client, thing))):
            raise too_many(_TOO_OFTEN, math.ceil(wait_s))

    def _client(self, request: web.Request) -> str | None:
        headers = request.headers
        forwarded = tuple(headers.getall(hdrs.X_FORWARDED_FOR)) if hdrs.X_FORWARDED_FOR in headers else ()
        return self._known(request.remote, forwarded, hdrs.FORWARDED in headers)

    def _look(self, peer: str | None, forwarded_for: tuple[str, ...], is_forwarded: bool) -> str | None:
        """Return a client; None for one that has no limits.

        `is_forwarded`: whether the request has a header Forwarded (RFC 7239), which is not read.
        """
        is_unread = is_forwarded and not forwarded_for
        if peer and (is_unread or (forwarded_for and not is_believed(peer, self._trusted))):
            _warn_of_proxy(peer)
        client = client_address(peer, forwarded_for, self._trusted)
        if client != "unknown" and any(ip_address(client) in network for network in self._unlimited):
            return None
        return household_of(client)


@lru_cache(maxsize=16)
def _warn_of_proxy(peer: str) -> None:
    """Log once each proxy that is not trusted: all of its clients count as one.

    Public addresses are not logged: any client may send such a header.
    """
    if not is_public(ip_address(peer)):
        log.warning(
            "proxy_not_trusted",
            proxy=peer,
            reason="what it says of its clients is not believed: limits hold for none, or for all as one",
            remedy=f'[server] trusted_proxies = ["{peer}"]; the proxy must set X-Forwarded-For',
        )
