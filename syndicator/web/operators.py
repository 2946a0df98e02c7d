"""Who may use the operators' listener: whoever can read the token in the data folder.

Programs send the token as a bearer. A browser is let in by a link that was made with the token and works
once: it leaves a cookie, which opens the pages and nothing of the API.
"""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import hdrs, web

from syndicator.model.clock import Clock
from syndicator.model.endpoint import OPERATORS
from syndicator.model.ids import TokenId
from syndicator.model.token import Scope, Token
from syndicator.pipeline.access import Access
from syndicator.rules import tickets
from syndicator.rules.credentials import digest_of
from syndicator.web.auth import REALM, Gate
from syndicator.web.problems import Problem, ProblemRaised

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LINK_LIFE = timedelta(minutes=10)
SIGNED_IN = timedelta(days=30)

_PATH = "/sign-in/{ticket}"
_FIRST_PAGE = "/status"
_LINK, _COOKIE = "link", "cookie"
"""What a ticket is for."""


def sign_in_path(token: str, now: datetime, life: timedelta = LINK_LIFE) -> str:
    """Make the path of a link that signs one browser in, once, within `life`."""
    return _PATH.format(ticket=tickets.ticket(token, _LINK, now + life, secrets.token_bytes(8)))


class Operators:
    """Lets operators in, by their token or a link that was made with it."""

    def __init__(self, token: str, access: Access, clock: Clock) -> None:
        """`clock` is that of this machine, as links are made by commands on it."""
        digest = digest_of(token)
        self.gate = Gate(
            access,
            clock,
            operators=Token(id=TokenId(OPERATORS), sha256=digest, scopes=(Scope.ADMIN,)),
        )
        """For the routes of the API: it takes the token of the operators, and all others by their scopes."""
        self._token = token
        self._clock = clock
        self._cookie = f"syndicator-{digest[:8]}"
        """Cookies of one host are shared by all its ports: another service has another name."""
        self._used: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        return [web.get(_PATH, self.sign_in, allow_head=False)]

    def behind(self, handler: Handler) -> Handler:
        """Let a page be seen by who is signed in, or sends a token with the scope `admin`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._is_signed_in(request):
                if hdrs.AUTHORIZATION not in request.headers:
                    raise _sign_in_first()
                await self.gate.admit(request, Scope.ADMIN)
            return await handler(request)

        return guarded

    async def sign_in(self, request: web.Request) -> web.Response:
        """Sign a browser in by a link that was not used yet, and lead to the first page."""
        if not self._is_signed_in(request):
            self._use(request.match_info["ticket"])
        headers: dict[str, str] = {
            hdrs.LOCATION: _FIRST_PAGE,
            hdrs.CACHE_CONTROL: "no-store",
            "Referrer-Policy": "no-referrer",
        }
        answer = web.Response(status=303, headers=headers)
        value = tickets.ticket(self._token, _COOKIE, self._clock() + SIGNED_IN, secrets.token_bytes(8))
        answer.set_cookie(
            self._cookie, value, max_age=int(SIGNED_IN.total_seconds()), httponly=True, samesite="Lax"
        )
        return answer

    def _is_signed_in(self, request: web.Request) -> bool:
        return tickets.is_valid(self._token, _COOKIE, request.cookies.get(self._cookie, ""), self._clock())

    def _use(self, link: str) -> None:
        now = self._clock()
        self._used = {one for one in self._used if now < tickets.ends_at(one)}
        if link in self._used or not tickets.is_valid(self._token, _LINK, link, now):
            raise _sign_in_first()
        self._used.add(link)


def _sign_in_first() -> ProblemRaised:
    detail = (
        "`syndicator status` prints a link that signs a browser in. Programs send the token that stands in "
        "operators.token of the data folder: Authorization: Bearer …"
    )
    headers: dict[str, str] = {hdrs.WWW_AUTHENTICATE: f'Bearer realm="{REALM}"'}
    return ProblemRaised(Problem(name="sign-in", status=401, detail=detail, headers=headers))
