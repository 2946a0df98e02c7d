"""Times in which sources do not run as on other days: holidays, blackouts, bursts, clocks that are moved."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.schedule import ALWAYS_OPEN, Blackout, Burst, Calendar, Cron, Every, Holidays
from syndicator.model.source import Source
from syndicator.rules.durations import span
from syndicator.rules.sources.timetable.calendar import existing, holiday
from syndicator.rules.sources.timetable.schedule_times import every_in_words

_HOUR, _MINUTE, _DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


class SpecialKind(StrEnum):
    """What makes a time special."""

    CLOCKS = "clocks"
    """Clocks are moved at its begin."""
    HOLIDAY = "holiday"
    BLACKOUT = "blackout"
    BURST = "burst"


class SpecialTime(Struct, frozen=True, kw_only=True):
    """A time in which some sources do not run as on other days."""

    kind: SpecialKind
    begins_at: datetime
    ends_at: datetime
    timezone: str
    """Whose clocks are moved; whose day the holiday is."""
    name: str = ""
    """Of the holiday, else its reason."""
    then: str = ""
    """What its sources do: `rest`, `open 08:00-20:00`, `every 30s`; where clocks move: `forward by 1 h`."""
    sources: int
    """So many sources follow it."""


def special_times(
    sources: Collection[Source], since: datetime, until: datetime, site: ZoneInfo
) -> list[SpecialTime]:
    """Return the special times that lie in a span, at least in part, in order of time.

    Clocks are those of the site, and of sources with times of day.
    """
    found = [
        *_moved_clocks(Counter([site.key, *map(_clock, sources)]), site.key, since, until),
        *_holidays(sources, since, until),
        *_ordered(sources, since, until),
    ]
    return sorted(found, key=lambda each: (each.begins_at, each.kind, each.timezone, each.name))


def _clock(source: Source) -> str:
    """Return the zone whose clock a source runs by; empty for one that follows none."""
    if isinstance(source.schedule, Cron):
        return source.schedule.timezone
    has_hours = source.calendar.windows or source.calendar.holidays
    return source.calendar.timezone if has_hours else ""


def _moved_clocks(zones: Counter[str], site: str, since: datetime, until: datetime) -> Iterator[SpecialTime]:
    for name, followers in zones.items():
        zone = ZoneInfo(name or site)
        at = since
        while name and at < until:
            end = min(at + _HOUR, until)
            if moved := _offset(end, zone) - _offset(at, zone):
                moment = _moved_at(at, end, zone)
                length = span(abs(moved).total_seconds())
                yield SpecialTime(
                    kind=SpecialKind.CLOCKS,
                    begins_at=moment,
                    ends_at=moment,
                    timezone=name,
                    then=f"{'forward' if moved > timedelta() else 'back'} by {length}",
                    sources=followers - (name == site),
                )
            at = end


def _moved_at(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the minute at which the clocks of a zone are moved, which lies in this hour."""
    while high - low > _MINUTE:
        middle = low + (high - low) / 2
        if _offset(middle, zone) == _offset(low, zone):
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _holidays(sources: Collection[Source], since: datetime, until: datetime) -> Iterator[SpecialTime]:
    calendars = Counter(
        (source.calendar.holidays, source.calendar.timezone) for source in sources if source.calendar.holidays
    )
    for (holidays, timezone), followers in calendars.items():
        zone, calendar = ZoneInfo(timezone), Calendar(holidays=holidays, timezone=timezone)
        day = since.astimezone(zone).date()
        while (begin := existing(datetime.combine(day, time()), zone)) < until:
            day += _DAY
            if (name := holiday(calendar, begin)) is not None:
                yield SpecialTime(
                    kind=SpecialKind.HOLIDAY,
                    begins_at=begin,
                    ends_at=existing(datetime.combine(day, time()), zone),
                    timezone=timezone,
                    name=name,
                    then=_on_holidays(holidays),
                    sources=followers,
                )


def _on_holidays(holidays: Holidays | None) -> str:
    if holidays is not None and holidays.schedule is not None:
        schedule = holidays.schedule
        return every_in_words(schedule) if isinstance(schedule, Every) else f"cron {schedule.expression}"
    if holidays is not None and holidays.windows:
        return f"open {', '.join(window.text for window in holidays.windows)}"
    return "rest"


def _ordered(sources: Collection[Source], since: datetime, until: datetime) -> Iterator[SpecialTime]:
    """Yield blackouts and bursts."""
    found: Counter[SpecialTime] = Counter()
    for source in sources:
        calendar = source.calendar
        if calendar is not ALWAYS_OPEN:
            zone = calendar.timezone
            found.update(_of(one, zone, SpecialKind.BLACKOUT, "rest") for one in calendar.blackouts)
            found.update(
                _of(one, zone, SpecialKind.BURST, every_in_words(Every(interval_s=one.interval_s)))
                for one in calendar.bursts
            )
    for one, followers in found.items():
        if one.begins_at < until and one.ends_at > since:
            yield replace(one, sources=followers)


def _of(one: Blackout | Burst, timezone: str, kind: SpecialKind, then: str) -> SpecialTime:
    return SpecialTime(
        kind=kind,
        begins_at=one.begin.astimezone(UTC),
        ends_at=one.end.astimezone(UTC),
        timezone=timezone,
        name=one.reason,
        then=then,
        sources=0,
    )
