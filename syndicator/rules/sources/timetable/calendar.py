"""When a source may run, by windows, holidays and blackouts; and when it must, by bursts and one-off runs.

Windows and days are those of the clock on the wall in the calendar's zone. A window that opens at a local
time that does not exist opens at the next that does.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from syndicator.model.schedule import ActiveHours, Blackout, Burst, Calendar, Holidays
from syndicator.rules.sources.timetable.national_holidays import national_holidays

NEVER = timedelta(days=365)
"""Due time, from now, of a source that is not due: stopped, or with a cron expression that never matches."""
_MOST_STEPS = 1000
"""Nights, holidays and blackouts in a row that are looked past: nearly three years of closed days."""
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class Opening(Struct, frozen=True, kw_only=True):
    """The first moment at which a source may run."""

    at: datetime
    because: str = ""
    """Why not earlier: `outside its hours (05:00-23:30)`; empty where it may run at the moment asked for."""
    closes: datetime | None = None
    """When it rests again, by the window that opens then or a blackout; None where it is no opening."""


def opening(calendar: Calendar, at: datetime) -> Opening:
    """Return the first moment from `at` on at which a source may run, and why not earlier."""
    moment, reasons = at, dict[str, None]()
    for _ in range(_MOST_STEPS):
        if (rest := _blackout(calendar, moment) or _closed(calendar, moment)) is None:
            closes = _closing(calendar, moment) if reasons else None
            return Opening(at=moment, because=" and ".join(reasons), closes=closes)
        moment, reason = rest
        reasons[reason] = None
    return Opening(at=at + NEVER, because="it never opens")


def time_open(calendar: Calendar, begin: datetime, end: datetime) -> timedelta:
    """Return how much of a time is outside rests by windows, holidays and blackouts."""
    zone, at, passed = ZoneInfo(calendar.timezone), begin, timedelta()
    while at < end:
        if rest := _blackout(calendar, at) or _closed(calendar, at):
            at = rest[0]
            continue
        midnight = _instant(at.astimezone(zone).date(), 1440, zone, at)
        until = min(_closing(calendar, at) or midnight, midnight, end)
        passed += until - at
        at = until
    return passed


class Extra(Struct, frozen=True, kw_only=True):
    """A round that comes in between, whatever the schedule, windows and holidays say."""

    at: datetime
    because: str
    spread_s: float = 0.0
    """How much later it may be, so that sources with the same burst do not all begin at once."""


def next_extra(
    calendar: Calendar, began_at: datetime, *, runs_from: datetime, bursts_from: datetime
) -> Extra | None:
    """Return the next round of a burst, or the next one-off run, after a round that began at `began_at`.

    Neither comes before the times given. Neither runs in a blackout: a one-off run waits for its end, a
    burst goes on after it.
    """
    found = [*_bursts(calendar, began_at, bursts_from), *_runs(calendar, began_at, runs_from)]
    return min(found, key=lambda extra: extra.at, default=None)


def is_extra(calendar: Calendar, last_attempt_at: datetime | None, now: datetime) -> bool:
    """Return whether a round that is due now belongs to a burst, or is a one-off run, in no blackout."""
    if _blackout(calendar, now):
        return False
    if any(burst.begin <= now < burst.end for burst in calendar.bursts):
        return True
    return last_attempt_at is not None and any(last_attempt_at < run <= now for run in calendar.runs)


def holiday(calendar: Calendar, at: datetime) -> str | None:
    """Return the name of the holiday at a moment, `a holiday` where it has none; None on other days."""
    if calendar.holidays is None:
        return None
    return _holiday(calendar.holidays, at.astimezone(ZoneInfo(calendar.timezone)).date())


def next_change(calendar: Calendar, since: datetime, until: datetime) -> datetime | None:
    """Return the first midnight after `since`, up to `until`, at which a holiday begins or ends."""
    if calendar.holidays is None:
        return None
    zone = ZoneInfo(calendar.timezone)
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    is_holiday = _holiday(calendar.holidays, day) is not None
    while day < last:
        day += _DAY
        if (_holiday(calendar.holidays, day) is not None) != is_holiday:
            return _instant(day, 0, zone, since)
    return None


def _bursts(calendar: Calendar, began_at: datetime, earliest: datetime) -> Iterator[Extra]:
    for burst in calendar.bursts:
        at = max(began_at + timedelta(seconds=burst.interval_s), burst.begin, earliest)
        while at < burst.end and (rest := _blackout(calendar, at)):
            at = rest[0]
        if at < burst.end:
            left_s = (burst.end - at).total_seconds()
            spread_s = min(burst.interval_s, left_s / 2) if at == burst.begin else 0.0
            yield Extra(at=at, because=_burst_because(burst, calendar.timezone), spread_s=spread_s)


def _runs(calendar: Calendar, began_at: datetime, earliest: datetime) -> Iterator[Extra]:
    for run in calendar.runs:
        if run > began_at:
            because = f"one-off run of {_local(run, calendar.timezone)}"
            if rest := _blackout(calendar, run):
                found = opening(calendar, run)
                yield Extra(at=max(found.at, earliest), because=f"{because}, put off: {rest[1]}")
            else:
                yield Extra(at=max(run, earliest), because=because)


def _burst_because(burst: Burst, timezone: str) -> str:
    reason = f" ({burst.reason})" if burst.reason else ""
    return f"burst until {_local(burst.end, timezone)}{reason}"


def _blackout(calendar: Calendar, at: datetime) -> tuple[datetime, str] | None:
    """Return the end of the blackout at a moment, and its reason."""
    for blackout in calendar.blackouts:
        if blackout.begin <= at < blackout.end:
            return blackout.end, _blackout_because(blackout, calendar.timezone)
    return None


def _blackout_because(blackout: Blackout, timezone: str) -> str:
    reason = f" ({blackout.reason})" if blackout.reason else ""
    return f"blackout until {_local(blackout.end, timezone)}{reason}"


def _closed(calendar: Calendar, at: datetime) -> tuple[datetime, str] | None:
    """Return when to look again, and why not now, where windows or a holiday keep a source closed."""
    if not calendar.windows and calendar.holidays is None:
        return None
    zone = ZoneInfo(calendar.timezone)
    local = at.astimezone(zone)
    day, minutes = local.date(), local.hour * 60 + local.minute
    if any(minutes + 1440 < window.closes for window in _windows(calendar, day - _DAY) or ()):
        return None
    windows = _windows(calendar, day)
    if windows is None or any(window.opens <= minutes < window.closes for window in windows):
        return None
    reason = _reason(calendar, day)
    later = [window.opens for window in windows if window.opens > minutes]
    return _instant(day, min(later, default=1440), zone, at), reason


def _closing(calendar: Calendar, at: datetime) -> datetime | None:
    """Return when the window that is open at a moment closes, or a blackout begins; None: never."""
    zone = ZoneInfo(calendar.timezone)
    local = at.astimezone(zone)
    day, minutes = local.date(), local.hour * 60 + local.minute
    ends = [
        _instant(start, window.closes, zone, at)
        for start, passed in ((day - _DAY, minutes + 1440), (day, minutes))
        for window in _windows(calendar, start) or ()
        if window.opens <= passed < window.closes
    ]
    blackouts = [blackout.begin for blackout in calendar.blackouts if blackout.begin > at]
    return min([*blackouts, *([max(ends)] if ends else [])], default=None)


def _windows(calendar: Calendar, day: date) -> tuple[ActiveHours, ...] | None:
    """Return the windows that open on a day; None where all of the day is open."""
    windows = calendar.windows
    if (holidays := calendar.holidays) is not None and _holiday(holidays, day) is not None:
        if holidays.schedule is None:
            return _on(holidays.windows, day)
    elif not windows:
        return None
    return _on(windows, day) if windows else None


def _on(windows: tuple[ActiveHours, ...], day: date) -> tuple[ActiveHours, ...]:
    weekday = day.weekday()
    return tuple([window for window in windows if weekday in window.weekdays])


def _reason(calendar: Calendar, day: date) -> str:
    """Return why a source is closed at some time of a day."""
    holidays = calendar.holidays
    name = None if holidays is None or holidays.schedule is not None else _holiday(holidays, day)
    if holidays is None or name is None:
        return f"outside its hours ({_written(calendar.windows)})"
    hours = f", open {_written(holidays.windows)}" if holidays.windows else ""
    return f"holiday ({name}{hours})"


def _written(windows: tuple[ActiveHours, ...]) -> str:
    return ", ".join(window.text for window in windows)


def _holiday(holidays: Holidays, day: date) -> str | None:
    if holidays.country is not None:
        name = national_holidays(holidays.country, holidays.subdivision, day.year).get(day)
        if name is not None:
            return name
    return "a configured day" if day in holidays.days else None


def existing(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time, or of the next that exists; of one that comes twice, the first."""
    while not _exists(wall, zone):
        wall += _MINUTE
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _instant(day: date, minutes: int, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the instant of a local time, later than `after`; where that is past, of its second time."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first = existing(wall, zone)
    if first > after:
        return first
    return max(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), after + _MINUTE)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _local(at: datetime, timezone: str) -> str:
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"
