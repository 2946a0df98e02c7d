import asyncio
import json
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs
from web.web_world import SITE, Client, client_of

from syndicator.web.http.problems import Problem, ProblemRaised, catch_problems, problem_response, unavailable


async def broken(request: web.Request) -> web.Response:
    raise ZeroDivisionError("a secret of the house")


async def refused(request: web.Request) -> web.Response:
    raise ProblemRaised(unavailable("Not now."))


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPMovedPermanently("/elsewhere")


async def cancelled(request: web.Request) -> web.Response:
    raise asyncio.CancelledError


def show(request: web.Request, problem: Problem) -> web.Response:
    return web.Response(status=problem.status, text=f"page of {problem.name}")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[catch_problems(SITE, (ip_network("127.0.0.0/8"),), show)])
    for path, handler in (("/b", broken), ("/r", refused), ("/m", moved), ("/c", cancelled)):
        app.router.add_get(path, handler)
    async with client_of(app) as opened:
        yield opened


async def test_a_fault_of_ours_is_logged_and_not_told(client: Client) -> None:
    with capture_logs() as logs:
        answer = await client.get("/b", {"X-Forwarded-For": "192.0.2.7"})
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "type": "https://feeds.example/news/problems/internal",
        "title": "Something went wrong here",
        "status": 500,
        "detail": "The fault was logged.",
    }
    (log,) = logs
    assert (log["event"], log["path"], log["client"]) == ("request_failed", "/b", "192.0.2.7")
    assert "Traceback" in log["exception"]


async def test_a_raised_problem_keeps_its_headers(client: Client) -> None:
    answer = await client.get("/r")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert json.loads(answer.body)["detail"] == "Not now."


async def test_browsers_get_a_page(client: Client) -> None:
    answer = await client.get("/nowhere", {"Accept": "text/html"})
    assert (answer.status, answer.text) == (404, "page of not-found")
    posted = await client.get("/b", {"Accept": "text/html"}, method="POST")
    assert posted.status == 405
    assert json.loads(posted.body)["title"] == "This address does not take this method"


async def test_redirects_are_no_problem(client: Client) -> None:
    answer = await client.get("/m")
    assert (answer.status, answer.headers["Location"]) == (301, "/elsewhere")


async def test_cancellation_passes() -> None:
    middleware = catch_problems(SITE, (), show)
    with pytest.raises(asyncio.CancelledError):
        await middleware(make_mocked_request("GET", "/"), cancelled)


def test_types_do_not_depend_on_the_request() -> None:
    response = problem_response(SITE, unavailable("x"))
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["type"] == "https://feeds.example/news/problems/unavailable"
