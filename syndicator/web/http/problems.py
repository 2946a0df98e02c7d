"""Everything that goes wrong becomes `application/problem+json` (RFC 9457), or a page for a browser.

Here is the web's one broad catch. Internal errors are logged, never sent.
"""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from msgspec import Struct
from msgspec.structs import asdict

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import Format, Site
from syndicator.observe.logs import get_logger
from syndicator.web.http.answer_counts import BEGAN_S
from syndicator.web.http.forwarded import Network, client_address
from syndicator.web.texts.texts import LANGUAGES, TEXTS

_log = get_logger(__name__)

RETRY_AFTER_S = 10


class FieldFault(Struct, frozen=True, kw_only=True):
    """What is wrong with one field of what was sent, and what to do about it."""

    key: str
    reason: str
    remedy: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """One problem, as clients get it (RFC 9457)."""

    name: str
    """The last part of the `type`, which never changes: see `/problems/{name}`."""
    status: int
    detail: str
    headers: Mapping[str, str] = {}
    errors: tuple[FieldFault, ...] = ()
    """Where single fields or items are to blame: all of them at once."""

    @property
    def title(self) -> str:
        """English, like all of problem+json: it is read by programs and their authors."""
        return TEXTS[f"problem.{self.name}"][LANGUAGES.index("en")]


_NAMES_BY_STATUS: Mapping[int, str] = {404: "not-found", 405: "method-not-allowed"}

Show = Callable[[web.Request, Problem], web.Response]


class ProblemRaised(Exception):
    """Ends a handler with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def not_found(detail: str) -> ProblemRaised:
    return ProblemRaised(Problem(name="not-found", status=404, detail=detail))


def bad_request(detail: str) -> ProblemRaised:
    return ProblemRaised(Problem(name="bad-request", status=400, detail=detail))


def gone(detail: str) -> ProblemRaised:
    return ProblemRaised(Problem(name="gone", status=410, detail=detail))


def too_many(detail: str, retry_after_s: int) -> ProblemRaised:
    headers: dict[str, str] = {hdrs.RETRY_AFTER: str(retry_after_s)}
    return ProblemRaised(Problem(name="too-many-requests", status=429, detail=detail, headers=headers))


def problem_response(site: Site, problem: Problem) -> web.Response:
    """Write the problem as RFC 9457 defines it."""
    body: dict[str, object] = {
        "type": site.url(f"/problems/{problem.name}"),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [asdict(fault) for fault in problem.errors]
    return web.Response(
        status=problem.status,
        body=json.dumps(body, ensure_ascii=False, indent=1).encode() + b"\n",
        content_type="application/problem+json",
        headers=problem_headers(problem),
    )


def problem_headers(problem: Problem) -> dict[str, str]:
    return {
        hdrs.CACHE_CONTROL: "no-store",
        hdrs.VARY: hdrs.ACCEPT,
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
    } | dict(problem.headers)


def catch_problems(site: Site, trusted: tuple[Network, ...], show: Show) -> Middleware:
    """Make the outermost middleware. `show` draws a problem for a browser."""

    @web.middleware
    async def catch(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[BEGAN_S] = time.perf_counter()
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            problem = _of_framework(error)
        except ProblemRaised as error:
            problem = error.problem
        except StoreUnavailable as error:
            _log.warning("store_unavailable", path=request.path, reason=str(error))
            problem = unavailable("Nothing can be read from the store right now.")
        except Exception:  # noqa: BLE001  the outermost middleware
            client = client_address(request.remote, request.headers.getall(hdrs.X_FORWARDED_FOR, ()), trusted)
            _log.exception("request_failed", method=request.method, path=request.path, client=client)
            problem = Problem(name="internal", status=500, detail="The fault was logged.")
        return show(request, problem) if wants_page(request) else problem_response(site, problem)

    return catch


def unavailable(detail: str) -> Problem:
    headers: dict[str, str] = {hdrs.RETRY_AFTER: str(RETRY_AFTER_S)}
    return Problem(name="unavailable", status=503, detail=detail, headers=headers)


def searches_wait() -> ProblemRaised:
    """Return the problem of a search that is one too many now."""
    return ProblemRaised(unavailable("Many searches are being answered right now. Try again in a moment."))


def wants_page(request: web.Request) -> bool:
    """Return whether a person asks, with a browser; feed readers accept text/html for feeds as well."""
    if request.path.endswith((*(f".{form.value}" for form in Format), ".opml")):
        return False
    return request.method in {"GET", "HEAD"} and "text/html" in request.headers.get(hdrs.ACCEPT, "")


def _of_framework(error: web.HTTPException) -> Problem:
    name = _NAMES_BY_STATUS.get(error.status, "bad-request")
    headers: dict[str, str] = {}
    if hdrs.ALLOW in error.headers:
        headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    return Problem(name=name, status=error.status, detail=f"{error.reason}.", headers=headers)
