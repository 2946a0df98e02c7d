"""When a source is due next, and the sentence that says why.

APScheduler's triggers compute the times; they are pure. What is due lives in Redis.
"""

import random
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from msgspec import Struct

from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.source import Cron, Every, Schedule

LONGEST_BACKOFF_S = 6 * 3600.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0


class Due(Struct, frozen=True, kw_only=True):
    """The next round of a source."""

    at: datetime
    because: str


def check_cron(expression: str) -> str | None:
    """Say what is wrong with a five-field cron expression, or None."""
    try:
        CronTrigger.from_crontab(expression, timezone=UTC)
    except (ValueError, KeyError) as error:
        return str(error)
    return None


def after_success(schedule: Schedule, *, began_at: datetime, now: datetime, rng: random.Random) -> Due:
    """Say when a source is due again after a round that worked.

    Intervals count from the beginning of the round, so that slow rounds do not drift; a time that has
    passed meanwhile is not made up for.
    """
    due = _by_schedule(schedule, began_at, now)
    return Due(at=max(_jittered(due.at, schedule.jitter_s, rng), now), because=due.because)


def after_failure(
    schedule: Schedule,
    failed: FetchFailed,
    *,
    failures: int,
    began_at: datetime,
    now: datetime,
    rng: random.Random,
) -> Due:
    """Say when a source is tried again after `failures` failed rounds in a row (this one included).

    Failures slow a source down, never kill it. What the server asks by `Retry-After` is kept, up to a day.
    """
    regular = _by_schedule(schedule, began_at, now)
    wait_s = (regular.at - now).total_seconds()
    because = f"{regular.because}; last round failed ({failed.code})"
    if failures > 1 and counts_against(failed):
        grown_s = min(max(wait_s, 1.0) * 2 ** min(failures - 1, 12), LONGEST_BACKOFF_S)
        if grown_s > wait_s:
            wait_s = grown_s
            because = f"slowed down after {failures} failed rounds ({failed.code})"
    if failed.retry_after_s is not None and failed.retry_after_s > wait_s:
        wait_s = min(failed.retry_after_s, LONGEST_RETRY_AFTER_S)
        because = f"the server asks to wait {wait_s:.0f} s ({failed.code})"
    jitter_s = max(schedule.jitter_s, 0.1 * wait_s if failures > 1 else 0.0)
    # Jitter only ever delays here: a server that names a time must not be asked before it.
    return Due(at=now + timedelta(seconds=wait_s + rng.uniform(0, jitter_s)), because=because)


def counts_against(failed: FetchFailed) -> bool:
    """Tell whether a failure is the source's own: being asked too often, or by too many of us, is not."""
    asked_too_often = failed.reason is Reason.HTTP and failed.status == HTTPStatus.TOO_MANY_REQUESTS
    return not asked_too_often and failed.reason not in {Reason.BUSY, Reason.INTERNAL}


def _by_schedule(schedule: Schedule, began_at: datetime, now: datetime) -> Due:
    if isinstance(schedule, Cron):
        trigger = CronTrigger.from_crontab(schedule.expression, timezone=ZoneInfo(schedule.timezone))
        fire = trigger.get_next_fire_time(None, now + timedelta(microseconds=1))
        because = f"cron {schedule.expression} in {schedule.timezone}"
        if fire is None:
            return Due(at=now + timedelta(days=365), because=f"{because} never comes again")
        return Due(at=fire.astimezone(UTC), because=because)
    at = began_at + timedelta(seconds=schedule.interval_s)
    return Due(at=max(at, now), because=f"every {_duration(schedule)}")


def _jittered(at: datetime, jitter_s: float, rng: random.Random) -> datetime:
    return at + timedelta(seconds=rng.uniform(-jitter_s, jitter_s)) if jitter_s else at


def _duration(schedule: Every) -> str:
    seconds = schedule.interval_s
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
