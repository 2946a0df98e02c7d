"""Who may use the operators' listener: whoever can read the token in the data folder.

Programs send the token as a bearer. A browser is let in by a link that was made with the token and works
once: it leaves a cookie, which opens the pages and nothing of the API. Used links are noted in Redis, which
all processes share and which outlives them.
"""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import hdrs, web

from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.model.endpoint import OPERATORS
from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.observe.logs import get_logger
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.rules.access import signed_tickets
from syndicator.rules.access.credentials import digest_of
from syndicator.store.access.used_links import UsedLinks
from syndicator.web.http.auth import REALM, Gate
from syndicator.web.http.problems import RETRY_AFTER_S, Problem, ProblemRaised

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LINK_LIFE = timedelta(minutes=10)
SIGNED_IN = timedelta(days=30)

_PATH = "/sign-in/{ticket}"
_FIRST_PAGE = "/status"
_LINK, _COOKIE = "link", "cookie"
"""What a ticket is for."""

_log = get_logger(__name__)


def sign_in_path(token: str, now: datetime) -> str:
    """Make the path of a link that signs one browser in, once, within `LINK_LIFE`."""
    return _PATH.format(ticket=signed_tickets.ticket(token, _LINK, now + LINK_LIFE, secrets.token_bytes(8)))


class Operators:
    """Lets operators in, by their token or a link that was made with it."""

    def __init__(self, token: str, access: Access, used: UsedLinks, clock: Clock) -> None:
        """`clock` is that of this machine, as links are made by commands on it."""
        digest = digest_of(token)
        self.gate = Gate(
            access,
            clock,
            operators=Token(id=TokenId(OPERATORS), sha256=digest, scopes=(TokenScope.ADMIN,)),
        )
        """For the routes of the API: it takes the token of the operators, and all others by their scopes."""
        self._token = token
        self._used = used
        self._clock = clock
        self._cookie = f"syndicator-{digest[:8]}"
        """Cookies of one host are shared by all its ports: another service has another name."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get(_PATH, self.sign_in, allow_head=False)]

    def behind(self, handler: Handler) -> Handler:
        """Let a page be seen by who is signed in, or sends a token with the scope `admin`."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._is_signed_in(request):
                if hdrs.AUTHORIZATION not in request.headers:
                    raise _sign_in_first()
                await self.gate.admit(request, TokenScope.ADMIN)
            return await handler(request)

        return guarded

    async def sign_in(self, request: web.Request) -> web.Response:
        """Sign a browser in by a link that was not used yet, and lead to the first page.

        One that is signed in goes on there in any case; a link that it opens is used up all the same.
        """
        if not await self._uses(request.match_info["ticket"]) and not self._is_signed_in(request):
            raise _sign_in_first()
        headers: dict[str, str] = {
            hdrs.LOCATION: _FIRST_PAGE,
            hdrs.CACHE_CONTROL: "no-store",
            "Referrer-Policy": "no-referrer",
        }
        answer = web.Response(status=303, headers=headers)
        value = signed_tickets.ticket(self._token, _COOKIE, self._clock() + SIGNED_IN, secrets.token_bytes(8))
        answer.set_cookie(
            self._cookie, value, max_age=int(SIGNED_IN.total_seconds()), httponly=True, samesite="Lax"
        )
        return answer

    def _is_signed_in(self, request: web.Request) -> bool:
        return signed_tickets.is_valid(
            self._token, _COOKIE, request.cookies.get(self._cookie, ""), self._clock()
        )

    async def _uses(self, link: str) -> bool:
        """Use a link up; False where that was done before, or it is no link of ours that still works."""
        now = self._clock()
        if not signed_tickets.is_valid(self._token, _LINK, link, now):
            return False
        try:
            return await self._used.use(digest_of(link), signed_tickets.ends_at(link) - now)
        except StoreError as error:  # caught here, as the log would name the path: it may work once more
            _log.warning("sign_in_failed", reason=str(error))
            raise _sign_in_later() from error


def _sign_in_later() -> ProblemRaised:
    detail = (
        "Redis does not take a note that this link was used: it would work twice. Open it again in a moment; "
        "if it has ended or was used up, `syndicator status` prints another one."
    )
    headers: dict[str, str] = {hdrs.RETRY_AFTER: str(RETRY_AFTER_S)}
    return ProblemRaised(Problem(name="sign-in-later", status=503, detail=detail, headers=headers))


def _sign_in_first() -> ProblemRaised:
    detail = (
        "`syndicator status` prints a link that signs a browser in, once, within ten minutes. Programs send "
        "the token that stands in operators.token of the data folder: Authorization: Bearer …"
    )
    headers: dict[str, str] = {hdrs.WWW_AUTHENTICATE: f'Bearer realm="{REALM}"'}
    return ProblemRaised(Problem(name="sign-in", status=401, detail=detail, headers=headers))
