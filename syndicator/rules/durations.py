"""Lengths of time: as people read them, and as they write them."""

import re

DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d|w)")
"""A length of time as configurations and commands have it: `90s`, `24h`."""
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def span(seconds: float) -> str:
    """Return how long something is, in its two largest units: `45 s`, `15 min`, `1 h 30 min`, `2 d`."""
    left = max(round(seconds), 0)
    parts: list[str] = []
    for name, size in _UNITS:
        count, rest = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
            left = rest
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def seconds_of(text: str) -> float | None:
    """Return the seconds of a text like `90s`, `5m`, `24h` or `7d`; None where it is no length of time."""
    match = DURATION.fullmatch(text)
    return float(match[1]) * _SECONDS[match[2]] if match else None
