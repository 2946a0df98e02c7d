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

    async def cursor(self) -> str:
        """Give the position of the last event that was fanned out."""
        found = await self._redis.call("HGET", self._keys.cursors(), "fan-out")
        return found.decode() if found else ""

    async def after(self, cursor: str, limit: int) -> Sequence[OutboxEntry]:
        """Read on from a cursor ("" is the beginning)."""
        rows = await self._redis.call(
            "XRANGE", self._keys.outbox(), f"({cursor or BEGINNING}", "+", "COUNT", limit
        )
        return [
            OutboxEntry(position=position.decode(), event=unpack(fields[1], Event))
            for position, fields in rows
        ]

    async def waiting(self) -> int:
        """Count the events that are not fanned out yet (what is done is trimmed)."""
        return int(await self._redis.call("XLEN", self._keys.outbox()))
