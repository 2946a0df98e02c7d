"""Listening: a socket first, so that the real port is known before anything is built upon it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

_BACKLOG = 1024
_KEEPALIVE_S = 75.0


def open_socket(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Take a TCP port; 0 takes a free one, see `port_of`. Who connects before anything is served waits.

    With `reuse_port` several processes listen on the same port and the kernel spreads connections, so none
    listens here before it serves.
    Raises OSError where the address is taken or not ours.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(address)
        if not reuse_port:  # two may be bound to a port that nobody listens on: one would find out too late
            opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def port_of(opened: socket.socket) -> int:
    """Give the port that a socket is bound to."""
    port: int = opened.getsockname()[1]
    return port


@asynccontextmanager
async def serving(
    app: web.Application, opened: socket.socket, *, shutdown_timeout_s: float = 5.0
) -> AsyncIterator[None]:
    """Serve the app on the socket while the context is open; the socket is closed with it.

    At the end no new connection is taken, and requests under way get `shutdown_timeout_s` to finish.
    """
    runner = web.AppRunner(
        app,
        access_log=None,  # it costs half the rate; answers are counted instead
        handle_signals=False,
        auto_decompress=False,  # whoever takes packed bodies bounds them: see `json_api.read_body`
        keepalive_timeout=_KEEPALIVE_S,
        shutdown_timeout=shutdown_timeout_s,
    )
    try:
        await runner.setup()
        await web.SockSite(runner, opened, backlog=_BACKLOG).start()
        yield
    finally:
        await runner.cleanup()
        opened.close()
