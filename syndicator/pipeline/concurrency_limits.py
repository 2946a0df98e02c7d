"""Who may do something costly now, so that nobody can have all of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from syndicator.errors import SyndicatorError

AT_ONCE, AT_ONCE_EACH = 4, 2
MOST_WAITING, MOST_WAITING_EACH = 128, 32
INTERVAL_S = 0.5
"""Where a client has a share, it grows again by one in this time."""
OWN_CLIENT = "own"
"""The name of all clients that have no limits."""
_CLIENTS = 10_000


class TooMany(SyndicatorError):
    """More wait than can be served soon, or one client had more than its share."""


class Places:
    """Lets a few in at a time, and of each client fewer; who comes when too many wait is sent away."""

    def __init__(self, share: int | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`share`: how many a client may have in one go; None for no such limit."""
        self._share = share
        self._monotonic = monotonic
        self._places = asyncio.Semaphore(AT_ONCE)
        self._own: dict[str, asyncio.Semaphore] = {}
        self._waiting: Counter[str] = Counter()
        self._free_at: dict[str, float] = {}
        """When a client will have all of its share again."""

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Wait for a place and hold it. Raise TooMany at once where there will be none soon."""
        if self._waiting[client] >= MOST_WAITING_EACH or self._waiting.total() >= MOST_WAITING:
            raise TooMany
        if self._share is not None and client != OWN_CLIENT:
            self._take(client, self._share)
        self._waiting[client] += 1
        try:
            async with self._own.setdefault(client, asyncio.Semaphore(AT_ONCE_EACH)), self._places:
                yield
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client], self._own[client]

    def _take(self, client: str, share: int) -> None:
        """Count one for a client (the generic cell rate algorithm)."""
        now = self._monotonic()
        free_at = max(self._free_at.pop(client, now), now)
        is_spent = free_at - now > (share - 1) * INTERVAL_S
        self._free_at[client] = free_at if is_spent else free_at + INTERVAL_S
        if len(self._free_at) > _CLIENTS:
            del self._free_at[next(iter(self._free_at))]
        if is_spent:
            raise TooMany
