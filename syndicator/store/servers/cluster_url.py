"""Reads a `[store] url` that names nodes of a cluster. Imports no driver: settings use it, too."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

_SCHEMES = {"cluster": "redis", "clusters": "rediss"}
"""With the scheme of each node: all are encrypted, or none."""

_PORT = 6379


@dataclass(frozen=True, kw_only=True)
class ClusterUrl:
    """What a URL with nodes says: `cluster://USER:PASSWORD@HOST:PORT,HOST:PORT?…`.

    User, password and options are those of every node, also of nodes that others name.
    """

    nodes: tuple[tuple[str, int], ...]
    scheme: str
    account: str = field(repr=False)
    """User and password as they stand in a URL; ends with @ unless it is empty."""
    query: str = field(repr=False)

    def node(self, host: str, port: int) -> str:
        """Return the URL of a node."""
        return f"{self.scheme}://{self.account}{node_place(host, port)}/0{self.query}"

    @property
    def place(self) -> str:
        """The nodes, to be shown."""
        return "the cluster of " + ", ".join(node_place(*one) for one in self.nodes)


def is_of_cluster(url: str) -> bool:
    return url.partition("://")[0] in _SCHEMES


def cluster_url(url: str) -> ClusterUrl:
    """Read a `cluster://` or `clusters://` URL; raise ValueError with the reason where that cannot be."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.path.strip("/"):
        raise ValueError("names a database: a cluster has none")
    account, at, hosts = parts.netloc.rpartition("@")
    return ClusterUrl(
        nodes=tuple(host_and_port(one, _PORT, "a node") for one in hosts.split(",")),
        scheme=_SCHEMES[parts.scheme],
        account=account + at,
        query=f"?{parts.query}" if parts.query else "",
    )


def node_place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_and_port(text: str, usual: int, what: str) -> tuple[str, int]:
    """Read one of the servers in a URL; raise ValueError with the reason."""
    try:
        parts = SplitResult("", text.strip(), "", "", "")
        host, port = parts.hostname, parts.port or usual
    except ValueError:
        raise ValueError("has a port that is not a number") from None
    if not host:
        raise ValueError(f"has {what} without a host")
    return host, port
