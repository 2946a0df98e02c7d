"""Endpoints on the command line: added, verified, shown, given a new secret, paused, removed."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cli.commands.test_articles import config
from egress.mail_server import Mailbox, mail_server
from standardwebhooks import Webhook
from support import NOON
from warm_program import run

from syndicator.model.clock import system_clock
from syndicator.model.endpoint import EndpointState
from syndicator.model.ids import EndpointId
from syndicator.opening import open_service
from syndicator.rules.webhooks.circuit import CircuitChange
from syndicator.settings import load

__all__ = ["config"]

Taken = list[tuple[dict[str, str], bytes]]


@pytest.fixture
async def partner(config: Path, redis_url: str) -> AsyncIterator[tuple[str, Taken]]:
    """A partner's site that the service may reach."""
    taken: Taken = []

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        taken.append(({name.lower(): value for name, value in request.headers.items()}, body))
        return web.json_response(json.loads(body)["data"])

    file = config / "all.toml"
    allowed = '[egress]\nallow_callbacks = ["127.0.0.1/32"]'
    shared = f'[store]\nurl = "{redis_url}"\nnamespace = "{uuid.uuid4().hex}"'
    text = file.read_text("utf-8").replace("[egress]", allowed).replace("[store]", shared)
    file.write_text(text, "utf-8")
    app = web.Application()
    app.router.add_post("/hook", hook)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook")), taken


async def test_an_endpoint_is_added_tried_and_removed(config: Path, partner: tuple[str, Taken]) -> None:
    url, taken = partner
    command = ("endpoints", "add", url, "--id", "koran", "--owner", "koran", "--filter", "section=ekonomi")
    status, out, errors = await run(config, *command, "--header", "X-Key: very-private", "--rate", "10/s")
    assert (status, "shown only once" in out) == (0, True), errors
    secret = next(line.split()[1] for line in out.splitlines() if line.startswith("secret"))
    headers, body = taken[0]
    assert Webhook(secret).verify(body, headers)["type"] == "endpoint.verify"
    status, out, _ = await run(config, "endpoints", "show", "koran")
    told = {line[:16].strip(): line[17:] for line in out.splitlines()}
    assert told["endpoint"] == "koran, of koran"
    assert (told["filter"], told["rate"], told["headers"]) == ("section: ekonomi", "10/s", "X-Key")
    assert "very-private" not in out
    status, out, _ = await run(config, "endpoints", "rotate", "koran", "--json")
    assert json.loads(out)["secret"] != secret
    status, out, _ = await run(config, "deliveries", "resend", "koran", "--dead")
    assert (status, out) == (0, "Queued: 0 events\n")
    assert (await run(config, "endpoints", "remove", "koran"))[:2] == (0, "Removed: koran\n")


async def test_what_is_unverified_is_told_with_what_to_do(config: Path, partner: tuple[str, Taken]) -> None:
    url, taken = partner
    status, out, _ = await run(config, "endpoints", "add", f"{url}/none", "--id", "koran")
    assert (status, "syndicator endpoints verify koran" in out) == (0, True)
    status, _, errors = await run(config, "endpoints", "verify", "koran")
    assert (status, "http_404" in errors) == (1, True)
    assert taken == []


async def test_a_delivery_is_looked_at_and_sent_again(config: Path, partner: tuple[str, Taken]) -> None:
    url, _ = partner
    await run(config, "endpoints", "add", url, "--id", "koran", "--trusted")
    await run(config, "once", "gather", "--all")
    await run(config, "once", "deliver")
    status, out, errors = await run(config, "deliveries", "list", "--status", "delivered", "--json")
    assert status == 0, errors
    (first, *_) = json.loads(out)["items"]
    assert first["reason"] == "200"
    status, out, _ = await run(config, "deliveries", "resend", "koran", first["event"])
    assert (status, out) == (0, "Queued: 1 event\n")


async def test_a_hold_after_failures_is_told_by_the_list_and_by_each(
    config: Path, partner: tuple[str, Taken]
) -> None:
    url, _ = partner
    await run(config, "endpoints", "add", url, "--id", "koran", "--trusted")
    held = CircuitChange(
        failures=9, failing_since=NOON, openings=5, held_until=system_clock() + timedelta(minutes=10)
    )
    async with open_service(load(config, {})) as service:
        assert await service.store.endpoints.note_failure(EndpointId("koran"), EndpointState(), held)
    _, out, errors = await run(config, "endpoints", "list", "--json")
    (listed,) = json.loads(out)["items"]
    assert listed["health"] == "failing", errors
    assert listed["why"].startswith("9 failures in a row; nothing is sent before 20")
    _, out, _ = await run(config, "endpoints", "show", "koran")
    assert f"health           failing: {listed['why']}\n" in out


@pytest.mark.slow
async def test_what_is_wanted_again_is_sent_and_told(config: Path, partner: tuple[str, Taken]) -> None:
    url, taken = partner
    await run(config, "endpoints", "add", url, "--id", "koran", "--trusted")
    await run(config, "once", "gather", "--all")
    await run(config, "once", "deliver")
    _, out, _ = await run(config, "deliveries", "list", "--status", "delivered", "--json")
    (first, *_) = json.loads(out)["items"]
    await run(config, "deliveries", "resend", "koran", first["event"])
    before = len(taken)
    await run(config, "once", "deliver")
    assert [headers["webhook-replay"] for headers, _ in taken[before:]] == ["resend"]
    status, out, _ = await run(config, "deliveries", "show", "koran", first["event"])
    assert (status, out.count("delivered")) == (0, 3)
    status, _, errors = await run(config, "deliveries", "show", "koran", "evt_x")
    assert (status, "syndicator deliveries list" in errors) == (1, True)
    status, _, errors = await run(config, "deliveries", "list", "--since", "soon")
    assert (status, "24h" in errors) == (2, True)
    status, out, errors = await run(config, "deliveries", "replay", "koran", "--since", "24h", "--limit", "1")
    assert (status, out[:10]) == (0, "Begun: rpl"), errors
    before = len(taken)
    await run(config, "once", "deliver")
    assert len(taken) == before + 1
    assert taken[-1][0]["webhook-replay"] == out.split()[1]
    status, out, _ = await run(config, "deliveries", "replays", "--json")
    assert [(one["status"], one["queued"]) for one in json.loads(out)["items"]] == [("done", 1)]
    status, _, errors = await run(config, "deliveries", "cancel-replay", "rpl_x")
    assert (status, "deliveries replays" in errors) == (1, True)
    status, _, errors = await run(config, "deliveries", "replay", "koran", "--filter", "colour=red")
    assert (status, "section" in errors) == (2, True)


async def test_all_that_is_wrong_is_told_at_once(config: Path) -> None:
    command = ("endpoints", "add", "ftp://x", "--event", "article.eaten", "--rate", "fast")
    status, _, errors = await run(config, *command)
    assert status == 2
    assert [line.partition(":")[0] for line in errors.splitlines() if "→" not in line] == [
        "url",
        "events.0",
        "rate",
    ]


async def test_an_alert_is_tried_and_shows_what_the_server_answered(
    config: Path, partner: tuple[str, Taken]
) -> None:
    file = config / "all.toml"
    before = file.read_text("utf-8")
    async with mail_server(Mailbox()) as mailbox:
        url = f"mailto://127.0.0.1:{mailbox.port}/?to=ops@news.example&from=kabar@news.example"
        file.write_text(f'{before}\n[alert.ops]\nurl = "{url}"\n', "utf-8")
        status, out, errors = await run(config, "endpoints", "ping", "ops")
        assert status == 0, errors
        assert out.startswith("Answered 250 after ")
        assert out.endswith(" ms: 2.0.0 OK: queued as 1\n")
        mailbox.refuses = {"ops@news.example": "550 5.1.1 no such user"}
        status, _, errors = await run(config, "endpoints", "ping", "ops")
        assert (status, "smtp_550" in errors, "no such user" in errors) == (1, True, True)
        status, out, _ = await run(config, "endpoints", "show", "ops")
        assert (status, f"mailto://127.0.0.1:{mailbox.port}/?to=ops@news.example\n" in out) == (0, True)
    assert [mail["Subject"] for mail in mailbox.mails] == ["Test of [alert.ops]"]
