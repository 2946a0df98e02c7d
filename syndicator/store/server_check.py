"""Checks the server: whether it is new enough, and which of its settings may lose data."""

from collections.abc import Mapping

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.observe.logs import get_logger
from syndicator.store.connection import Connection
from syndicator.store.servers.cluster_url import is_of_cluster
from syndicator.store.servers.store_url import is_of_sentinels

OLDEST = {"redis": (7, 0), "valkey": (7, 2)}

log = get_logger(__name__)


class Risk(Struct, frozen=True, kw_only=True):
    """A setting of the server that may lose data, and what to do."""

    event: str
    """By which the log names it."""
    reason: str
    remedy: str


_REPLICA = Risk(
    event="redis_is_replica",
    reason="Redis is a replica, which takes no writes: the service does not start with it",
    remedy="name the primary, or by sentinel://… the sentinels that know which server that is",
)


async def check_server(connection: Connection, url: str) -> None:
    """Refuse a server that is too old; warn of settings that may lose data."""
    about = fields(await connection.call("INFO", "server"))
    engine = "valkey" if "valkey_version" in about else "redis"
    version = about.get(f"{engine}_version", "0")
    oldest = OLDEST[engine]
    if tuple(int(part) for part in version.split(".")[:2]) < oldest:
        needed = ".".join(str(part) for part in oldest)
        raise StoreError(f"{engine} {version} is too old: {needed} or newer is needed")
    for risk in await risks_of(connection, url):
        log.warning(risk.event, reason=risk.reason, remedy=risk.remedy)


async def risks_of(connection: Connection, url: str) -> list[Risk]:
    """Return what the server is set to that may lose data; nothing where it does not say (managed ones)."""
    try:
        policy, durable, replicas = [
            (await connection.call("CONFIG", "GET", name))[1].decode()
            for name in ("maxmemory-policy", "appendonly", "min-replicas-to-write")
        ]
        about = fields(await connection.call("INFO", "replication"))
    except (StoreError, IndexError):
        return []
    if about.get("role") == "slave":
        return [_REPLICA]
    found = []
    if policy != "noeviction":
        found.append(
            Risk(
                event="redis_may_evict",
                reason=f"Redis removes data of its own accord where it is full (maxmemory-policy {policy})",
                remedy="set maxmemory-policy to noeviction",
            )
        )
    if durable != "yes":
        found.append(
            Risk(
                event="redis_not_durable",
                reason="a crash of Redis loses what came since the last snapshot (appendonly no)",
                remedy="set appendonly yes",
            )
        )
    if replicas == "0" and _may_be_replaced(about, url):
        found.append(
            Risk(
                event="redis_may_lose_writes",
                reason="a primary that is cut off from its replicas goes on taking writes, and all of them "
                "are lost when it comes back (min-replicas-to-write 0)",
                remedy="set min-replicas-to-write 1 on each server, with two replicas or more",
            )
        )
    return found


def _may_be_replaced(about: Mapping[str, str], url: str) -> bool:
    """Return whether a replica may take the server's place while it takes writes.

    A node of a cluster stops by itself where it is cut off from most others.
    """
    if is_of_cluster(url):
        return False
    return is_of_sentinels(url) or int(about.get("connected_slaves", 0)) > 0


def fields(info: bytes) -> dict[str, str]:
    """Read what INFO says."""
    lines = info.decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)
