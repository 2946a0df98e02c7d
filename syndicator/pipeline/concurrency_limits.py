"""Limits the concurrency of costly work, overall and per client."""

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
"""Time in which the share of a client grows by one."""
OWN_CLIENT = "own"
"""The name of clients without limits."""
_CLIENTS = 10_000


class TooMany(SyndicatorError):
    """Too many callers wait, or the client has used up its share."""


class Places:
    """Limits concurrency overall and per client. Further callers get TooMany at once when too many wait."""

    def __init__(self, share: int | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`share`: places that one client may take in a burst; None for no limit."""
        self._shares = share and RateLimit[str](share, INTERVAL_S, monotonic, _CLIENTS)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._own: dict[str, asyncio.Semaphore] = {}
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[None]:
        """Wait for a place and hold it. Raises TooMany at once where none will be free soon."""
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
