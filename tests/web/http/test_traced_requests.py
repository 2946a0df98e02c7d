"""Spans of the requests that are answered."""

import json
from collections.abc import Mapping
from http import HTTPStatus

import pytest
from aiohttp import web
from otlp_collector import collecting, recording
from web.web_world import SITE, client_of

from syndicator.web.http.problems import Problem, ProblemRaised, catch_problems, problem_response, unavailable
from syndicator.web.http.traced_requests import traced


async def shown(request: web.Request) -> web.Response:
    return web.Response(text=json.dumps(request.match_info.get("key")))


async def refused(request: web.Request) -> web.Response:
    raise ProblemRaised(unavailable("Not now."))


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPMovedPermanently("/elsewhere")


def show(request: web.Request, problem: Problem) -> web.Response:
    return problem_response(SITE, problem)


def app_of() -> web.Application:
    app = web.Application(middlewares=[*traced(), catch_problems(SITE, (), show)])
    handlers = {"/feeds/{key}": shown, "/refused": refused, "/moved": moved, "/healthz": shown}
    for path, handler in handlers.items():
        app.router.add_get(path, handler)
    return app


async def test_a_span_has_the_pattern_of_the_route_and_the_status_that_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parent = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    async with (
        collecting() as collector,
        recording(collector, monkeypatch),
        client_of(app_of()) as client,
    ):
        for path in ("/feeds/geheim?key=geheim", "/refused", "/moved", "/unknown/geheim", "/healthz"):
            await client.get(path, parent)
    found: dict[str, Mapping[str, object]] = {span.name: span.values for span in collector.spans}
    assert {name: values["http.response.status_code"] for name, values in found.items()} == {
        "GET /feeds/{key}": HTTPStatus.OK,
        "GET /refused": HTTPStatus.SERVICE_UNAVAILABLE,
        "GET /moved": HTTPStatus.MOVED_PERMANENTLY,
        "GET unknown": HTTPStatus.NOT_FOUND,
    }
    assert found["GET /feeds/{key}"]["http.route"] == "/feeds/{key}"
    assert {span.name for span in collector.spans if span.has_failed} == {"GET /refused"}
    assert "geheim" not in str(collector.spans)
    assert {(span.kind, span.parent) for span in collector.spans} == {("server", "")}
    assert "a" * 32 not in {span.trace_id for span in collector.spans}


def test_without_a_collector_there_is_nothing_in_the_way_of_requests() -> None:
    assert traced() == []
