"""The two lanes of our hub's queues: subscribers that have confirmed, and those that have not.

Each has a queue for each host, and an order of these hosts. They are apart so that subscribers never wait for
those who may be none, and so that a worker without a place for these looks at none of them.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys


class LaneKeys(Struct, frozen=True, kw_only=True):
    """Keys of one lane; those of a host are these with the host behind."""

    hosts: str
    queues: str
    owners_of: str

    def queue(self, host: str) -> str:
        return self.queues + host

    def owners(self, host: str) -> str:
        return self.owners_of + host

    def queued(self, host: str, subscribers: Iterable[str], now: datetime, condition: str) -> Command:
        """Return the command that makes subscribers due; `condition` is that of ZADD."""
        due = [word for subscriber in subscribers for word in (to_ms(now), subscriber)]
        return ("ZADD", self.queue(host), condition, *due)

    def woken(self, hosts: Iterable[str], now: datetime) -> Command:
        """Return the command that has the queues of hosts looked at."""
        return ("ZADD", self.hosts, "LT", *(word for host in hosts for word in (to_ms(now), host)))

    def left(self, host: str, subscriber: str) -> list[Command]:
        """Return the commands that take a subscriber out of its queue, leased or not."""
        return [("ZREM", self.queue(host), subscriber), ("HDEL", self.owners(host), subscriber)]


def confirmed(keys: Keys) -> LaneKeys:
    """Return the lane of subscribers that have confirmed."""
    return LaneKeys(hosts=keys.hub_hosts(), queues=keys.hub_queue(""), owners_of=keys.hub_owners(""))


def unconfirmed(keys: Keys) -> LaneKeys:
    """Return the lane of those that are to be asked back for the first time."""
    return LaneKeys(
        hosts=keys.hub_unconfirmed_hosts(),
        queues=keys.hub_unconfirmed_queue(""),
        owners_of=keys.hub_unconfirmed_owners(""),
    )
