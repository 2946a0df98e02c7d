"""Forward proxies: requests that another server makes for us.

Operators trust the proxies that they configure, so their addresses need not be public. Behind a proxy our own
guard does not see where a name leads: it checks addresses in URLs alone, and the proxy decides the rest.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address

from msgspec import Struct
from yarl import URL

from syndicator.egress.headers import basic_auth
from syndicator.egress.ip_addresses import AllowList, IPAddress, is_permitted
from syndicator.egress.own_listeners import OwnListeners
from syndicator.errors import EgressError
from syndicator.model.fetch import Reason

_LOOPBACK = IPv4Address("127.0.0.1")


class Proxy(Struct, frozen=True, kw_only=True):
    """A forward proxy; shown without its credentials."""

    url: URL
    """Without user and password."""
    headers: Mapping[str, str]
    """What signs us in at it: of no concern to anybody behind it."""

    def __str__(self) -> str:
        return f"the proxy {self.url.host}:{self.url.port}"


def parse_proxy(text: str) -> Proxy:
    """Read the http or https URL of a proxy, which may hold user and password.

    Raises EgressError(connect) for anything else; the message never repeats the URL.
    """
    try:
        url = URL(text.strip())
        usable = url.scheme in {"http", "https"} and bool(url.raw_host) and url.port is not None
    except (ValueError, TypeError) as error:
        raise EgressError(Reason.CONNECT, "The address of the proxy cannot be read.") from error
    if not usable:
        raise EgressError(Reason.CONNECT, "Only http:// and https:// proxies can be used.")
    credentials = basic_auth(url)
    return Proxy(
        url=url.origin(), headers={} if credentials is None else {"Proxy-Authorization": credentials}
    )


def refuse_literal(url: URL, allow: AllowList, own: OwnListeners) -> None:
    """Raise EgressError(blocked) where a URL itself names an address that may not be reached."""
    address, port = literal_address(url.host or ""), url.port or 0
    if address is None:
        return
    if own.hold(address, port):
        detail = f"At {url.host} this service itself listens, and it is not asked of a proxy either."
        raise EgressError(Reason.BLOCKED, detail)
    if not is_permitted(address, allow, port):
        detail = f"{url.host} is not a public address, and is not asked of a proxy either."
        raise EgressError(Reason.BLOCKED, detail)


def literal_address(host: str) -> IPAddress | None:
    """Return the address that a host of a URL is without asking DNS; None for all other names."""
    name = host.removesuffix(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # never anything else: RFC 6761, 6.3
        return _LOOPBACK
    try:
        return ip_address(name)
    except ValueError:
        return None
