"""Slots that are given out in turn: a source with many slow pages does not hold up the others."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class FairSlots:
    """Hands out a number of slots round robin over queues, and to one queue at most `per_queue` at a time."""

    def __init__(self, slots: int, *, per_queue: int) -> None:
        self._free = slots
        self._per_queue = per_queue
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """The queue whose turn it is comes first."""

    @asynccontextmanager
    async def hold(self, queue: Hashable) -> AsyncIterator[None]:
        """Hold one slot while the body runs; those of one queue get theirs in the order they asked."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(queue, deque()).append(turn)
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was granted in the same moment
                self._release(queue)
            raise
        try:
            yield
        finally:
            self._release(queue)

    def _grant(self) -> None:
        while self._free:
            queue = next((each for each in self._waiting if self._held[each] < self._per_queue), None)
            if queue is None:
                return
            turns = self._waiting.pop(queue)
            turn = turns.popleft()
            if turns:
                self._waiting[queue] = turns  # behind all others
            if not turn.cancelled():
                self._free -= 1
                self._held[queue] += 1
                turn.set_result(None)

    def _release(self, queue: Hashable) -> None:
        self._free += 1
        self._held[queue] -= 1
        if not self._held[queue]:
            del self._held[queue]
        self._grant()
