"""When several events are sent as one, and which of them together."""

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from syndicator.model.clock import EPOCH
from syndicator.model.delivery import Digest
from syndicator.model.ids import EndpointId, EventId
from syndicator.rules.hashing import base32

T = TypeVar("T")


def sent_at(endpoint: EndpointId, digest: Digest, now: datetime) -> datetime:
    """Return when what happens now is sent at the latest: at the end of the endpoint's present interval.

    Intervals of different endpoints end at different times, so that they do not all send at once.
    """
    every = timedelta(seconds=digest.every_s)
    offset = timedelta(seconds=zlib.crc32(endpoint.encode()) % max(digest.every_s, 1))
    return EPOCH + offset + ((now.astimezone(UTC) - EPOCH - offset) // every + 1) * every


def split_by_size(sized: Iterable[tuple[T, int]], items: int, most_bytes: int) -> list[list[T]]:
    """Split items, given with their sizes, into groups of at most `items` and `most_bytes`; order is kept."""
    groups: list[list[T]] = []
    room = 0
    for one, size in sized:
        if not groups or len(groups[-1]) == items or size > room:
            groups.append([])
            room = most_bytes
        groups[-1].append(one)
        room -= size
    return groups


def digest_id(events: Sequence[EventId]) -> EventId:
    """Return the id of a digest: the same events, in whatever order, are the same digest."""
    result = hashlib.blake2b("\x1f".join(sorted(events)).encode(), digest_size=16, person=b"digest")
    return EventId("dig_" + base32(result.digest()))
