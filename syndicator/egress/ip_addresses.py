"""Which addresses the public internet may use, judged by our own table.

`ipaddress.is_global` and its siblings follow the registries of the Python release that runs, and let
several transition ranges through; so the table stands here. Sources: the IANA special-purpose address
registries for IPv4 and IPv6 (RFC 6890), RFC 4291, 6052 (NAT64), 3056 (6to4), 4380 (Teredo), 8215.
"""

import re
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from msgspec import Struct

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


class NetworkPort(Struct, frozen=True):
    """One port of every address of a network."""

    network: IPNetwork
    port: int

    def __str__(self) -> str:
        """Spell it as it is configured: `127.0.0.1:8081`, `10.0.0.0/8:8443`, `[::1]:8081`."""
        network = self.network
        single = network.prefixlen == network.max_prefixlen
        text = str(network.network_address if single else network)
        return f"[{text}]:{self.port}" if isinstance(network, IPv6Network) else f"{text}:{self.port}"


AllowList = tuple[IPNetwork | NetworkPort, ...]
"""What the configuration allows although it is not public: networks, with all ports or with one."""

ANYWHERE: AllowList = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
"""All there is: for connections whose address was chosen by the configuration, not by a source."""

_REFUSED_V4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host on this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared behind carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the platform services of one large cloud, on a public number
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
"""All that is handed out so far: whatever is outside it (loopback, ULA, link-local, multicast, SRv6,
discard, IPv4-compatible, …) is refused without being named."""

_REFUSED_V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID, …
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: hides any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_LOW_32_BITS = 0xFFFF_FFFF


_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?")


def is_odd_number(host: str) -> bool:
    """Return whether some resolvers take a host for an IPv4 address although it is not written as one.

    `127.1`, `0x7f.1`, `2130706433`: a host whose last label is a number is no name (WHATWG URL, "ends in
    a number").
    """
    if not _ENDS_IN_NUMBER.fullmatch(host):
        return False
    try:
        IPv4Address(host.removesuffix("."))
    except ValueError:
        return True
    return False


def usual_spelling(host: str) -> str:
    """Return the IPv4 address that resolvers take such a host for, as `127.0.0.1`; empty if there is none."""
    try:
        return str(IPv4Address(socket.inet_aton(host.removesuffix("."))))
    except OSError:
        return ""


def unwrap(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 one stands for: v4-mapped, and NAT64's well-known prefix.

    The other carriers of IPv4 addresses (6to4, Teredo, IPv4-compatible, local NAT64) are not unwrapped:
    they are refused as a whole.
    """
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return IPv4Address(int(ip) & _LOW_32_BITS)
    return ip


def is_public(ip: IPAddress) -> bool:
    """Return whether everybody on the internet may be reached at this address."""
    real = unwrap(ip)
    if isinstance(real, IPv4Address):
        return not any(real in network for network in _REFUSED_V4)
    return real in _GLOBAL_UNICAST_V6 and not any(real in network for network in _REFUSED_V6)


def is_permitted(ip: IPAddress, allow: AllowList, port: int | None = None) -> bool:
    """Return whether we may connect to a port of this address: it is public, or `allow` holds it.

    Without a port: whether we may connect to all of its ports.
    """
    if is_public(ip):
        return True
    real = unwrap(ip)
    return any(real in network or ip in network for network in _networks(allow, port))


def _networks(allow: AllowList, port: int | None) -> Iterator[IPNetwork]:
    for one in allow:
        if not isinstance(one, NetworkPort):
            yield one
        elif one.port == port:
            yield one.network
