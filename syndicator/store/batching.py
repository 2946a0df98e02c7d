"""One call for what many tasks ask at once: while a call is on its way, questions gather for the next."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Any, Generic, TypeVar

from syndicator.errors import StoreUnavailable

Q = TypeVar("Q")
A = TypeVar("A")


class Batcher(Generic[Q, A]):
    """Asks many questions in one call. Share one by all tasks of an event loop.

    All who wait get an answer or an exception of their own, whatever fails. One that is cancelled takes
    nothing from the others.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        most: int = sys.maxsize,
        weight: Callable[[Q], int] = lambda _: 1,
        *,
        apart: bool = True,
    ) -> None:
        """`most`: the weight of one call; a question that weighs more goes alone.

        `apart`: where a call of several is refused, ask each alone, so that a fault of one is not that of
        others. What is asked must do nothing twice then.
        """
        self._ask = ask
        self._most = most
        self._weight = weight
        self._apart = apart
        self._waiting: deque[tuple[Q, int, asyncio.Future[A]]] = deque()
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        return await self.put(question)

    def put(self, question: Q) -> asyncio.Future[A]:
        """Return the answer to come, without a wait: the question goes with the next call."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, self._weight(question), future))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_waiting())
        return future

    async def _ask_waiting(self) -> None:
        batch: list[tuple[Q, asyncio.Future[A]]] = []
        try:
            while self._waiting:
                batch = self._next_batch()
                await self._ask_all(batch)
        except BaseException:  # this task was cancelled: no other would answer
            for future in [*(future for _, future in batch), *(future for _, _, future in self._waiting)]:
                future.cancel()
            self._waiting.clear()
            raise

    async def _ask_all(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._ask([question for question, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            if self._apart and len(batch) > 1 and not isinstance(error, StoreUnavailable):
                for each in batch:
                    await self._ask_all([each])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(own_error(error))
            return
        for (_, future), answer in answered:
            if not future.done():
                future.set_result(answer)

    def _next_batch(self) -> list[tuple[Q, asyncio.Future[A]]]:
        batch: list[tuple[Q, asyncio.Future[A]]] = []
        total = 0
        while self._waiting and (not batch or total + self._waiting[0][1] <= self._most):
            question, weight, future = self._waiting.popleft()
            batch.append((question, future))
            total += weight
        return batch


def own_error(error: Exception) -> Exception:
    """Return an exception for one of several who wait: one object raised in many tasks mixes their traces."""
    try:
        copied = copy(error)
    except Exception:  # noqa: BLE001  a class whose constructor asks for something else than what it keeps
        copied = type(error).__new__(type(error), *error.args)
        copied.__dict__.update(error.__dict__)
    copied.__cause__ = error
    return copied


def retrieve(future: asyncio.Future[Any]) -> None:
    """Retrieve the exception of a future or task, so that asyncio does not warn where it is never awaited."""
    if not future.cancelled():
        future.exception()
