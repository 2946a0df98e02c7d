"""Shares the listening addresses of all processes, so that outgoing requests to them are refused."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from syndicator.background import meanwhile
from syndicator.egress.own_listeners import Listener, OwnListeners
from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.store.ops.listeners import Listeners

REFRESH_S = 5.0
"""Seconds between two exchanges of listeners."""


class ListenerRegistry:
    """Publishes the listeners of this process, and reads those of other processes."""

    def __init__(
        self, store: Listeners, own: OwnListeners, configured: Iterable[Listener], clock: Clock
    ) -> None:
        """`configured`: listeners of the configuration, whether or not a process has published them."""
        self._store = store
        self._own = own
        self._here = frozenset(configured)
        self._clock = clock
        self._published: tuple[Listener, ...] = ()

    async def refresh(self) -> None:
        """Publish the listeners of this process, and read all others. Raises StoreError."""
        listeners = await self._store.renew(self._published, self._clock())
        self._own.replace({*self._here, *listeners})

    @asynccontextmanager
    async def publishing(self, listeners: Iterable[Listener]) -> AsyncIterator[None]:
        """Publish the listeners of this process while the context is open.

        On entering, they are known to this process and stored in Redis; other processes read them within
        `REFRESH_S`. Raises StoreError.
        """
        self._published = tuple(listeners)
        self._here |= frozenset(self._published)
        await self.refresh()
        async with meanwhile(self._keep(), "publish listeners"):
            yield

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            with suppress(StoreError):  # Redis is away: the known listeners stay refused
                await self.refresh()
