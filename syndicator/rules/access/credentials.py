"""The values of API tokens: their form, their generation and their comparison."""

import hmac
import re
import secrets
from hashlib import sha256

PREFIX = "synd_"
"""By which people, and scanners of leaked secrets, see what it is."""

_RANDOM_BYTES = 24
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST = 512


def new_value() -> str:
    """Make a value that nobody guesses: 192 random bits, so that a plain digest of it can be kept."""
    return PREFIX + secrets.token_hex(_RANDOM_BYTES)


def digest_of(value: str) -> str:
    """Return the SHA-256 of a value, hex: all that is ever kept of it."""
    return sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def is_plausible(value: str) -> bool:
    """Return whether a text may be a token at all: ours, or one that somebody made and configured."""
    return 0 < len(value) <= _LONGEST and value.isascii() and value.isprintable()


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def same(one: str, other: str) -> bool:
    """Compare two digests in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
