"""Settling the leases of sources, many in one call.

While one call is on its way, what other rounds want settled gathers and goes with the next: rounds that end
together cost few calls.
"""

from collections.abc import Sequence

from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.store.batching import Batcher
from syndicator.store.codec import pack_for_lua
from syndicator.store.connection import Command, Connection, Script
from syndicator.store.keys.table import Keys

MOST_AT_ONCE = 100


class RoundResult(Struct, frozen=True, kw_only=True):
    """What a round leaves behind."""

    source: SourceId
    token: str
    due_ms: int
    state: bytes
    more: Sequence[Command] = ()
    """Further writes: the history of the source, events."""


class RoundSettlements:
    """Settles leases. Share one by all tasks of an event loop."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._script = Script("sources/settle")
        self._results = Batcher(self._ask, MOST_AT_ONCE)

    async def settle(self, one: RoundResult) -> bool:
        """Keep a state and when its source is due again; False where the lease was lost meanwhile."""
        return await self._results.ask(one)

    async def _ask(self, batch: Sequence[RoundResult]) -> list[bool]:
        keys = [self._keys.sources_due(), self._keys.sources_owners(), self._keys.sources_woken()]
        rows = [
            (one.source, one.token, one.due_ms, self._keys.source(one.source), one.state, one.more)
            for one in batch
        ]
        return [reply == 1 for reply in await self._redis.run(self._script, keys, pack_for_lua(rows))]
