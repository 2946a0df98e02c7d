"""A cluster of primaries on loopback, without replicas, for a benchmark."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from msgspec import Struct
from redis.asyncio import Redis
from redis.crc import key_slot

from bench.gather.peer import done
from bench.gather.processes import free_port, process, wait_for_line
from syndicator.store.embedded import find_server
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys

NODES = 3
_SLOTS = 16_384


class Node(Struct, frozen=True, kw_only=True):
    """One server of the cluster."""

    port: int
    bus: int
    """The port by which nodes talk."""
    pid: int


@asynccontextmanager
async def running_cluster(folder: Path, size: int = NODES) -> AsyncIterator[tuple[Node, ...]]:
    """Run a cluster of so many nodes, set as docs/operating.md asks; without snapshots beside the log."""
    async with AsyncExitStack() as stack:
        nodes = list[Node]()
        for number in range(size):
            data, log = folder / f"node{number}", folder / f"node{number}.log"
            port, bus = free_port(), free_port()
            data.mkdir()
            words = [
                str(find_server(None)), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(data),
                "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
                "--maxmemory-policy", "noeviction", "--auto-aof-rewrite-min-size", "256mb",
                "--hash-max-listpack-value", "1024",
                "--cluster-enabled", "yes", "--cluster-port", str(bus),
            ]  # fmt: skip
            started = stack.enter_context(process(words, log))
            await wait_for_line(log, "Ready to accept connections", started)
            nodes.append(Node(port=port, bus=bus, pid=started.pid))
        await _join(nodes)
        yield tuple(nodes)


async def _join(nodes: list[Node]) -> None:
    """Make one cluster of the nodes, each with as many slots."""
    share = _share(len(nodes))
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Redis(host="127.0.0.1", port=node.port, decode_responses=True))
            for node in nodes
        ]
        for number, client in enumerate(clients):
            last = min((number + 1) * share, _SLOTS) - 1
            await _ask(client, "ADDSLOTSRANGE", number * share, last)
        for node in nodes[1:]:
            await _ask(clients[0], "MEET", "127.0.0.1", node.port, node.bus)

        async def is_one() -> bool:
            about = [await _ask(client, "INFO") for client in clients]
            return all(
                "cluster_state:ok" in one and f"cluster_known_nodes:{len(nodes)}" in one for one in about
            )

        await asyncio.wait_for(done(is_one), 30)


async def _ask(client: Redis, *words: str | int) -> str:
    return str(await client.execute_command("CLUSTER", *words))  # type: ignore[no-untyped-call]


def url_of(nodes: tuple[Node, ...]) -> str:
    """Return the URL of the cluster for `[store] url`."""
    return "cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)


def namespace_on(number: int) -> str:
    """Return a namespace whose slot is on the node of this number."""
    return next(name for name in _names() if node_of(Keys(name).prefix, NODES) == number)


def node_of(prefix: str, nodes: int) -> int:
    """Return which of so many nodes has the keys that begin so."""
    return int(key_slot(prefix.encode())) // _share(nodes)


def namespace_apart(spread: Spread, nodes: int) -> str:
    """Return a namespace whose partitions of each kind are on nodes of their own, if there are enough."""

    def is_apart(name: str) -> bool:
        keys = Keys(name, spread)
        kinds = (keys.partitions, keys.hub_partitions, keys.text_partitions)
        return all(
            len({node_of(prefix, nodes) for prefix in {keys.prefix, *map(parts.prefix, parts.all)}})
            >= min(nodes, parts.count + (not parts.is_one))
            for parts in kinds
        )

    return next(filter(is_apart, _names()))


def _names() -> Iterator[str]:
    return (f"region-{tried}" for tried in count())


def _share(nodes: int) -> int:
    """Return how many slots each node has, but the last."""
    return -(-_SLOTS // nodes)
