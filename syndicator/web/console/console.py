"""What all pages of an area share: who may see them, their frame, and what follows a form."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import hdrs, web

from syndicator.errors import ConfigError
from syndicator.observe.cautions import Caution, cautions, collecting
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR, Asker
from syndicator.web.access.areas import CONSOLE, Area
from syndicator.web.access.sign_in import Handler, SignIn, is_browser
from syndicator.web.api.json_api import REFUSALS, sentence
from syndicator.web.http.auth import TOKEN
from syndicator.web.http.problems import ProblemRaised
from syndicator.web.http.responses import PAGE_POLICY
from syndicator.web.pages.templates import Drawing
from syndicator.web.texts.texts import TEXTS

CONSOLE_POLICY = f"{PAGE_POLICY}; script-src 'self'; connect-src 'self'"
"""As other pages, and scripts of our own: they only fetch anew what is there without them."""

_NOTE = "note"
_CAUTION = "caution"
_JUST_DONE = "syndicator-done"
"""The cookie of a form that was just carried out: who goes back, or loads the page anew, sees no old note."""
_SHOWN_WITHIN_S = 60


class Console:
    """Draws pages of the console, or of the partners' portal, for who is signed in."""

    def __init__(self, drawing: Drawing, sign_in: SignIn, area: Area = CONSOLE) -> None:
        self.drawing = drawing
        self.area = area
        self._sign_in = sign_in

    @property
    def base(self) -> str:
        """Return the path of the area, without a slash at its end."""
        return self.drawing.prefix + self.area.path

    def get(self, path: str, handler: Handler) -> web.RouteDef:
        """Route a page of the area; `path` begins below it, with a slash."""
        return web.get(self.area.path + path, self._sign_in.behind(self._explaining(handler)))

    def post(self, path: str, handler: Handler) -> web.RouteDef:
        """Route what a form sends: from pages of the area alone, in the name of who is signed in.

        What a use case refuses is shown on a page of its own, unless the handler shows it beside the form. So
        is any problem, where a browser sent the form.
        """
        return web.post(self.area.path + path, self._sign_in.behind(self._explaining(handler)))

    def asker(self, request: web.Request) -> Asker:
        """Return on whose behalf a page asks about endpoints: in the portal, of the owner of a token."""
        return OPERATOR if self.area is CONSOLE else Asker(owner=request[TOKEN].belongs_to)

    async def still_admits(self, request: web.Request) -> bool:
        """Return whether who began a request may still see the area, for answers that go on."""
        return await self._sign_in.still_admits(request)

    def page(
        self, request: web.Request, template: str, place: str, *, http_status: int = 200, **values: object
    ) -> web.Response:
        """Draw a page; `place` is where the menu stands, `http_status` 422 where a form has a fault."""
        is_just_done = self.is_just_done(request)
        note = request.query.get(_NOTE, "") if is_just_done else ""
        led_here = request.query.getall(_CAUTION, ()) if is_just_done else ()
        answer = self.drawing.page(
            request,
            template,
            cache_control="no-store",
            place=place,
            area=self.area,
            home=self.base,
            done=f"note.{note}" if f"note.{note}" in TEXTS else "",
            cautions=cautions() or [one for one in Caution if one in led_here],
            **values,
        )
        if http_status != HTTPStatus.OK:
            answer.set_status(http_status)
        answer.headers["Content-Security-Policy"] = CONSOLE_POLICY
        if is_just_done:
            answer.del_cookie(_JUST_DONE, path=self.base, httponly=True, samesite="Lax")
        return answer

    def is_just_done(self, request: web.Request) -> bool:
        """Return whether a form led to this page, and nothing was shown since: its outcome is shown once."""
        return request.cookies.get(_JUST_DONE, "") == request.query.get(_NOTE, "") != ""

    def done(self, path: str, note: str, query: Mapping[str, str] | None = None) -> web.Response:
        """Lead to a page after a form was carried out, which says so: `note` is the end of a key `note.…`.

        A page that is loaded anew then does nothing again.
        """
        asked = urlencode([*(query or {}).items(), (_NOTE, note), *((_CAUTION, one) for one in cautions())])
        headers: dict[str, str] = {
            hdrs.LOCATION: f"{self.base}{path}?{asked}",
            hdrs.CACHE_CONTROL: "no-store",
        }
        answer = web.Response(status=303, headers=headers)
        answer.set_cookie(
            _JUST_DONE, note, path=self.base, max_age=_SHOWN_WITHIN_S, httponly=True, samesite="Lax"
        )
        return answer

    def _explaining(self, handler: Handler) -> Handler:
        async def explained(request: web.Request) -> web.StreamResponse:
            with collecting():
                return await self._explained(request, handler)

        return explained

    async def _explained(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except tuple(REFUSALS) as error:
            _, status = REFUSALS[type(error)]
            return self._refused(request, [sentence(error)], status)
        except ConfigError as error:
            return self._refused(request, [str(fault) for fault in error.faults], 422)
        except ProblemRaised as error:
            if request.method != "POST" or not is_browser(request):
                raise
            answer = self._refused(request, [error.problem.detail], error.problem.status)
            answer.headers.update(error.problem.headers)
            return answer

    def _refused(self, request: web.Request, why: Sequence[str], status: int) -> web.Response:
        parent = request.path.rpartition("/")[0] if request.method == "POST" else self.base
        return self.page(request, "console/refused.html", "", http_status=status, why=why, parent=parent)
