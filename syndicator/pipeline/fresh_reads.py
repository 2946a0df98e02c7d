"""What stands in Redis as of the call, at the price of one read for all who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from syndicator.errors import StoreUnavailable
from syndicator.store.batching import own_error

RESPITE_S = 1.0
"""How long nobody asks again after Redis did not answer."""

PATIENCE_S = 0.2
"""How long those wait for Redis who have something else to show: a quarter of a second with all else."""


Key = TypeVar("Key", bound=str)
Value = TypeVar("Value")


class FreshReads(Generic[Key, Value]):
    """Joins requests into batches: each waits for a read that began after it asked, never for an older one.

    So what was admitted before a request is always seen by it, though a busy server reads Redis far less
    often than it answers. A read that fails fails for its whole batch, and for a moment for all who come
    after: readers of a Redis that is away do not queue for it.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]],
        moves: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`moves`: a count that is another one once anything was written that is read here; None: unknown."""
        self._read_now = read
        self._moves = moves
        self._known: dict[Key, Value] = {}
        self._known_at: int | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: list[tuple[Key, asyncio.Future[Value]]] = []
        self._impatient: set[asyncio.Future[Value]] = set()
        self._is_overdue = False
        self._away = ""
        self._away_until = 0.0

    def known(self, key: Key) -> Value | None:
        """Return what was read for a key before, if nothing was written since; None: it has to be read."""
        moves = self._moves()
        return self._known.get(key) if moves is not None and moves == self._known_at else None

    def get(self, key: Key, *, patiently: bool = True) -> asyncio.Future[Value]:
        """Return what is read for a key as of this call or later; StoreUnavailable where Redis does not
        answer.

        Not `patiently`: raised after `PATIENCE_S`, not after the time-out of the connection.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Value] = loop.create_future()
        if self._away and loop.time() < self._away_until:
            future.set_exception(StoreUnavailable(self._away))
        elif self._is_overdue and not patiently:
            future.set_exception(overdue())
        else:
            self._waiting.append((key, future))
            if not patiently:
                self._impatient.add(future)
            if self._reading is None:
                self._reading = loop.create_task(self._read_for_all(), name="read what is fresh")
                self._reading.add_done_callback(retrieve)
        return future

    async def _read_for_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []  # who asks from now on needs a later read
                patience = loop.call_later(PATIENCE_S, self._give_up)
                try:
                    await self._read(batch)
                finally:
                    patience.cancel()
                    self._is_overdue = False
                    self._impatient.difference_update(future for _, future in batch)
        finally:
            self._reading = None

    async def _read(self, batch: list[tuple[Key, asyncio.Future[Value]]]) -> None:
        moves = self._moves()
        try:
            found = await self._read_now(sorted({key for key, _ in batch}))
            self._remember(found, moves)
            _tell(batch, found)
        except StoreUnavailable as error:
            self._away = str(error)
            self._away_until = asyncio.get_running_loop().time() + RESPITE_S
            everybody, self._waiting = [*batch, *self._waiting], []
            self._impatient.clear()
            _refuse((future for _, future in everybody), error)
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            _refuse((future for _, future in batch), error)

    def _remember(self, found: Mapping[Key, Value], moves: int | None) -> None:
        """Keep what was read after so many moves: with one more, it is no longer known."""
        if moves != self._known_at:
            self._known, self._known_at = {}, moves
        self._known.update(found)

    def _give_up(self) -> None:
        self._is_overdue = True
        _refuse(self._impatient, overdue())
        self._impatient.clear()


def _tell(batch: list[tuple[Key, asyncio.Future[Value]]], found: Mapping[Key, Value]) -> None:
    for key, future in batch:
        if not future.done():
            future.set_result(found[key])


def _refuse(waiting: Iterable[asyncio.Future[Any]], error: Exception) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(own_error(error))


def overdue() -> StoreUnavailable:
    """Return what those are told who wait no longer than `PATIENCE_S`."""
    return StoreUnavailable(f"Redis does not answer within {PATIENCE_S:g} s")


def retrieve(task: asyncio.Task[Any]) -> None:
    """Look at a task's exception, so that asyncio does not complain when all who waited have left."""
    if not task.cancelled():
        task.exception()
