"""Computes a value once for all concurrent callers."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from syndicator.store.batching import own_error, retrieve

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlight(Generic[Key, Value]):
    """Runs at most one computation per key; callers that come meanwhile share its result."""

    def __init__(self) -> None:
        self._making: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]], *, name: str) -> Value:
        """Return the value of a key; `name` is the name of the task that computes it."""
        making = self.begin(key, make, name=name)
        try:
            return await asyncio.shield(making)  # a cancelled caller must not cancel it for the others
        except Exception as error:
            raise own_error(error) from error

    def begin(
        self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]], *, name: str
    ) -> asyncio.Task[Value]:
        """Return the task that computes the value of a key; start it unless it is running."""
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(make(), name=name)
            making.add_done_callback(retrieve)
            making.add_done_callback(lambda _: self._making.pop(key))
            self._making[key] = making
        return making

    async def close(self) -> None:
        """Cancel all computations."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
