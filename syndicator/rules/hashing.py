"""Digests: those that name things (80 bits of BLAKE2b, personalised by purpose, as 16 characters of base32),
and short ones by which changes are seen.
"""

import hashlib
from functools import cache

import msgspec

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)
"""The two characters of each value of ten bits. `base64.b32encode` takes two and a half times as long."""
_BYTES = 10
_BLOCK = 5
"""Bytes of eight characters."""


def hashed(purpose: str, text: str) -> str:
    """Return the digest of a text, in lower-case base32 without padding.

    One text has another digest under each purpose, which has at most 16 bytes.
    """
    hasher = _hasher(purpose).copy()
    hasher.update(text.encode("utf-8", "surrogatepass"))
    digest = hasher.digest()
    return _base32(digest[:_BLOCK]) + _base32(digest[_BLOCK:])


def looks_of(shown: object) -> bytes:
    """Return 64 bits of BLAKE2b that change with what is shown; `shown` is what msgspec can pack."""
    try:
        packed = msgspec.msgpack.encode(shown)
    except (ValueError, OverflowError):  # a lone surrogate, say, which is shown without it
        packed = repr(shown).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(packed, digest_size=8).digest()


@cache
def _hasher(purpose: str) -> "hashlib.blake2b":
    # Copying an empty hasher takes a third of the time of making one.
    return hashlib.blake2b(digest_size=_BYTES, person=purpose.encode())


def base32(data: bytes) -> str:
    """Return bytes in lower-case base32 (RFC 4648, 6) without padding."""
    padded = data + bytes(-len(data) % _BLOCK)
    text = "".join([_base32(padded[at : at + _BLOCK]) for at in range(0, len(padded), _BLOCK)])
    return text[: (8 * len(data) + 4) // 5]


def _base32(five_bytes: bytes) -> str:
    bits = int.from_bytes(five_bytes, "big")
    return _PAIRS[bits >> 30] + _PAIRS[bits >> 20 & 1023] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]
