"""Deliveries whose event cannot be read here are put off, not given up: another version may read it."""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import EndpointId, EventId
from syndicator.store.webhooks.redelivery import read_tries, tries_note

PUT_OFF = timedelta(minutes=1)
UNREADABLE = "unreadable"
"""The reason why a delivery was put off: its event or its article cannot be read by this version."""


class UnreadableDelivery(Struct, frozen=True, kw_only=True):
    """A delivery whose event is damaged, or of a newer version."""

    endpoint: EndpointId
    event: EventId
    reason: str
    is_known: bool
    """It was put off before."""


def unreadable_delivery(endpoint: bytes, event: bytes, tries: bytes, reason: str) -> UnreadableDelivery:
    """Describe one as it was claimed."""
    return UnreadableDelivery(
        endpoint=EndpointId(endpoint.decode()),
        event=EventId(event.decode()),
        reason=reason,
        is_known=read_tries(tries)[1] == UNREADABLE,
    )


def put_off_words(endpoint: bytes, event: bytes, token: str, tries: bytes, now: datetime) -> list[object]:
    """Return the arguments by which it is settled as put off, for `webhooks/settle.lua`."""
    number, _, replayed = read_tries(tries)
    note = tries_note(number, UNREADABLE, replayed)
    due_ms = to_ms(now + PUT_OFF)
    return [endpoint.decode(), event.decode(), token, "put_off", due_ms, note, "", "", number, UNREADABLE, 0]
