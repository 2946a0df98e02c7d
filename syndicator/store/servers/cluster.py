"""A Redis or Valkey Cluster: its nodes share the slots, and each primary may be replaced by a replica.

The driver asks the nodes which of them has which slot (`CLUSTER SLOTS`). It is asked again when a node fails;
a node that no longer has a slot names the one that has it (MOVED).
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio.cluster import ClusterNode, NodesManager
from redis.asyncio.connection import parse_url

from syndicator.errors import StoreError
from syndicator.store.driver_errors import ELSEWHERE
from syndicator.store.servers.cluster_url import ClusterUrl, cluster_url, node_place
from syndicator.store.servers.server_pool import ServerPool

_LOOK_TIMEOUT_S = 1.0
"""A node that does not say within this who has which slot is passed over: another one is asked."""

_LOOK_AGAIN_S = 0.2
"""Between two looks at who has which slot: reading the answer takes 5 ms of processor time."""

_GONE = (exceptions.ConnectionError, exceptions.TimeoutError, TimeoutError, *ELSEWHERE)


class Cluster:
    """The nodes of a `cluster://` or `clusters://` URL, and those that they name."""

    is_handed_over = True
    """A replica takes over some seconds after its primary died."""
    is_cluster = True

    def __init__(self, url: str, timeout_s: float) -> None:
        try:
            self._url = cluster_url(url)
        except ValueError as error:
            raise StoreError(f"[store] url {error}") from error
        self._timeout_s = timeout_s
        self._pools: dict[str, ServerPool] = {}
        self._of_slot: dict[int, ServerPool] = {}
        self._nodes = _nodes_manager(self._url)
        self._lock = asyncio.Lock()
        self._looked_s = float("-inf")
        self._is_outdated = True
        """Whether it is to be asked again who has which slot; one answer is of all slots."""
        self._failed: str | None = None
        """The node that failed last, which is asked last who has which slot."""

    def known(self, slot: int) -> ServerPool | None:
        return self._of_slot.get(slot)

    async def find(self, slot: int) -> ServerPool:
        async with self._lock:
            if (found := self._of_slot.get(slot)) is None:
                if self._is_outdated:
                    await self._look()
                self._is_outdated = True  # until it names the server
                found = self._of_slot[slot] = self._pool(*self._primary(slot))
                self._is_outdated = False
            return found

    async def failed(self, pool: ServerPool, error: Exception) -> None:
        """Have the server of its slots looked for anew."""
        if not isinstance(error, _GONE):
            return
        self._is_outdated = True
        self._of_slot = {slot: other for slot, other in self._of_slot.items() if other is not pool}
        self._failed = pool.place
        if self._pools.get(pool.place) is pool and not isinstance(error, TimeoutError):
            del self._pools[pool.place]
            await pool.leave()

    async def redirected(self, pool: ServerPool, error: exceptions.AskError) -> ServerPool:
        """Return the server that another one named: for good (MOVED), or for one command (ASK)."""
        named = self._pool(error.host or urlsplit(pool.url).hostname or "", error.port)
        if isinstance(error, exceptions.MovedError):
            self._of_slot[error.slot_id] = named
        return named

    def has_replicas(self) -> bool:
        return any(node.server_type == "replica" for node in self._nodes.nodes_cache.values())

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.close()
        await self._nodes.aclose()
        await self._nodes.aclose("startup_nodes")

    async def _look(self) -> None:
        """Ask the nodes, one after the other, who has which slot."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._looked_s + _LOOK_AGAIN_S - loop.time())
        self._looked_s = loop.time()
        try:
            await self._nodes.initialize(last_failed_node_name=self._failed)
        except exceptions.RedisClusterException as error:
            raise _refusal(error.__cause__ or error) from error
        except IndexError as error:
            raise exceptions.ClusterDownError("no node has any slot") from error

    def _primary(self, slot: int) -> tuple[str, int]:
        try:
            node = self._nodes.get_node_from_slot(slot)
        except (KeyError, exceptions.SlotNotCoveredError) as error:
            raise exceptions.ClusterDownError(f"no node has slot {slot}") from error
        return node.host, int(node.port)

    def _pool(self, host: str, port: int) -> ServerPool:
        place = node_place(host, port)
        if place not in self._pools:
            self._pools[place] = ServerPool(self._url.node(host, port), self._timeout_s)
        return self._pools[place]


def _nodes_manager(url: ClusterUrl) -> NodesManager:
    """Return the driver's list of nodes. It makes connections of its own, one a node, to ask for slots."""
    try:
        options: dict[str, Any] = dict(parse_url(url.node(*url.nodes[0])))
    except ValueError as error:
        raise StoreError(f"[store] url is not the URL of a cluster: {error}") from error
    for name in ("host", "port", "db"):
        options.pop(name, None)
    options |= {
        "socket_timeout": _LOOK_TIMEOUT_S,
        "socket_connect_timeout": _LOOK_TIMEOUT_S,
        "client_name": "syndicator",
        "protocol": 2,
    }
    nodes = [ClusterNode(host, port, **options) for host, port in url.nodes]
    # Slots of others that no node has do not concern us.
    return NodesManager(nodes, require_full_coverage=False, connection_kwargs=options)


def _refusal(cause: BaseException) -> Exception:
    """Return the error of a look at which no node said who has which slot."""
    if isinstance(cause, exceptions.RedisClusterException):
        return StoreError(
            "[store] url names a server that is no node of a cluster: "
            "for one server, write redis://host:6379/0"
        )
    if isinstance(cause, exceptions.RedisError):
        return cause
    return exceptions.ConnectionError(str(cause))
