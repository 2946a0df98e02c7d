"""The outbox: every change of an article, in order, until it is on its way to all who want it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from syndicator.errors import UnreadableRecord
from syndicator.model.clock import to_ms
from syndicator.model.event import Event
from syndicator.model.ids import ArticleId
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Repository
from syndicator.store.keys.table import Keys

VERSION = ":all"
"""Field of the version of the directory; no id of an endpoint: those begin with a letter or a digit."""

BEGINNING = "0-0"
KEPT_CHANGES = 10_000

KEPT_ASIDE = timedelta(days=30)
MOST_ASIDE = 10_000

_PAGE = 100
_LOOKED_AT = 2000

T = TypeVar("T")


class OutboxEntry(Struct, frozen=True, kw_only=True):
    position: str
    """The stream's own id; later entries sort higher."""
    event: Event
    record: bytes
    """The event as it is stored, with what only a newer version knows of it."""


class UnreadableEntry(Struct, frozen=True, kw_only=True):
    """An entry of the outbox that is damaged, or of a newer version."""

    position: str
    record: bytes
    reason: str


class Pending(Struct, frozen=True, kw_only=True):
    """What waits to be fanned out."""

    version: str
    """Of the directory of endpoints."""
    cursor: str
    """How far the fan-out is."""
    entries: tuple[OutboxEntry, ...]
    """The next events, up to the first one that cannot be read."""
    unreadable: tuple[UnreadableEntry, ...] = ()
    """What stands first, where it cannot be read: there are no entries then."""
    has_more: bool = False


def append_event(keys: Keys, event: Event) -> Command:
    """Write an event to the end of the outbox."""
    return ("XADD", keys.outbox(), "*", "event", pack(event))


def note_change(keys: Keys, article: ArticleId) -> Command:
    """Write down that an article is new, another revision, or gone: see `store/articles/change_log.py`."""
    return ("XADD", keys.changes(), "MAXLEN", "~", KEPT_CHANGES, "*", "article", article)


class Outbox(Repository):
    """A stream with one reader: fan-out, whose cursor lies beside it."""

    async def append(self, event: Event) -> None:
        """Write an event that is not part of another change to the end."""
        await self._redis.call(*append_event(self._keys, event))

    async def after(self, cursor: str, limit: int) -> list[OutboxEntry]:
        """Read on from a position ("" is the beginning); what cannot be read is left out."""
        start = f"({cursor}" if cursor else "-"
        rows = await self._redis.call("XRANGE", self._keys.outbox(), start, "+", "COUNT", limit)
        return [one for one in map(_entry, rows) if isinstance(one, OutboxEntry)]

    async def pending(self, limit: int) -> Pending:
        """Return what comes next, and what its fan-out relies on; what is done was trimmed."""
        version, cursor, rows = await self._redis.batch(
            [
                ("HGET", self._keys.endpoints_changed(), VERSION),
                ("HGET", self._keys.cursors(), "fan-out"),
                ("XRANGE", self._keys.outbox(), "-", "+", "COUNT", limit),
            ]
        )
        found = [_entry(row) for row in rows]
        entries = _leading(found, OutboxEntry)
        return Pending(
            version=version.decode() if version else "",
            cursor=cursor.decode() if cursor else "",
            entries=entries,
            unreadable=_leading(found, UnreadableEntry),
            has_more=len(rows) == limit or len(entries) < len(rows),
        )

    async def of_article(self, article: ArticleId) -> tuple[list[Event], list[Event]]:
        """Return the events of an article that wait for their fan-out, and those that were set aside.

        Of each, the first `_LOOKED_AT` entries are looked at.
        """
        rows = await self._redis.batch(
            [
                ("XRANGE", key, "-", "+", "COUNT", _LOOKED_AT)
                for key in (self._keys.outbox(), self._keys.outbox_aside())
            ]
        )
        waiting, aside = (
            [
                one.event
                for one in map(_entry, found)
                if isinstance(one, OutboxEntry) and one.event.article == article
            ]
            for found in rows
        )
        return waiting, aside

    async def waiting(self) -> int:
        """Count the events that are not fanned out yet (what is done is trimmed)."""
        return int(await self._redis.call("XLEN", self._keys.outbox()))

    async def set_aside(self, cursor: str, entries: Sequence[OutboxEntry | UnreadableEntry]) -> bool:
        """Take the first entries out of the outbox and keep them apart, so that those behind them go on.

        `cursor`: where the fan-out stood. False: it has moved, and nothing was done.
        """
        keys = self._keys
        writes: tuple[Command, ...] = (
            *(
                ("XADD", keys.outbox_aside(), "MAXLEN", "~", MOST_ASIDE, "*", "event", one.record)
                for one in entries
            ),
            ("XDEL", keys.outbox(), *(one.position for one in entries)),
            ("HSET", keys.cursors(), "fan-out", entries[-1].position),
        )
        return await self._commit(expects=((keys.cursors(), "fan-out", cursor),), writes=writes)

    async def take_back(self) -> int:
        """Put what was set aside, and can be read here, to the end of the outbox; return how many."""
        keys, count, start = self._keys, 0, "-"
        while True:
            before, rows = await self._redis.batch(
                [
                    ("HGET", keys.cursors(), "aside"),
                    ("XRANGE", keys.outbox_aside(), start, "+", "COUNT", _PAGE),
                ]
            )
            if not rows:
                return count
            start = f"({rows[-1][0].decode()}"
            readable = [one for one in map(_entry, rows) if isinstance(one, OutboxEntry)]
            if readable and await self._taken_back(readable, before.decode() if before else ""):
                count += len(readable)

    async def _taken_back(self, entries: Sequence[OutboxEntry], before: str) -> bool:
        keys = self._keys
        writes: tuple[Command, ...] = (
            *(("XADD", keys.outbox(), "*", "event", one.record) for one in entries),
            ("XDEL", keys.outbox_aside(), *(one.position for one in entries)),
            ("HSET", keys.cursors(), "aside", entries[-1].position),
        )
        return await self._commit(expects=((keys.cursors(), "aside", before),), writes=writes)

    async def count_aside(self) -> int:
        return int(await self._redis.call("XLEN", self._keys.outbox_aside()))

    async def sweep(self, now: datetime) -> None:
        """Forget what was set aside long ago."""
        await self._redis.call("XTRIM", self._keys.outbox_aside(), "MINID", to_ms(now - KEPT_ASIDE))


def _entry(row: tuple[bytes, Sequence[bytes]]) -> OutboxEntry | UnreadableEntry:
    position, record = row[0].decode(), row[1][1]
    try:
        return OutboxEntry(position=position, event=unpack(record, Event), record=record)
    except UnreadableRecord as error:
        return UnreadableEntry(position=position, record=record, reason=str(error))


def _leading(entries: Sequence[object], kind: type[T]) -> tuple[T, ...]:
    """Return the entries before the first one of another kind."""
    leading: list[T] = []
    for one in entries:
        if not isinstance(one, kind):
            break
        leading.append(one)
    return tuple(leading)
