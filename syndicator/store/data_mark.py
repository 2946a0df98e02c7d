"""Which data a namespace holds: a mark identifies it, so that it is noticed when Redis was emptied.

The mark in Redis is `created_ms` of the key `meta`: whoever finds none writes a new one. A process remembers
the mark that it works with. A file in the data folder remembers it between processes.
"""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import SourceId
from syndicator.store.connection import Command, Connection, Repository, pieces
from syndicator.store.files.atomic_files import writing
from syndicator.store.keys.table import Keys
from syndicator.store.layout import stamp

ENLISTED_WITHIN = timedelta(minutes=1)
"""After a namespace began, its sources are due."""


class DataMark(Struct, frozen=True, kw_only=True):
    """The mark of the data of a namespace."""

    created_ms: int
    lost_ms: int | None = None
    """When the data before it was last known to be there; None where none was lost, as far as is known."""

    @property
    def lost_at(self) -> datetime | None:
        """When the data before it was last known to be there."""
        return None if self.lost_ms is None else from_ms(self.lost_ms)


class KeptMark(Struct, frozen=True, kw_only=True):
    """The mark that processes of this data folder worked with."""

    created_ms: int
    seen_ms: int
    """When it was last known to be there."""


class DataMarks(Repository):
    """Reads and writes the mark of one namespace."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        super().__init__(connection, keys)
        self.current: DataMark | None = None
        """The mark that this process works with; None: it does not look."""

    @property
    def lost_at(self) -> datetime | None:
        """When data that was lost was last known to be there; None where none was, or nobody looks."""
        return self.current.lost_at if self.current else None

    def check(self, created_ms: bytes | None) -> None:
        """Raise StoreUnavailable where a reply is of other data than this process works with."""
        if self.current is not None and int(created_ms or 0) != self.current.created_ms:
            raise StoreUnavailable("Redis was emptied; what is configured is about to be enlisted again")

    async def read(self) -> DataMark | None:
        """Return the mark that is in Redis; None where there is none."""
        created_ms, lost_ms = await self._redis.call("HMGET", self._keys.meta(), "created_ms", "lost_ms")
        if created_ms is None:
            return None
        return DataMark(created_ms=int(created_ms), lost_ms=None if lost_ms is None else int(lost_ms))

    async def begin(self, now: datetime, lost_at: datetime | None = None) -> None:
        """Work with the mark that is in Redis; write one where there is none, and that data was lost."""
        created: Command = ("HSETNX", self._keys.meta(), "created_ms", to_ms(now))
        await self._redis.batch([*stamp(self._keys), created])
        if lost_at is not None:
            await self._redis.call("HSETNX", self._keys.meta(), "lost_ms", to_ms(lost_at))
        self.current = await self.read()

    async def not_gathered_since_loss(self) -> int:
        """Count the sources that were not gathered since data was lost; 0 where none was."""
        if self.current is None or self.current.lost_ms is None:
            return 0
        until_ms = self.current.created_ms + ENLISTED_WITHIN // timedelta(milliseconds=1)
        names = await self._redis.call("ZRANGEBYSCORE", self._keys.sources_due(), "-inf", until_ms)
        # One that is due often is due again soon after its round.
        states = [self._keys.source(SourceId(name.decode())) for name in names]
        known = await self._redis.batch([("EXISTS", *piece) for piece in pieces(states)])
        return len(states) - sum(map(int, known))


class MarkFile:
    """The file that remembers a mark. Blocking: call it in a thread."""

    def __init__(self, data_dir: Path, namespace: str) -> None:
        self._path = data_dir / "marks" / f"{namespace}.json"

    def read(self) -> KeptMark | None:
        """Return the mark; None where none can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=KeptMark)
        except (OSError, msgspec.DecodeError):
            return None

    def write(self, mark: KeptMark) -> None:
        """Keep a mark, whole or not at all. Raises OSError where the disk fails."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with writing(self._path) as part:
            part.write(msgspec.json.encode(mark))
