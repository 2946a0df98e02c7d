"""Finishing what was begun although Redis is away for a while: the worker lives, and so does its lease."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from syndicator.errors import StoreUnavailable

PATIENCE_S = 20.0
PAUSE_S = 0.2

T = TypeVar("T")


async def retry_until_available(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call of the store while it does not answer; raise StoreUnavailable when that lasts too long.

    Only for calls that do nothing twice: all of the store's are fenced by a token or an expectation.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while True:
        try:
            return await call()
        except StoreUnavailable:
            if loop.time() > deadline:
                raise
        await asyncio.sleep(PAUSE_S)
