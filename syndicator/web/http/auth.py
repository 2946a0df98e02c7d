"""Who asks: bearer tokens of the API (RFC 6750), checked before a handler runs.

A token is taken from the `Authorization` header alone: not from the URL, which others see and keep.
"""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from syndicator.model.clock import Clock
from syndicator.model.endpoint import OPERATORS
from syndicator.model.token import Token, TokenScope
from syndicator.observe.actor import acting
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.rules.access.credentials import digest_of, same
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.popularity.visitors import household_of
from syndicator.rules.rate_limit import RateLimit
from syndicator.web.http.forwarded import Network, client_address
from syndicator.web.http.problems import Problem, ProblemRaised, too_many

REALM = "syndicator"
TOKEN: web.RequestKey[Token] = web.RequestKey("token", Token)
"""Where a handler finds the token that was checked."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CLIENTS = 10_000
"""Clients whose failures are remembered; the one that failed least lately leaves."""

_KNOWN = 1_000
"""Tokens that were valid lately: whoever holds one is not refused for the failures of a neighbour."""

_FAILURES_AT_ONCE = 10
_RETRY_AFTER_S = 6
"""After so many failures, a client may fail once in so many seconds."""

_NAMES = {400: "bad-request", 401: "unauthorized", 403: "forbidden"}


def is_trusted(request: web.Request) -> bool:
    """Return whether an administrator asks."""
    return request[TOKEN].allows(TokenScope.ADMIN)


def owner_of(request: web.Request) -> str:
    """Return the owner of what is added with this request: the token's, or all operators."""
    return OPERATORS if is_trusted(request) else request[TOKEN].belongs_to


class Gate:
    """Lets requests with a token of the right scope through to handlers."""

    def __init__(
        self,
        access: Access,
        clock: Clock,
        trusted: tuple[Network, ...] = (),
        *,
        operators: Token | None = None,
    ) -> None:
        """`operators`: a token that is good at this gate alone, whatever else was refused before."""
        self._access = access
        self._operators = operators
        self._trusted = trusted
        self._failures = RateLimit[str](
            _FAILURES_AT_ONCE, _RETRY_AFTER_S, lambda: clock().timestamp(), _CLIENTS
        )
        self._known = LeastRecent[str, Token](_KNOWN)

    def behind(self, scope: TokenScope, handler: Handler) -> Handler:
        """Put a handler behind the gate; it finds the token in `request[TOKEN]`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            token = request[TOKEN] = await self.admit(request, scope)
            with acting(token.id):
                return await handler(request)

        return guarded

    async def admit(self, request: web.Request, scope: TokenScope) -> Token:
        """Return the token of a request that has this scope.

        Raises:
            ProblemRaised: 400 for a malformed header, 401 without a valid token, 403 without the scope,
                429 after many failures.

        """
        token = await self.token_of(request, _bearer(request))
        if token is None:
            raise _refused(
                401,
                "The token is not known, has expired, or was revoked.",
                'error="invalid_token"',
            )
        if not token.allows(scope):
            raise _refused(
                403,
                f"This needs a token with the scope {scope.value}.",
                f'error="insufficient_scope", scope="{scope.value}"',
            )
        return token

    async def token_of(self, request: web.Request, value: str) -> Token | None:
        """Return the token that a request shows; None where it is not valid.

        Raises:
            ProblemRaised: 429 after many failures.

        """
        digest, client = digest_of(value), self._client(request)
        if self._operators is not None and same(self._operators.sha256, digest):
            return self._operators
        if digest not in self._known and self._failures.wait_s(client):
            detail = "Too many requests with tokens that are not valid came from this address."
            raise too_many(detail, _RETRY_AFTER_S)
        token = await self._access.check(value)
        if token is None:
            self._known.pop(digest)
            self._failures.take(client)
        else:
            self._known.put(digest, token)
        return token

    async def token_with(self, digest: str) -> Token | None:
        """Return the valid token with this digest, as a session keeps it."""
        if self._operators is not None and same(self._operators.sha256, digest):
            return self._operators
        return await self._access.token_with(digest)

    def _client(self, request: web.Request) -> str:
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
        return household_of(client_address(request.remote, forwarded, self._trusted))


def _bearer(request: web.Request) -> str:
    """Take the token out of the header (RFC 6750, 2.1)."""
    given = request.headers.getall(hdrs.AUTHORIZATION, ())
    if not given:
        # A client that sent no token gets no error code (RFC 6750, 3.1).
        raise _refused(401, "Send a token: Authorization: Bearer synd_….", "")
    scheme, _, value = given[0].partition(" ")
    value = value.strip(" ")
    if scheme.lower() != "bearer":
        raise _refused(401, "Only tokens are taken here: Authorization: Bearer synd_….", "")
    if len(given) > 1 or not value or " " in value:
        raise _refused(400, "Send one token, as in Authorization: Bearer synd_….", 'error="invalid_request"')
    return value


def _refused(status: int, detail: str, error: str) -> ProblemRaised:
    challenge = f'Bearer realm="{REALM}"' + (f", {error}" if error else "")
    headers: dict[str, str] = {hdrs.WWW_AUTHENTICATE: challenge}
    return ProblemRaised(Problem(name=_NAMES[status], status=status, detail=detail, headers=headers))
