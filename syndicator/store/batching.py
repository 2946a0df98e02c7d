"""Calls that go together: while one is on its way, what others ask gathers and goes with the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Generic, TypeVar

from syndicator.errors import StoreUnavailable

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Asks many questions in one call. Share one by all tasks of an event loop.

    All who wait get an answer or an exception, whatever fails. Where a call of several is refused, each is
    asked alone, so that a fault of one is not that of others: what is asked must do nothing twice.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        most: int,
        weight: Callable[[Q], int] = lambda _: 1,
    ) -> None:
        """`most`: the weight of one call; a question that weighs more goes alone."""
        self._ask = ask
        self._most = most
        self._weight = weight
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer to a question."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_waiting())
        return await future

    async def _ask_waiting(self) -> None:
        try:
            while self._waiting:
                await self._ask_all(self._next_batch())
        except BaseException:  # this task was cancelled: nobody else would answer
            for _, future in self._waiting:
                future.cancel()
            self._waiting.clear()
            raise

    async def _ask_all(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._ask([question for question, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
            if len(batch) > 1 and not isinstance(error, StoreUnavailable):
                for each in batch:
                    await self._ask_all([each])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(own_error(error))
            return
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), answer in answered:
            if not future.done():
                future.set_result(answer)

    def _next_batch(self) -> list[tuple[Q, asyncio.Future[A]]]:
        batch = [self._waiting.popleft()]
        weight = self._weight(batch[0][0])
        while self._waiting and (weight := weight + self._weight(self._waiting[0][0])) <= self._most:
            batch.append(self._waiting.popleft())
        return batch


def own_error(error: Exception) -> Exception:
    """Return an exception for one of several who wait: one object raised in many tasks mixes their traces."""
    try:
        copied = copy(error)
    except TypeError:  # a class whose constructor asks for more than it keeps
        return error
    copied.__cause__ = error
    return copied
