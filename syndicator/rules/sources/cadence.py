"""Computes when a source is due next, with the reason as a sentence.

APScheduler's triggers compute the times of cron expressions; they are pure. What is due lives in Redis.

The schedule says when we would like to ask. Whatever it is, a source is never asked before its server wants
to be (`rules.sources.hints.Wish`, `Retry-After`), nor in hours and on days that its feed excludes; the
sentence says so.
"""

import random
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Adaptive, Cron, Every, Schedule
from syndicator.model.source import FeedHints, SourceState
from syndicator.rules.durations import span
from syndicator.rules.sources.hints import Wish, next_allowed
from syndicator.rules.sources.rhythm import EXPECTED_NEW, FIRST_INTERVAL_S, Rhythm, missed_lately

LONGEST_BACKOFF_S = 6 * 3600.0
LONGEST_EXCUSED_S = 3600.0
"""The same where the source is not to blame."""
SHORTEST_RETRY_AFTER_S = 1.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0
ASKED_TOO_OFTEN_S = 60.0
"""Pause after 429 without `Retry-After`."""
OUR_TURN_S = 60.0
"""Pause of a source that got no request slot, or whose round failed through a fault of ours."""
PUSHED_FACTOR = 12
"""Factor of the interval of a source while its hub delivers."""
LONGEST_PUSHED_S = 12 * 3600.0
GONE = "the server says that it is gone for good (http_410)"
"""The reason of a stopped source."""
NEVER = timedelta(days=365)
"""Due time, from now, of a source that is not due: stopped, or with a cron expression that never matches."""

_CRON_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day": "1 to 31",
    "month": "1 to 12, or jan to dec",
    "weekday": "0 to 7 from Sunday on, or sun to sat",
}
_CRON_REMEDY = 'write five fields: minute hour day month weekday, as in "*/10 6-22 * * mon-fri"'
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""A moment after which each date of the calendar comes within 40 years."""

_UNKNOWN = SourceState()
_ADAPTIVE_JITTER = 0.05
_NEGLIGIBLE_S = 5.0
_MOST_HINT_JITTER_S = 600.0
_SOFT_GROWTH, _HARD_GROWTH = 2**0.5, 2.0
_SOFT_REASONS = frozenset({Reason.DNS, Reason.CONNECT, Reason.TIMEOUT})
_SOFT_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
"""Statuses of temporary trouble, besides all from 500 on."""


class Due(Struct, frozen=True, kw_only=True):
    """The next round of a source."""

    at: datetime
    because: str


def cron_fault(expression: str) -> tuple[str, str] | None:
    """Return what is wrong with a five-field cron expression and what to write; None where it is valid."""
    fields = expression.split()
    if len(fields) != len(_CRON_FIELDS):
        return f"has {len(fields)} fields, not {len(_CRON_FIELDS)}", _CRON_REMEDY
    for at, (name, values) in enumerate(_CRON_FIELDS.items()):
        if _trigger(" ".join(field if at == i else "*" for i, field in enumerate(fields))) is None:
            return f"has a wrong {name}: {fields[at]!r}", f"the {name} takes {values}; {_CRON_REMEDY}"
    trigger = _trigger(expression)
    if trigger is None:
        return "is not a cron expression", _CRON_REMEDY
    if trigger.get_next_fire_time(None, _ANY_TIME) is None:
        return "names a date that never comes", 'give a day that the month has, as in "0 0 28 2 *"'
    return None


def _trigger(expression: str) -> CronTrigger | None:
    try:
        return CronTrigger.from_crontab(expression, timezone=UTC)
    except (ValueError, KeyError):
        return None


def after_success(
    schedule: Schedule,
    *,
    began_at: datetime,
    now: datetime,
    rng: random.Random,
    state: SourceState = _UNKNOWN,
    wish: Wish | None = None,
    timezone: str = "UTC",
    pushed: bool = False,
) -> Due:
    """Return when a source is due again after a round that worked.

    Intervals count from the beginning of the round, so that slow rounds do not drift; a time that has
    passed meanwhile is not made up for. `state` is what is known after the round (`interval_s`, `rhythm` and
    `hints` of it count), `timezone` the source's, for its rhythm. `pushed`: a hub really delivers;
    then intervals are `PUSHED_FACTOR` times as long, up to 12 h or the longest of an adaptive schedule; the
    times of a cron expression stay.
    """
    due = _by_schedule(schedule, state, timezone, began_at, now, pushed=pushed)
    at = max(_jittered(due.at, schedule, began_at, rng), now)
    if wish is not None and wish.until > at:
        at = wish.until + timedelta(seconds=rng.uniform(0, schedule.jitter_s))
        if (wish.until - due.at).total_seconds() > _NEGLIGIBLE_S:
            due = replace(due, because=f"{due.because}, but {wish.because}")
    return _allowed(Due(at=at, because=due.because), state.hints, schedule.jitter_s, rng)


def after_failure(
    schedule: Schedule,
    failed: FetchFailed,
    *,
    failures: int,
    excused: int = 0,
    began_at: datetime,
    now: datetime,
    rng: random.Random,
    state: SourceState = _UNKNOWN,
    timezone: str = "UTC",
) -> Due:
    """Return when a source is tried again after `failures` failed rounds in a row (this one included).

    `excused` counts those of the row that do not count against it: see `excuses`.

    Failures slow a source down, never kill it: each doubles the time to the next, up to 6 h, but those that
    usually pass by themselves (DNS, connections, time-outs, 5xx) grow it by the root of two only, and those
    that are not to be blamed on the source (429, faults of ours) double it up to 1 h only. After a fault of
    ours, the next round comes in a minute at most, then ever later, up to the regular interval. What the
    server asks by `Retry-After` is kept, from 1 s up to a day. A server that has said 410 is not asked again:
    see `is_gone`; `Due.at` is then far ahead.
    """
    if is_gone(failed):
        return Due(at=now + NEVER, because=f"stopped: {GONE}")
    regular = _by_schedule(schedule, state, timezone, began_at, now, pushed=False)
    wait_s = (regular.at - now).total_seconds()
    if excuses(failed):
        wait_s, because = _spared(failed, excused, wait_s, regular.because)
    else:
        wait_s, because = _slowed(failed, failures, wait_s, regular.because)
    asked_s = max(failed.retry_after_s or 0.0, SHORTEST_RETRY_AFTER_S)
    if failed.retry_after_s is not None and (kept_s := min(asked_s, LONGEST_RETRY_AFTER_S)) > wait_s:
        wait_s, asks = kept_s, f"asks to wait {span(kept_s)}"
        if asked_s > kept_s:
            asks = f"asks for {span(asked_s)} (Retry-After), kept up to {span(kept_s)}"
        because = f"the server {asks} ({failed.code})"
    jitter_s = max(schedule.jitter_s, 0.1 * wait_s if failures + excused > 1 else 0.0)
    # Jitter only ever delays here: a server that names a time must not be asked before it.
    due = Due(at=now + timedelta(seconds=wait_s + rng.uniform(0, jitter_s)), because=because)
    return _allowed(due, state.hints, jitter_s, rng)


def resting(source: SourceId, now: datetime) -> Due:
    """Return the due time of a paused source: never."""
    because = f"paused by an operator; `syndicator sources resume {source}` starts it again"
    return Due(at=now + NEVER, because=because)


def counts_against(failed: FetchFailed) -> bool:
    """Return whether a failure counts against the source; too many requests of ours do not."""
    return not _too_often(failed) and failed.reason not in {Reason.BUSY, Reason.INTERNAL}


def excuses(failed: FetchFailed) -> bool:
    """Return whether a failure delays a source although it does not count against it."""
    return not counts_against(failed) and failed.reason is not Reason.BUSY


def is_gone(failed: FetchFailed) -> bool:
    """Return whether the server says that the document is gone for good (410; RFC 9110, 15.5.11)."""
    return failed.reason is Reason.HTTP and failed.status == HTTPStatus.GONE


def _too_often(failed: FetchFailed) -> bool:
    return failed.reason is Reason.HTTP and failed.status == HTTPStatus.TOO_MANY_REQUESTS


def passes(failed: FetchFailed) -> bool:
    """Return whether a failure is usually temporary."""
    if failed.reason is not Reason.HTTP or failed.status is None:
        return failed.reason in _SOFT_REASONS
    return failed.status >= HTTPStatus.INTERNAL_SERVER_ERROR or failed.status in _SOFT_STATUSES


def _slowed(failed: FetchFailed, failures: int, wait_s: float, because: str) -> tuple[float, str]:
    """Return how long to wait after a failure, and why; `wait_s` is what the schedule says."""
    if failed.reason is Reason.BUSY and wait_s > OUR_TURN_S:
        return OUR_TURN_S, f"its turn did not come, tried again in {span(OUR_TURN_S)} ({failed.code})"
    if failures > 1 and counts_against(failed):
        growth = _SOFT_GROWTH if passes(failed) else _HARD_GROWTH
        grown_s = min(max(wait_s, 1.0) * growth ** min(failures - 1, 60), LONGEST_BACKOFF_S)
        if grown_s > wait_s:
            return grown_s, f"slowed down after {failures} failed rounds ({failed.code})"
    return wait_s, f"{because}; last round failed ({failed.code})"


def _spared(failed: FetchFailed, excused: int, wait_s: float, because: str) -> tuple[float, str]:
    """Return the same where the source is not to blame."""
    growth = 2.0 ** min(max(excused, 1) - 1, 60)
    if not _too_often(failed):
        grown_s = min(min(max(wait_s, 1.0), OUR_TURN_S) * growth, max(wait_s, LONGEST_EXCUSED_S))
        if grown_s > wait_s:
            return grown_s, f"slowed down after {excused} rounds that broke ({failed.code})"
        if grown_s < wait_s:
            return grown_s, f"a fault of this service, tried again after {span(grown_s)} ({failed.code})"
    elif excused > 1 or failed.retry_after_s is None:  # else the server says how long
        left_s = min(ASKED_TOO_OFTEN_S * growth, LONGEST_EXCUSED_S)
        if left_s > wait_s:
            return left_s, f"asked too often, left alone for {span(left_s)} ({failed.code})"
    return wait_s, f"{because}; last round failed ({failed.code})"


def _by_schedule(
    schedule: Schedule, state: SourceState, timezone: str, began_at: datetime, now: datetime, *, pushed: bool
) -> Due:
    if isinstance(schedule, Cron):
        return _by_cron(schedule, now)
    if isinstance(schedule, Every):
        return _by_interval(schedule, began_at, now, pushed=pushed)
    return _by_rhythm(schedule, state, Rhythm(state.rhythm, timezone), began_at, now, pushed=pushed)


def _by_cron(schedule: Cron, now: datetime) -> Due:
    trigger = CronTrigger.from_crontab(schedule.expression, timezone=ZoneInfo(schedule.timezone))
    fire = trigger.get_next_fire_time(None, now + timedelta(microseconds=1))
    because = f"cron {schedule.expression} in {schedule.timezone}"
    if fire is None:
        return Due(at=now + NEVER, because=f"{because} never comes again")
    return Due(at=fire.astimezone(UTC), because=because)


def _by_interval(schedule: Every, began_at: datetime, now: datetime, *, pushed: bool) -> Due:
    interval_s = schedule.interval_s
    because = f"every {_duration(interval_s)}"
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


def _allowed(due: Due, hints: FeedHints, jitter_s: float, rng: random.Random) -> Due:
    """Put a round off to an hour and a day that the feed does not exclude."""
    at, because = due.at, due.because
    allowed = next_allowed(at, hints)
    if allowed > at:
        until = f"{allowed:%a %H:%M} UTC (skipHours, skipDays)"
        because = f"{because}, but the feed asks to be left alone until {until}"
        # Less than the hour that is allowed, and never none: all readers of that feed wait for its beginning.
        spread_s = min(max(jitter_s, 60.0), _MOST_HINT_JITTER_S)
        at = allowed + timedelta(seconds=rng.uniform(0, spread_s))
    return Due(at=at, because=because)


def _jittered(at: datetime, schedule: Schedule, began_at: datetime, rng: random.Random) -> datetime:
    """Move an instant by the schedule's jitter; an adaptive one's stays within its bounds."""
    if not isinstance(schedule, Adaptive):
        sooner_s = schedule.sooner_s if isinstance(schedule, Every) else 0.0
        return at + timedelta(seconds=rng.uniform(-schedule.jitter_s - sooner_s, schedule.jitter_s))
    wait_s = (at - began_at).total_seconds()
    jitter_s = max(schedule.jitter_s, _ADAPTIVE_JITTER * wait_s)
    moved_s = wait_s + rng.uniform(-jitter_s, jitter_s)
    return began_at + timedelta(seconds=min(max(moved_s, schedule.min_s), schedule.max_s))


def _duration(seconds: float) -> str:
    """Write a length of time as the configuration does."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
