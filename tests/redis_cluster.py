"""A cluster of real servers: three primaries, each with a replica; killed and resharded for real."""

import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from redis import exceptions
from redis.crc import key_slot
from redis_processes import RedisProcess, free_port
from support import until

from syndicator.store.embedded import find_server
from syndicator.store.keys.table import Keys

SLOTS = 16_384
NODE_TIMEOUT_MS = 2000
"""After which the others agree that a node is dead. With less, nodes of a busy machine seem dead."""


class Node(RedisProcess):
    """One server of a cluster."""

    def __init__(self, folder: Path, settings: Sequence[str] = ()) -> None:
        self.bus = free_port()
        super().__init__(
            folder,
            (
                "cluster-enabled yes", f"cluster-port {self.bus}", f"cluster-node-timeout {NODE_TIMEOUT_MS}",
                "appendonly yes", 'save ""', "repl-diskless-sync-delay 0", *settings,
            ),
        )  # fmt: skip

    async def name(self) -> str:
        return str(await self.ask("CLUSTER", "MYID"))

    async def state(self) -> dict[str, str]:
        lines = str(await self.ask("CLUSTER", "INFO")).splitlines()
        return dict(line.split(":", 1) for line in lines)

    async def is_ready(self) -> bool:
        """Return whether it sees all slots served, and follows its primary where it is a replica."""
        if (await self.state())["cluster_state"] != "ok":
            return False
        about = await self.ask("INFO", "replication")
        is_linked: bool = about.get("master_link_status", "up") == "up"
        return is_linked


class RedisCluster:
    """Primaries that share all slots, and replicas."""

    def __init__(
        self, folder: Path, *, primaries: int = 3, replicas: int = 3, settings: Sequence[str] = ()
    ) -> None:
        self.nodes = [Node(folder / f"node{place}", settings) for place in range(primaries + replicas)]
        self._primaries = self.nodes[:primaries]

    @property
    def url(self) -> str:
        return "cluster://" + ",".join(node.place for node in self.nodes)

    async def start(self) -> None:
        """Have the nodes become one cluster; those after the primaries become their replicas, in turn."""
        share = -(-SLOTS // len(self._primaries))
        for place, node in enumerate(self.nodes):
            await node.start()
            await node.ask("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
            if node in self._primaries:
                last = min((place + 1) * share, SLOTS) - 1
                await node.ask("CLUSTER", "ADDSLOTSRANGE", place * share, last)
            await self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
        await until(self._all_know_all)
        names = [await node.name() for node in self._primaries]
        for place, node in enumerate(self.nodes[len(names) :]):
            await node.ask("CLUSTER", "REPLICATE", names[place % len(names)])
        await self.ready()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    async def ready(self) -> None:
        """Wait until all nodes that live see all slots served, and each replica follows a primary."""

        async def all_are() -> bool:
            return all([await node.is_ready() for node in self.nodes if await node.is_there()])

        await until(all_are)

    async def _all_know_all(self) -> bool:
        states = [await node.state() for node in self.nodes]
        return all(int(one["cluster_known_nodes"]) == len(self.nodes) for one in states)

    async def owner(self, slot: int) -> Node:
        """Return the primary that calls a slot its own, once one does."""

        async def owners() -> list[Node]:
            return [node for node in self.nodes if await _is_owner(node, slot)]

        return (await until(owners))[0]

    async def another(self, node: Node) -> Node:
        """Return another primary."""
        for one in self.nodes:
            if one is not node and await one.role() == "master":
                return one
        raise LookupError("no other primary lives")

    async def move(self, slot: int, source: Node, target: Node) -> None:
        """Move a slot at once."""
        await source.ask("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", await target.name())

        await until(lambda: _is_owner(target, slot))

    async def begin_move_by_keys(self, slot: int, source: Node, target: Node) -> None:
        await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", await source.name())
        await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", await target.name())

    async def move_keys(self, slot: int, source: Node, target: Node, most: int = SLOTS) -> None:
        """Move some keys of a slot that is moved key by key."""
        names = await source.ask("CLUSTER", "GETKEYSINSLOT", slot, most)
        if names:
            await source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 30_000, "KEYS", *names)

    async def end_move_by_keys(self, slot: int, source: Node, target: Node) -> None:
        while await source.ask("CLUSTER", "COUNTKEYSINSLOT", slot):
            await self.move_keys(slot, source, target)
        for node in (target, source):
            await node.ask("CLUSTER", "SETSLOT", slot, "NODE", await target.name())


async def _is_owner(node: Node, slot: int) -> bool:
    """Return whether a node calls a slot its own."""
    try:
        lines = str(await node.ask("CLUSTER", "NODES")).splitlines()
    except exceptions.RedisError:
        return False
    myself = next(line.split() for line in lines if "myself" in line)
    ranges = [word.split("-") for word in myself[8:] if not word.startswith("[")]  # those move by keys
    return "master" in myself[2] and any(int(one[0]) <= slot <= int(one[-1]) for one in ranges)


@asynccontextmanager
async def redis_cluster(
    folder: Path, *, replicas: int = 3, settings: Sequence[str] = ()
) -> AsyncIterator[RedisCluster]:
    """Have a cluster run while the context is open."""
    cluster = RedisCluster(folder, replicas=replicas, settings=settings)
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.kill()


def slot_of(namespace: str) -> int:
    """Return the slot of all keys of a namespace."""
    return key_slot(Keys(namespace).meta().encode())


def moves_slots_at_once() -> bool:
    """Return whether the server that tests use moves slots at once: Valkey 9 does."""
    program = find_server(os.environ.get("SYNDICATOR_TEST_ENGINE"))
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return "valkey" in shown.lower()


def is_on_cluster() -> bool:
    """Return whether tests that need no server of their own are to use a cluster."""
    return os.environ.get("SYNDICATOR_TEST_STORE") == "cluster"
