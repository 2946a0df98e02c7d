"""Ends work that only one client waits for, once that client has gone."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from syndicator.background import meanwhile

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOOK_S = 0.25
"""Connections are looked at so often: aiohttp tells a handler only of those that it writes to."""


def ends_with_client(handler: Handler) -> Handler:
    """Cancel a handler when its client closes the connection: only for what may end at any point."""

    async def watched(request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- handlers run in tasks
        async with meanwhile(_cancel_without_client(request, task), "watch a client"):
            return await handler(request)

    return watched


async def _cancel_without_client(request: web.Request, task: asyncio.Task[object]) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        if request.transport is None or request.transport.is_closing():
            task.cancel()
            return
