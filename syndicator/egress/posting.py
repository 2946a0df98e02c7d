"""POST to callbacks: over the library's connections and by its parser, without its requests and responses.

What is sent is a few hundred bytes of head and a body that is there already. For that the library's objects
cost more than all else that a delivery takes. Connections come from the same guarded connector, so nothing is
reached this way that could not be reached otherwise, and it fails with the same exceptions.
"""

from collections.abc import Mapping

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDictProxy
from yarl import URL

from syndicator.egress.answers import MAX_ANSWER_BYTES

_INFORMATIONAL = range(100, 200)
_SWITCHING = 101
_REMEMBERED_ORIGINS = 4096


class Posted:
    """What came back so far."""

    __slots__ = ("body", "headers", "status")

    def __init__(self) -> None:
        self.status: int | None = None
        """None: no status came."""
        self.headers: CIMultiDictProxy[str]
        self.body = bytearray()


class Poster:
    """Sends over the connections of one session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        connector = session.connector
        if connector is None:
            raise ValueError("a session that is closed has no connections")
        self._connector = connector
        self._common = session.headers
        self._origins: dict[URL, aiohttp.ClientRequest] = {}

    async def post(
        self, url: URL, headers: Mapping[str, str], body: bytes, limits: aiohttp.ClientTimeout, into: Posted
    ) -> None:
        """Send, and note in `into` what comes back, at most 16 KiB of a body.

        Raises what the library raises; what came before that counts.
        """
        connection = await self._connector.connect(self._origin(url), [], limits)
        try:
            await _exchange(connection, self._head(url, headers, len(body)) + body, into)
        except BaseException:
            connection.close()
            raise
        if len(into.body) > MAX_ANSWER_BYTES:
            connection.close()
        else:
            connection.release()

    def _origin(self, url: URL) -> aiohttp.ClientRequest:
        """Give what the connector wants to know of a request: where it goes."""
        origin = url.origin()
        known = self._origins.get(origin)
        if known is None:
            if len(self._origins) >= _REMEMBERED_ORIGINS:
                self._origins.clear()
            known = self._origins[origin] = aiohttp.ClientRequest("POST", origin)
        return known

    def _head(self, url: URL, headers: Mapping[str, str], length: int) -> bytes:
        chosen = {name.lower() for name in headers}
        common = [(name, value) for name, value in self._common.items() if name.lower() not in chosen]
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*common, *headers.items()))
        first = f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
        return f"{first}{lines}Content-Length: {length}\r\n\r\n".encode()


async def _exchange(connection: Connection, request: bytes, into: Posted) -> None:
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise aiohttp.ServerDisconnectedError
    protocol.set_response_params(read_until_eof=True, auto_decompress=False)
    transport.write(request)
    message, content = await _message(protocol)
    while message.code in _INFORMATIONAL and message.code != _SWITCHING:
        message, content = await _message(protocol)
    into.status, into.headers = message.code, message.headers
    async for chunk in content.iter_any():
        into.body += chunk
        if len(into.body) > MAX_ANSWER_BYTES:
            return


async def _message(protocol: ResponseHandler) -> tuple[RawResponseMessage, StreamReader]:
    try:
        return await protocol.read()
    except HttpProcessingError as error:
        raise aiohttp.ClientPayloadError(error.message) from error
