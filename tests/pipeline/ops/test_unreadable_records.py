"""Records that this version cannot read (damaged, or of a newer version) stop nothing else, and are kept."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.ops.test_retention import sweep
from pipeline.webhooks.test_delivery import A, B, Partner, config, counts, deliver, partner
from structlog.testing import capture_logs
from support import ManualClock

from syndicator.errors import EndpointRefused
from syndicator.model.clock import system_clock, to_ms
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import Registration
from syndicator.model.event import Event, EventType
from syndicator.model.ids import ArticleId, EndpointId, EventId, ReplayId
from syndicator.model.ops.status import QueueCounts
from syndicator.model.replay import Replay
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.service import Service
from syndicator.store.codec import pack

__all__ = ["partner"]  # a fixture

BAD = EventId("evt_bad")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(system_clock())  # positions of events are by Redis' own time


def of_a_newer_version(value: object, **fields: Any) -> bytes:
    """Give a record as a version writes it that knows more than this one."""
    return pack({**msgspec.msgpack.decode(pack(value)), **fields})


def event(name: EventId = BAD) -> Event:
    return Event(id=name, type=EventType.ENDPOINT_FAILING, subject="x", revision=1, at=system_clock())


async def queue_unreadable(service: Service, endpoint: EndpointId, record: bytes) -> None:
    keys, now_ms = service.store.deliveries._keys, to_ms(service.clock())
    await service.store.connection.call("HSET", keys.events(), BAD, record)
    await service.store.connection.call("ZADD", keys.queue(endpoint), now_ms - 1000, BAD)
    await service.store.connection.call("ZADD", keys.queues(0), "LT", now_ms, endpoint)


async def damage_article(service: Service, article: str) -> None:
    key = service.store.articles._keys.article(ArticleId(article))
    await service.store.connection.call("HSET", key, "head", b"\xc1")


async def found(service: Service) -> dict[str, tuple[str, int]]:
    return {one.kind: (one.where, one.count) for one in await service.doctor.examine(repair=False)}


@pytest.mark.parametrize(
    "record", [b"\xc1", of_a_newer_version(event(), type="article.expired")], ids=["damaged", "newer"]
)
async def test_a_delivery_that_cannot_be_read_waits_and_stops_no_other(
    partner: Partner, service_of: OpenService, clock: ManualClock, record: bytes
) -> None:
    async with service_of(config(partner) + config(partner, name="b")) as service:
        await queue_unreadable(service, B, record)
        await admit(service, 1, 2)
        with capture_logs() as lines:
            for _ in range(3):
                await deliver(service)
                clock.advance(61)
        assert await counts(service, A) == QueueCounts(delivered=2)
        assert await counts(service, B) == QueueCounts(ready=1, delivered=2)
        told = [line for line in lines if line["event"] == "delivery_unreadable"]
        assert [(line["endpoint"], line["event_id"]) for line in told] == [(B, BAD)], "said once"
        assert (await found(service))["unreadable_events"] == (B, 1)
        first = (await service.store.events.after("", 1))[0].event
        readable = replace(first, id=BAD, type=EventType.ARTICLE_UPDATED)
        await service.store.connection.call("HSET", service.store.events._keys.events(), BAD, pack(readable))
        await deliver(service)
        assert await counts(service, B) == QueueCounts(delivered=3), (
            "it is not lost: who can read it sends it"
        )


async def test_an_event_that_cannot_be_read_is_set_aside_and_the_fan_out_goes_on(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        connection, keys = service.store.connection, service.store.outbox._keys
        await admit(service, 1)
        for record in (b"\xc1", of_a_newer_version(event(), type="article.expired")):
            await connection.call("XADD", keys.outbox(), "*", "event", record)
        await admit(service, 2)
        with capture_logs() as lines:
            await deliver(service)
            await sweep(service)
        assert await counts(service) == QueueCounts(delivered=2)
        assert await service.store.outbox.waiting() == 0
        assert len([line for line in lines if line["event"] == "event_set_aside"]) == 2
        assert (await found(service))["set_aside"] == ("outbox", 2)
        partner.clock.advance(timedelta(days=31).total_seconds())
        await sweep(service)
        assert "set_aside" not in await found(service), "not forever"


async def test_what_an_older_version_set_aside_is_fanned_out_by_who_can_read_it(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        connection, keys = service.store.connection, service.store.outbox._keys
        await admit(service, 1)
        ((_, fields),) = await connection.call("XRANGE", keys.outbox(), "-", "+")
        await connection.call("DEL", keys.outbox())
        await connection.call("XADD", keys.outbox_aside(), "*", *fields)
        await connection.call("XADD", keys.outbox_aside(), "*", "event", b"\xc1")
        await sweep(service)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=1)
        assert (await found(service))["set_aside"] == ("outbox", 1)
        await sweep(service)
        await deliver(service)
        assert len(partner.received) == 1


async def test_an_event_whose_fan_out_was_begun_by_a_newer_version_hides_no_endpoint(
    partner: Partner, service_of: OpenService
) -> None:
    async with service_of(config(partner) + config(partner, name="b")) as service:
        connection, keys = service.store.connection, service.store.outbox._keys
        await connection.call("XADD", keys.outbox(), "*", "event", b"\xc1")
        await connection.call("HSET", keys.cursors(), "fan-out", "0-0 a")
        await admit(service, 1)
        await deliver(service)
        assert (await counts(service, A)).delivered == (await counts(service, B)).delivered == 1


async def test_an_article_that_cannot_be_read_holds_up_only_its_own_event(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1, 2, 3)
        entries = await service.store.outbox.after("", 10)
        await damage_article(service, entries[1].event.subject)
        await deliver(service)
        assert await counts(service) == QueueCounts(delivered=2)
        assert (await found(service))["set_aside"] == ("outbox", 1)


async def test_an_article_damaged_before_its_delivery_holds_up_no_other_delivery(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        await admit(service, 1, 2, 3)
        entries = await service.store.outbox.after("", 10)
        await service.deliver_step.event_fan_out.run()
        await damage_article(service, entries[1].event.subject)
        await deliver(service)
        assert await counts(service) == QueueCounts(delayed=1, delivered=2)


async def test_an_endpoint_that_cannot_be_read_stops_no_other_and_is_shown(partner: Partner) -> None:
    ghost = EndpointId("zz")
    async with partner.service_of(config(partner)) as service:
        keys = service.store.endpoints._keys
        await service.store.connection.call("HSET", keys.endpoints(), ghost, b"\xc1")
        await service.store.connection.call("HINCRBY", keys.endpoints_changed(), ":all", 1)
        await admit(service, 1)
        with capture_logs() as lines:
            await deliver(service)
            await service.endpoints.reload()
        assert await counts(service) == QueueCounts(delivered=1)
        assert len([line for line in lines if line.get("endpoint") == ghost]) == 1
        shown = {one.id: one for one in await service.registration.shown(OPERATOR)}
        assert shown[A].unreadable is None
        assert "newer version" in (shown[ghost].unreadable or "")
        assert (await found(service))["unreadable_endpoint"] == (ghost, 1)
        await service.registration.remove(OPERATOR, ghost)
        assert ghost not in {one.id for one in await service.registration.shown(OPERATOR)}


async def test_an_endpoint_that_asks_for_what_only_a_newer_version_knows_gets_the_rest_and_keeps_it(
    partner: Partner, service_of: OpenService, clock: ManualClock
) -> None:
    mine = EndpointId("mine")
    endpoint = Endpoint(id=mine, url=f"{partner.url}/hook", secrets=(Secret("whsec_" + "c2VjcmV0" * 4),))
    async with service_of("") as service:
        added = Registration(endpoint=endpoint, owner="me", created_at=clock(), verified_at=clock())
        await service.store.endpoints.register(added)
        keys, connection = service.store.endpoints._keys, service.store.connection
        record = msgspec.msgpack.decode(await connection.call("HGET", keys.endpoints(), mine))
        record["shard"] = 7
        record["endpoint"]["tone"] = "calm"
        await connection.call("HSET", keys.endpoints(), mine, pack(record))
        await service.registration.change(OPERATOR, mine, {"max_in_flight": 2})
        record = msgspec.msgpack.decode(await connection.call("HGET", keys.endpoints(), mine))
        assert (record["shard"], record["endpoint"]["tone"]) == (7, "calm")
        assert record["endpoint"]["max_in_flight"] == 2
        record["endpoint"]["events"] += ["article.expired"]
        await connection.call("HSET", keys.endpoints(), mine, pack(record))
        await connection.call("HINCRBY", keys.endpoints_changed(), ":all", 1)
        await admit(service, 1)
        await deliver(service)
        assert await counts(service, mine) == QueueCounts(delivered=1)
        with pytest.raises(EndpointRefused, match="newer version"):
            await service.registration.change(OPERATOR, mine, {"max_in_flight": 3})
        assert await connection.call("HGET", keys.endpoints(), mine) == pack(record)


async def test_a_standing_that_only_a_newer_version_knows_is_a_rest(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        keys = service.store.endpoints._keys
        await service.store.connection.call("HSET", keys.standing(A), "standing", "dozing")
        state = await service.store.endpoints.state(A)
        assert (state.standing.value, state.reason) == ("paused", "dozing")


async def test_a_replay_that_cannot_be_read_stops_nothing(partner: Partner) -> None:
    async with partner.service_of(config(partner)) as service:
        replay = Replay(
            id=ReplayId("rpl_new"), endpoint=A, owner="x", created_at=partner.clock(), per_s=1, begin="0-0", end="1-0", place="0-0"
        )  # fmt: skip
        await service.store.replays.add(replay, partner.clock())
        newer = of_a_newer_version(replay, events=["article.expired"])
        await service.store.connection.call("HSET", service.store.replays._keys.replays(), replay.id, newer)
        await admit(service, 1)
        taken = await service.deliver_step.take(16)
        assert taken.next_due_at is None or taken.next_due_at > partner.clock(), "nothing runs in circles"
        for job in taken.jobs:
            await job()
        assert await counts(service) == QueueCounts(delivered=1)
        assert await service.store.replays.all() == []
        assert (await found(service))["unreadable_replays"] == ("replays", 1)
