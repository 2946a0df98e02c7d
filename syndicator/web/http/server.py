"""Listening: a socket first, so that the real port is known before anything is built upon it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus

from aiohttp import hdrs, web

from syndicator.observe.logs import get_logger
from syndicator.web.http.responses import complete

_BACKLOG = 1024
_KEEPALIVE_S = 75.0

_log = get_logger(__name__)


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
        if not reuse_port:  # two may bind a port before either listens: one would fail too late
            opened.listen(_BACKLOG)
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


def port_of(opened: socket.socket) -> int:
    port: int = opened.getsockname()[1]
    return port


@asynccontextmanager
async def serving(
    app: web.Application, opened: socket.socket, *, shutdown_timeout_s: float | Callable[[], float] = 5.0
) -> AsyncIterator[None]:
    """Serve the app on the socket while the context is open; the socket is closed with it.

    At the end no new connection is taken, connections without a request are closed, and requests under way
    get `shutdown_timeout_s` to finish: a number, or what returns it then.
    """
    runner = web.AppRunner(app, handle_signals=False)
    try:
        await runner.setup()
        site = _Site(runner, opened, backlog=_BACKLOG)
        await site.start()
        try:
            yield
        finally:
            await site.stop()
            await asyncio.sleep(0)  # requests that have just arrived begin before idle connections are closed
            if server := runner.server:
                server.pre_shutdown()
                timeout_s = shutdown_timeout_s() if callable(shutdown_timeout_s) else shutdown_timeout_s
                await server.shutdown(timeout_s)
    finally:
        await runner.cleanup()
        opened.close()


class _Site(web.SockSite):
    """Takes connections by handlers of ours."""

    async def start(self) -> None:
        await web.BaseSite.start(self)
        loop, server = asyncio.get_running_loop(), self._runner.server
        assert server is not None  # noqa: S101 -- the runner is set up
        handler = partial(
            _Handler,
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # it costs half the rate; answers are counted instead
            auto_decompress=False,  # whoever takes packed bodies bounds them: see `json_api.read_body`
            keepalive_timeout=_KEEPALIVE_S,
        )
        self._server = await loop.create_server(handler, sock=self._sock, backlog=self._backlog)


class _Handler(web.RequestHandler):
    """One connection. Answers what is no valid HTTP as the service answers all else, not as aiohttp does."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that reaches no route; raise ConnectionError inside another."""
        if isinstance(exc, UnicodeError) and hdrs.EXPECT in request.headers:
            status = HTTPStatus.EXPECTATION_FAILED  # whose value aiohttp wants to repeat, and cannot spell
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            super().handle_error(request, status, exc, message)  # a fault of ours: it goes into the log
        else:
            _log.debug("request_malformed", client=request.remote, reason=str(message)[:200])
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status)}
        headers = complete({hdrs.CONTENT_TYPE: "application/problem+json", hdrs.CACHE_CONTROL: "no-store"})
        response = web.Response(status=status, body=json.dumps(problem).encode() + b"\n", headers=headers)
        response.force_close()
        return response
