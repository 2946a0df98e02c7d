"""What the API answers to values that nobody means well by: a refusal, never a fault of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from pipeline.conftest import OpenService
from pipeline.webhooks.test_endpoints_api import api_over, headers_of

from syndicator.model.token import TokenScope

CONFIG = '[feed.latest]\ntitle = "Terbaru"\n'
BEYOND = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-14:00")
"""Instants of the calendar that are none in UTC."""
TABLE = {"title": "Third", "kind": "feed", "url": "http://127.0.0.1:9/rss", "schedule": {"every": "1h"}}


@pytest.mark.parametrize("instant", BEYOND)
@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("POST", "/api/v1/sources/idle/pause", "until"),
        ("POST", "/api/v1/sources/pause", "until"),
        ("POST", "/api/v1/replays", "since"),
        ("POST", "/api/v1/tokens", "expires"),
        ("GET", "/api/v1/schedule", "from"),
        ("GET", "/api/v1/deliveries", "since"),
    ],
)
async def test_instants_beyond_the_calendar_are_refused(
    service_of: OpenService, method: str, path: str, field: str, instant: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "/api/v1/sources/pause": {"all": True},
        "/api/v1/replays": {"endpoint": "koran"},
        "/api/v1/tokens": {"id": "koran", "scopes": ["read"]},
    }
    rest = bodies.get(path, {})
    async with service_of(CONFIG) as service, api_over(service) as api:
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        if method == "GET":
            answer = await api.client.send("GET", f"{path}?{field}={instant.replace('+', '%2B')}", admin)
        else:
            answer = await api.client.send(method, path, admin, json.dumps({**rest, field: instant}).encode())
        assert answer.status == 400, answer.text


@pytest.mark.parametrize("year", ["1900", "9999"])
async def test_years_far_from_now_are_not_simulated(service_of: OpenService, year: str) -> None:
    async with service_of(CONFIG) as service, api_over(service) as api:
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        answer = await api.client.send("GET", f"/api/v1/schedule?from={year}-12-31T23:00:00Z", admin)
        assert answer.status == 400
        assert "10 years" in answer.json["detail"]


async def test_instants_are_answered_in_utc(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service, api_over(service) as api:
        admin = await headers_of(service, "ops", TokenScope.ADMIN)

        async def pause(until: str) -> Any:
            body = json.dumps({"until": until}).encode()
            return (await api.client.send("POST", "/api/v1/sources/idle/pause", admin, body)).json

        assert (await pause("2027-11-05T12:00:00+07:00"))["pause"]["until"] == "2027-11-05T05:00:00Z"
        assert "2025-11-05 05:00 UTC is past" in (await pause("2025-11-05T12:00:00+07:00"))["detail"]


@pytest.mark.parametrize("instant", BEYOND)
async def test_configured_instants_beyond_the_calendar_are_refused(
    service_of: OpenService, instant: str
) -> None:
    tables = {
        "sources/third": {**TABLE, "runs": [instant]},
        "feeds/third": {"title": "x", "filter": {"since": instant}},
    }
    async with service_of(CONFIG) as service, api_over(service) as api:
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        for path, table in tables.items():
            answer = await api.client.send("PUT", f"/api/v1/{path}", admin, json.dumps(table).encode())
            assert answer.status == 422
            assert "is beyond the calendar" in {fault["reason"] for fault in answer.json["errors"]}


async def test_bodies_that_are_nested_without_end_are_refused(service_of: OpenService) -> None:
    async with service_of(CONFIG) as service, api_over(service) as api:
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        body = b'{"title": ' + b"[" * 20_000
        assert (await api.client.send("PUT", "/api/v1/sources/third", admin, body)).status == 400


async def test_no_file_of_the_machine_is_read_for_the_api(service_of: OpenService, tmp_path: Path) -> None:
    secret = tmp_path / "seal.key"
    secret.write_text("very private", "utf-8")
    async with service_of(CONFIG) as service, api_over(service) as api:
        admin = await headers_of(service, "ops", TokenScope.ADMIN)
        table = {
            **TABLE,
            "headers": {"X-Key_file": str(secret)},
            "auth": {"bearer_file": str(secret)},
            "proxy_file": str(secret),
            "bursts": [{"any_file": str(secret)}],
        }
        answer = await api.client.send("PUT", "/api/v1/sources/third", admin, json.dumps(table).encode())
        assert answer.status == 422
        assert [fault["key"] for fault in answer.json["errors"]] == [
            "source.third.headers.X-Key_file",
            "source.third.auth.bearer_file",
            "source.third.proxy_file",
            "source.third.bursts[0].any_file",
        ]
        assert {fault["reason"] for fault in answer.json["errors"]} == {
            "names a file, and none is read for the API or the console"
        }
