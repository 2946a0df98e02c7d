"""Times of a schedule: intervals, cron expressions and learned rhythms, with the reason as a sentence."""

import random
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.schedule import Adaptive, Calendar, Cron, Every, Schedule
from syndicator.model.source import SourceState
from syndicator.rules.durations import span
from syndicator.rules.sources.rhythm import EXPECTED_NEW, FIRST_INTERVAL_S, Rhythm, missed_lately
from syndicator.rules.sources.timetable.calendar import NEVER, holiday, next_change
from syndicator.rules.sources.timetable.cron_times import cron_in_words, next_cron

PUSHED_FACTOR = 12
"""Factor of the interval of a source while its hub delivers."""
LONGEST_PUSHED_S = 12 * 3600.0
_ADAPTIVE_JITTER = 0.05
_MOST_CHANGES = 100
"""Beginnings and ends of holidays that are looked past: a schedule may have no time at all between them."""


class Due(Struct, frozen=True, kw_only=True):
    """The next round of a source."""

    at: datetime
    because: str


def regular(
    schedule: Schedule,
    calendar: Calendar,
    state: SourceState,
    *,
    timezone: str,
    began_at: datetime,
    now: datetime,
    pushed: bool = False,
) -> tuple[Schedule, Due]:
    """Return the next time by the schedule, and that schedule: on holidays it may be another.

    `timezone` is that of the source, for its rhythm; `pushed`: its hub delivers.
    """
    other = calendar.holidays.schedule if calendar.holidays is not None else None
    if other is None:
        return schedule, _by_schedule(schedule, state, timezone, began_at, now, pushed=pushed)
    moment = now
    for _ in range(_MOST_CHANGES):
        name = holiday(calendar, moment)
        using = schedule if name is None else other
        # A cron expression names times after a moment, and midnight itself may be one.
        since = now if moment == now else moment - timedelta(microseconds=1)
        due = _by_schedule(using, state, timezone, began_at, since, pushed=pushed)
        at, because = max(due.at, moment), due.because
        change = next_change(calendar, moment, at)
        if change is None:
            return using, Due(at=at, because=because if name is None else f"{because}, as on {name}")
        moment = change
    return schedule, Due(at=now + NEVER, because="the schedules of holidays and other days have no time left")


def every_in_words(schedule: Every) -> str:
    """Return an interval as the configuration has it: `every 5m`."""
    return f"every {_duration(schedule.interval_s)}"


def jittered(at: datetime, schedule: Schedule, began_at: datetime, rng: random.Random) -> datetime:
    """Move an instant by the schedule's jitter; an adaptive one's stays within its bounds."""
    if not isinstance(schedule, Adaptive):
        sooner_s = schedule.sooner_s if isinstance(schedule, Every) else 0.0
        return at + timedelta(seconds=rng.uniform(-schedule.jitter_s - sooner_s, schedule.jitter_s))
    wait_s = (at - began_at).total_seconds()
    jitter_s = max(schedule.jitter_s, _ADAPTIVE_JITTER * wait_s)
    moved_s = wait_s + rng.uniform(-jitter_s, jitter_s)
    return began_at + timedelta(seconds=min(max(moved_s, schedule.min_s), schedule.max_s))


def _by_schedule(
    schedule: Schedule, state: SourceState, timezone: str, began_at: datetime, now: datetime, *, pushed: bool
) -> Due:
    if isinstance(schedule, Cron):
        return _by_cron(schedule, began_at, now)
    if isinstance(schedule, Every):
        return _by_interval(schedule, began_at, now, pushed=pushed)
    return _by_rhythm(schedule, state, Rhythm(state.rhythm, timezone), began_at, now, pushed=pushed)


def _by_cron(schedule: Cron, began_at: datetime, now: datetime) -> Due:
    """Return the next time, but for one that jitter had the round begin before: that was its round."""
    words = cron_in_words(schedule.expression)
    because = f"cron {schedule.expression} in {schedule.timezone}{words and f' ({words})'}"
    found = next_cron(schedule.expression, schedule.timezone, now)
    if found is None:
        return Due(at=now + NEVER, because=f"{because} never comes again")
    following = next_cron(schedule.expression, schedule.timezone, found) if schedule.jitter_s else None
    if following is not None:
        sooner = min(timedelta(seconds=schedule.jitter_s), (following - found) / 2)
        found = following if found - began_at <= sooner else found
    return Due(at=found, because=because)


def _by_interval(schedule: Every, began_at: datetime, now: datetime, *, pushed: bool) -> Due:
    interval_s = schedule.interval_s
    because = every_in_words(schedule)
    if pushed:
        rare_s = max(interval_s, min(PUSHED_FACTOR * interval_s, LONGEST_PUSHED_S))
        because, interval_s = f"every {_duration(rare_s)} while its hub pushes, else {because}", rare_s
    return Due(at=max(began_at + timedelta(seconds=interval_s), now), because=because)


def _by_rhythm(
    schedule: Adaptive, state: SourceState, rhythm: Rhythm, began_at: datetime, now: datetime, *, pushed: bool
) -> Due:
    known = state.interval_s is not None
    interval_s = min(max(state.interval_s or FIRST_INTERVAL_S, schedule.min_s), schedule.max_s)
    if pushed:
        interval_s = min(PUSHED_FACTOR * interval_s, schedule.max_s)
    wait_s = (rhythm.due(began_at, interval_s) - began_at).total_seconds()
    wait_s = min(max(wait_s, schedule.min_s), schedule.max_s)
    if pushed:
        why = "its hub pushes, so only to be sure"
    elif not known:
        why = "nothing is known of its rhythm yet"
    elif missed_lately(state, now) and interval_s < schedule.max_s:
        why = (
            f"articles were probably missed on {state.last_gap_at:%Y-%m-%d}, so it is read closely for a week"
        )
    else:
        why = _expectation(schedule, interval_s, rhythm.activity[rhythm.hour(now)])
    at = max(began_at + timedelta(seconds=wait_s), now)
    return Due(at=at, because=f"adaptive: {why}; asked again after {span(wait_s)}")


def _expectation(schedule: Adaptive, interval_s: float, activity: float) -> str:
    if interval_s >= schedule.max_s:
        return f"next to nothing new lately, so as rarely as may be (every {span(schedule.max_s)})"
    if interval_s <= schedule.min_s:
        return f"often something new lately, so as often as may be (every {span(schedule.min_s)})"
    apart_s = interval_s / EXPECTED_NEW / activity
    return f"about one new article every {span(_rounded(apart_s))} is expected at this hour of the week"


def _rounded(seconds: float) -> float:
    """Leave out what nobody can know: the seconds of minutes, the minutes of hours."""
    for size in (3600.0, 60.0):
        if seconds >= 5 * size:
            return round(seconds / size) * size
    return seconds


def _duration(seconds: float) -> str:
    """Write a length of time as the configuration does."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
