"""Who may enter an area: whoever has a token that allows it, or at the operators' listener theirs.

A browser is signed in by a token that is typed in, or by a link that works once. It gets a cookie that opens
the area and nothing of the API. Redis knows which token a cookie stands for, so a token that is revoked signs
out all browsers that came with it, at every process.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from aiohttp import hdrs, web
from yarl import URL

from syndicator.errors import StoreError
from syndicator.model.token import Token
from syndicator.observe.actor import acting
from syndicator.rules.access.credentials import digest_of
from syndicator.store.access.sessions import Sessions
from syndicator.web.access.areas import CONSOLE, Area
from syndicator.web.http.auth import REALM, TOKEN, Gate
from syndicator.web.http.forms import fields
from syndicator.web.http.forwarded import Network, client_scheme
from syndicator.web.http.problems import Problem, ProblemRaised
from syndicator.web.pages.templates import Drawing, page_headers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SIGNED_IN = timedelta(days=30)

_OUR_PATH = re.compile(r"/[!-\[\]-~]{0,2000}")
"""A path with its query, as a header takes it: visible ASCII. Browsers read a backslash as a slash."""

_DOTS = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
"""What browsers resolve before they ask: it leads out of where a path begins."""

_OWN_PAGES = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` of a request that a page of this origin made, or a person's own act."""


class Links(Protocol):
    """Links that sign a browser in."""

    async def use(self, link: str) -> str | None:
        """Use a link up; return the digest of the token that it stands for, None where it has ended."""
        ...


class SignIn:
    """Lets people into one area of one listener."""

    def __init__(self, drawing: Drawing, access: "AreaAccess", area: Area) -> None:
        self._drawing = drawing
        self._area = area
        self._gate = access.gate
        self._sessions = access.sessions
        self._links = access.links
        self._trusted = access.trusted
        self._public = None if access.mark else URL(drawing.site.public_url)
        """Where readers find the public listener; None at the operators' listener."""
        mark = access.mark or digest_of(drawing.site.public_url)[:8]
        self._name = f"syndicator-{mark}" if area is CONSOLE else f"syndicator-{area.name}-{mark}"
        """Cookies of one host are shared by all its ports: another service has another name."""

    def routes(self) -> list[web.RouteDef]:
        path, link = f"{self._area.path}/sign-in", f"{self._area.path}/sign-in/{{ticket}}"
        return [
            web.get(path, self.form),
            web.post(path, self.by_token),
            *(
                (web.get(link, self.before_link), web.post(link, self.after_click))
                if self._area.asks_before_link
                else (web.get(link, self.by_link, allow_head=False),)
            ),
            web.post(f"{self._area.path}/sign-out", self.sign_out),
        ]

    def behind(self, handler: Handler) -> Handler:
        """Let a handler be asked by who is signed in, or sends a token with the scope of the area.

        The handler finds the token in `request[TOKEN]`. What changes something is taken from our own pages
        alone where a cookie proves who asks.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            token = await self._admitted(request)
            if token is None:
                return self._ask(request)
            if (
                hdrs.AUTHORIZATION not in request.headers
                and request.method not in {"GET", "HEAD"}
                and not self._is_own(request)
            ):
                return self._foreign(request)
            request[TOKEN] = token
            with acting(token.id):
                return await handler(request)

        return guarded

    async def still_admits(self, request: web.Request) -> bool:
        """Return whether who began a request may still see the area, for answers that go on."""
        try:
            return await self._admitted(request) is not None
        except (ProblemRaised, StoreError):
            return False

    async def form(self, request: web.Request) -> web.Response:
        """Show the form for a token; who is signed in goes on to the area."""
        if await self._token_of(request):
            return self._lead_on(request.query.get("next", ""))
        return self._form(request, request.query.get("next", ""), status=200)

    async def by_token(self, request: web.Request) -> web.Response:
        """Sign a browser in by a token that was typed in."""
        if not self._is_own(request):
            return self._foreign(request)
        sent = await fields(request)
        value, wanted = sent.get("token", "").strip(), sent.get("next", "")
        try:
            token = await self._gate.token_of(request, value) if value else None
        except ProblemRaised as refused:
            if not is_browser(request):
                raise
            return self._form(request, wanted, status=refused.problem.status, fault="too_many_tries")
        if token is None or not token.allows(self._area.scope):
            without = f"token_without_{self._area.scope.value}"
            fault = "no_token" if not value else "wrong_token" if token is None else without
            return self._form(request, wanted, status=403, fault=fault)
        return await self._begin(request, token.sha256, wanted)

    async def by_link(self, request: web.Request) -> web.Response:
        """Sign a browser in by a link that was not used yet.

        One that is signed in goes on in any case; a link that it opens is used up all the same.
        """
        digest = await self._links.use(request.match_info["ticket"]) if self._links else None
        if digest is not None:
            return await self._begin(request, digest, "")
        if await self._token_of(request):
            return self._lead_on("")
        return self._ask(request)

    async def before_link(self, request: web.Request) -> web.Response:
        """Ask for a click, which uses the link up."""
        say = self._drawing.wording(request)
        body = self._drawing.draw("console/sign_in_by_link.html", say, home=self._home, area=self._area)
        return web.Response(body=body, headers=page_headers(say, cache_control="no-store"))

    async def after_click(self, request: web.Request) -> web.Response:
        """Sign a browser in by a link, from our own page alone."""
        return await self.by_link(request) if self._is_own(request) else self._foreign(request)

    async def sign_out(self, request: web.Request) -> web.Response:
        """End the session of a browser."""
        if not self._is_own(request):
            return self._foreign(request)
        await self._end_session(request)
        answer = self._lead_on(f"{self._home}/sign-in")
        name, path, is_secure = self._cookie(request)
        answer.del_cookie(name, path=path, secure=is_secure, httponly=True, samesite="Lax")
        return answer

    @property
    def _home(self) -> str:
        return self._drawing.prefix + self._area.path

    async def _admitted(self, request: web.Request) -> Token | None:
        if hdrs.AUTHORIZATION in request.headers:
            return await self._gate.admit(request, self._area.scope)
        return await self._token_of(request)

    async def _token_of(self, request: web.Request) -> Token | None:
        """Return the token that a signed-in browser came with, if it still allows what the area needs."""
        cookie = request.cookies.get(self._cookie(request).name)
        digest = await self._sessions.token_digest(digest_of(cookie)) if cookie else None
        if digest is None:
            return None
        token = await self._gate.token_with(digest)
        return token if token is not None and token.allows(self._area.scope) else None

    async def _begin(self, request: web.Request, token_digest: str, wanted: str) -> web.Response:
        """Begin a session, in place of the one that this browser had."""
        cookie = secrets.token_urlsafe(32)
        await self._sessions.begin(digest_of(cookie), token_digest, SIGNED_IN)
        await self._end_session(request)
        answer = self._lead_on(wanted)
        name, path, is_secure = self._cookie(request)
        answer.set_cookie(
            name,
            cookie,
            max_age=int(SIGNED_IN.total_seconds()),
            path=path,
            httponly=True,
            samesite="Lax",
            secure=is_secure,
        )
        return answer

    async def _end_session(self, request: web.Request) -> None:
        if cookie := request.cookies.get(self._cookie(request).name):
            await self._sessions.end(digest_of(cookie))

    def _cookie(self, request: web.Request) -> "_Cookie":
        """Return how the cookie is called where this request came in.

        Over TLS it has the prefix `__Host-`: browsers take it from this host alone and over TLS, so that no
        other host of the domain, and nobody on the line, puts one of theirs in its place.
        """
        if self._scheme(request) == "https" or (self._public and self._public.scheme == "https"):
            return _Cookie(f"__Host-{self._name}", "/", is_secure=True)
        return _Cookie(self._name, self._home, is_secure=False)

    def _lead_on(self, wanted: str) -> web.Response:
        """Lead to a page of the area, and to nothing else."""
        is_ours = wanted == self._home or wanted.startswith((f"{self._home}/", f"{self._home}?"))
        path = wanted.partition("?")[0]
        is_sound = _OUR_PATH.fullmatch(wanted) and not _DOTS.search(path)
        headers: dict[str, str] = {
            hdrs.LOCATION: wanted if is_ours and is_sound else f"{self._home}/",
            hdrs.CACHE_CONTROL: "no-store",
            "Referrer-Policy": "no-referrer",
        }
        return web.Response(status=303, headers=headers)

    def _ask(self, request: web.Request) -> web.Response:
        if not is_browser(request):
            raise _sign_in_first(self._area)
        is_page = request.method in {"GET", "HEAD"} and "/sign-in" not in request.path
        return self._form(request, self._as_seen(request.path_qs) if is_page else "", status=401)

    def _as_seen(self, path: str) -> str:
        """Return a path as browsers know it: a proxy in front may have stripped its beginning."""
        return path if path.startswith(self._home) else self._drawing.prefix + path

    def _form(self, request: web.Request, wanted: str, *, status: int, fault: str = "") -> web.Response:
        say = self._drawing.wording(request)
        body = self._drawing.draw(
            "console/sign_in.html",
            say,
            home=self._home,
            area=self._area,
            wanted=wanted,
            fault=fault,
            has_links=self._links is not None,
        )
        return web.Response(status=status, body=body, headers=page_headers(say, cache_control="no-store"))

    def _foreign(self, request: web.Request) -> web.Response:
        """Refuse a form that no page of ours sent: by a page to a browser, else by a problem."""
        if not is_browser(request):
            detail = f"This is done from pages below {self._home}/ alone: open it, and do it there."
            raise ProblemRaised(Problem(name="forbidden", status=403, detail=detail))
        say = self._drawing.wording(request)
        body = self._drawing.draw("console/foreign_form.html", say, home=self._home)
        return web.Response(status=403, body=body, headers=page_headers(say, cache_control="no-store"))

    def _is_own(self, request: web.Request) -> bool:
        """Return whether a page of this origin sent a request: only such a one changes something.

        Browsers say where a request comes from in a header that no page can set (Fetch Metadata). Older ones,
        and all of them at a host name without TLS, say it in `Origin`. The cookie is `SameSite=Lax` besides.
        """
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in _OWN_PAGES
        origin = _origin(request.headers.get(hdrs.ORIGIN, ""))
        return origin is not None and origin in self._own_origins(request)

    def _own_origins(self, request: web.Request) -> set[URL | None]:
        """Return where pages of this area are: as this request was asked, and where readers find us."""
        return {
            _origin(f"{self._scheme(request)}://{request.host}"),
            self._public.origin() if self._public else None,
        }

    def _scheme(self, request: web.Request) -> str:
        """Return `http` or `https`, as the browser asked: at the public name, that of the public URL."""
        if self._public and request.host.lower() == self._public.host_port_subcomponent:
            return self._public.scheme
        said = request.headers.getall(hdrs.X_FORWARDED_PROTO, ())
        return client_scheme(request.scheme, request.remote, said, self._trusted)


class _Cookie(NamedTuple):
    """The cookie of a session."""

    name: str
    path: str
    is_secure: bool


def _origin(url: str) -> URL | None:
    """Return scheme, host and port of a URL; None for what has none."""
    try:
        return URL(url).origin()
    except ValueError:
        return None


def is_browser(request: web.Request) -> bool:
    """Return whether a person asks, also by a form."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def is_from_own_page(request: web.Request) -> bool:
    """Return whether a page of this origin, or a person who typed the address, asks; by Fetch Metadata."""
    return request.headers.get("Sec-Fetch-Site", "none") in _OWN_PAGES


@dataclass(frozen=True, kw_only=True)
class AreaAccess:
    """Who may enter an area of one listener."""

    gate: Gate
    sessions: Sessions
    links: Links | None = None
    """Links that sign in, where there are any."""
    mark: str = ""
    """Tells the operators' listener from others of the host; empty for the public one."""
    trusted: tuple[Network, ...] = ()
    """Proxies that are believed when they say whether a browser asked over TLS."""


def _sign_in_first(area: Area) -> ProblemRaised:
    detail = (
        "`syndicator status` prints a link that signs a browser in, once, within ten minutes. Programs send "
        "the token that stands in operators.token of the data folder: Authorization: Bearer …"
        if area is CONSOLE
        else "Sign in with your token, in a browser. Programs use the API: Authorization: Bearer synd_…"
    )
    headers: dict[str, str] = {hdrs.WWW_AUTHENTICATE: f'Bearer realm="{REALM}"'}
    return ProblemRaised(Problem(name="sign-in", status=401, detail=detail, headers=headers))
