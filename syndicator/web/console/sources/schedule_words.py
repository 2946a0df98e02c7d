"""Schedules and what lies over them (hours, holidays, blackouts, bursts) in words of pages."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.schedule import ActiveHours, Adaptive, CatchUp, Cron, Every, Holidays, Schedule
from syndicator.pipeline.ops.source_groups import Plan
from syndicator.rules.sources.timetable.cron_times import cron_in_words
from syndicator.web.i18n import Wording
from syndicator.web.texts.texts import DAYS

MOST_TIMES = 5
"""Blackouts, bursts and one-off runs that are shown of each."""

_DAY_MINUTES = 1440
_ALL_DAYS = tuple(range(7))


class PlanLine(Struct, frozen=True, kw_only=True):
    """One thing that a plan says."""

    text: str
    english: str = ""
    """What is said in English alone: words of a cron expression."""
    reason: str = ""
    """As an operator wrote it."""
    holds: bool = False
    """Whether it is a rest or a burst that holds now."""


def plan_in_words(say: Wording, plan: Plan, now: datetime) -> list[PlanLine]:
    """Return what a plan says: the schedule first; times that are over are left out."""
    return [_schedule(say, plan.schedule), *_calendar(say, plan, now)]


def _schedule(say: Wording, schedule: Schedule) -> PlanLine:
    match schedule:
        case Every():
            text, english = say("plan.every", span=say.length(schedule.interval_s)), ""
        case Cron():
            text = say("plan.cron", expression=schedule.expression, zone=schedule.timezone)
            english = cron_in_words(schedule.expression)
        case Adaptive():
            text = say("plan.adaptive", least=say.length(schedule.min_s), most=say.length(schedule.max_s))
            english = ""
    if schedule.jitter_s:
        text += say("plan.jitter", span=say.length(schedule.jitter_s))
    return PlanLine(text=text, english=english)


def _calendar(say: Wording, plan: Plan, now: datetime) -> Iterator[PlanLine]:
    calendar = plan.calendar
    if calendar.windows:
        hours = hours_in_words(say, calendar.windows)
        yield PlanLine(text=say("plan.hours", hours=hours, zone=calendar.timezone))
    if calendar.holidays:
        yield _holidays(say, calendar.holidays)
    blackouts = sorted((one for one in calendar.blackouts if one.end > now), key=lambda one: one.begin)
    for one in blackouts[:MOST_TIMES]:
        text = say("plan.blackout", begin=say.zoned(one.begin), end=say.zoned(one.end))
        yield PlanLine(text=text, reason=one.reason, holds=one.begin <= now)
    bursts = sorted((one for one in calendar.bursts if one.end > now), key=lambda one: one.begin)
    for burst in bursts[:MOST_TIMES]:
        span = say.length(burst.interval_s)
        text = say("plan.burst", span=span, begin=say.zoned(burst.begin), end=say.zoned(burst.end))
        yield PlanLine(text=text, reason=burst.reason, holds=burst.begin <= now)
    runs = [run for run in calendar.runs if run > now]
    for run in runs[:MOST_TIMES]:
        yield PlanLine(text=say("plan.run", when=say.zoned(run)))
    if more := sum(max(len(times) - MOST_TIMES, 0) for times in (blackouts, bursts, runs)):
        yield PlanLine(text=say("plan.more", count=say.number(more)))
    if calendar.catch_up is CatchUp.SKIP:
        yield PlanLine(text=say("plan.skip"))


def _holidays(say: Wording, holidays: Holidays) -> PlanLine:
    country = "-".join(filter(None, (holidays.country, holidays.subdivision)))
    names = [say("plan.country", country=country)] if country else []
    names += [say("plan.days", count=say.number(len(holidays.days)))] if holidays.days else []
    days = say.names(names)
    if holidays.schedule:
        return PlanLine(text=say("plan.on_holidays", days=days, what=_schedule(say, holidays.schedule).text))
    if holidays.windows:
        what = hours_in_words(say, holidays.windows)
        return PlanLine(text=say("plan.on_holidays", days=days, what=what))
    return PlanLine(text=say("plan.rest_on_holidays", days=days))


def hours_in_words(say: Wording, windows: Sequence[ActiveHours]) -> str:
    """Return hours by weekday: `Monday–Friday 05:00–23:30, Saturday 07:00–22:00`; of all days without any."""
    return ", ".join(
        f"{_days(say, one.weekdays)} {_clock(say, one.opens)}–{_clock(say, one.closes)}".strip()
        for one in windows
    )


def _days(say: Wording, weekdays: tuple[int, ...]) -> str:
    if weekdays == _ALL_DAYS:
        return ""
    spans: list[list[int]] = []
    for day in weekdays:
        if spans and spans[-1][-1] == day - 1:
            spans[-1].append(day)
        else:
            spans.append([day])
    names = DAYS[say.language]
    return ", ".join("–".join(dict.fromkeys((names[span[0]], names[span[-1]]))) for span in spans)


def _clock(say: Wording, minutes: int) -> str:
    if minutes > _DAY_MINUTES:
        minutes -= _DAY_MINUTES
    separator = "." if say.language == "id" else ":"
    return f"{minutes // 60:02}{separator}{minutes % 60:02}"
