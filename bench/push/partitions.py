"""Redis' processor time of a delivery, and of a notification of the hub, by the number of partitions.

    python -m bench partitions             on one server: what more partitions cost
    python -m bench partitions --nodes 5   on a cluster: what is left for the node that has most to do

Deliveries: workers post to a receiver on loopback, from the outbox to what settling brings back to the
namespace. Each event goes to 1, 10 or 100 of 100 endpoints. Notifications: the store alone. Look at the
ratios: "2.5 times as many" means that the busiest node needs 1 / 2.5 of the time that the only one needs.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec.structs import replace
from redis.asyncio import Redis

from bench.push.spread import Shape, Used, measure, used_s
from bench.scale.nodes import Node, namespace_apart, node_of, running_cluster, url_of
from syndicator.model.hub import Lease, Protocol, Subscriber, TopicName
from syndicator.rules.hub.subscribers import new_subscriber
from syndicator.store.hub.claims import SubscriberOrder
from syndicator.store.hub.subscribers import SettledSubscriber
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store, StoreOptions, open_store

PARTITIONS = (1, 2, 4)
RECEIVERS, WORKERS = (1, 10, 100), (1, 2)
SUBSCRIBERS, HOSTS, ANNOUNCEMENTS = 1000, 250, 10
TOPIC = TopicName("latest.rss")
LEASE = timedelta(seconds=60)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def run(*words: str) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench partitions")
    parser.add_argument("--nodes", type=int, default=1, help="of a cluster")
    parser.add_argument("--deliveries", type=int, default=1000, help="of each measurement, by hundreds")
    parser.add_argument("--turns", type=int, default=1, help="the least of so many is shown")
    parser.add_argument("--only", choices=("deliveries", "notifications"))
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        async with running_cluster(Path(folder), options.nodes) as nodes:
            if options.only != "notifications":
                await _deliveries(nodes, Path(folder), options.deliveries, options.turns)
            if options.only != "deliveries":
                await _notifications(nodes, Path(folder), options.turns)


async def _deliveries(nodes: Sequence[Node], folder: Path, count: int, turns: int) -> None:
    for workers in WORKERS:
        for receivers in RECEIVERS:
            print(f"{workers} worker(s), each event to {receivers} of 100 endpoints")
            found = dict[int, list[Used]]()
            for turn in range(turns):
                for partitions in PARTITIONS:
                    shape = Shape(
                        partitions=partitions, workers=workers, receivers=receivers, deliveries=count
                    )
                    place = folder / f"{workers}-{receivers}-{partitions}-{turn}"
                    found.setdefault(partitions, []).append(await measure(shape, nodes, place))
            _tell(found)


async def _notifications(nodes: Sequence[Node], folder: Path, turns: int) -> None:
    print(f"notifications of the hub, {SUBSCRIBERS} subscribers on {HOSTS} hosts")
    found = dict[int, list[Used]]()
    for _ in range(turns):
        for partitions in PARTITIONS:
            found.setdefault(partitions, []).append(await _notified(nodes, folder, Spread(hub=partitions)))
    _tell(found)


def _tell(found: dict[int, list[Used]]) -> None:
    """Print the least of all turns for each number of partitions, beside that of one."""
    least = {partitions: min(each, key=lambda used: used.busiest) for partitions, each in found.items()}
    one = least[1].busiest
    for partitions, used in least.items():
        figures = [f"{1e6 * each:6.1f}" for each in (used.busiest, used.of_namespace, used.whole)]
        print(
            f"  {partitions} partition(s): busiest node {figures[0]} µs, that of the namespace {figures[1]}, "
            f"all {figures[2]}: {one / used.busiest:.2f} times as many",
            flush=True,
        )


async def _notified(nodes: Sequence[Node], folder: Path, spread: Spread) -> Used:
    name = namespace_apart(spread, len(nodes))
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Redis(host="127.0.0.1", port=node.port)) for node in nodes]
        for client in clients:
            await client.flushall()
        options = StoreOptions(url=url_of(tuple(nodes)), namespace=name, data_dir=folder, partitions=spread)
        store = await stack.enter_async_context(open_store(options))
        await _subscribe_all(store)
        before = [await used_s(client) for client in clients]
        count = await _notify_all(store)
        spent = [await used_s(client) - was for client, was in zip(clients, before, strict=True)]
    return Used(
        nodes=tuple(one / count for one in spent),
        namespace=node_of(Keys(name, spread).prefix, len(nodes)),
    )


async def _subscribe_all(store: Store) -> None:
    for number in range(SUBSCRIBERS):
        await _subscribe(store, f"https://host-{number % HOSTS}.example/{number}")


async def _notify_all(store: Store) -> int:
    """Announce new versions, notify all; return how many notifications that were."""
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
