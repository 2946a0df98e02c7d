"""Keeps the guard of outgoing requests informed of where the processes of this service listen."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from syndicator.background import meanwhile
from syndicator.egress.own_listeners import Listener, OwnListeners
from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.store.ops.listeners import Listeners

REFRESH_S = 5.0
"""How often a process tells of its listeners, and asks for those of others."""


class ListenerRegistry:
    """Tells other processes of the listeners of this one, and learns of theirs."""

    def __init__(
        self, store: Listeners, own: OwnListeners, configured: Iterable[Listener], clock: Clock
    ) -> None:
        """`configured`: listeners that the configuration names, whether or not a process has told of them."""
        self._store = store
        self._own = own
        self._here = frozenset(configured)
        self._clock = clock
        self._told: tuple[Listener, ...] = ()

    async def refresh(self) -> None:
        """Tell of the listeners of this process, and learn of all others. Raises StoreError."""
        found = await self._store.tell(self._told, self._clock())
        self._own.replace({*self._here, *found})

    @asynccontextmanager
    async def telling(self, listeners: Iterable[Listener]) -> AsyncIterator[None]:
        """Have all processes know these listeners of this process while the context is open.

        On entering, they are known to this process and in Redis; other processes learn of them within
        `REFRESH_S`. Raises StoreError.
        """
        self._told = tuple(listeners)
        self._here |= frozenset(self._told)
        await self.refresh()
        async with meanwhile(self._keep(), "tell of listeners"):
            yield

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            with suppress(StoreError):  # Redis is away: what was known goes on being refused
                await self.refresh()
