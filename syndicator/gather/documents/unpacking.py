"""Documents that are gzipped themselves (`sitemap.xml.gz`), whatever HTTP said of their encoding."""

import zlib

from syndicator.errors import NotReadable
from syndicator.model.fetch import Reason

MAX_MEMBERS = 100
"""Pieces of one document (RFC 1952, 2.2): each is found by copying what follows it."""
_MAGIC = b"\x1f\x8b"


def is_packed(body: bytes) -> bool:
    return body.startswith(_MAGIC)


def unpacked(body: bytes, limit: int) -> tuple[bytes, list[str]]:
    """Return the body without gzip around it, at most `limit` bytes of it, and what was odd.

    Raises NotReadable("malformed") where nothing comes of it.
    """
    parts: list[bytes] = []
    warnings: list[str] = []
    room, rest = limit, body
    try:
        while rest.startswith(_MAGIC) and room > 0 and len(parts) < MAX_MEMBERS:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(rest, room))
            room -= len(parts[-1])
            rest = member.unused_data
            if not member.eof and room > 0:
                warnings = ["its gzip ends early: what came before is read"]
    except zlib.error as error:
        if not any(parts):
            raise NotReadable(Reason.MALFORMED, f"its gzip is broken: {error}") from None
        warnings = ["its gzip is broken: what came before is read"]
    if room <= 0:
        warnings = [f"unpacked it is over {limit} bytes: the rest is not read"]
    elif rest.startswith(_MAGIC) and len(parts) == MAX_MEMBERS:
        warnings = [f"its gzip has more than {MAX_MEMBERS} pieces: the rest is not read"]
    return b"".join(parts), warnings
