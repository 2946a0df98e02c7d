"""What many ask for at the same time is made once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from syndicator.store.batching import own_error, retrieve

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SingleFlight(Generic[Key, Value]):
    """Who asks while a thing is being made waits for the same making, and shares what comes of it."""

    def __init__(self) -> None:
        self._making: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]], *, name: str) -> Value:
        """Return what is made under a key; `name` is that of the task."""
        making = self.begin(key, make, name=name)
        try:
            return await asyncio.shield(making)  # one who gives up waiting must not take it from the others
        except Exception as error:
            raise own_error(error) from error

    def begin(
        self, key: Key, make: Callable[[], Coroutine[Any, Any, Value]], *, name: str
    ) -> asyncio.Task[Value]:
        """Begin to make it unless that is under way; nobody has to wait for it."""
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(make(), name=name)
            making.add_done_callback(retrieve)
            making.add_done_callback(lambda _: self._making.pop(key))
            self._making[key] = making
        return making

    async def close(self) -> None:
        """End what is being made."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
