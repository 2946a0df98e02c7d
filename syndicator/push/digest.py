"""The body of several events in one: each as it would come alone."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct

from syndicator.push.payload import MAX_BODY_BYTES

_ENVELOPE_BYTES = 200
ROOM_BYTES = MAX_BODY_BYTES - _ENVELOPE_BYTES
"""For the events of a digest, and a comma for each."""

_ENCODER = msgspec.json.Encoder()


DIGEST = "digest"
"""The type of such a body."""


class _Data(Struct, frozen=True, kw_only=True):
    digest_id: str
    events: tuple[Raw, ...]


class _Body(Struct, frozen=True, kw_only=True):
    type: str = DIGEST
    timestamp: datetime
    data: _Data


def digest_body(digest_id: str, bodies: Sequence[bytes], at: datetime) -> bytes:
    """Put the bodies of events into one; `at` is when the latest happened."""
    data = _Data(digest_id=digest_id, events=tuple(map(Raw, bodies)))
    return _ENCODER.encode(_Body(timestamp=at.astimezone(UTC), data=data))
