"""By which names a listener may be asked: names that were made to lead here (DNS rebinding) are refused."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from syndicator.web.http.problems import Problem, ProblemRaised


def check_host(names: Collection[str] = (), *, addresses: bool = False) -> Middleware:
    """Make middleware that lets requests through for loopback names and addresses, and for `names`.

    `addresses`: also for any address, since no name was made to lead here by that. The port does not matter:
    it may be forwarded. All else is answered with 421 (RFC 9110, 15.5.20).
    """
    known = frozenset(name.lower() for name in names)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.getall(hdrs.HOST, ())
        host = _name(given[0]) if len(given) == 1 else ""
        if host not in known and not _is_loopback(host) and not (addresses and _is_address(host)):
            detail = "This listener has no such name: use 127.0.0.1 or localhost, or set [server] ops_hosts."
            raise ProblemRaised(Problem(name="bad-request", status=421, detail=detail))
        return await handler(request)

    return check


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
