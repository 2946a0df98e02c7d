"""Who really asks, and how: the client's address and scheme behind reverse proxies that are trusted."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the address of the client.

    `peer` is who is connected to us, `forwarded_for` the lines of X-Forwarded-For. The list is walked
    from its right end, and each entry is believed only because the one to its right is a trusted proxy;
    so a client can write whatever it likes into the header. `unknown` for a peer without an address.
    """
    address = _address(peer or "")
    if address is None:
        return "unknown"
    hops = [hop for line in forwarded_for for hop in line.split(",")]
    while hops and _is_trusted(address, trusted):
        earlier = _address(hops.pop())
        if earlier is None:
            break
        address = earlier
    return str(address)


def client_scheme(
    own: str, peer: str | None, forwarded_proto: Sequence[str], trusted: Sequence[Network]
) -> str:
    """Return `http` or `https`, as the client asked.

    `own` is the scheme of the connection to us, `forwarded_proto` the lines of X-Forwarded-Proto. Only a
    trusted proxy is believed, and of several values the last one: that is its own.
    """
    said = ",".join(forwarded_proto).rpartition(",")[2].strip().lower()
    return said if said in {"http", "https"} and is_believed(peer or "", trusted) else own


def is_believed(peer: str, trusted: Sequence[Network]) -> bool:
    """Return whether what a peer says of its clients is believed; one without an address says nothing."""
    address = _address(peer)
    return address is None or _is_trusted(address, trusted)


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    """Read `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
