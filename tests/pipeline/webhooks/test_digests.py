"""Several events in one push: when there are enough, or when it is time."""

import json
from datetime import timedelta
from typing import Any

import pytest
from otlp_collector import collecting, recording
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import SECRET, Partner, config, counts, deliver, partner
from standardwebhooks import Webhook
from support import candidate

from syndicator.model.article import WithdrawnBy
from syndicator.model.clock import system_clock
from syndicator.model.ops.status import QueueCounts
from syndicator.pipeline.articles.admission import Admitter
from syndicator.push.payload import MAX_BODY_BYTES

__all__ = ["partner"]

THREE = 'digest = { items = 3, every = "10m" }'


def told(partner: Partner) -> list[list[str]]:
    """Give the headlines of each push."""
    found = []
    for headers, body in partner.received:
        push: dict[str, Any] = json.loads(body)
        assert (push["type"], push["data"]["digest_id"]) == ("digest", headers["webhook-id"])
        found.append([event["data"]["article"]["title"] for event in push["data"]["events"]])
    return found


async def test_events_wait_for_the_end_of_an_interval_and_come_together(partner: Partner) -> None:
    async with partner.service_of(config(partner, more=THREE)) as service:
        await admit(service, 1)
        partner.clock.advance(1)
        await admit(service, 2)
        await deliver(service)
        assert partner.received == []
        partner.clock.advance(600)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=2)
    (push,) = told(partner)
    assert sorted(push) == ["Berita nomor 1", "Berita nomor 2"]


async def test_the_newest_stands_first_as_in_feeds(partner: Partner) -> None:
    async with partner.service_of(config(partner, more=THREE)) as service:
        ages = {1: 30, 2: 10, 3: 20}
        found = [
            candidate(n, published_at=partner.clock() - timedelta(minutes=age)) for n, age in ages.items()
        ]
        await Admitter(service.store.articles, (), partner.clock).admit(found)
        await deliver(service)
    assert told(partner) == [["Berita nomor 2", "Berita nomor 3", "Berita nomor 1"]]


async def test_what_is_full_does_not_wait(partner: Partner, service_of: OpenService) -> None:
    async with service_of(config(partner, more=THREE)) as service:
        await admit(service, 1, 2, 3, 4)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=3, delayed=1)
        assert [len(push) for push in told(partner)] == [3]


async def test_a_digest_is_signed_and_each_event_is_as_it_would_come_alone(partner: Partner) -> None:
    partner.clock.now = system_clock()  # the published verifier looks at the real clock
    both = config(partner, more=THREE) + config(partner, name="b")
    async with partner.service_of(both) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
    alone = {}
    (digest,) = [push for push in partner.received if b'"digest"' in push[1]]
    for headers, body in partner.received:
        Webhook(SECRET).verify(body, headers)
        if body is not digest[1]:
            alone[headers["webhook-id"]] = json.loads(body)
    together = {event["data"]["event_id"]: event for event in json.loads(digest[1])["data"]["events"]}
    assert together == alone
    assert len(together) == 3


async def test_a_digest_that_failed_comes_again_as_it_was(partner: Partner) -> None:
    partner.statuses = [503]
    async with partner.service_of(config(partner, more=THREE)) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        assert await counts(service) == QueueCounts(delayed=3)
        await admit(service, 4)
        partner.clock.advance(7)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=3, delayed=1)
    (first, body), (second, again) = partner.received
    assert (first["webhook-id"], body) == (second["webhook-id"], again)


async def test_what_failed_keeps_its_own_time(partner: Partner, service_of: OpenService) -> None:
    partner.statuses = [503]
    async with service_of(config(partner, more=THREE)) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        await deliver(service)
        await deliver(service)
        assert len(partner.received) == 1, "three wait, and none of them is made due"


async def test_a_withdrawal_waits_for_nobody(partner: Partner, service_of: OpenService) -> None:
    async with service_of(config(partner, more=THREE)) as service:
        await admit(service, 1, 2, 3)
        await deliver(service)
        ids = [place.article_id for place in (await service.store.articles.timeline(["all"], 5))[0]]
        await service.withdrawer.withdraw(ids[0], WithdrawnBy.OPERATOR, "x")
        await deliver(service)
    assert [len(push) for push in told(partner)] == [3, 1]
    assert json.loads(partner.received[1][1])["data"]["events"][0]["type"] == "article.withdrawn"


async def test_what_is_long_comes_in_several_and_none_is_too_large(partner: Partner) -> None:
    async with partner.service_of(config(partner, more=THREE)) as service:
        long = [candidate(n, body_html=f"<p>{f'kata{n} ' * 1700}</p>") for n in (1, 2)]
        longer = candidate(3, body_html="<p>" + "panjang sekali " * 9000 + "</p>")
        await Admitter(service.store.articles, (), partner.clock).admit([*long, longer])
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=3)
    assert all(len(body) < MAX_BODY_BYTES for _, body in partner.received)
    assert sum(len(push) for push in told(partner)) == 3
    assert len(partner.received) == 2


async def test_what_is_too_old_is_left_out(partner: Partner) -> None:
    old = 'digest = { items = 3, every = "10m" }\nmax_age = "11m"'
    async with partner.service_of(config(partner, more=old)) as service:
        await admit(service, 1)
        partner.clock.advance(timedelta(minutes=12).total_seconds())
        await admit(service, 2, 3)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=2, dead=1)
    assert sorted(title for push in told(partner) for title in push) == [f"Berita nomor {n}" for n in (2, 3)]


async def test_the_trace_of_a_digest_is_linked_to_those_of_its_events(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        collecting() as collector,
        recording(collector, monkeypatch),
        partner.service_of(config(partner, more=THREE)) as service,
    ):
        await admit(service, 1, 2, 3)
        await deliver(service)
    (attempt,) = collector.named("delivery attempt", endpoint="a", events=3)
    roots = {span.place for span in collector.named("article admitted")}
    assert len(roots) == 3
    assert set(attempt.links) == roots
    assert attempt.parent == ""
