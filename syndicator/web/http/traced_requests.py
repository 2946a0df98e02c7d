"""Spans of the requests that are answered, under the patterns of their routes: addresses may hold keys."""

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from syndicator.observe.tracing import is_traced, span

_SERVER_ERROR = 500

_PROBES = frozenset({"/healthz", "/readyz", "/metrics", "/metrics/targets"})
"""Asked by machines every few seconds: among their spans all others would be hard to find."""


def traced() -> list[Middleware]:
    """Return the outermost middleware where this process records spans; none else, so that it costs nothing.

    What clients say of a trace of theirs is not heard: anyone could ask for any span.
    """
    return [_trace] if is_traced() else []


@web.middleware
async def _trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "unknown"
    if route in _PROBES:
        return await handler(request)
    method = request.method if request.method in hdrs.METH_ALL else "_OTHER"
    answer: web.StreamResponse
    with span(f"{method} {route}", kind="server", method=method, route=route) as current:
        try:
            answer = await handler(request)
        except web.HTTPException as redirect:  # all others have become answers
            answer = redirect
        current.note(status=answer.status)
        if answer.status >= _SERVER_ERROR:
            current.fail(f"http_{answer.status}")
    if isinstance(answer, web.HTTPException):
        raise answer
    return answer
