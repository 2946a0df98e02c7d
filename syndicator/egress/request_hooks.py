"""Who has a say before an address is asked: the caller, at every step of a request."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from syndicator.model.fetch import FetchFailed

Gate = Callable[[str], AbstractAsyncContextManager[FetchFailed | None]]
"""Entered before an address is asked, those of redirects too (without user and password, as they are sent),
and left when it has answered. A failure that it gives is why the address is not asked: the trip ends so."""


@asynccontextmanager
async def open_gate(_: str) -> AsyncIterator[None]:
    """Let every address be asked."""
    yield
