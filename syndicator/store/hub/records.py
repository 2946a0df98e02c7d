"""What is written of one subscriber of our hub: its record, all that lists it, and the lane it waits in."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.clock import to_ms
from syndicator.model.hub import Subscriber
from syndicator.observe.logs import get_logger
from syndicator.store.codec import pack, unpack
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


def confirmed(keys: Keys, partition: int) -> LaneKeys:
    """Return the lane of subscribers that have confirmed."""
    return LaneKeys(
        hosts=keys.hub_hosts(partition),
        queues=_begun(keys, partition, keys.hub_queue("")),
        owners_of=_begun(keys, partition, keys.hub_owners("")),
    )


def unconfirmed(keys: Keys, partition: int) -> LaneKeys:
    """Return the lane of those that are to be asked back for the first time."""
    return LaneKeys(
        hosts=keys.hub_unconfirmed_hosts(partition),
        queues=_begun(keys, partition, keys.hub_unconfirmed_queue("")),
        owners_of=_begun(keys, partition, keys.hub_unconfirmed_owners("")),
    )


def _begun(keys: Keys, partition: int, of_nobody: str) -> str:
    """Return what keys of the hosts of a partition begin with, by the key of the empty host."""
    parts = keys.hub_partitions
    return parts.prefix(partition) + of_nobody.removeprefix(parts.prefix_of(""))


UNCONFIRMED_KEPT = timedelta(hours=1)
"""After it asked: longer than it is asked back."""

log = get_logger(__name__)


def written(
    keys: Keys, before: Subscriber | None, after: Subscriber | None, token: str, topic_digest: str
) -> list[Command]:
    """Return the commands that make one record of another; None: there is none. All are of one slot."""
    if after is None:
        return [] if before is None else _removal(keys, before)
    part = keys.hub_partitions.of(after.host)
    writes: list[Command] = [
        ("HSET", keys.hub_subscriber(part, after.id), "record", pack(after), "token", token),
        ("ZADD", keys.hub_ends(part), to_ms(_ends_at(after)), after.id),
        ("SADD" if after.lease else "SREM", keys.hub_topic(part, after.topic), member_of(after)),
    ]
    if before is None:
        writes.append(("SADD", keys.hub_host(after.host), after.id))
    if after.lease is None and after.asked:
        writes.append(("ZADD", keys.hub_unconfirmed(part), "NX", to_ms(after.asked.at), after.id))
    else:
        writes.append(("ZREM", keys.hub_unconfirmed(part), after.id))
    if after.lease and not (before and before.lease):
        writes.append(("HSETNX", keys.hub_announced(part), after.topic, topic_digest))
    return writes


def _removal(keys: Keys, gone: Subscriber) -> list[Command]:
    part = keys.hub_partitions.of(gone.host)
    return [
        ("UNLINK", keys.hub_subscriber(part, gone.id)),
        ("ZREM", keys.hub_ends(part), gone.id),
        ("ZREM", keys.hub_unconfirmed(part), gone.id),
        ("SREM", keys.hub_topic(part, gone.topic), member_of(gone)),
        ("SREM", keys.hub_host(gone.host), gone.id),
    ]


def member_of(subscriber: Subscriber) -> str:
    """Return how a topic names a subscriber."""
    return f"{subscriber.id} {subscriber.host}"


def decoded(record: bytes | None) -> Subscriber | None:
    """Read a record; None where there is none, or none that this version can read: it is left alone."""
    try:
        return unpack(record, Subscriber) if record else None
    except StoreError as error:
        log.warning("hub_subscriber_unreadable", reason=str(error))
        return None


def _ends_at(subscriber: Subscriber) -> datetime:
    ends = [subscriber.lease.ends_at] if subscriber.lease else []
    if subscriber.asked:
        ends.append(subscriber.asked.at + UNCONFIRMED_KEPT)
    return max(ends)
