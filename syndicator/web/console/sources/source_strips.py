"""The last 24 hours of a source as a small drawing (SVG): news above the line, failures below it."""

from msgspec import Struct

from syndicator.rules.sources.round_history import HourKind, Strip

STEP = 5
"""Units of the view box for each hour."""
_BAR = 4
LINE_AT = 14
HEIGHT = 22
_LEVEL = 3
_DEEP = {HourKind.PARTLY: 4, HourKind.FAILED: HEIGHT - LINE_AT - 1}


class StripDrawing(Struct, frozen=True, kw_only=True):
    """The paths of the bars, by what they say."""

    width: int
    calm: str
    """Hours in which all rounds worked and brought nothing new."""
    news: str
    failed: str


def strip_drawing(strip: Strip) -> StripDrawing:
    """Draw a strip; an hour without rounds is a gap."""
    calm, news, failed = [], [], []
    for place, hour in enumerate(strip.hours):
        x = place * STEP
        if hour.kind is HourKind.NONE:
            continue
        calm.append(_bar(x, LINE_AT - 1, 1))
        if hour.level:
            news.append(_bar(x, LINE_AT - 1 - hour.level * _LEVEL, hour.level * _LEVEL))
        if hour.kind in _DEEP:
            failed.append(_bar(x, LINE_AT + 1, _DEEP[hour.kind]))
    return StripDrawing(
        width=len(strip.hours) * STEP - (STEP - _BAR),
        calm="".join(calm),
        news="".join(news),
        failed="".join(failed),
    )


def _bar(x: int, y: int, height: int) -> str:
    return f"M{x} {y}h{_BAR}v{height}h-{_BAR}z"
