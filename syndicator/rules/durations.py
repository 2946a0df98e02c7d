"""Lengths of time, in words that people read."""

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
