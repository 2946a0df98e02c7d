"""Which entries of a feed were admitted as they are, so that they need not be read again."""

from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Connection, Transaction
from syndicator.store.data_mark import DataMark
from syndicator.store.keys.table import Keys

KEPT = timedelta(days=2)


class EntriesRead(Struct, frozen=True, kw_only=True):
    """Entries that need not be read again while they stay as they are."""

    spec_hash: str
    """Of the description of the source by which they were read."""
    marks: bytes
    """One after the other, as `gather.feeds.known_entries` makes them."""
    since: datetime
    """When all entries of the document were last read."""


class Entries:
    """What is known of the entries of feeds."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def get(self, source: SourceId, spec_hash: str) -> EntriesRead | None:
        """Return what is known; None where that is nothing, or the source was described otherwise."""
        data = await self._redis.call("GET", self._keys.entries(source))
        known = unpack(data, EntriesRead) if data else None
        return known if known is not None and known.spec_hash == spec_hash else None

    async def keep(self, source: SourceId, entries: EntriesRead, of: DataMark | None) -> None:
        """Keep which entries were admitted: afterwards, or one could be lost.

        `of`: the mark of the data when the round began to read. Where Redis was emptied since, and with it
        what was admitted, nothing is kept.
        """
        keep = ("SET", self._keys.entries(source), pack(entries), "EX", KEPT // timedelta(seconds=1))
        same = ((self._keys.meta(), "created_ms", str(of.created_ms)),) if of else ()
        await self._redis.commit([Transaction(expects=same, writes=(keep,))])
