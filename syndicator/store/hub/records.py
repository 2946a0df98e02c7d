"""What is written of one subscriber of our hub: its record, and all that lists it."""

from datetime import datetime, timedelta

from syndicator.errors import StoreError
from syndicator.model.clock import to_ms
from syndicator.model.hub import Subscriber
from syndicator.observe.logs import get_logger
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys

UNCONFIRMED_KEPT = timedelta(hours=1)
"""After it asked: longer than it is asked back."""

log = get_logger(__name__)


def written(
    keys: Keys, before: Subscriber | None, after: Subscriber | None, token: str, topic_digest: str
) -> list[Command]:
    """Return the commands that make one record of another; None: there is none."""
    if after is None:
        return [] if before is None else _removal(keys, before)
    member = f"{after.id} {after.host}"
    writes: list[Command] = [
        ("HSET", keys.hub_subscriber(after.id), "record", pack(after), "token", token),
        ("ZADD", keys.hub_ends(), to_ms(_ends_at(after)), after.id),
        ("SADD" if after.lease else "SREM", keys.hub_topic(after.topic), member),
    ]
    if before is None:
        writes.append(("SADD", keys.hub_host(after.host), after.id))
    if after.lease is None and after.asked:
        writes.append(("ZADD", keys.hub_unconfirmed(), "NX", to_ms(after.asked.at), after.id))
    else:
        writes.append(("ZREM", keys.hub_unconfirmed(), after.id))
    if after.lease and not (before and before.lease):
        writes.append(("HSETNX", keys.hub_topics(), after.topic, topic_digest))
    return writes


def _removal(keys: Keys, gone: Subscriber) -> list[Command]:
    return [
        ("UNLINK", keys.hub_subscriber(gone.id)),
        ("ZREM", keys.hub_ends(), gone.id),
        ("ZREM", keys.hub_unconfirmed(), gone.id),
        ("SREM", keys.hub_topic(gone.topic), f"{gone.id} {gone.host}"),
        ("SREM", keys.hub_host(gone.host), gone.id),
    ]


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
