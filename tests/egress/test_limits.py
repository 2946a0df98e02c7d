"""What one request may cost: bytes, time, turns."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
from egress.raw_server import (
    MIB,
    SHORT,
    Asked,
    egress_on,
    failure_from,
    fetch_from,
    reply,
    saying,
    serving,
    silent,
)
from support import until

from syndicator.egress.client import SOURCE_LIMITS, Egress
from syndicator.egress.slots import ConnectionLimits
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.source import FetchLimits


def zstd_of_zeros(blocks: int) -> bytes:
    """Make a Zstandard frame by hand (RFC 8878, 3.1.1): a window of 128 KiB, blocks of one repeated byte."""
    header = bytes.fromhex("28b52ffd") + bytes([0x00, 0x38])
    repeat, last = 0b010, 0b001
    size = 131_072 << 3
    frame = [
        (size | repeat | (last if number == blocks - 1 else 0)).to_bytes(3, "little") + b"\0"
        for number in range(blocks)
    ]
    return header + b"".join(frame)


def raw_deflate(data: bytes) -> bytes:
    """Pack as many servers do who say `deflate`: without the frame of zlib (RFC 1950) around it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(bytes(131_072))),
        ("GZIP", gzip.compress(bytes(131_072))),
        ("gzip", gzip.compress(bytes(131_000)) + gzip.compress(bytes(72))),
        ("deflate", zlib.compress(bytes(131_072))),
        ("deflate", raw_deflate(bytes(131_072))),
        ("br", brotli.compress(bytes(131_072))),
        ("zstd", zstd_of_zeros(1)),
    ],
)
async def test_packed_documents_are_unpacked(coding: str, packed: bytes) -> None:
    _, result = await fetch_from(saying(reply(packed, headers=[("Content-Encoding", coding)])))
    assert isinstance(result, Fetched)
    assert result.body == bytes(131_072)


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: gzip.compress(bytes(128 * MIB))),
    "gzip of many members": ("gzip", lambda: gzip.compress(bytes(MIB)) * 128),
    "deflate": ("deflate", lambda: zlib.compress(bytes(128 * MIB))),
    "deflate without a frame": ("deflate", lambda: raw_deflate(bytes(128 * MIB))),
    "br": ("br", lambda: bytes(brotli.compress(bytes(128 * MIB), quality=5))),
    "zstd": ("zstd", lambda: zstd_of_zeros(1024)),
}


@pytest.mark.parametrize(("coding", "pack"), BOMBS.values(), ids=BOMBS)
async def test_a_bomb_never_unfolds(coding: str, pack: Callable[[], bytes]) -> None:
    packed = pack()
    assert len(packed) < MIB
    limits = FetchLimits(timeout_s=10, max_body_bytes=4 * MIB)
    script = saying(reply(packed, headers=[("Content-Encoding", coding)]))
    tracemalloc.start()
    try:
        failed = await failure_from(script, limits)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert failed.reason is Reason.TOO_LARGE
    assert peak < 12 * MIB


async def test_a_body_without_end() -> None:
    written = 0

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            written += 65536
            await writer.drain()

    failed = await failure_from(script, FetchLimits(timeout_s=10, max_body_bytes=MIB))
    assert failed.reason is Reason.TOO_LARGE
    assert written < 20 * MIB  # what the sockets' own buffers took


async def test_a_declared_size_over_the_limit_is_not_even_read() -> None:
    script = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    failed = await failure_from(script, FetchLimits(timeout_s=10))
    assert failed.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(("size", "fits"), [(MIB, True), (MIB + 1, False)])
async def test_the_limit_is_exact(size: int, fits: bool) -> None:
    script = saying(reply(gzip.compress(bytes(size)), headers=[("Content-Encoding", "gzip")]))
    _, result = await fetch_from(script, FetchLimits(timeout_s=10, max_body_bytes=MIB))
    assert isinstance(result, Fetched) is fits


async def test_one_byte_at_a_time_ends_with_the_deadline() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    failed = await failure_from(script, SHORT)
    assert failed.reason is Reason.TIMEOUT


async def test_a_server_that_says_nothing() -> None:
    failed = await failure_from(silent(), SHORT)
    assert failed.reason is Reason.TIMEOUT
    assert failed.detail == "127.0.0.1 did not answer completely in time."


async def test_the_deadline_is_for_all_hops_together() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(reply(status=302, headers=[("Location", asked.path + "x")]))

    failed = await failure_from(script, FetchLimits(timeout_s=1, max_redirects=50))
    assert failed.reason is Reason.TIMEOUT, "and not that there are too many"


async def test_waiting_for_a_turn_is_not_charged_to_the_request() -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(reply(b"x"))

    async def all_of(egress: Egress, url: str) -> list[FetchResult]:
        limits = FetchLimits(timeout_s=1)
        return await asyncio.gather(*(egress.fetch(url, limits=limits) for _ in range(12)))

    one = ConnectionLimits(total=10, per_host=1, wait_s=10)
    async with serving(script) as server, egress_on("127.0.0.1", source_limits=one) as egress:
        began = asyncio.get_running_loop().time()
        results = await all_of(egress, server.url())
        assert asyncio.get_running_loop().time() - began > 1.1
    assert all(isinstance(result, Fetched) for result in results)
    assert server.connections == 1


async def test_a_turn_that_never_comes_is_no_fault_of_the_source_and_others_pass() -> None:
    limits = ConnectionLimits(total=2, per_host=1, wait_s=0.1)
    async with (
        serving(silent()) as hanging,
        serving(saying(reply(b"x"))) as server,
        egress_on("127.0.0.1", source_limits=limits) as egress,
    ):
        stuck = asyncio.create_task(egress.fetch(hanging.url()))
        await until(lambda: hanging.asked)
        late, fine = await asyncio.gather(egress.fetch(hanging.url()), egress.fetch(server.url()))
        stuck.cancel()
    assert isinstance(late, FetchFailed)
    assert late.reason is Reason.BUSY
    assert "of our own" in late.detail
    assert isinstance(fine, Fetched)


async def test_one_process_asks_a_host_for_eight_documents_at_once() -> None:
    gate, arrived = asyncio.Event(), 0

    async def wait(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        arrived += 1
        await gate.wait()
        writer.write(reply(b"ok"))

    async with serving(wait) as server, egress_on("127.0.0.1") as egress:
        asking = [asyncio.create_task(egress.fetch(server.url(f"/{number}"))) for number in range(12)]
        await until(lambda: arrived >= SOURCE_LIMITS.per_host)
        await asyncio.sleep(0.1)
        assert arrived == SOURCE_LIMITS.per_host == 8
        gate.set()
        assert all(isinstance(result, Fetched) for result in await asyncio.gather(*asking))
