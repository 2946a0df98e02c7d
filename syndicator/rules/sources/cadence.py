"""Computes when a source is due next, with the reason as a sentence.

The schedule says when we would like to ask (`rules.sources.schedule_times`), the calendar that lies over it
when we may and when we must (`rules.sources.calendar`). A server that asks for a pause by `Retry-After` gets
it. Hints of a server and its feed (`rules.sources.hints`) delay a round of an adaptive schedule, or where the
source is configured to obey them. What is due lives in Redis.
"""

import random
from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import ALWAYS_OPEN, Adaptive, Calendar, CatchUp, Cron, Every, Schedule
from syndicator.model.source import FeedHints, SourceState
from syndicator.rules.durations import span
from syndicator.rules.sources.hints import Wish, next_allowed
from syndicator.rules.sources.rests import LOOKED_AT_AGAIN, sentence
from syndicator.rules.sources.timetable.calendar import NEVER, is_extra, next_extra, opening
from syndicator.rules.sources.timetable.schedule_times import Due, jittered, regular

LONGEST_BACKOFF_S = 6 * 3600.0
LONGEST_EXCUSED_S = 3600.0
"""The same where the source is not to blame."""
SHORTEST_RETRY_AFTER_S = 1.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0
ASKED_TOO_OFTEN_S = 60.0
"""Pause after 429 without `Retry-After`."""
OUR_TURN_S = 60.0
"""Pause of a source that got no request slot, or whose round failed through a fault of ours."""
GONE = "the server says that it is gone for good (http_410)"
"""The reason of a stopped source."""
_UNKNOWN = SourceState()
_NEGLIGIBLE_S = 5.0
_MOST_HINT_JITTER_S = 600.0
_SOFT_GROWTH, _HARD_GROWTH = 2**0.5, 2.0
_SOFT_REASONS = frozenset({Reason.DNS, Reason.CONNECT, Reason.TIMEOUT})
_SOFT_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
"""Statuses of temporary trouble, besides all from 500 on."""


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
    calendar: Calendar = ALWAYS_OPEN,
) -> Due:
    """Return when a source is due again after a round that worked.

    Intervals count from the beginning of the round, so that slow rounds do not drift; a time that has
    passed meanwhile is not made up for. `state` is what is known after the round (`interval_s`, `rhythm` and
    `hints` of it count), `timezone` the source's, for its rhythm. `pushed`: a hub really delivers;
    then intervals are `PUSHED_FACTOR` times as long, up to 12 h or the longest of an adaptive schedule; the
    times of a cron expression stay.
    """
    schedule, due = regular(
        schedule, calendar, state, timezone=timezone, began_at=began_at, now=now, pushed=pushed
    )
    at = max(jittered(due.at, schedule, began_at, rng), now)
    obeys = _obeys_hints(schedule, calendar)
    if wish is not None and (wish.until - due.at).total_seconds() > _NEGLIGIBLE_S:
        said = (
            f", but {wish.because}"
            if obeys
            else f"; {wish.because}, which is not obeyed without hints = true"
        )
        due = replace(due, because=due.because + said)
    if obeys and wish is not None and wish.until > at:
        at = wish.until + timedelta(seconds=rng.uniform(0, schedule.jitter_s))
    due = replace(due, at=at)
    if obeys:
        due = _allowed(due, state.hints, schedule.jitter_s, rng)
    if calendar is ALWAYS_OPEN:
        return due
    return _laid_over(due, calendar, schedule.jitter_s, began_at, rng, runs_from=now, bursts_from=now)


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
    calendar: Calendar = ALWAYS_OPEN,
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
    schedule, planned = regular(schedule, calendar, state, timezone=timezone, began_at=began_at, now=now)
    extra = next_extra(calendar, began_at, runs_from=now, bursts_from=now)
    if extra is not None and extra.at < planned.at:
        planned = Due(at=extra.at, because=extra.because)
    wait_s = (planned.at - now).total_seconds()
    if excuses(failed):
        wait_s, because = _spared(failed, excused, wait_s, planned.because)
    else:
        wait_s, because = _slowed(failed, failures, wait_s, planned.because)
    asked_s = max(failed.retry_after_s or 0.0, SHORTEST_RETRY_AFTER_S)
    if failed.retry_after_s is not None and (kept_s := min(asked_s, LONGEST_RETRY_AFTER_S)) > wait_s:
        wait_s, asks = kept_s, f"asks to wait {span(kept_s)}"
        if asked_s > kept_s:
            asks = f"asks for {span(asked_s)} (Retry-After), kept up to {span(kept_s)}"
        because = f"the server {asks} ({failed.code})"
    jitter_s = max(schedule.jitter_s, 0.1 * wait_s if failures + excused > 1 else 0.0)
    # Jitter only ever delays here: a server that names a time must not be asked before it.
    due = Due(at=now + timedelta(seconds=wait_s + rng.uniform(0, jitter_s)), because=because)
    if _obeys_hints(schedule, calendar):
        due = _allowed(due, state.hints, jitter_s, rng)
    is_asked = failed.retry_after_s is not None or _too_often(failed)
    runs_from = due.at if is_asked else now
    return _laid_over(due, calendar, jitter_s, began_at, rng, runs_from=runs_from, bursts_from=due.at)


def put_off(
    schedule: Schedule,
    *,
    now: datetime,
    rng: random.Random,
    state: SourceState,
    timezone: str = "UTC",
    calendar: Calendar = ALWAYS_OPEN,
    missed: bool = False,
) -> Due | None:
    """Return when a source that is due is gathered instead of now; None: it is gathered now.

    A source is put off where it became due, or was late, in a time in which it rests. `missed`: it was due
    while nothing ran; by `CatchUp.SKIP` it then waits for its next regular time. What an operator or a hub
    wakes before its time is not put off.
    """
    due_at = state.next_due_at
    if calendar is ALWAYS_OPEN or (due_at is not None and due_at > now):
        return None
    if missed and due_at is not None and calendar.catch_up is CatchUp.SKIP:
        began_at = _last_time(schedule, due_at, now)
        _, due = regular(schedule, calendar, state, timezone=timezone, began_at=began_at, now=now)
        because = f"{due.because}; what was due while nothing ran is skipped"
        due = Due(at=due.at, because=because)
        return _laid_over(due, calendar, schedule.jitter_s, now, rng, runs_from=now, bursts_from=now)
    if is_extra(calendar, state.last_attempt_at, now) or opening(calendar, now).at <= now:
        return None
    due = Due(at=now, because="due")
    return _laid_over(due, calendar, schedule.jitter_s, now, rng, runs_from=now, bursts_from=now)


def _last_time(schedule: Schedule, due_at: datetime, now: datetime) -> datetime:
    """Return the last time that has passed: by an interval, of those in steps of it from `due_at` on."""
    if isinstance(schedule, Cron):
        return now - timedelta(seconds=schedule.jitter_s)  # no round has begun for a time that is near
    if not isinstance(schedule, Every):
        return now
    return now - (now - due_at) % timedelta(seconds=schedule.interval_s)


def _obeys_hints(schedule: Schedule, calendar: Calendar) -> bool:
    return isinstance(schedule, Adaptive) if calendar.hints is None else calendar.hints


def _laid_over(
    due: Due,
    calendar: Calendar,
    jitter_s: float,
    began_at: datetime,
    rng: random.Random,
    *,
    runs_from: datetime,
    bursts_from: datetime,
) -> Due:
    """Move a round to a time at which the source may run; a burst or a one-off run may come before it."""
    found = opening(calendar, due.at)
    if found.at > due.at:
        spread_s = min(max(jitter_s, 60.0), _MOST_HINT_JITTER_S)
        if found.closes is not None:
            spread_s = min(spread_s, (found.closes - found.at).total_seconds() / 2)
        opens = f"{found.at.astimezone(ZoneInfo(calendar.timezone)):%Y-%m-%d %H:%M} {calendar.timezone}"
        due = Due(
            at=found.at + timedelta(seconds=rng.uniform(0, spread_s)),
            because=f"{due.because}, but it rests until {opens}: {found.because}",
        )
    extra = next_extra(calendar, began_at, runs_from=runs_from, bursts_from=bursts_from)
    if extra is None or extra.at >= due.at:
        return due
    return Due(at=extra.at + timedelta(seconds=rng.uniform(0, extra.spread_s)), because=extra.because)


def resting(pause: Pause, now: datetime) -> Due:
    """Return when a paused source is looked at again."""
    at = now + LOOKED_AT_AGAIN
    return Due(at=min(pause.until or at, at), because=sentence(pause))


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
