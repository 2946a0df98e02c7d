"""Who may use the console: whoever has an `admin` token, or on the operators' listener the operators' token.

A browser is signed in by a token that is typed in, or by a link that a command made with the operators' token
and that works once. It gets a cookie that opens the console and nothing of the API. Redis knows which token a
cookie stands for, so a token that is revoked signs out all browsers that came with it, at every process.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.model.endpoint import OPERATORS
from syndicator.model.ids import TokenId
from syndicator.model.token import Token, TokenScope
from syndicator.observe.actor import acting
from syndicator.observe.logs import get_logger
from syndicator.pipeline.ops.api_tokens import Access
from syndicator.rules.access import signed_tickets
from syndicator.rules.access.credentials import digest_of
from syndicator.store.access.sessions import Sessions
from syndicator.store.access.used_links import UsedLinks
from syndicator.web.http.auth import REALM, Gate
from syndicator.web.http.problems import RETRY_AFTER_S, Problem, ProblemRaised, wants_page
from syndicator.web.pages.templates import Drawing, page_headers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONSOLE = "/admin"
LINK_LIFE = timedelta(minutes=10)
SIGNED_IN = timedelta(days=30)

_LINK = "link"
"""What a ticket is for."""

_OWN_PAGES = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` of a request that a page of this origin made, or a person's own act."""

_log = get_logger(__name__)


def sign_in_path(token: str, now: datetime) -> str:
    """Make the path of a link that signs one browser in, once, within `LINK_LIFE`."""
    ticket = signed_tickets.ticket(token, _LINK, now + LINK_LIFE, secrets.token_bytes(8))
    return f"{CONSOLE}/sign-in/{ticket}"


class SignIn:
    """Lets people into the console of one listener."""

    def __init__(self, drawing: Drawing, access: "ConsoleAccess") -> None:
        self._drawing = drawing
        self._gate = access.gate
        self._sessions = access.sessions
        self._links = access.links
        self._site = urlsplit(drawing.site.public_url)
        mark = access.links.mark if access.links else digest_of(drawing.site.public_url)[:8]
        self._cookie = f"syndicator-{mark}"
        """Cookies of one host are shared by all its ports: another service has another name."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{CONSOLE}/sign-in", self.form),
            web.post(f"{CONSOLE}/sign-in", self.by_token),
            web.get(f"{CONSOLE}/sign-in/{{ticket}}", self.by_link, allow_head=False),
            web.post(f"{CONSOLE}/sign-out", self.sign_out),
        ]

    def behind(self, handler: Handler) -> Handler:
        """Let a handler be asked by who is signed in, or sends a token with the scope `admin`.

        What changes something is taken from our own pages alone where a cookie proves who asks.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            if hdrs.AUTHORIZATION in request.headers:
                token = await self._gate.admit(request, TokenScope.ADMIN)
            else:
                found = await self._token_of(request)
                if found is None:
                    return self._ask(request)
                if request.method not in {"GET", "HEAD"}:
                    self._check_origin(request)
                token = found
            with acting(token.id):
                return await handler(request)

        return guarded

    async def form(self, request: web.Request) -> web.Response:
        """Show the form for a token; who is signed in goes on to the console."""
        if await self._token_of(request):
            return self._lead_on(request.query.get("next", ""))
        return self._form(request, request.query.get("next", ""), status=200)

    async def by_token(self, request: web.Request) -> web.Response:
        """Sign a browser in by a token that was typed in."""
        self._check_origin(request)
        fields = await request.post()
        value, wanted = str(fields.get("token", "")).strip(), str(fields.get("next", ""))
        token = await self._gate.token_of(request, value) if value else None
        if token is None or not token.allows(TokenScope.ADMIN):
            fault = "no_token" if not value else "wrong_token" if token is None else "token_without_admin"
            return self._form(request, wanted, status=403, fault=fault)
        return await self._begin(token.sha256, wanted)

    async def by_link(self, request: web.Request) -> web.Response:
        """Sign a browser in by a link that was not used yet.

        One that is signed in goes on in any case; a link that it opens is used up all the same.
        """
        digest = await self._links.use(request.match_info["ticket"]) if self._links else None
        if digest is not None:
            return await self._begin(digest, "")
        if await self._token_of(request):
            return self._lead_on("")
        return self._ask(request)

    async def sign_out(self, request: web.Request) -> web.Response:
        """End the session of a browser."""
        self._check_origin(request)
        await self._sessions.end(digest_of(request.cookies.get(self._cookie, "")))
        answer = self._lead_on(f"{self._console}/sign-in")
        answer.del_cookie(self._cookie, path=self._console)
        return answer

    @property
    def _console(self) -> str:
        return self._drawing.prefix + CONSOLE

    async def _token_of(self, request: web.Request) -> Token | None:
        """Return the token that a signed-in browser came with, if it still allows everything."""
        cookie = request.cookies.get(self._cookie)
        digest = await self._sessions.token_digest(digest_of(cookie)) if cookie else None
        if digest is None:
            return None
        token = await self._gate.token_with(digest)
        return token if token is not None and token.allows(TokenScope.ADMIN) else None

    async def _begin(self, token_digest: str, wanted: str) -> web.Response:
        cookie = secrets.token_urlsafe(32)
        await self._sessions.begin(digest_of(cookie), token_digest, SIGNED_IN)
        answer = self._lead_on(wanted)
        answer.set_cookie(
            self._cookie,
            cookie,
            max_age=int(SIGNED_IN.total_seconds()),
            path=self._console,
            httponly=True,
            samesite="Lax",
            secure=self._links is None and self._site.scheme == "https",
        )
        return answer

    def _lead_on(self, wanted: str) -> web.Response:
        """Lead to a page of the console, and to nothing else."""
        is_ours = wanted == self._console or wanted.startswith(f"{self._console}/")
        headers: dict[str, str] = {
            hdrs.LOCATION: wanted if is_ours and "\\" not in wanted else f"{self._console}/",
            hdrs.CACHE_CONTROL: "no-store",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(status=303, headers=headers)

    def _ask(self, request: web.Request) -> web.Response:
        if not wants_page(request):
            raise _sign_in_first()
        is_page = request.method in {"GET", "HEAD"} and "/sign-in" not in request.path
        return self._form(request, self._as_seen(request.path_qs) if is_page else "", status=401)

    def _as_seen(self, path: str) -> str:
        """Return a path as browsers know it: a proxy in front may have stripped its beginning."""
        return path if path.startswith(self._console) else self._drawing.prefix + path

    def _form(self, request: web.Request, wanted: str, *, status: int, fault: str = "") -> web.Response:
        say = self._drawing.wording(request)
        body = self._drawing.draw(
            "console/sign_in.html", say, wanted=wanted, fault=fault, has_links=self._links is not None
        )
        return web.Response(status=status, body=body, headers=page_headers(say, cache_control="no-store"))

    def _check_origin(self, request: web.Request) -> None:
        """Take what changes something from pages of this origin alone.

        Browsers say where a request comes from in a header that no page can set (Fetch Metadata), older ones
        in `Origin`. The cookie is `SameSite=Lax` besides.
        """
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            is_own = site in _OWN_PAGES
        else:
            origin = urlsplit(request.headers.get(hdrs.ORIGIN, ""))
            is_own = bool(origin.netloc) and origin.netloc in {request.host, self._site.netloc}
        if not is_own:
            detail = "This is done from pages of the console alone: open it, and do it there."
            raise ProblemRaised(Problem(name="forbidden", status=403, detail=detail))


class SignInLinks:
    """Links of the operators' token: each works once, in whatever process it is opened."""

    def __init__(self, token: str, used: UsedLinks, clock: Clock) -> None:
        """`clock` is that of this machine, as links are made by commands on it."""
        self.mark = digest_of(token)[:8]
        """Tells this listener from others of the host."""
        self._token = token
        self._used = used
        self._clock = clock

    async def use(self, link: str) -> str | None:
        """Use a link up, and return the digest of the token that made it.

        None where it was used before, or is no link of ours that still works.
        """
        now = self._clock()
        if not signed_tickets.is_valid(self._token, _LINK, link, now):
            return None
        try:
            is_first = await self._used.use(digest_of(link), signed_tickets.ends_at(link) - now)
        except StoreError as error:  # caught here, as the log would name the path: it may work once more
            _log.warning("sign_in_failed", reason=str(error))
            raise _sign_in_later() from error
        return digest_of(self._token) if is_first else None


@dataclass(frozen=True, kw_only=True)
class ConsoleAccess:
    """Who may use the console of one listener."""

    gate: Gate
    sessions: Sessions
    links: SignInLinks | None = None
    """Where commands on this machine make links."""


def operators_access(
    token: str, access: Access, sessions: Sessions, used: UsedLinks, clock: Clock
) -> ConsoleAccess:
    """Let in who has the token of operators, a link made with it, or another token, by its scopes."""
    operators = Token(id=TokenId(OPERATORS), sha256=digest_of(token), scopes=(TokenScope.ADMIN,))
    gate = Gate(access, clock, operators=operators)
    return ConsoleAccess(gate=gate, sessions=sessions, links=SignInLinks(token, used, clock))


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
