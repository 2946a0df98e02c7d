"""How events are stored: the usual ones packed, all others as they are. Scripts choose their hashes."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from syndicator.errors import UnreadableRecord
from syndicator.model.clock import EPOCH
from syndicator.model.event import Event, EventType, Grown
from syndicator.model.ids import ArticleId, EventId
from syndicator.rules.hashing import base32
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Connection, Script, pieces
from syndicator.store.keys.table import Keys

MOST_PACKED = 64
"""Bytes of a packed record: Redis packs a hash with longer ones only where it is told to."""

_KINDS = (
    EventType.ARTICLE_CREATED,
    EventType.ARTICLE_UPDATED,
    EventType.ARTICLE_CORRECTED,
    EventType.ARTICLE_WITHDRAWN,
    EventType.ARTICLE_RESTORED,
    EventType.STORY_GROWN,
)
"""Types that are packed, as the numbers of their places: those never change."""
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_MICROSECOND = timedelta(microseconds=1)
_ARRAYS = range(0x90, 0xA0)
"""First bytes of arrays of msgpack; events that are not packed are maps."""
_SHORT_BYTES = 16
_READ_AT_ONCE = 500

_READ = Script("webhooks/event_records", "webhooks/read_events")


class _Packed(Struct, frozen=True, array_like=True):
    """An event without its id, under which it is stored. After the first four, unset fields are left out."""

    kind: int
    subject: str
    revision: int
    at_us: int
    """Microseconds since 1970."""
    follows: int | None = None
    reason: str | None = None
    grown: tuple[ArticleId, int, int] | None = None
    """Of a story: the article that joined, owners, and articles."""


def stored_event(event: Event, record: bytes | None = None) -> bytes:
    """Return an event as it is stored.

    `record`: the event as it came, perhaps with fields that only a newer version knows. Then it stays so.
    """
    if record is not None and record != pack(event):
        return record
    packed = _packed(event)
    return packed if packed is not None and len(packed) <= MOST_PACKED else record or pack(event)


def _packed(event: Event) -> bytes | None:
    details = event.details
    if event.type not in _NUMBERS or not (details is None or isinstance(details, Grown)):
        return None
    grown = (details.joined, details.owners, details.articles) if details is not None else None
    more: list[object] = [event.follows, event.reason, grown]
    while more and more[-1] is None:
        more.pop()
    at_us = (event.at - EPOCH) // _MICROSECOND
    return pack((_NUMBERS[event.type], event.subject, event.revision, at_us, *more))


def parsed_event(name: EventId, record: bytes) -> Event:
    """Decode an event; raise UnreadableRecord where it is damaged, or of a type of a newer version."""
    if not record or record[0] not in _ARRAYS:
        return unpack(record, Event)
    packed = unpack(record, _Packed)
    try:
        kind, at = _KINDS[packed.kind], EPOCH + packed.at_us * _MICROSECOND
    except (IndexError, OverflowError) as error:
        raise UnreadableRecord(f"stored bytes are no event: {error}") from error
    grown = packed.grown
    return Event(
        id=name,
        type=kind,
        subject=packed.subject,
        revision=packed.revision,
        follows=packed.follows,
        at=at,
        reason=packed.reason,
        details=Grown(joined=grown[0], owners=grown[1], articles=grown[2]) if grown else None,
    )


def read_event(name: EventId, record: bytes | None) -> Event | None:
    """Decode an event; None where there is none, or where `parsed_event` would raise."""
    try:
        return parsed_event(name, record) if record is not None else None
    except UnreadableRecord:
        return None


def logged_id(name: bytes) -> EventId:
    """Return the id of an event by what stands in the log: the bytes that the id spells, or the id."""
    return EventId("evt_" + base32(name) if len(name) == _SHORT_BYTES else name.decode())


async def event_records(redis: Connection, keys: Keys, names: Sequence[str | bytes]) -> list[bytes | None]:
    """Return these events as they are stored, in their order; None for each that is not kept."""
    found: list[bytes | None] = []
    for part in pieces(names, _READ_AT_ONCE):
        found += await redis.run(_READ, [keys.events()], *part)
    return found
