"""Who may do something costly now, so that nobody can have all of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from syndicator.errors import SyndicatorError
from syndicator.rules.rate_limit import RateLimit

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
        self._shares = share and RateLimit[str](share, INTERVAL_S, monotonic, _CLIENTS)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._own: dict[str, asyncio.Semaphore] = {}
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Wait for a place and hold it. Raise TooMany at once where there will be none soon."""
        if self._waiting[client] >= MOST_WAITING_EACH or self._waiting.total() >= MOST_WAITING:
            raise TooMany
        if self._shares and client != OWN_CLIENT and self._shares.take(client):
            raise TooMany
        self._waiting[client] += 1
        try:
            async with self._own.setdefault(client, asyncio.Semaphore(AT_ONCE_EACH)), self._places:
                yield
        finally:
            self._waiting[client] -= 1
            if not self._waiting[client]:
                del self._waiting[client], self._own[client]
