"""Answers are parsed in pieces, so that one connection cannot keep the event loop to itself.

An event loop hands over up to 256 KiB at once. That may be ten thousand small answers (or interim ones),
which aiohttp parses in one go, in 200 ms. Here a piece of 16 KiB is parsed in a turn of the event loop, and
nothing more is read from the connection meanwhile.
"""

import asyncio

from aiohttp.client_proto import ResponseHandler

PIECE_BYTES = 16 * 1024


class PiecewiseHandler(ResponseHandler):
    """aiohttp's protocol of a client connection, given what comes piece by piece."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._unparsed = b""
        self._is_due = False
        self._has_ended = False
        """Whether the connection has ended properly while there was something left to parse."""

    def data_received(self, data: bytes) -> None:
        """Parse data, the first 16 KiB of it now. Nothing at all means: go on with what was paused."""
        if self._unparsed and data:
            self._unparsed += data
        elif len(data) <= PIECE_BYTES:
            super().data_received(data)
        else:
            self._unparsed = data
            self._parse()

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._unparsed and exc is None:
            self._has_ended = True  # TLS reports the end together with the last bytes
        else:
            self._unparsed = b""
            super().connection_lost(exc)

    def resume_reading(self, resume_parser: bool = True) -> None:
        super().resume_reading(resume_parser)
        self._go_on()

    def close(self) -> None:
        self._unparsed = b""
        super().close()
        self._end()

    def abort(self) -> None:
        self._unparsed = b""
        super().abort()
        self._end()

    def _parse(self) -> None:
        self._is_due = False
        piece, self._unparsed = self._unparsed[:PIECE_BYTES], self._unparsed[PIECE_BYTES:]
        if piece:
            super().data_received(piece)
        if self.exception() is not None:  # what follows an answer that cannot be read is nothing
            self._unparsed = b""
        if self._unparsed:
            self._pause_transport_reading()
            self._go_on()
        elif not self._has_ended:
            self._resume_transport_reading()
        self._end()

    def _go_on(self) -> None:
        if self._unparsed and not self._is_due and not self._reading_paused:
            self._is_due = True
            self._loop.call_soon(self._parse)

    def _end(self) -> None:
        if self._has_ended and not self._unparsed:
            self._has_ended = False
            super().connection_lost(None)

    def _resume_transport_reading(self) -> None:
        if not (self._unparsed or self._reading_paused or self._buffer_paused):
            super()._resume_transport_reading()
