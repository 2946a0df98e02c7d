"""Endpoints as they are stored: their records in the directory, and how they stand."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import UnreadableRecord
from syndicator.model.clock import from_ms
from syndicator.model.delivery import Endpoint
from syndicator.model.endpoint import EndpointState
from syndicator.model.event import EventType
from syndicator.model.ops.states import EndpointStanding
from syndicator.store.codec import pack, unpack
from syndicator.store.webhooks.overflows import read_overflow

_KEPT = (EndpointStanding.ACTIVE, EndpointStanding.PAUSED, EndpointStanding.DISABLED)
"""The standings that are kept; the others are judged by what else is known."""


class SealedParts(Struct, frozen=True, kw_only=True, array_like=True):
    """Secrets of an endpoint, encrypted in Redis."""

    secrets: tuple[tuple[str, datetime | None], ...]
    headers: Mapping[str, str]


class EndpointRecord(Struct, frozen=True, kw_only=True):
    endpoint: Endpoint
    """Without secrets and headers."""
    owner: str | None = None
    created_at: datetime | None = None
    verified_at: datetime | None = None
    sealed: bytes = b""
    has_moved: bool = False


class _Loose(Struct, frozen=True, kw_only=True):
    endpoint: dict[str, Any]


_KNOWN_EVENTS = frozenset(kind.value for kind in EventType)
REMEDY = (
    "Another worker may run a newer version: update this one. If the record is damaged, remove the endpoint "
    "and add it again."
)


def read_record(data: bytes) -> EndpointRecord:
    """Decode a record; types of events that only a newer version knows are left out of what is asked for.

    Raises UnreadableRecord.
    """
    try:
        return unpack(data, EndpointRecord)
    except UnreadableRecord:
        loose = unpack(data, _Loose)
        known = [kind for kind in loose.endpoint.get("events", ()) if kind in _KNOWN_EVENTS]
        fields = {**unpack(data, dict[str, Any]), "endpoint": {**loose.endpoint, "events": known}}
        return unpack(pack(fields), EndpointRecord)


def created_at(data: bytes) -> datetime | None:
    """Return when a configured endpoint was first published, where that is known."""
    try:
        record = read_record(data)
    except UnreadableRecord:
        return None
    return record.created_at if record.owner is None else None


def bare(endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, secrets=(), headers={})


def read_state(row: Iterable[tuple[bytes, bytes]]) -> EndpointState:
    fields = {name.decode(): value.decode() for name, value in row}

    def instant(name: str) -> datetime | None:
        return from_ms(int(fields[name])) if name in fields else None

    word = fields.get("standing", EndpointStanding.ACTIVE.value)
    is_known = word in _KEPT
    return EndpointState(
        standing=EndpointStanding(word)
        if is_known
        else EndpointStanding.PAUSED,  # a newer version's: it rests
        reason=fields.get("reason") if is_known else word,
        since=instant("since_ms"),
        last_success_at=instant("last_success_ms"),
        failing_since=instant("failing_since_ms"),
        failures=int(fields.get("failures", 0)),
        openings=int(fields.get("openings", 0)),
        held_until=instant("held_until_ms"),
        rest_until=instant("rest_until_ms"),
        dropped=int(fields.get("fell_off", 0)),
        overflow=read_overflow(fields),
    )
