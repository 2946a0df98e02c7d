"""The one place that reads `[store] url`: which servers it names. Imports no driver: settings use it, too."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from syndicator.store.servers.cluster_url import cluster_url, host_and_port, is_of_cluster, node_place

FORMS = (
    "write redis://host:6379/0, rediss://… for TLS, unix:///path/to/socket, "
    "sentinel://host:26379,host2:26379/name-of-the-master (sentinels://… for TLS), "
    "or cluster://host:6379,host2:6379 (clusters://… for TLS)"
)

_REDIS_PORT = 6379
_SENTINEL_PORT = 26379
_PLAIN_SCHEMES = {"redis", "rediss", "unix"}
_SENTINEL_SCHEMES = {"sentinel": "redis", "sentinels": "rediss"}
"""With the scheme of the servers that a sentinel names: all are encrypted, or none."""
_TLS = "ssl_"


@dataclass(frozen=True, kw_only=True)
class SentinelUrl:
    """What a URL with sentinels says.

    `sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER/DB?sentinel_username=…&sentinel_password=…`: user and
    password are those of the servers; the sentinels get none but their own.
    """

    sentinels: tuple[tuple[str, int], ...]
    master: str
    scheme: str
    """Of the servers: redis or rediss."""
    account: str = field(repr=False)
    """User and password for the servers, as they stand in a URL; ends with @ unless it is empty."""
    db: int
    query: tuple[tuple[str, str], ...]
    """Options of the driver for the servers; those of TLS are for the sentinels, too."""
    sentinel_account: str = field(repr=False)

    def server(self, host: str, port: int) -> str:
        """Return the URL of a server that the sentinels name."""
        return f"{self.scheme}://{self.account}{node_place(host, port)}/{self.db}{_query(self.query)}"

    def sentinel_urls(self) -> list[str]:
        tls = _query(tuple(one for one in self.query if one[0].startswith(_TLS)))
        return [
            f"{self.scheme}://{self.sentinel_account}{node_place(host, port)}/0{tls}"
            for host, port in self.sentinels
        ]


def is_of_sentinels(url: str) -> bool:
    return url.partition("://")[0] in _SENTINEL_SCHEMES


def check_store_url(url: str) -> None:
    """Raise ValueError, with the reason, for a URL that names no servers of a known kind."""
    if is_of_sentinels(url):
        sentinel_url(url)
        return
    if is_of_cluster(url):
        cluster_url(url)
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in _PLAIN_SCHEMES:
        raise ValueError("is not the URL of a Redis server")
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ValueError("does not say where the Redis is")


def sentinel_url(url: str) -> SentinelUrl:
    """Read a `sentinel://` or `sentinels://` URL; raise ValueError with the reason where that cannot be."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is not a URL") from None
    account, at, hosts = parts.netloc.rpartition("@")
    master, _, db = parts.path.strip("/").partition("/")
    if not master:
        raise ValueError("does not say which master the sentinels shall be asked for")
    query = dict(parse_qsl(parts.query))
    user, password = query.pop("sentinel_username", ""), query.pop("sentinel_password", "")
    db = query.pop("db", db or "0")
    if not db.isdecimal():
        raise ValueError("has a database that is not a number")
    return SentinelUrl(
        sentinels=tuple(host_and_port(one, _SENTINEL_PORT, "a sentinel") for one in hosts.split(",")),
        master=unquote(master),
        scheme=_SENTINEL_SCHEMES[parts.scheme],
        account=account + at,
        db=int(db),
        query=tuple(query.items()),
        sentinel_account=_account(user, password),
    )


def place_of(url: str) -> str:
    """Return the servers that a URL names: without user and password."""
    if is_of_cluster(url):
        return cluster_url(url).place
    if is_of_sentinels(url):
        named = sentinel_url(url)
        places = ", ".join(node_place(*one) for one in named.sentinels)
        return f"{named.master} of the sentinels {places}"
    parts = urlsplit(url)
    return (
        parts.path if parts.scheme == "unix" else node_place(parts.hostname or "", parts.port or _REDIS_PORT)
    )


def _account(user: str, password: str) -> str:
    return f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""


def _query(options: tuple[tuple[str, str], ...]) -> str:
    return f"?{urlencode(options)}" if options else ""
