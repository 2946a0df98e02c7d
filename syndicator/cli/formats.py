"""How values are written for people on a terminal."""

from datetime import datetime
from zoneinfo import ZoneInfo


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
