"""How answers are counted and timed: from the outermost middleware to their headers."""

import time

from aiohttp import web

from syndicator.observe.metrics import Count

BEGAN_S: web.RequestKey[float] = web.RequestKey("began_s", float)
"""When a request reached the outermost middleware, as `time.perf_counter` says."""


def count_answer(count: Count, request: web.Request, route: str, status: int) -> None:
    """Count the answer to a request, with the time since it came in."""
    now_s = time.perf_counter()
    # A refused `Expect` is answered before any middleware.
    count(route, request.method, status, now_s - request.get(BEGAN_S, now_s))
