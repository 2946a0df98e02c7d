"""The check of the address itself, at the one place that every connection passes.

aiohttp asks the connector's `socket_factory` for a socket once per address it is about to connect to:
after DNS, for literals, for every redirect. So a name that changes its mind between check and
connection, or a strange spelling of an address, has nothing to slip through.
"""

import asyncio
import errno
import socket
from functools import lru_cache, partial
from ipaddress import ip_address

from aiohttp import AddrInfoType, SocketFactoryType, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from syndicator.egress.ip_addresses import AllowList, is_permitted
from syndicator.egress.own_listeners import OwnListeners
from syndicator.egress.piecewise_parser import PiecewiseHandler

DNS_TIMEOUT_S = 5.0
DNS_CACHE_TTL_S = 60
_REMEMBERED_ADDRESSES = 4096


class Blocked(OSError):
    """The address is neither public nor allowed, or it is one of our own listeners (`is_own`).

    An OSError, so that the next address of the same name is tried. Its text is always the same: where
    all addresses of a name fail with one text, the first exception survives as it is, else its type
    would be lost in a summary. A name with addresses that fail in different ways ends with the failure
    of one of them.
    """

    def __init__(self, address: str, *, is_own: bool = False) -> None:
        super().__init__(errno.EACCES, "address not allowed")
        self.address = address
        self.is_own = is_own


def guarded_socket_factory(allow: AllowList, own: OwnListeners) -> SocketFactoryType:
    """Make a `socket_factory` that opens sockets for permitted addresses only, and none for `own`.

    Raises Blocked.
    """

    @lru_cache(maxsize=_REMEMBERED_ADDRESSES)
    def permitted(host: str, port: int) -> bool:
        try:
            return is_permitted(ip_address(host), allow, port)
        except ValueError:  # what cannot be read as an address cannot be judged
            return False

    def is_own(host: str, port: int) -> bool:  # not remembered: processes come and go
        try:
            return own.hold(ip_address(host), port)
        except ValueError:
            return False

    def open_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, destination = info
        host, port = str(destination[0]), int(destination[1])
        if is_own(host, port):  # first: to allow it would not help
            raise Blocked(host, is_own=True)
        if not permitted(host, port):
            raise Blocked(host)
        return socket.socket(family=family, type=kind, proto=protocol)

    return open_socket


class BoundedResolver(AbstractResolver):
    """Resolves names with a limit of its own, so that silent name servers show as `dns`, not `timeout`."""

    def __init__(self, resolver: AbstractResolver, timeout_s: float = DNS_TIMEOUT_S) -> None:
        self._resolver = resolver
        self._timeout_s = timeout_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._resolver.resolve(host, port, family)
        except TimeoutError as error:
            raise OSError(errno.EIO, "no answer from the name servers") from error
        except UnicodeError as error:  # labels that are empty, or longer than DNS can hold
            raise OSError(errno.EINVAL, "not a valid name") from error

    async def close(self) -> None:
        await self._resolver.close()


class _Connector(TCPConnector):
    """aiohttp's connector, whose connections parse what comes piece by piece."""

    def __init__(
        self, allow: AllowList, own: OwnListeners, *, keepalive_s: float, resolver: AbstractResolver
    ) -> None:
        super().__init__(
            socket_factory=guarded_socket_factory(allow, own),
            resolver=resolver,
            ttl_dns_cache=DNS_CACHE_TTL_S,
            keepalive_timeout=keepalive_s,
            limit=0,
            limit_per_host=0,
        )
        handler: type[ResponseHandler] = PiecewiseHandler
        self._factory = partial(handler, asyncio.get_running_loop())


def open_connector(
    allow: AllowList, own: OwnListeners, *, keepalive_s: float, resolver: AbstractResolver
) -> TCPConnector:
    """Make a connector that reaches permitted addresses only, never `own`. The resolver stays the caller's.

    How many connections there are is not its business: see `slots`.
    """
    return _Connector(allow, own, keepalive_s=keepalive_s, resolver=resolver)
