"""The outbox: every change of an article, in order, until it is on its way to all who want it."""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.event import Event
from syndicator.model.ids import ArticleId
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection
from syndicator.store.keys import Keys

BEGINNING = "0-0"
KEPT_CHANGES = 10_000


class OutboxEntry(Struct, frozen=True, kw_only=True):
    position: str
    """The stream's own id; later entries sort higher."""
    event: Event


class Pending(Struct, frozen=True, kw_only=True):
    """What waits to be fanned out."""

    version: str
    """Of the directory of endpoints."""
    cursor: str
    """How far the fan-out is."""
    entries: tuple[OutboxEntry, ...]


def append_event(keys: Keys, event: Event) -> Command:
    """Write an event to the end of the outbox."""
    return ("XADD", keys.outbox(), "*", "event", pack(event))


def note_change(keys: Keys, article: ArticleId) -> Command:
    """Write down that an article is new, another revision, or gone: see `store/changes.py`."""
    return ("XADD", keys.changes(), "MAXLEN", "~", KEPT_CHANGES, "*", "article", article)


class Outbox:
    """A stream with one reader: fan-out, whose cursor lies beside it."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def append(self, event: Event) -> None:
        """Write an event that is not part of another change to the end."""
        await self._redis.call(*append_event(self._keys, event))

    async def after(self, cursor: str, limit: int) -> list[OutboxEntry]:
        """Read on from a position ("" is the beginning)."""
        start = f"({cursor}" if cursor else "-"
        return _entries(await self._redis.call("XRANGE", self._keys.outbox(), start, "+", "COUNT", limit))

    async def pending(self, limit: int) -> Pending:
        """Give what comes next, and what its fan-out relies on; what is done was trimmed."""
        version, cursor, rows = await self._redis.batch(
            [
                ("HGET", self._keys.endpoints_changed(), ":all"),
                ("HGET", self._keys.cursors(), "fan-out"),
                ("XRANGE", self._keys.outbox(), "-", "+", "COUNT", limit),
            ]
        )
        return Pending(
            version=version.decode() if version else "",
            cursor=cursor.decode() if cursor else "",
            entries=tuple(_entries(rows)),
        )

    async def waiting(self) -> int:
        """Count the events that are not fanned out yet (what is done is trimmed)."""
        return int(await self._redis.call("XLEN", self._keys.outbox()))


def _entries(rows: Sequence[tuple[bytes, Sequence[bytes]]]) -> list[OutboxEntry]:
    return [
        OutboxEntry(position=position.decode(), event=unpack(fields[1], Event)) for position, fields in rows
    ]
