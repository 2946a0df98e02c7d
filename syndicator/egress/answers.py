"""What is read of an answer: all of it up to a limit, or its beginning only."""

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from syndicator.egress.failures import failure
from syndicator.egress.wire import Reply
from syndicator.errors import EgressError
from syndicator.model.fetch import Reason

MAX_ANSWER_BYTES = 16 * 1024
"""Of an answer to a callback or a form."""

MAX_BEGINNING_BYTES = 64 * 1024
"""Of a document that is only looked at."""

TURN_BYTES = 512 * 1024
"""After so much the event loop has a turn: what is packed tightly is all there at once, and takes 2 ms."""


_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"})


class Answer(Struct, frozen=True, kw_only=True):
    """What the receiver of a callback or a form said, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By name, in lower case."""
    body: bytes
    """At most 16 KiB. Shorter where the receiver broke off after its status."""
    duration_ms: int


async def read_whole(reply: Reply, limit: int) -> bytes:
    """Read the decompressed body; it is counted while it comes, so that a bomb never unfolds.

    aiohttp unpacks at most 256 KiB at once, when they are asked for, and one coding (RFC 9110, 8.4) only.
    """
    codings = [
        one.strip().lower() for one in ",".join(reply.headers.getall("Content-Encoding", ())).split(",")
    ]
    if sum(one in _CODINGS for one in codings) > 1:
        text = f"{reply.host} packs its answer several times over, which was not asked for"
        raise failure(Reason.PROTOCOL, f"{text} (Content-Encoding: {', '.join(codings)}).")
    declared = reply.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(reply, limit)
    received = bytearray()
    turn_at = TURN_BYTES
    async for chunk in reply.content.iter_any():
        received += chunk
        if len(received) > limit:
            raise _too_large(reply, limit)
        if len(received) >= turn_at:
            turn_at = len(received) + TURN_BYTES
            await asyncio.sleep(0)
    return bytes(received)


async def read_beginning(reply: Reply, limit: int) -> bytes:
    """Read at most 64 KiB, and leave the rest, however much it is."""
    received = bytearray()
    async for chunk in reply.content.iter_any():
        received += chunk
        if len(received) >= MAX_BEGINNING_BYTES:
            break
    return bytes(received[: min(limit, MAX_BEGINNING_BYTES)])


def _too_large(reply: Reply, limit: int) -> EgressError:
    detail = f"The document of {reply.host} is larger than max_body of this source ({limit} bytes)."
    return failure(Reason.TOO_LARGE, detail)
