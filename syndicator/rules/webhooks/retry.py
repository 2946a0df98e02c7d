"""When a failed delivery is tried again, and when it is dead.

Pure. The delays and the honour given to Retry-After follow Standard Webhooks 1.0.0 ("Retries and
failures"); Retry-After itself is RFC 9110, 10.2.3.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec import Struct

from syndicator.model.delivery import RetryPolicy
from syndicator.model.event import Event, EventType

MIN_RETRY_AFTER_S = 1.0
MAX_RETRY_AFTER_S = 24 * 3600.0

GONE = 410

_MAX_PARSED_S = 1e9  # about 32 years: beyond it a number only means "never"
_SECONDS = re.compile(r"[0-9]+", re.ASCII)


class Again(Struct, frozen=True, kw_only=True):
    """Try again at this instant."""

    at: datetime


class GiveUp(Struct, frozen=True, kw_only=True):
    """Do not try again; `why` is one word: `gone`, `exhausted` or `expired`."""

    why: str


RetryDecision = Again | GiveUp


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After field, seconds or HTTP date, as seconds from `now`, never below 0.

    None where there is none, or none that can be read.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _MAX_PARSED_S)
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return min(max((instant - now).total_seconds(), 0.0), _MAX_PARSED_S)


def is_expired(policy: RetryPolicy, event: Event, now: datetime, since: datetime | None = None) -> bool:
    """Return whether an event is too old to be worth sending. That an article was withdrawn always is.

    `since`: from when its age is counted, where that is not when it happened.
    """
    if event.type is EventType.ARTICLE_WITHDRAWN:
        return False
    return (now - (since or event.at)).total_seconds() > policy.max_age_s


def after_failure(
    policy: RetryPolicy,
    *,
    attempts: int,
    first_at: datetime,
    now: datetime,
    retry_after_s: float | None = None,
    status: int | None = None,
    jitter: float = 0.0,
) -> RetryDecision:
    """Decide about a delivery whose attempt number `attempts` (from 1) has just failed at `now`.

    `first_at` is when the event happened; `jitter` in [-1, 1] comes from outside, so that this stays pure.
    A receiver's `retry_after_s` replaces our delay, clamped to 1 s … 24 h; jitter moves it only later, for
    nobody may call before it. 410 ends at once (`gone`); otherwise the end comes when the delays are used
    up (`exhausted`) or the next attempt would be older than the policy allows (`expired`). Every other
    status, redirects and 4xx too, is a failure like any other: receivers do repair their addresses.
    """
    if status == GONE:
        return GiveUp(why="gone")
    if attempts > len(policy.delays_s):
        return GiveUp(why="exhausted")
    if retry_after_s is None:
        delay_s = policy.delays_s[max(attempts, 1) - 1] * (1 + policy.jitter * jitter)
    else:
        asked_s = max(retry_after_s, MIN_RETRY_AFTER_S) * (1 + policy.jitter * abs(jitter))
        delay_s = min(asked_s, MAX_RETRY_AFTER_S)
    if (now - first_at).total_seconds() + delay_s > policy.max_age_s:
        return GiveUp(why="expired")
    return Again(at=now + timedelta(seconds=delay_s))
