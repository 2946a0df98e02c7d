"""Redis' processor time of a delivery, and of a notification of the hub, by the number of partitions.

    python -m bench partitions             on one server: what more partitions cost
    python -m bench partitions --nodes 5   on a cluster: what is left for the node that has most to do

Each is from fan-out to settlement. No HTTP: what is measured is the store alone. Look at the ratios.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from bench.scale.nodes import namespace_apart, running_cluster, url_of
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


class Used(Struct, frozen=True, kw_only=True):
    """Processor time that one piece of work took of Redis, in seconds."""

    whole: float
    """Of all nodes."""
    busiest: float
    """Of the node that had most to do."""


class Work(Struct, frozen=True, kw_only=True):
    """What is measured."""

    piece: str
    spread: Callable[[int], Spread]
    """Returns the partitions that it is measured with, by their number."""
    prepare: Callable[[Store], Awaitable[None]]
    carry_out: Callable[[Store], Awaitable[int]]
    """Does pieces of work, and returns how many."""


async def run(*words: str) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench partitions")
    parser.add_argument("--nodes", type=int, default=1, help="of a cluster; 1: one server, without a cluster")
    nodes = parser.parse_args(words).nodes
    await _compare(
        Work(piece="delivery", spread=_of_endpoints, prepare=_publish, carry_out=_deliveries), nodes
    )
    await _compare(
        Work(piece="notification", spread=_of_hub, prepare=_subscribe_all, carry_out=_notifications), nodes
    )


def _of_endpoints(count: int) -> Spread:
    return Spread(endpoints=count)


def _of_hub(count: int) -> Spread:
    return Spread(hub=count)


async def _compare(work: Work, nodes: int) -> None:
    found: dict[int, list[Used]] = {partitions: [] for partitions in PARTITIONS}
    for turn in range(TURNS):
        for partitions in PARTITIONS:
            async with _store(work.spread(partitions), turn, nodes) as (store, clients):
                found[partitions].append(await _measured(store, clients, work))
    one = min(each.busiest for each in found[1])
    for partitions, each in found.items():
        whole, busiest = min(used.whole for used in each), min(used.busiest for used in each)
        told = f"{partitions} partitions: {1e6 * whole:.1f} µs of Redis a {work.piece}"
        if nodes > 1:
            told += f", {1e6 * busiest:.1f} µs of the busiest of {nodes} nodes"
        print(f"{told}: ratio {busiest / one:.2f}, {one / busiest:.2f} times as many", flush=True)


async def _measured(store: Store, clients: Sequence[Redis], work: Work) -> Used:
    await work.prepare(store)
    before = [await _used_s(client) for client in clients]
    pieces = await work.carry_out(store)
    spent = [await _used_s(client) - was for client, was in zip(clients, before, strict=True)]
    return Used(whole=sum(spent) / pieces, busiest=max(spent) / pieces)


@asynccontextmanager
async def _store(spread: Spread, turn: int, nodes: int) -> AsyncIterator[tuple[Store, Sequence[Redis]]]:
    """Open a store; yield it, and a client of each node."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if nodes > 1:
            running = await stack.enter_async_context(running_cluster(folder, nodes))
            url, name = url_of(running), namespace_apart(spread, nodes)
            clients = [Redis(host="127.0.0.1", port=node.port) for node in running]
        else:
            server = EmbeddedServer(folder, find_server(None))
            await server.ensure()
            stack.push_async_callback(server.stop)
            url, name = f"unix://{server.socket}", f"bench-{turn}"
            clients = [Redis(unix_socket_path=str(server.socket))]
        for client in clients:
            await stack.enter_async_context(client)
        options = StoreOptions(url=url, namespace=name, data_dir=folder, partitions=spread)
        yield await stack.enter_async_context(open_store(options)), clients


async def _publish(store: Store) -> None:
    endpoints = [
        Endpoint(id=name, url="https://x.example/", secrets=(Secret("whsec_x"),), max_in_flight=100)
        for name in NAMES
    ]
    await store.endpoints.publish(endpoints, NOW)


async def _deliveries(store: Store) -> int:
    for first in range(0, EVENTS, AT_ONCE):
        await _fan_out(store, range(first, first + AT_ONCE))
        is_due = True
        while is_due:
            claimed = await store.deliveries.claim(NOW, LEASE, 192)
            await _settle(store, claimed.leased)
            is_due = claimed.next_due_at is not None and claimed.next_due_at <= NOW
    counts = await store.deliveries.counts_of(NAMES, NOW)
    assert sum(one.delivered for one in counts.values()) == ENDPOINTS * EVENTS
    return ENDPOINTS * EVENTS


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


async def _subscribe_all(store: Store) -> None:
    for number in range(SUBSCRIBERS):
        await _subscribe(store, f"https://host-{number % HOSTS}.example/{number}")


async def _notifications(store: Store) -> int:
    hub, topics = store.hub, store.hub_topics
    order = SubscriberOrder(now=NOW, lease=LEASE, room=192, cap=16, slow_room=192)
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
    return SUBSCRIBERS * ANNOUNCEMENTS


async def _subscribe(store: Store, callback: str) -> None:
    known = new_subscriber(Protocol.WEBSUB, TOPIC, callback)
    lease = Lease(
        topic_url="https://feeds.example/feeds/latest.rss", verified_at=NOW, ends_at=NOW + 30 * LEASE
    )
    await store.hub.update(known, lambda _: replace(known, lease=lease, sent="0"), now=NOW, topic_digest="0")


def _sent(digest: str, found: Subscriber | None, _: str) -> SettledSubscriber:
    assert found is not None
    return SettledSubscriber(subscriber=replace(found, sent=digest))


async def _used_s(client: Redis) -> float:
    about = await client.info("cpu")
    return float(about["used_cpu_user_main_thread"]) + float(about["used_cpu_sys_main_thread"])
