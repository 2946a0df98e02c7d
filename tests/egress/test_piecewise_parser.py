"""Answers that come in large chunks are parsed in pieces, and none of them is lost."""

import asyncio
import gzip
import random
from pathlib import Path

import pytest
from egress.certificates import own_certificate, trusting
from egress.raw_server import MIB, Asked, egress_on, reply, serving

from syndicator.egress.piecewise_parser import PIECE_BYTES, PiecewiseHandler
from syndicator.model.fetch import Fetched

NOISE = random.Random(1).randbytes(MIB)


class StoppedTransport(asyncio.Transport):
    """A transport that hands over nothing by itself."""

    reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open."""


async def test_a_turn_of_the_event_loop_parses_one_piece() -> None:
    handler, transport = PiecewiseHandler(asyncio.get_running_loop()), StoppedTransport()
    handler.connection_made(transport)
    handler.set_response_params()
    answer = b"HTTP/1.1 100 Continue\r\n\r\n"
    number = 4 * PIECE_BYTES // len(answer)
    handler.data_received(answer * number)
    assert len(handler._buffer) <= PIECE_BYTES / len(answer) + 1
    turns = 0
    while not transport.reading:
        turns += 1
        await asyncio.sleep(0)
    assert turns
    assert len(handler._buffer) == number


async def test_a_connection_that_ends_meanwhile_is_read_to_its_end() -> None:
    handler = PiecewiseHandler(asyncio.get_running_loop())
    handler.connection_made(StoppedTransport())
    handler.set_response_params(read_until_eof=True)
    handler.data_received(b"HTTP/1.1 200 OK\r\n\r\n" + NOISE[: 5 * PIECE_BYTES])
    handler.connection_lost(None)
    _, content = await handler.read()
    assert await content.read() == NOISE[: 5 * PIECE_BYTES]


async def test_a_connection_that_is_closed_meanwhile_is_told_to_those_who_wait() -> None:
    handler = PiecewiseHandler(asyncio.get_running_loop())
    handler.connection_made(StoppedTransport())
    handler.set_response_params(read_until_eof=True)
    handler.data_received(b"HTTP/1.1 200 OK\r\n\r\n" + NOISE[: 5 * PIECE_BYTES])
    closed = handler.closed
    assert closed is not None
    handler.connection_lost(None)
    handler.close()
    await closed


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("by_tls", [False, True])
async def test_a_large_document_comes_whole(
    packed: bool, declared: bool, by_tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = gzip.compress(NOISE) if packed else NOISE
    coding = [("Content-Encoding", "gzip")] if packed else []

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        whole = reply(body, headers=coding)
        writer.write(whole if declared else whole.replace(b"Content-Length", b"X-Length", 1))
        await writer.drain()
        if not declared:
            writer.close()

    tls = None
    if by_tls:
        tls, client = own_certificate(tmp_path)
        trusting(client, monkeypatch)
    async with serving(script, tls=tls) as server, egress_on("127.0.0.1") as egress:
        found = await egress.fetch(server.url(scheme="https" if by_tls else "http"))
    assert isinstance(found, Fetched)
    assert found.body == NOISE
