"""What arrives at the services that show alerts, in the form that each documents."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from egress.certificates import own_certificate, trusting
from egress.mail_server import Mailbox, mail_server
from msgspec.structs import replace
from support import NOON

from syndicator.egress.client import Egress, open_egress
from syndicator.errors import EgressError, PushError
from syndicator.model.clock import system_clock
from syndicator.model.delivery import Alerting, Endpoint, Secret
from syndicator.model.event import (
    OPERATORS_EVENTS,
    EndpointNotice,
    Event,
    EventType,
    SourceNotice,
)
from syndicator.model.feed import Site
from syndicator.model.ids import EndpointId, EventId
from syndicator.push.alerts.bodies import alert_body
from syndicator.push.alerts.messages import alert_message
from syndicator.push.alerts.sending import alert_of, post_alert
from syndicator.push.alerts.targets import parse_target
from syndicator.push.probes import ping
from syndicator.push.samples import sample_event

SITE = Site(title="Kabar", public_url="https://news.example/kabar", timezone="Asia/Jakarta")
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
WHY = "the last 3 rounds failed (http_404): wire.example has nothing at this address (HTTP 404)."
PAGE = "https://news.example/kabar/admin/sources/wire"
REMEDY = "see what it answers now: syndicator sources run wire"
LOOPBACK = (ip_network("127.0.0.0/8"),)
NAME = EventId("evt_2w6sjm4vmrpdk37aqhxzcb5yte")


def source_event(
    kind: EventType = EventType.SOURCE_FAILING, subject: str = "wire", why: str = WHY, at: datetime = NOON
) -> Event:
    standing = "failing" if kind is EventType.SOURCE_FAILING else "ok"
    notice = SourceNotice(
        title=subject.capitalize(), standing=standing, why=why, since=NOON - timedelta(hours=2)
    )
    return Event(id=NAME, type=kind, subject=subject, revision=1, at=at, details=notice)


def body(url: str, *events: Event) -> Any:
    return json.loads(alert_body(parse_target(url), alert_message(events, SITE), NAME, NOON))


def mail(*events: Event) -> Any:
    target = parse_target("mailto://mail.example?to=a@x.example,b@x.example&from=kabar@news.example")
    sent: Any = alert_body(target, alert_message(events, SITE), NAME, NOON)
    assert sent == alert_body(target, alert_message(events, SITE), NAME, NOON), "retries send the same"
    return message_from_bytes(sent, policy=policy.default)


def test_a_mail_says_what_why_since_when_what_to_do_and_where() -> None:
    found = mail(source_event())
    assert found["Subject"] == "[Kabar] Wire (wire) cannot be read"
    assert found["From"] == "kabar@news.example"
    assert found["To"] == "a@x.example, b@x.example"
    assert found["Message-ID"] == f"<{NAME}@news.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"].datetime == NOON
    assert found.get_content().replace("\r\n", "\n") == (
        f"Wire (wire) cannot be read\nWhy: {WHY}\nSince: 2026-11-05 17:00 WIB\nWhat to do: {REMEDY}\n{PAGE}\n"
    )


def test_slack_gets_text_without_mentions_of_others() -> None:
    found = body(SLACK, source_event(why="it says <!channel> & more"))
    assert found == {
        "text": "*[Kabar] Wire (wire) cannot be read*\n\nWhy: it says &lt;!channel&gt; &amp; more\n"
        f"Since: 2026-11-05 17:00 WIB\nWhat to do: {REMEDY}\n{PAGE}"
    }


def test_discord_gets_content_that_mentions_nobody() -> None:
    found = body(DISCORD, source_event(why="@everyone [look](https://evil.example)"))
    assert found["allowed_mentions"] == {"parse": []}
    assert found["content"].startswith(
        "**[Kabar] Wire (wire) cannot be read**\n\nWhy: @everyone [look] (https://"
    )
    assert found.keys() == {"content", "allowed_mentions"}


def test_ntfy_gets_a_message_by_its_topic() -> None:
    url = "ntfys://push.example/kabar-ops"
    assert body(url, source_event()) == {
        "topic": "kabar-ops",
        "title": "[Kabar] Wire (wire) cannot be read",
        "message": f"Why: {WHY}\nSince: 2026-11-05 17:00 WIB\nWhat to do: {REMEDY}\n{PAGE}",
        "priority": 4,
        "tags": ["warning"],
        "click": PAGE,
    }
    over = body(url, source_event(EventType.SOURCE_RECOVERED, why=""))
    assert (over["priority"], over["tags"]) == (3, ["white_check_mark"])


def test_teams_gets_an_adaptive_card() -> None:
    found = body("workflows://prod.example/flow/signature", source_event())
    assert found.keys() == {"type", "attachments"}
    assert found["type"] == "message"
    (attachment,) = found["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    card = attachment["content"]
    assert (card["$schema"], card["type"], card["version"]) == (
        "http://adaptivecards.io/schemas/adaptive-card.json",
        "AdaptiveCard",
        "1.2",
    )
    title, facts = card["body"]
    assert (title["type"], title["text"], title["wrap"]) == (
        "TextBlock",
        "[Kabar] Wire (wire) cannot be read",
        True,
    )
    assert facts == {
        "type": "FactSet",
        "facts": [
            {"title": "Why", "value": WHY},
            {"title": "Since", "value": "2026-11-05 17:00 WIB"},
            {"title": "What to do", "value": REMEDY},
        ],
    }
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": PAGE}]


def test_several_events_are_one_message_with_troubles_first() -> None:
    events = [
        source_event(EventType.SOURCE_RECOVERED, "city", "", NOON + timedelta(seconds=5)),
        source_event(at=NOON),
        source_event(subject="post", at=NOON + timedelta(seconds=3)),
    ]
    found = mail(*events)
    assert found["Subject"] == "[Kabar] Post (post) cannot be read, and 2 more"
    headings = [part.splitlines()[0] for part in found.get_content().replace("\r\n", "\n").split("\n\n")]
    assert headings == [
        "Post (post) cannot be read",
        "Wire (wire) cannot be read",
        "City (city) is well again",
    ]
    card = body("workflows://prod.example/flow/signature", *events)["attachments"][0]["content"]
    assert [block["type"] for block in card["body"]] == ["TextBlock", *("TextBlock", "FactSet") * 3]
    assert card["actions"][0]["url"] == "https://news.example/kabar/admin/"


@pytest.mark.parametrize(
    ("url", "most"),
    [
        (SLACK, 40_000),
        (DISCORD, 2_000),
        ("ntfys://x.example/t", 4_096),
        ("workflows://x.example/a/b", 28_000),
    ],
)
def test_what_does_not_fit_is_counted(url: str, most: int) -> None:
    events = [source_event(subject=f"kota-{number}", why="ü" * 900) for number in range(1000)]
    found = body(url, *events)
    said = (
        found.get("text")
        or found.get("content")
        or found.get("message")
        or json.dumps(found, ensure_ascii=False)
    )
    assert len(said.encode()) < most
    shown = said.count("cannot be read") - ("title" not in found)  # once in the subject
    assert shown > 0
    assert f"… and {1000 - shown} more: https://news.example/kabar/admin/" in said


@pytest.mark.parametrize("kind", OPERATORS_EVENTS)
def test_every_event_for_operators_has_words(kind: EventType) -> None:
    message = alert_message([sample_event(kind)], SITE)
    (item,) = message.items
    facts = dict(item.facts)
    assert item.link.startswith("https://news.example/kabar/admin/")
    assert "Since" in facts
    assert ("What to do" in facts) is not item.is_over
    assert "{" not in message.subject + "".join(facts.values())


def test_events_that_are_not_of_operators_have_none() -> None:
    with pytest.raises(PushError):
        alert_message([sample_event(EventType.ARTICLE_CREATED)], SITE)


def test_a_secret_in_a_reason_is_not_passed_on() -> None:
    found = mail(source_event(why="https://u:hunter2@wire.example/?token=hunter2 fails"))
    assert "hunter2" not in found.get_content()


class Receiver:
    """A chat service that keeps what it is sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.status, self.says = 200, "ok"

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.path_qs, headers, await request.json()))
        return web.Response(status=self.status, text=self.says)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{path:.*}", self.answer)
        return app


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with open_egress(user_agent="t", allow=(), allow_callbacks=LOOPBACK, clock=system_clock) as opened:
        yield opened


def endpoint(url: str) -> Endpoint:
    return Endpoint(
        id=EndpointId("ops"),
        url=parse_target(url).shown,
        secrets=(Secret(url),),
        alert=Alerting(repeat_after_s=3600),
    )


async def send(egress: Egress, url: str, events: Sequence[Event]) -> int:
    target = endpoint(url)
    message = alert_of(target, alert_message(events, SITE), NAME, NOON)
    return (await post_alert(egress, target, message)).status


async def test_ntfy_is_sent_json_at_its_root(egress: Egress) -> None:
    receiver = Receiver()
    async with TestServer(receiver.app()) as server:
        assert await send(egress, f"ntfy://127.0.0.1:{server.port}/kabar-ops", [source_event()]) == 200
    ((path, headers, found),) = receiver.requests
    assert (path, headers["content-type"], found["topic"]) == ("/", "application/json", "kabar-ops")
    assert "webhook-signature" not in headers


async def test_a_workflow_is_sent_its_card_over_verified_tls(
    egress: Egress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = own_certificate(tmp_path)
    receiver = Receiver()
    receiver.status = 202
    server = TestServer(receiver.app(), scheme="https")
    await server.start_server(ssl=theirs)
    try:
        url = f"workflows://127.0.0.1:{server.port}/643e69f83c89/K5wS-igNature"
        with pytest.raises(EgressError, match="tls"):
            await send(egress, url, [source_event()])
        trusting(ours, monkeypatch)
        async with open_egress(
            user_agent="t", allow=(), allow_callbacks=LOOPBACK, clock=system_clock
        ) as trusted:
            assert await send(trusted, url, [source_event()]) == 202
    finally:
        await server.close()
    ((path, headers, found),) = receiver.requests
    signed = "api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=K5wS-igNature"
    assert path == f"/workflows/643e69f83c89/triggers/manual/paths/invoke?{signed}"
    assert (headers["content-type"], found["type"]) == ("application/json", "message")


async def test_a_ping_gives_what_the_server_said_without_the_secret(egress: Egress) -> None:
    receiver = Receiver()
    receiver.status, receiver.says = 403, "topic kabar-ops is not yours"
    async with TestServer(receiver.app()) as server:
        probed = await ping(egress, endpoint(f"ntfy://127.0.0.1:{server.port}/kabar-ops"), NOON)
    assert (probed.ok, probed.status, probed.reason) == (False, 403, "http_403")
    assert probed.answer == "topic [hidden] is not yours"
    assert receiver.requests[0][2]["title"] == "Test of [alert.ops]"


async def test_a_ping_by_mail_gives_what_the_server_said(egress: Egress) -> None:
    async with mail_server(Mailbox()) as mailbox:
        url = f"mailto://127.0.0.1:{mailbox.port}/?to=ops@news.example&from=kabar@news.example"
        probed = await ping(egress, endpoint(url), datetime.now(UTC))
        assert (probed.ok, probed.status, probed.answer) == (True, 250, "2.0.0 OK: queued as 1")
        mailbox.refuses = {"ops@news.example": "550 5.1.1 no such user"}
        refused = await ping(egress, endpoint(url), datetime.now(UTC))
    assert (refused.ok, refused.reason) == (False, "smtp_550")
    assert refused.answer is not None
    assert "no such user" in refused.answer
    (sent,) = mailbox.mails
    assert sent["Subject"] == "Test of [alert.ops]"


async def test_a_process_without_the_url_sends_nothing(egress: Egress) -> None:
    elsewhere = replace(endpoint("ntfy://kabar-ops"), secrets=())
    probed = await ping(egress, elsewhere, NOON)
    assert (probed.ok, probed.reason) == (False, "secret")


def test_waiting_deliveries_are_counted() -> None:
    notice = EndpointNotice(why="http_503", since=NOON, waiting=12)
    event = Event(
        id=NAME, type=EventType.ENDPOINT_DISABLED, subject="partner-a", revision=1, at=NOON, details=notice
    )
    (item,) = alert_message([event], SITE).items
    assert item.heading == "Endpoint partner-a is disabled"
    assert ("Waiting", "12 deliveries") in item.facts
    assert item.link == "https://news.example/kabar/admin/endpoints/partner-a"
