"""What stands in Redis as of the call, at the price of one read for all who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from syndicator.errors import StoreUnavailable

RESPITE_S = 1.0
"""How long nobody asks again after Redis did not answer."""


Key = TypeVar("Key", bound=str)
Value = TypeVar("Value")


class FreshReads(Generic[Key, Value]):
    """Joins requests into batches: each waits for a read that began after it asked, never for an older one.

    So what was admitted before a request is always seen by it, though a busy server reads Redis far less
    often than it answers. A read that fails fails for its whole batch, and for a moment for all who come
    after: readers of a Redis that is away do not queue for it.
    """

    def __init__(self, read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._read_now = read
        self._reading = asyncio.Lock()
        self._next: _Batch[Key, Value] | None = None
        self._away: StoreUnavailable | None = None
        self._away_until = 0.0

    async def get(self, key: Key) -> Value:
        """Give what is read for a key as of this call or later; raise StoreUnavailable."""
        self._refuse_while_away()
        if self._next is None:
            self._next = _Batch[Key, Value]()
            self._next.read = asyncio.create_task(self._read(self._next), name="read what is fresh")
            self._next.read.add_done_callback(retrieve)
        batch = self._next
        batch.asked.add(key)
        # One who gives up waiting must not take the answer from the others.
        return (await asyncio.shield(batch.read))[key]

    async def _read(self, batch: "_Batch[Key, Value]") -> Mapping[Key, Value]:
        async with self._reading:
            self._next = None  # who asks from now on needs a later read
            self._refuse_while_away()
            try:
                return await self._read_now(sorted(batch.asked))
            except StoreUnavailable as error:
                self._away = error
                self._away_until = asyncio.get_running_loop().time() + RESPITE_S
                raise

    def _refuse_while_away(self) -> None:
        if self._away is not None and asyncio.get_running_loop().time() < self._away_until:
            raise StoreUnavailable(str(self._away))


def retrieve(task: asyncio.Task[Any]) -> None:
    """Look at a task's exception, so that asyncio does not complain when all who waited have left."""
    if not task.cancelled():
        task.exception()


class _Batch(Generic[Key, Value]):
    read: asyncio.Task[Mapping[Key, Value]]

    def __init__(self) -> None:
        self.asked: set[Key] = set()
