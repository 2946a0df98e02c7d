"""Where this service itself listens: no outgoing request ever goes there, whatever is allowed.

Whoever chooses where a request goes (a portal that redirects, a partner with an endpoint, a subscriber of the
hub) would else ask our own listeners with the rights of this machine: a confused deputy.
"""

import errno
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

from msgspec import Struct

from syndicator.egress.ip_addresses import IPAddress, unwrap


class Listener(Struct, frozen=True, order=True):
    """An address and a port on which a process of this service accepts connections."""

    address: str
    """Of IPv4 or IPv6, or a name of this machine."""
    port: int


class OwnListeners:
    """The listeners of all processes of this service, as far as this process knows them.

    Shared by all connectors of a process, and replaced as a whole when it changes.
    """

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self.replace(listeners)

    def replace(self, listeners: Iterable[Listener]) -> None:
        """Know these listeners, and no others."""
        known: dict[int, set[IPAddress]] = {}
        for one in listeners:
            addresses = known.setdefault(one.port, set())
            try:
                addresses.add(unwrap(ip_address(one.address)))
            except ValueError:  # a name of this machine: its addresses are found by `is_of_this_machine`
                continue
        self._by_port = known

    def hold(self, ip: IPAddress, port: int) -> bool:
        """Return whether a connection to this address would reach a process of this service.

        A port on which any of them listens is taken as closed on all addresses of this machine.
        """
        addresses = self._by_port.get(port)
        return addresses is not None and (unwrap(ip) in addresses or is_of_this_machine(ip))


def is_of_this_machine(ip: IPAddress) -> bool:
    """Return whether this machine has an address, by whatever name or interface: a socket can be bound to it.

    `0.0.0.0` and `::` count: a connection to them reaches loopback. Raises OSError where no socket is left.
    """
    real = unwrap(ip)
    family = socket.AF_INET if isinstance(real, IPv4Address) else socket.AF_INET6
    try:
        probe = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return False
        raise
    with probe:
        try:
            probe.bind((str(real), 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def listeners_of(opened: socket.socket) -> tuple[Listener, ...]:
    """Return the addresses at which a listening socket is reached, as processes elsewhere know them.

    A socket that is bound to all addresses is named by its own, and by those that the default routes use.
    """
    host, port = opened.getsockname()[:2]
    bound = ip_address(host)
    addresses = [bound, *(_routed() if bound.is_unspecified else ())]
    return tuple(Listener(str(address), port) for address in addresses)


def _routed() -> list[IPAddress]:
    """Return the addresses of this machine that the default routes use; nothing is sent."""
    found: list[IPAddress] = []
    for family, documentation in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((documentation, 9))
                found.append(ip_address(probe.getsockname()[0]))
        except OSError:  # no such protocol here, or no route
            continue
    return found
