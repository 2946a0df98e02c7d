"""Where the processes of a service listen, so that none of them ever sends a request to another."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from syndicator.egress.own_listeners import Listener
from syndicator.model.clock import to_ms
from syndicator.store.connection import Connection
from syndicator.store.keys.table import Keys

KEPT = timedelta(seconds=30)
"""How long a listener is known after its process has renewed it last."""


class Listeners:
    """The listeners of all processes that live."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def renew(self, listeners: Iterable[Listener], now: datetime) -> list[Listener]:
        """Store the listeners of a process as alive; return the listeners of all processes."""
        key, now_ms = self._keys.listeners(), to_ms(now)
        notes = [("ZADD", key, now_ms, f"{one.address} {one.port}") for one in listeners]
        old = ("ZREMRANGEBYSCORE", key, "-inf", now_ms - KEPT // timedelta(milliseconds=1))
        *_, found = await self._redis.batch([*notes, old, ("ZRANGE", key, 0, -1)])
        return [_read(one) for one in found]


def _read(member: bytes) -> Listener:
    address, port = member.decode().split(" ")
    return Listener(address, int(port))
