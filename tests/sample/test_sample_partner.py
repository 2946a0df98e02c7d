import asyncio
import base64
import json
from datetime import datetime, timedelta

import pytest
from sample.sample_values import NOON, Visitor
from standardwebhooks.webhooks import Webhook

from syndicator.sample.inbox import MAX_EVENTS, Inbox
from syndicator.sample.server import SAMPLE_SECRET

OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes ......").decode()


def event(title: str = "Trem malam", revision: int = 1) -> bytes:
    article = {"id": "a1", "url": "http://127.0.0.1/read/900001/trem", "title": title}
    return json.dumps(
        {"type": "article.created", "data": {"event_id": "e", "revision": revision, "article": article}}
    ).encode()


def signed(webhook_id: str, at: datetime, body: bytes, secret: str = SAMPLE_SECRET) -> dict[str, str]:
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body.decode()),
    }


async def deliver(visitor: Visitor, webhook_id: str, body: bytes | None = None) -> int:
    body = body or event()
    headers = signed(webhook_id, visitor.clock.now, body)
    return (await visitor.post(visitor.sample.partner_url + "/hook", body, headers)).status


async def behave(visitor: Visitor, **script: object) -> int:
    return (await visitor.post(visitor.sample.partner_url + "/behave", json.dumps(script).encode())).status


async def test_a_genuine_delivery_is_accepted_and_shown(visitor: Visitor) -> None:
    assert await deliver(visitor, "evt_1", event("<b>Trem</b> & kanal", revision=3)) == 204
    assert await deliver(visitor, "evt_1") == 204
    assert await deliver(visitor, "evt_2") == 204
    page = await visitor.get(visitor.sample.partner_url + "/")
    told = json.loads((await visitor.get(visitor.sample.partner_url + "/received.json")).body)
    assert "&lt;b&gt;Trem&lt;/b&gt; &amp; kanal" in page.text
    assert "2 times" in page.text
    assert (told["distinct"], told["repeats"], told["deliveries"], told["refused"]) == (2, 1, 3, 0)
    newest, oldest = told["events"]
    assert (newest["id"], oldest["id"]) == ("evt_2", "evt_1")
    assert oldest["times_seen"] == 2
    assert (oldest["type"], oldest["revision"], oldest["article_id"]) == ("article.created", 3, "a1")
    assert oldest["article_url"] == "http://127.0.0.1/read/900001/trem"


@pytest.mark.parametrize("moved_s", [-299, 299])
async def test_clocks_may_differ_by_five_minutes(visitor: Visitor, moved_s: int) -> None:
    headers = signed("evt_1", visitor.clock.now + timedelta(seconds=moved_s), event())
    assert (await visitor.post(visitor.sample.partner_url + "/hook", event(), headers)).status == 204


async def test_one_right_signature_among_others_is_enough(visitor: Visitor) -> None:
    headers = signed("evt_1", visitor.clock.now, event())
    wrong = signed("evt_1", visitor.clock.now, event(), OTHER_SECRET)["webhook-signature"]
    headers["webhook-signature"] = f"v1a,xyz {wrong} {headers['webhook-signature']}"
    assert (await visitor.post(visitor.sample.partner_url + "/hook", event(), headers)).status == 204


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({}, event("Judul lain")),
        ({"webhook-id": "evt_2"}, event()),
        ({"webhook-id": ""}, event()),
        ({"webhook-timestamp": "1"}, event()),
        ({"webhook-timestamp": "today"}, event()),
        ({"webhook-signature": ""}, event()),
        ({"webhook-signature": "v1,not base64"}, event()),
        ({"webhook-signature": "v2,AAAA"}, event()),
    ],
)
async def test_anything_else_is_refused(visitor: Visitor, change: dict[str, str], body: bytes) -> None:
    headers = signed("evt_1", visitor.clock.now, event()) | change
    assert (await visitor.post(visitor.sample.partner_url + "/hook", body, headers)).status == 401
    other = signed("evt_1", visitor.clock.now, event(), OTHER_SECRET)
    assert (await visitor.post(visitor.sample.partner_url + "/hook", event(), other)).status == 401
    old = signed("evt_1", visitor.clock.now - timedelta(seconds=302), event())
    assert (await visitor.post(visitor.sample.partner_url + "/hook", event(), old)).status == 401
    assert (visitor.sample.inbox.distinct, visitor.sample.inbox.refused) == (0, 3)


async def test_the_partner_misbehaves_as_told_and_then_is_well_again(visitor: Visitor) -> None:
    assert await behave(visitor, status=503, times=2) == 204
    assert [await deliver(visitor, "evt_1") for _ in range(3)] == [503, 503, 204]
    assert await behave(visitor, status=410) == 204
    assert [await deliver(visitor, "evt_2") for _ in range(3)] == [410, 410, 410]
    assert await behave(visitor) == 204
    assert await deliver(visitor, "evt_2") == 204
    assert visitor.sample.inbox.deliveries == 2


async def test_the_partner_answers_late_as_told(visitor: Visitor) -> None:
    await behave(visitor, delay_s=30, times=1)
    both = [asyncio.create_task(deliver(visitor, webhook_id)) for webhook_id in ("evt_1", "evt_2")]
    done, late = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [204]
    assert len(late) == 1
    for task in late:
        task.cancel()


async def test_a_script_that_means_nothing_is_refused(visitor: Visitor) -> None:
    for script in (b"{", b'{"speed": 3}', b'{"status": "bad"}', b'{"status": 99}', b'{"delay_s": -1}'):
        assert (await visitor.post(visitor.sample.partner_url + "/behave", script)).status == 400
    assert await deliver(visitor, "evt_1") == 204


async def test_an_endpoint_is_verified_by_its_challenge(visitor: Visitor) -> None:
    body = b'{"type": "endpoint.verify", "data": {"challenge": "7d1f"}}'
    headers = signed("evt_0", visitor.clock.now, body)
    answer = await visitor.post(visitor.sample.partner_url + "/hook", body, headers)
    assert (answer.status, json.loads(answer.body)) == (200, {"challenge": "7d1f"})


def test_events_of_no_article_say_what_they_are_about() -> None:
    inbox = Inbox()
    for number, (data, title) in enumerate(
        (
            ({"events": [{}, {}]}, "2 events"),
            ({"source": {"id": "city", "title": "Kota"}}, "Kota"),
            ({"endpoint": {"id": "partner-a"}}, "partner-a"),
            ({"feed": "x"}, None),
        )
    ):
        body = json.dumps({"type": "x", "data": data}).encode()
        assert inbox.accept(f"evt_{number}", body, NOON).article_title == title


def test_a_withdrawal_shows_the_title_that_was_known_else_the_id() -> None:
    inbox = Inbox()
    inbox.accept("evt_1", event("Trem malam"), NOON)
    withdrawal = json.loads(event("")) | {"type": "article.withdrawn"}
    assert inbox.accept("evt_2", json.dumps(withdrawal).encode(), NOON).article_title == "Trem malam"
    withdrawal["data"]["article"]["id"] = "a2"
    assert inbox.accept("evt_3", json.dumps(withdrawal).encode(), NOON).article_title == "a2"


async def test_a_withdrawal_has_a_colour_of_its_own(visitor: Visitor) -> None:
    withdrawal = json.dumps(json.loads(event("")) | {"type": "article.withdrawn"}).encode()
    await deliver(visitor, "evt_1")
    await deliver(visitor, "evt_2", withdrawal)
    page = await visitor.get(visitor.sample.partner_url + "/")
    assert '<div class="type withdrawn">article.withdrawn</div>' in page.text
    assert '<div class="type">article.created</div>' in page.text


def test_the_inbox_is_bounded_and_takes_bodies_of_any_shape() -> None:
    inbox = Inbox()
    for number in range(MAX_EVENTS + 10):
        inbox.accept(f"evt_{number}", b'{"type": "feed.updated"}', NOON)
    assert MAX_EVENTS >= 20_000
    assert inbox.distinct == MAX_EVENTS
    assert inbox.newest_first()[0].id == f"evt_{MAX_EVENTS + 9}"
    for number, body in enumerate((b"", b"\xff", b"[]", b'{"data": 3}', b'{"data": {"article": []}}')):
        assert inbox.accept(f"odd_{number}", body, NOON).article_url is None
