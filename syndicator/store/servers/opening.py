"""Choose what finds the server by the kind of `[store] url`."""

from syndicator.store.servers.cluster import Cluster
from syndicator.store.servers.cluster_url import is_of_cluster
from syndicator.store.servers.one_server import OneServer
from syndicator.store.servers.sentinel import SentinelServers
from syndicator.store.servers.server_pool import Servers
from syndicator.store.servers.store_url import is_of_sentinels


def servers_at(url: str, timeout_s: float, *, is_handed_over: bool = False) -> Servers:
    """Return the servers of a URL; raise StoreError where it cannot be read.

    `is_handed_over`: see `Servers`; the embedded server is.
    """
    if is_of_cluster(url):
        return Cluster(url, timeout_s)
    if is_of_sentinels(url):
        return SentinelServers(url, timeout_s)
    return OneServer(url, timeout_s, is_handed_over=is_handed_over)
