"""Settling the leases of sources, many in one call.

While one call is on its way, what other rounds want settled gathers and goes with the next: rounds that end
together cost few calls.
"""

import asyncio

from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.model.ids import SourceId
from syndicator.store.codec import pack
from syndicator.store.connection import Connection, Script
from syndicator.store.keys import Keys

MOST_AT_ONCE = 100


class Settled(Struct, frozen=True, kw_only=True):
    """What a round leaves behind."""

    source: SourceId
    token: str
    due_ms: int
    state: bytes


class RoundsSettled:
    """Settles leases. Share one by all tasks of an event loop."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._script = Script("settle")
        self._waiting: list[tuple[Settled, asyncio.Future[bool]]] = []
        self._settling: asyncio.Task[None] | None = None

    async def settle(self, one: Settled) -> bool:
        """Keep a state and when its source is due again; False where the lease was lost meanwhile."""
        settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, settled))
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_waiting())
        return await settled

    async def _settle_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                replies = await self._ask([one for one, _ in batch])
            except StoreError as error:
                for _, settled in batch:
                    if not settled.done():
                        settled.set_exception(error)
                continue
            for (_, settled), reply in zip(batch, replies, strict=True):
                if not settled.done():
                    settled.set_result(reply == 1)

    async def _ask(self, batch: list[Settled]) -> list[int]:
        keys = [self._keys.sources_due(), self._keys.sources_owners(), self._keys.sources_woken()]
        named = [(one.source, one.token, one.due_ms, self._keys.source(one.source)) for one in batch]
        replies: list[int] = await self._redis.run(
            self._script, keys, pack(named), *(one.state for one in batch)
        )
        return replies
