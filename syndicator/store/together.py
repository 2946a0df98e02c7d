"""Calls that go together: while one is on its way, what others ask gathers and goes with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from syndicator.store.connection import own_error

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Asks many questions in one call. Share one by all tasks of an event loop."""

    def __init__(self, ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], most: int) -> None:
        self._ask = ask
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer to a question."""
        told: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, told))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_waiting())
        return await told

    async def _ask_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                answers = await self._ask([question for question, _ in batch])
            except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
                for _, told in batch:
                    if not told.done():
                        told.set_exception(own_error(error))
                continue
            for (_, told), answer in zip(batch, answers, strict=True):
                if not told.done():
                    told.set_result(answer)
