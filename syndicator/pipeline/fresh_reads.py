"""Reads current values from Redis, with one read for all concurrent callers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from syndicator.errors import StoreUnavailable
from syndicator.store.batching import Batcher

RESPITE_S = 1.0
"""Pause of reads after Redis did not answer."""

PATIENCE_S = 0.2
"""How long callers wait that have an older value to show."""


Key = TypeVar("Key", bound=str)
Value = TypeVar("Value")


class FreshReads(Generic[Key, Value]):
    """Joins requests into batches; each waits for a read that began after the request.

    So what was admitted before a request is always seen by it, though a busy server reads Redis far less
    often than it answers. A read that fails fails for its whole batch, and for a moment for all who come
    after: readers of a Redis that is away do not queue for it.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]],
        moves: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`moves`: a counter that changes with each write to the values read here; None: unknown."""
        self._read_now = read
        self._moves = moves
        self._known: dict[Key, Value] = {}
        self._known_at: int | None = None
        """The state of `moves` at which the known values were read; they are valid until it changes."""
        self._reads = Batcher(self._read, apart=False)
        self._overdue_at: float | None = None
        """Of the read that is on its way."""
        self._away = ""
        self._away_until = 0.0

    def known(self, key: Key) -> Value | None:
        """Return the value read before, if nothing was written since; None: it has to be read."""
        moves = self._moves()
        return self._known.get(key) if moves is not None and moves == self._known_at else None

    async def get(self, key: Key, *, patiently: bool = True) -> Value:
        """Return the value of a key as of this call or later. Raises StoreUnavailable.

        With `patiently=False` it is raised after `PATIENCE_S`, not after the time-out of the connection.
        """
        self._check_away()
        if patiently:
            return await self._reads.ask(key)
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(self._overdue_at or now + PATIENCE_S):
                return await self._reads.ask(key)
        except TimeoutError:
            raise overdue() from None

    async def _read(self, keys: Sequence[Key]) -> list[Value]:
        self._check_away()  # a read that failed fails for those too who asked meanwhile
        loop, moves = asyncio.get_running_loop(), self._moves()
        self._overdue_at = loop.time() + PATIENCE_S
        try:
            found = await self._read_now(sorted(set(keys)))
        except StoreUnavailable as error:
            self._away, self._away_until = str(error), loop.time() + RESPITE_S
            raise
        finally:
            self._overdue_at = None
        if moves != self._known_at:
            self._known, self._known_at = {}, moves
        self._known.update(found)
        return [found[key] for key in keys]

    def _check_away(self) -> None:
        if asyncio.get_running_loop().time() < self._away_until:
            raise StoreUnavailable(self._away)


def overdue() -> StoreUnavailable:
    """Return the error for callers that have waited longer than `PATIENCE_S`."""
    return StoreUnavailable(f"Redis does not answer within {PATIENCE_S:g} s")
