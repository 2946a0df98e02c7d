"""Content negotiation, as pure functions: the coding and the language of a response (RFC 9110, 12).

Written by hand because the framework knows no `q=0`, and adds no `Vary`.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache


class Coding(StrEnum):
    """The value is the name in HTTP."""

    BROTLI = "br"
    ZSTD = "zstd"
    GZIP = "gzip"
    IDENTITY = "identity"


_PACKED = (Coding.BROTLI, Coding.ZSTD, Coding.GZIP)
"""The smallest first."""
_ALIASES = {"x-gzip": "gzip"}  # RFC 9110, 8.4.1.3
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


def weights(header: str) -> dict[str, float]:
    """Read a list with quality values, names in lower case; what is malformed does not count.

    The first mention of a name wins. The order of the header is the order of the result.
    """
    found: dict[str, float] = {}
    for element in header.split(","):
        name, *parameters = element.split(";")
        quality = 1.0
        for parameter in parameters:
            if (match := _QUALITY.fullmatch(parameter)) is None:
                break
            quality = float(match[1])
        else:
            if name.strip():
                found.setdefault(name.strip().lower(), quality)
    return found


@lru_cache(maxsize=256)
def choose_coding(accept_encoding: str | None) -> Coding:
    """Choose the coding a client likes best; at equal liking the smallest (RFC 9110, 12.5.3).

    Without the header nothing is known of the client, so it gets plain bytes. One that wants anything but
    those, and names nothing else, gets what every client knows. Where it forbids all that we have, plain
    bytes too: an answer is worth more to a reader than a 406.
    """
    if accept_encoding is None:
        return Coding.IDENTITY
    wanted = {_ALIASES.get(name, name): weight for name, weight in weights(accept_encoding).items()}
    anything = wanted.get("*", 0.0)
    liked = {coding: wanted.get(coding.value, anything) for coding in _PACKED}
    # Plain bytes are always welcome, less than what is asked for, unless they have a weight of their own.
    liked[Coding.IDENTITY] = wanted.get(Coding.IDENTITY.value, min(anything, 0.001))
    best = max(liked, key=lambda coding: liked[coding])
    if liked[best] > 0:
        return best
    refuses_plain = wanted.get(Coding.IDENTITY.value) == 0 and "*" not in wanted
    return Coding.GZIP if refuses_plain and Coding.GZIP.value not in wanted else Coding.IDENTITY


def choose_language(accept_language: str | None, ours: Sequence[str], default: str) -> str:
    """Choose one of our languages (primary subtags, `id`, `en`); `default` where none is wanted."""
    wanted = weights(accept_language or "")
    best, liking = default, 0.0
    for tag, weight in wanted.items():
        primary = tag.partition("-")[0]
        if weight > liking and primary in ours:
            best, liking = primary, weight
    return best


def joined(values: Iterable[str]) -> str | None:
    """Join the lines of a header that came more than once (RFC 9110, 5.3); None where it did not come."""
    lines = list(values)
    return ",".join(lines) if lines else None
