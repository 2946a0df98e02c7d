"""Redis' processor time of a delivery, and of a notification of the hub, by the number of partitions.

Each is from fan-out to settlement.
No HTTP: what is measured is the store alone. Look at the ratios.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from syndicator.model.delivery import Delivered, Endpoint, Secret
from syndicator.model.event import Event, EventType
from syndicator.model.hub import Lease, Protocol, Subscriber, TopicName
from syndicator.model.ids import EndpointId, EventId
from syndicator.rules.hub.subscribers import new_subscriber
from syndicator.store.embedded import EmbeddedServer, find_server
from syndicator.store.hub.claims import SubscriberOrder
from syndicator.store.hub.subscribers import SettledSubscriber
from syndicator.store.keys.partitions import Spread
from syndicator.store.store import Store, StoreOptions, open_store
from syndicator.store.webhooks.deliveries import Leased
from syndicator.store.webhooks.queuing import FanOut, Queued

ENDPOINTS, EVENTS, AT_ONCE = 200, 100, 10
PARTITIONS = (1, 2, 4)
TURNS = 3
SUBSCRIBERS, HOSTS, ANNOUNCEMENTS = 1000, 250, 10
TOPIC = TopicName("latest.rss")
LEASE = timedelta(seconds=60)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [EndpointId(f"endpoint-{number}") for number in range(ENDPOINTS)]


async def run() -> None:
    await _compare("delivery", _deliveries)
    await _compare("notification", _notifications)


async def _compare(what: str, measured: Callable[[Store], Awaitable[float]]) -> None:
    costs: dict[int, list[float]] = {partitions: [] for partitions in PARTITIONS}
    for turn in range(TURNS):
        for partitions in PARTITIONS:
            async with _store(partitions, turn) as store:
                costs[partitions].append(await measured(store))
    for partitions, found in costs.items():
        ratio = min(found) / min(costs[1])
        print(f"{partitions} partitions: {min(found):.1f} µs of Redis a {what}, ratio {ratio:.2f}")


@asynccontextmanager
async def _store(partitions: int, turn: int) -> AsyncIterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder), find_server(None))
        await server.ensure()
        options = StoreOptions(
            url=f"unix://{server.socket}",
            namespace=f"bench-{turn}",
            data_dir=Path(folder),
            partitions=Spread(endpoints=partitions, hub=partitions),
        )
        try:
            async with open_store(options) as store:
                yield store
        finally:
            await server.stop()


async def _deliveries(store: Store) -> float:
    """Return the microseconds of Redis that one delivery takes."""
    endpoints = [
        Endpoint(id=name, url="https://x.example/", secrets=(Secret("whsec_x"),), max_in_flight=100)
        for name in NAMES
    ]
    await store.endpoints.publish(endpoints, NOW)
    began_s = await _used_s(store)
    for first in range(0, EVENTS, AT_ONCE):
        await _fan_out(store, range(first, first + AT_ONCE))
        is_due = True
        while is_due:
            claimed = await store.deliveries.claim(NOW, LEASE, 192)
            await _settle(store, claimed.leased)
            is_due = claimed.next_due_at is not None and claimed.next_due_at <= NOW
    used_s = await _used_s(store) - began_s
    counts = await store.deliveries.counts_of(NAMES, NOW)
    assert sum(one.delivered for one in counts.values()) == ENDPOINTS * EVENTS
    return used_s / (ENDPOINTS * EVENTS) * 1e6


async def _fan_out(store: Store, numbers: range) -> None:
    for number in numbers:
        kind = EventType.ARTICLE_CREATED
        event = Event(id=EventId(f"evt_{number}"), type=kind, subject=f"{number}", revision=1, at=NOW)
        await store.outbox.append(event)
    pending = await store.outbox.pending(AT_ONCE)
    queued = tuple(
        Queued(endpoint=name, event=entry.event.id, due_at=NOW) for entry in pending.entries for name in NAMES
    )
    intent = FanOut(read=pending.cursor, version=pending.version, entries=pending.entries, queued=queued)
    assert await store.queuing.fan_out(intent, NOW)
    await store.queuing.take_over(NOW)


async def _settle(store: Store, leased: Sequence[Leased]) -> None:
    done = Delivered(status=200, duration_ms=5)
    await asyncio.gather(*(store.deliveries.settle(one, done, NOW) for one in leased))


async def _notifications(store: Store) -> float:
    """Return the microseconds of Redis that one notification of a subscriber of the hub takes."""
    hub, topics = store.hub, store.hub_topics
    for number in range(SUBSCRIBERS):
        await _subscribe(store, f"https://host-{number % HOSTS}.example/{number}")
    order = SubscriberOrder(now=NOW, lease=LEASE, room=192, cap=16, slow_room=192)
    began_s = await _used_s(store)
    for number in range(ANNOUNCEMENTS):
        assert await topics.announce(TOPIC, f"{number}", f"{number + 1}", NOW)
        assert (await topics.fan_out(TOPIC, NOW)).subscribers == SUBSCRIBERS
        done = 0
        while done < SUBSCRIBERS:
            claimed, _ = await hub.claim(order)
            done += len(claimed)
            await asyncio.gather(
                *(hub.settle(one, partial(_sent, f"{number + 1}"), now=NOW, is_slow=False) for one in claimed)
            )
    return (await _used_s(store) - began_s) / (SUBSCRIBERS * ANNOUNCEMENTS) * 1e6


async def _subscribe(store: Store, callback: str) -> None:
    known = new_subscriber(Protocol.WEBSUB, TOPIC, callback)
    lease = Lease(
        topic_url="https://feeds.example/feeds/latest.rss", verified_at=NOW, ends_at=NOW + 30 * LEASE
    )
    await store.hub.update(known, lambda _: replace(known, lease=lease, sent="0"), now=NOW, topic_digest="0")


def _sent(digest: str, found: Subscriber | None, _: str) -> SettledSubscriber:
    assert found is not None
    return SettledSubscriber(subscriber=replace(found, sent=digest))


async def _used_s(store: Store) -> float:
    about = (await store.connection.call("INFO", "cpu")).decode().splitlines()
    fields = dict(line.split(":", 1) for line in about if ":" in line)
    return float(fields["used_cpu_user_main_thread"]) + float(fields["used_cpu_sys_main_thread"])
