"""Extends short leases while their work goes on.

So the work of a process that died is soon taken over, even if it takes long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

from syndicator.errors import StoreError, SyndicatorError

L = TypeVar("L")


class LeaseLost(SyndicatorError):
    """The work was stopped because its lease was lost, perhaps to another worker."""


class LeaseKeeper(Generic[L]):
    """Extends all leases of one kind that this process works under."""

    def __init__(self, extend: Callable[[Sequence[L]], Awaitable[Sequence[bool]]], every_s: float) -> None:
        """`extend`: False for each lease that was lost. `every_s`: well below the length of a lease."""
        self._extend = extend
        self._every_s = every_s
        self._kept: set[KeptLeases[L]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._extending: asyncio.Task[None] | None = None

    def keep(self, leases: Sequence[L]) -> "KeptLeases[L]":
        """Return the context that keeps leases while its body runs."""
        return KeptLeases(self, leases)

    def add(self, kept: "KeptLeases[L]") -> None:
        """Begin to extend these leases."""
        self._kept.add(kept)
        if self._timer is None:
            self._wait()

    def remove(self, kept: "KeptLeases[L]") -> None:
        """Stop extending these leases. The timer stays: others are likely to come before it fires."""
        self._kept.discard(kept)

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if not self._kept:
            return
        self._wait()
        if self._extending is None or self._extending.done():
            self._extending = asyncio.create_task(self._extend_all())

    async def _extend_all(self) -> None:
        chosen = [(kept, lease) for kept in self._kept for lease in kept.leases]
        try:
            held = await self._extend([lease for _, lease in chosen])
        except StoreError:
            return  # the next beat tries again; a lease that ends meanwhile is another worker's
        for (kept, lease), is_held in zip(chosen, held, strict=True):
            if not is_held:
                kept.leases.remove(lease)
                if not kept.leases and kept in self._kept:
                    kept.stop()


class KeptLeases(Generic[L]):
    """Leases while they are kept. When all of them are lost, the body is cancelled and raises LeaseLost.

    What reports the result of the work stands behind the context: it ends the leases itself. A class and no
    generator: one is made for every delivery.
    """

    __slots__ = ("_is_stopped", "_keeper", "_task", "leases")

    def __init__(self, keeper: LeaseKeeper[L], leases: Sequence[L]) -> None:
        self._keeper = keeper
        self._task: asyncio.Task[object] | None = None
        self._is_stopped = False
        self.leases = list(leases)
        """Those that are not lost."""

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._keeper.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._keeper.remove(self)
        if self._is_stopped and self._task is not None:
            left = self._task.uncancel()
            if not left and kind is asyncio.CancelledError:
                raise LeaseLost("the lease was lost") from error

    def stop(self) -> None:
        """Cancel the body."""
        if self._task is not None:
            self._is_stopped = True
            self._task.cancel()
