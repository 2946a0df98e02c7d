"""Troubles reach people: by mail and chat, through the same queue as deliveries to partners."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from egress.mail_server import Mailbox, mail_server
from pipeline.conftest import OpenService, Portal
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.webhooks.test_delivery import counts, deliver
from support import ManualClock, answering

from syndicator.model.event import Event, EventType, SourceNotice
from syndicator.model.ids import EndpointId, SourceId
from syndicator.model.ops.states import DeliveryStatus
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.pipeline.webhooks.inspection import DeliveryQuery
from syndicator.rules.identity.identity import new_event
from syndicator.service import Service
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event

OPS = EndpointId("ops")
FAILING, RECOVERED = EventType.SOURCE_FAILING, EventType.SOURCE_RECOVERED


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with mail_server(Mailbox()) as opened:
        yield opened


def by_mail(mailbox: Mailbox, more: str = "") -> str:
    url = f"mailto://127.0.0.1:{mailbox.port}/?to=ops@news.example&from=kabar@news.example"
    return f'[alert.ops]\nurl = "{url}"\n{more}\n'


async def happen(
    service: Service, kind: EventType, subject: str = "city", follows: int | None = None
) -> Event:
    now = service.clock()
    notice = SourceNotice(title=subject.capitalize(), standing="failing", why="timeout", since=now)
    revision = int(now.timestamp() * 1000)
    event = new_event(kind, SourceId(subject), revision, now, follows=follows, details=notice)
    keys = Keys(service.settings.store.namespace)
    await service.store.connection.call(*append_event(keys, event))
    return event


def subjects(mailbox: Mailbox) -> list[str]:
    return [str(mail["Subject"]) for mail in mailbox.mails]


async def test_a_source_that_fails_reaches_a_mailbox(
    mailbox: Mailbox, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    text = feed_config(portal) + by_mail(mailbox) + '[site]\npublic_url = "https://news.example"\n'
    async with service_of(text) as service:
        portal.documents["/rss"] = rss(1)
        await gather(service)
        portal.documents.clear()
        for _ in range(5):
            clock.advance(timedelta(hours=2).total_seconds())
            await gather(service)
        await deliver(service)
        assert mailbox.mails == [], "it waits for others"
        clock.advance(60)
        await deliver(service)
        assert await counts(service, OPS) == QueueCounts(delivered=1)
        (mail,) = mailbox.mails
        text = mail.get_content()
        assert mail["Subject"] == "[Syndicator] Kota (city) cannot be read"
        assert "(http_404)" in text
        assert "Since: 2026-11-05 12:00 UTC" in text
        assert "syndicator sources run city" in text
        assert "https://news.example/admin/sources/city" in text
        assert mailbox.recipients == [["ops@news.example"]]
        portal.documents["/rss"] = rss(1)
        clock.advance(timedelta(days=1).total_seconds())
        await gather(service)
        await deliver(service)
        clock.advance(60)
        await deliver(service)
    assert subjects(mailbox)[1:] == ["[Syndicator] Kota (city) is well again"]


async def test_what_happens_within_a_minute_is_one_message(
    mailbox: Mailbox, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(by_mail(mailbox)) as service:
        for name in ("city", "post", "wire"):
            await happen(service, FAILING, name)
        await deliver(service)
        clock.advance(60)
        await deliver(service)
        assert await counts(service, OPS) == QueueCounts(delivered=3)
    (subject,) = subjects(mailbox)
    assert subject.endswith("cannot be read, and 2 more")
    assert [mailbox.mails[0].get_content().count(f"({name})") for name in ("city", "post", "wire")] == [
        1,
        1,
        1,
    ]


async def test_more_events_than_a_digest_has_room_for_are_one_message(
    mailbox: Mailbox, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(by_mail(mailbox)) as service:
        for number in range(150):
            await happen(service, FAILING, f"portal-{number}")
        await service.deliver_step.event_fan_out.run()
        clock.advance(60)
        jobs = (await service.deliver_step.take(500)).jobs
        assert len(jobs) == 1
        await jobs[0]()
    assert mailbox.mails[0].get_content().count("cannot be read") == 150


async def test_a_server_that_refuses_is_asked_again_with_the_same_mail(
    mailbox: Mailbox, service_of: OpenService, clock: ManualClock
) -> None:
    mailbox.answers = ["451 4.3.0 later", "550 5.7.1 no"]
    async with service_of(by_mail(mailbox)) as service:
        event = await happen(service, FAILING)
        await service.deliver_step.event_fan_out.run()
        clock.advance(60)
        reasons = []
        for _ in range(2):
            await deliver(service)
            shown = await service.inspection.show(OPERATOR, OPS, event.id)
            reasons.append((shown.delivery.status, shown.delivery.reason, shown.attempts[0].answer))
            clock.advance(60)
        await deliver(service)
        assert await counts(service, OPS) == QueueCounts(delivered=1)
    assert reasons == [
        ("delayed", "smtp_451", "127.0.0.1 said: 4.3.0 later (451)"),
        ("delayed", "smtp_550", "127.0.0.1 said: 5.7.1 no (550)"),
    ]
    assert len(mailbox.mails) == 1


async def test_a_target_that_fails_holds_up_no_other(
    mailbox: Mailbox, service_of: OpenService, clock: ManualClock
) -> None:
    dead = '[alert.dead]\nurl = "ntfy://127.0.0.1:9/kabar-ops"\n'
    async with service_of(by_mail(mailbox) + dead) as service:
        await happen(service, FAILING)
        await service.deliver_step.event_fan_out.run()
        clock.advance(60)
        await deliver(service)
        assert await counts(service, OPS) == QueueCounts(delivered=1)
        assert await counts(service, EndpointId("dead")) == QueueCounts(delayed=1)
        waiting = await service.inspection.deliveries(
            OPERATOR, DeliveryQuery(endpoint=EndpointId("dead")), None, 5
        )
        assert [line.reason for line in waiting.items] == ["connect"]


async def test_the_same_trouble_comes_again_only_after_a_while(
    mailbox: Mailbox, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(by_mail(mailbox, 'repeat_after = "1h"')) as service:

        async def after(minutes: float, kind: EventType, follows: Event | None = None) -> Event:
            clock.advance(60 * minutes)
            event = await happen(service, kind, follows=follows.revision if follows else None)
            await deliver(service)
            clock.advance(60)
            await deliver(service)
            return event

        first = await after(0, FAILING)
        over = await after(5, RECOVERED, first)
        assert len(subjects(mailbox)) == 2
        again = await after(5, FAILING, over)
        assert len(subjects(mailbox)) == 2, "it waits for the end of the hour"
        await after(5, RECOVERED, again)
        clock.advance(3600)
        await deliver(service)
        found = [subject.partition("(city) ")[2] for subject in subjects(mailbox)]
        assert found == ["cannot be read", "is well again", "is well again"], "the newest took its place"
        closed = await service.inspection.deliveries(
            OPERATOR, DeliveryQuery(status=DeliveryStatus.SUPERSEDED), None, 5
        )
        assert [line.event for line in closed.items] == [again.id]


async def test_what_stays_wrong_is_told_when_the_while_is_over(
    mailbox: Mailbox, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(by_mail(mailbox, 'repeat_after = "1h"')) as service:
        first = await happen(service, FAILING)
        await deliver(service)
        clock.advance(60)
        await deliver(service)
        clock.advance(600)
        await happen(service, FAILING, follows=first.revision)
        await happen(service, FAILING, "post")
        await deliver(service)
        clock.advance(60)
        await deliver(service)
        assert len(mailbox.mails) == 2, "that of another source comes at once"
        clock.advance(3600)
        await deliver(service)
    assert len(mailbox.mails) == 3


async def test_events_of_other_sources_are_left_out(
    mailbox: Mailbox, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    async with service_of(feed_config(portal) + by_mail(mailbox, 'sources = ["city"]')) as service:
        await happen(service, FAILING, "post")
        await happen(service, FAILING, "city")
        await service.deliver_step.event_fan_out.run()
        assert (await counts(service, OPS)).delayed == 1


async def test_secrets_are_in_no_answer_and_not_in_redis(service_of: OpenService, clock: ManualClock) -> None:
    asked: list[tuple[str | None, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.headers.get("Authorization"), json.loads(await request.read())))
        return web.Response(text="very-secret-topic is full", status=507)

    async with answering(answer) as url:
        alert = f'[alert.ops]\nurl = "ntfy://{url.removeprefix("http://")}/very-secret-topic"\n'
        async with service_of(alert) as service:
            event = await happen(service, FAILING)
            await service.deliver_step.event_fan_out.run()
            clock.advance(60)
            await deliver(service)
            delivery = await service.inspection.show(OPERATOR, OPS, event.id)
            request = await service.inspection.request(OPERATOR, OPS, event.id)
            shown = await service.registration.show(OPERATOR, OPS)
            probed = await service.registration.ping(OPERATOR, OPS)
            stored = await service.store.connection.call(
                "HGETALL", Keys(service.settings.store.namespace).endpoints()
            )
            assert shown.last_failure == "http_507"
            assert shown.settings["url"].startswith("ntfy://127.0.0.1:")
            assert "very-secret" not in f"{shown}{probed}{stored}{delivery}{request}"
            assert delivery.attempts[0].answer == "[hidden] is full"
            assert request is not None
            assert request.body.startswith("[Syndicator] City (city) cannot be read\n\n")
    assert asked[0][1]["topic"] == "very-secret-topic"
    assert probed.answer == "[hidden] is full"
    assert asked[1][1]["title"] == "Test of [alert.ops]"
