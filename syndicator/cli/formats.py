"""How values are written for people on a terminal."""

from datetime import datetime
from zoneinfo import ZoneInfo

from syndicator.model.delivery import Digest, RetryPolicy
from syndicator.rules.durations import span


def local_time(instant: datetime, timezone: str) -> str:
    """Write an instant in a zone: `2026-11-05 19:20 WIB`."""
    return instant.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M %Z")


def ago(instant: datetime | None, now: datetime) -> str:
    """Write how long ago something was, or in how long it will be: `3 min ago`, `in 20 s`."""
    if instant is None:
        return "never"
    seconds = round((now - instant).total_seconds())
    size = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if size >= 2 * length:
            text = f"{size // length} {unit}"
            break
    else:
        text = f"{size} s"
    return f"in {text}" if seconds < 0 else f"{text} ago"


def digest_words(digest: Digest | None) -> str:
    """Write when a digest is sent: `20 events, or after 10 min`; empty where there is none."""
    return f"{digest.items} events, or after {span(digest.every_s)}" if digest else ""


def retry_words(retry: RetryPolicy) -> str:
    """Write how often a delivery is tried: `9 within 3 d`."""
    return f"{len(retry.delays_s) + 1} within {span(retry.max_age_s)}"
