"""Another number of partitions, by a back-up: each delivery comes once, and nothing else changes."""

import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pipeline.conftest import OpenService
from pipeline.feeds.test_publisher import admit
from pipeline.webhooks.test_delivery import SECRET, counts, deliver
from support import CHANGED_PARTITIONS, ManualClock, answering, open_any

from syndicator.model.article import WithdrawnBy
from syndicator.model.event import Event, EventType
from syndicator.model.feed import READER_FORMATS
from syndicator.model.ids import ArticleId, EndpointId, EventId, FeedId, SourceId
from syndicator.model.ops.states import EndpointStanding
from syndicator.pipeline.webhooks import refill
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.pipeline.webhooks.replays import ReplayWanted
from syndicator.service import Service
from syndicator.store.connection import Transaction, pairs
from syndicator.store.keys.partitions import Spread
from syndicator.store.ops.backup import back_up
from syndicator.store.ops.repartition import OF_ENDPOINTS
from syndicator.store.ops.restore import restore
from syndicator.store.store import Store
from syndicator.store.webhooks import handover
from syndicator.store.webhooks.handover import across

NAMES = [EndpointId(name) for name in ("late", "gone", "rest", "full", "again", "p1", "p2", "p3", "p4", "p5")]
LATE, GONE, REST, FULL, AGAIN = NAMES[:5]
PAUSED, LEFT = NAMES[-1], EndpointId("left")
"""Its pause was handed over, and not done; likewise all keys of the other one were to be removed."""
CITY = SourceId("city")
BOUND = 4
READS = {
    b"string": ("GET",), b"hash": ("HGETALL",), b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"stream": ("XRANGE", "-", "+"),
}  # fmt: skip


class Partners:
    """Receivers, each under its own path."""

    def __init__(self) -> None:
        self.statuses = defaultdict[str, list[int]](list)
        self.taken = defaultdict[str, list[tuple[str, str | None]]](list)
        """Id and replay of what was answered with success."""
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        name = request.path.strip("/")
        await request.read()
        status = self.statuses[name].pop(0) if self.statuses[name] else 204
        if status < 300:
            self.taken[name].append((request.headers["webhook-id"], request.headers.get("webhook-replay")))
        return web.Response(status=status)

    def config(self) -> str:
        endpoints = "".join(
            f'[endpoint.{name}]\nurl = "{self.url}/{name}"\nsecret = "{SECRET}"\n' for name in NAMES
        )
        return f'[feed.latest]\ntitle = "Terbaru"\n{endpoints}'

    def taken_since(self) -> dict[str, list[tuple[str, str | None]]]:
        """Return what was taken since the last call, in an order of its own."""
        found = {name: sorted(events) for name, events in self.taken.items() if events}
        self.taken.clear()
        return found


@pytest.fixture
async def partners() -> AsyncIterator[Partners]:
    played = Partners()
    async with answering(played.answer) as played.url:
        yield played


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MOST_QUEUED", BOUND)
    monkeypatch.setattr(refill, "PAGE", 3)


async def prepare(service: Service, partners: Partners, clock: ManualClock) -> None:
    """Have deliveries wait in all ways in which they can."""
    store = service.store
    partners.statuses |= {"late": [503, 503], "gone": [410, 410]}
    await admit(service, 1, 2)
    await deliver(service)
    await service.registration.resume(OPERATOR, GONE)
    for name in (REST, FULL):
        await service.registration.pause(OPERATOR, name, "libur")
    for number in range(3, 12):
        clock.advance(0.01)
        if number == 10:
            await service.registration.resume(OPERATOR, REST)
            await deliver(service)
            await service.registration.pause(OPERATOR, REST, "lagi")
        await admit(service, number)
        await deliver(service)
    await service.registration.resume(OPERATOR, FULL)
    await store.endpoints.add_event(AGAIN, about_again, clock())
    await service.deliver_step.event_fan_out.run()
    await service.replays.begin(OPERATOR, ReplayWanted(endpoint=AGAIN, events=("article.*",), per_s=2))
    third = await article_of(service, 3)
    assert await service.withdrawer.withdraw(third, WithdrawnBy.OPERATOR, "atas permintaan")
    await service.deliver_step.event_fan_out.run()
    for name in NAMES[:6]:
        await count_pushed(service, name)
    await store.queuing.sweep(clock())
    for name in NAMES[3:]:
        await count_pushed(service, name)
    await admit(service, 12)
    await service.deliver_step.event_fan_out._fan_out()  # handed over, and not queued
    await hand_over_writes(store, clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handover, "MOST_HANDED_BYTES", 0)
        await admit(service, 13)
        await service.deliver_step.event_fan_out._fan_out()  # left in the log
    await admit(service, 14)  # not even that


async def hand_over_writes(store: Store, clock: ManualClock) -> None:
    keys = store._keys
    part = keys.partitions.of(LEFT)
    await store.connection.batch(
        [
            ("ZADD", keys.queue(LEFT), 1, "evt_left"),
            ("HSET", keys.standing(LEFT), "cap", 4),
            ("HSET", keys.tries(LEFT), "evt_left", "1 http_503"),
            ("ZADD", keys.queues(part), 1, LEFT),
            ("HSET", keys.delivered(part), LEFT, 3),
        ]
    )
    removal = Transaction(
        expects=(), writes=tuple(across(keys, store.configured._removal(f"endpoint:{LEFT}")))
    )
    pause = store.endpoints._rest(PAUSED, EndpointStanding.PAUSED, "nanti", clock())
    assert await store.connection.commit([removal, pause]) == [True, True]


def about_again(revision: int, before: int | None) -> Event:
    assert before is None or before < revision
    return Event(
        id=EventId(f"evt_notice_{revision}"),
        type=EventType.ENDPOINT_DISABLED,
        subject=AGAIN,
        revision=revision,
        at=ManualClock()(),
    )


async def count_pushed(service: Service, name: EndpointId) -> None:
    """Count a delivery as one of an article that was pushed, in one step with what its partition writes."""
    store = service.store
    command = store.article_delays.count_pushed(CITY, 1, 30.0)
    await store.connection.call(*store.handover.returned(store._keys.partitions.of(name), command))


async def article_of(service: Service, number: int) -> ArticleId:
    for place in (await service.store.articles.timeline(["all"], 50))[0]:
        found = await service.store.articles.get(place.article_id)
        if found is not None and found.title == f"Berita nomor {number}":
            return place.article_id
    raise AssertionError


async def state(service: Service) -> dict[str, Any]:
    """Return all that is kept of endpoints, whatever their partition."""
    keys, redis, found = service.store._keys, service.store.connection, dict[str, Any]()
    for name in (*NAMES, LEFT):
        partition = keys.partitions.of(name)
        for key in (one(keys, name) for one in OF_ENDPOINTS):
            if command := READS.get(await redis.call("TYPE", key)):
                content = await redis.call(command[0], key, *command[1:])
                fields = dict(pairs(content)) if command[0] == "HGETALL" else content
                found[key.partition("}")[2].partition(":e:")[2] or key.rpartition("}:")[2]] = fields
        standing = found.get(f"standing:{name}", {})
        found[f"of {name}"] = [
            await redis.call("ZSCORE", keys.queues(partition), name),
            await redis.call("ZSCORE", keys.refills(partition), name),
            await redis.call("HGET", keys.delivered(partition), name),
            standing.pop(b"notices", None)
            if keys.partitions.is_one
            else await redis.call("HGET", keys.endpoint_notices(), name),
        ]
    return found


async def drained(service: Service, partners: Partners, clock: ManualClock) -> dict[str, Any]:
    """Deliver all that waits, with who rests at last; return what came of it."""
    for _ in range(8):
        clock.advance(1.1)
        await deliver(service)
    resting = [await counts(service, name) for name in (REST, PAUSED)]
    for name in (REST, PAUSED):
        await service.registration.resume(OPERATOR, name)
    for _ in range(8):
        clock.advance(60)
        await deliver(service)
    await service.store.queuing.sweep(clock())
    keys, redis = service.store._keys, service.store.connection
    attempts = {
        name: sorted(
            (fields[b"event"], fields[b"attempt"], fields[b"result"], fields[b"reason"])
            for _, row in await redis.call("XRANGE", keys.attempts(name), "-", "+")
            for fields in [dict(pairs(row))]
        )
        for name in NAMES
    }
    return {
        "taken": partners.taken_since(),
        "resting": resting,
        "counts": {name: await counts(service, name) for name in NAMES},
        "attempts": attempts,
        "pushed": await redis.call("GET", keys.delays(CITY)),
        "feeds": [
            (await service.publisher.rendition(FeedId("latest"), form)).body for form in READER_FORMATS
        ],
    }


@CHANGED_PARTITIONS
async def test_what_waits_comes_once_after_the_number_of_partitions_was_changed(  # noqa: PLR0917  fixtures
    service_of: OpenService,
    partners: Partners,
    clock: ManualClock,
    redis_url: str,
    tmp_path: Path,
    partitions: int,
    then: int,
) -> None:
    file, other = tmp_path / "b.syn", f"test-{uuid.uuid4().hex}"
    async with service_of(partners.config()) as service:
        await prepare(service, partners, clock)
        moment = clock.now
        store, spread = service.store, Spread(endpoints=partitions, hub=partitions)
        await back_up(store.connection, store._keys.namespace, file, partitions=spread)
        before = partners.taken_since()
        await service.store.queuing.take_over(clock())
        kept, waiting = await state(service), {name: await counts(service, name) for name in NAMES[:4]}
        assert (waiting[LATE].delayed, waiting[GONE].dead) == (2, 2)
        assert (waiting[FULL].in_log > 0, waiting[REST].waiting > 1) == (True, True)
        assert kept[f"urgent:{AGAIN}"]
        assert (kept[f"of {LEFT}"], [name for name in kept if name.endswith(f":{LEFT}")]) == ([None] * 4, [])
        assert kept[f"standing:{PAUSED}"][b"standing"] == b"paused"
        assert kept[f"of {AGAIN}"][-1] is not None, "its last notice"
        expected = await drained(service, partners, clock)
        async with open_any(redis_url, other) as there:
            await restore(there, other, file, partitions=Spread(endpoints=then, hub=then))
    clock.now = moment
    async with service_of(partners.config(), synced=False, spread=then, into=other) as service:
        assert await state(service) == kept
        scratch = f"{service.store._keys.prefix}e:"
        assert not [name async for some in service.store.connection.names(scratch) for name in some]
        await service.sync_configuration()
        found = await drained(service, partners, clock)
    assert found == expected
    assert found["pushed"]
    for name in NAMES:
        got = [one for one in (*before.get(name, []), *found["taken"][name]) if one[1] is None]
        assert len(got) == len(set(got)), "each once"
        assert len(got) >= 10
    assert [one for one in found["taken"][AGAIN] if one[1]], "the replay went on"
