"""When a source is likely to have something new, learned from what its rounds brought.

Two things are learned. `SourceState.rhythm` counts articles by hour of the week: from it comes `Rhythm`,
the shape of a usual week. `SourceState.interval_s` is the level: the time between two rounds in an hour of
average activity. It is steered so that about every second round brings something: after each round the
articles that came are compared with those that were to be expected, and the interval gives way by what is too
many or too few. A round that finds over a third of the document new shortens it more, one that finds nothing
known halves it: between two rounds articles may have dropped out of the document. For a week after that it is
the overlap of documents alone that steers.

Within the week rounds are spread by the square root of activity. Of all ways to spend a given number of
rounds it makes articles wait the least: with r articles and n rounds in an hour those articles wait r/2n
hours in sum, and at a fixed number of rounds all this is least where n is proportional to the root of r.
"""

import math
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.schedule import Adaptive, Schedule
from syndicator.model.source import SourceState

HOURS = 168
HALF_LIFE = timedelta(weeks=2)
"""After it an article counts half."""
EXPECTED_NEW = 0.5
"""How many new articles a round of an adaptive schedule is to be expected to bring."""
MOST_NEW_SHARE = 1 / 3
"""Of a document: what is more might soon be everything."""
MOST_NEW_AFTER_GAP = 2 / 3
SMALLEST_DOCUMENT = 3
"""Entries without which a document that holds nothing known proves nothing."""
FIRST_INTERVAL_S = 900.0
OLDEST_TAUGHT = timedelta(weeks=4)
"""Older articles of a backfill say nothing about the present."""
LATEST_TAUGHT = timedelta(days=2)
"""A later round's article that claims to be older counts for the hour in which it was found."""

_DAY, _WEEK = 24, timedelta(hours=HOURS)
_PRIOR = 0.5
"""Articles that are taken for granted in each hour: until many more have come, hours differ little."""
_SLOWEST, _FASTEST = 0.25, 4.0
"""How far the pace of an hour may differ from the average."""
_GAIN, _MOST_COUNTED = 0.2, 3
_LARGEST_STEP, _SHARE_STEP, _GAP_STEP = 1.25, 0.7, 0.5
_LONG_PAUSE = 4.0
"""Intervals. So long a pause, in which a hub pushed or we did not run, teaches nothing about the interval."""
_PRIOR_ARTICLES = 10
_NEGLIGIBLE = 1e-4
_REMEMBERED = 512
"""Weeks, of 8 KiB each: a round looks at that of its source several times."""


class Poll(Struct, frozen=True, kw_only=True):
    """What a round found in the document of a source; of one found unchanged, all zero."""

    new: int = 0
    known: int = 0
    """Entries that had been seen before, changed or not."""
    published: tuple[datetime, ...] = ()
    """Dates of publication of the new ones, as far as they have any."""
    backfill: bool = False
    """Whether it was the first round."""
    pushed: bool = False
    """Whether a hub brought it: then it is not the whole document, and says nothing about our interval."""


class Rhythm:
    """The shape of a source's week: how active and how fast its hours are, 1 being the average."""

    def __init__(self, counts: tuple[float, ...], timezone: str) -> None:
        self._counts = counts if len(counts) == HOURS else (0.0,) * HOURS
        self._zone = ZoneInfo(timezone)

    @cached_property
    def activity(self) -> tuple[float, ...]:
        """Rate of articles in each hour of the week, as a multiple of the average."""
        return _activity(self._counts)

    @cached_property
    def pace(self) -> tuple[float, ...]:
        """How fast each hour is polled, as a multiple of the average hour."""
        return _pace(self._counts)

    def hour(self, at: datetime) -> int:
        """Return the hour of the week, Monday 00 being 0, on the source's clocks."""
        local = at.astimezone(self._zone)
        return local.weekday() * _DAY + local.hour

    def passed_s(self, weights: tuple[float, ...], since: datetime, until: datetime) -> float:
        """Return how many seconds have passed, each hour weighed by its own weight."""
        weeks = max((until - since) // _WEEK, 0)
        passed, moment = weeks * sum(weights) * 3600, since + weeks * _WEEK
        while moment < until:
            end = min(self._hour_end(moment), until)
            passed += (end - moment).total_seconds() * weights[self.hour(moment)]
            moment = end
        return passed

    def due(self, since: datetime, interval_s: float) -> datetime:
        """Return when so many seconds of the average hour have passed, at the pace of each hour."""
        left_s, moment = interval_s, since
        while True:
            end, pace = self._hour_end(moment), self.pace[self.hour(moment)]
            hour_s = (end - moment).total_seconds() * pace
            if hour_s >= left_s:
                return moment + timedelta(seconds=left_s / pace)
            left_s, moment = left_s - hour_s, end

    def _hour_end(self, at: datetime) -> datetime:
        """Return the end of the hour on the source's clocks: some zones are half an hour off."""
        local = at.astimezone(self._zone)
        passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at + timedelta(hours=1) - passed


@lru_cache(maxsize=_REMEMBERED)
def _activity(counts: tuple[float, ...]) -> tuple[float, ...]:
    """Return the rate of articles in each hour of the week, as a multiple of the average.

    Each hour borrows from its neighbours, and from the same hour of the other days, the more so the fewer
    articles it can have seen.
    """
    before, after = counts[-1:] + counts[:-1], counts[1:] + counts[:1]
    smooth = [
        0.25 * left + 0.5 * here + 0.25 * right
        for left, here, right in zip(before, counts, after, strict=True)
    ]
    borrowed = _PRIOR / (_PRIOR + sum(counts) / HOURS)
    own = 1 - borrowed
    daily = [borrowed * (sum(smooth[hour::_DAY]) / 7) for hour in range(_DAY)]
    mixed = [_PRIOR + own * hourly + of_day for hourly, of_day in zip(smooth, daily * 7, strict=True)]
    average = sum(mixed) / HOURS
    return tuple([rate / average for rate in mixed])


@lru_cache(maxsize=_REMEMBERED)
def _pace(counts: tuple[float, ...]) -> tuple[float, ...]:
    slow, fast, root = _SLOWEST**2, _FASTEST**2, math.sqrt
    return tuple(
        [_SLOWEST if rate < slow else _FASTEST if rate > fast else root(rate) for rate in _activity(counts)]
    )


def learned(
    state: SourceState, poll: Poll, *, schedule: Schedule, timezone: str, now: datetime
) -> SourceState:
    """Take what a successful round, or a push, has brought into what is known of the source's rhythm.

    `state` is that of before the round (its `last_success_at` is the round before); `timezone` the source's.
    Changed are `rhythm`, `rhythm_at`, `interval_s` (of an adaptive schedule alone), `gaps`, `last_gap_at` and
    `last_new_at`.
    """
    interval_s = None
    if isinstance(schedule, Adaptive):
        interval_s = _interval_s(state, poll, schedule, Rhythm(state.rhythm, timezone), now)
    rhythm, rhythm_at = _counted(state, poll, timezone, now)
    return replace(
        state,
        rhythm=rhythm,
        rhythm_at=rhythm_at,
        interval_s=interval_s,
        gaps=state.gaps + is_gap(poll),
        last_gap_at=now if is_gap(poll) else state.last_gap_at,
        last_new_at=now if poll.new else state.last_new_at,
    )


def is_gap(poll: Poll) -> bool:
    """Return whether articles were probably missed: the whole document has changed since the last round."""
    whole = not poll.backfill and not poll.pushed
    return whole and poll.known == 0 and poll.new >= SMALLEST_DOCUMENT


def missed_lately(state: SourceState, now: datetime) -> bool:
    """Return whether a gap is less than a week ago: then it is the overlap of documents alone that steers."""
    return state.last_gap_at is not None and now - state.last_gap_at < _WEEK


def gap_warning(poll: Poll, schedule: Schedule) -> str | None:
    """Return the warning that articles were probably missed, and what helps; None where none were."""
    if not is_gap(poll):
        return None
    remedy = (
        "it is read more often from now on"
        if isinstance(schedule, Adaptive)
        else "a shorter interval, or `adaptive`, would keep up with it"
    )
    return f"all {poll.new} entries were new: some were probably missed since the round before; {remedy}"


def expected_since(state: SourceState, since: datetime, now: datetime, timezone: str) -> float:
    """Return how many articles were to be expected from `since` on, by the rhythm as it was then.

    0 as long as nothing is known: it takes a week to learn a week.
    """
    began, aged_at = state.first_success_at, state.rhythm_at
    if began is None or aged_at is None or since - began < _WEEK:
        return 0.0
    half_lives: float = (since - began) / HALF_LIFE
    observed_weeks = (HALF_LIFE / _WEEK) * (1 - math.pow(0.5, half_lives)) / math.log(2)
    counted = sum(state.rhythm) * 2 ** min((aged_at - since) / HALF_LIFE, 10.0)
    rhythm = Rhythm(state.rhythm, timezone)
    weeks = rhythm.passed_s(rhythm.activity, since, now) / _WEEK.total_seconds()
    return counted / observed_weeks * weeks


def _counted(
    state: SourceState, poll: Poll, timezone: str, now: datetime
) -> tuple[tuple[float, ...], datetime]:
    """Age the counts and add the new articles; where there are none, once an hour is often enough."""
    aged_at = state.rhythm_at or now
    known = len(state.rhythm) == HOURS
    if known and not poll.new and now - aged_at < timedelta(hours=1):
        return state.rhythm, aged_at
    age = max((now - aged_at) / HALF_LIFE, 0.0)
    factor = 0.5**age
    counts = (
        [count * factor if count > _NEGLIGIBLE else 0.0 for count in state.rhythm] if known else [0.0] * HOURS
    )
    rhythm = Rhythm((), timezone)
    for at in _times(poll, now):
        counts[rhythm.hour(at)] += 0.5 ** ((now - at) / HALF_LIFE)
    return tuple(counts), now


def _times(poll: Poll, now: datetime) -> list[datetime]:
    """Return for each new article the instant that teaches; a backfill's without a date teach nothing."""
    if poll.backfill:
        return [at for at in poll.published if now - OLDEST_TAUGHT <= at <= now]
    undated = max(poll.new - len(poll.published), 0)
    return [at if now - LATEST_TAUGHT <= at <= now else now for at in poll.published] + [now] * undated


def _interval_s(
    state: SourceState, poll: Poll, schedule: Adaptive, rhythm: Rhythm, now: datetime
) -> float | None:
    interval_s = state.interval_s
    if poll.pushed:
        return interval_s
    if interval_s is None:
        interval_s = _first_interval_s(poll.published, now)
    elif not poll.backfill:
        interval_s *= _step(state, poll, interval_s, rhythm, now)
    return min(max(interval_s, schedule.min_s), schedule.max_s)


def _first_interval_s(published: tuple[datetime, ...], now: datetime) -> float:
    """Begin with what the newest articles of the first document say of their own number."""
    newest = sorted((at for at in published if at <= now), reverse=True)[:_PRIOR_ARTICLES]
    if len(newest) < SMALLEST_DOCUMENT:
        return FIRST_INTERVAL_S
    return EXPECTED_NEW * (now - newest[-1]).total_seconds() / len(newest)


def _step(state: SourceState, poll: Poll, interval_s: float, rhythm: Rhythm, now: datetime) -> float:
    """Return the factor by which the interval changes after a round.

    For a week after a gap it is no more the number of articles that steers it, but whether documents still
    overlap enough; while they do, it takes a week to double. Else a source that brings much at once, twice a
    day, would have its interval halved and grown again twice a day, and lose articles each time.
    """
    since = state.last_success_at or now
    if rhythm.passed_s(rhythm.pace, since, now) > _LONG_PAUSE * interval_s:
        return 1.0
    if is_gap(poll):
        return _GAP_STEP
    if missed_lately(state, now):
        largest, factor = MOST_NEW_AFTER_GAP, math.pow(2, (now - since) / _WEEK)
    else:
        expected = EXPECTED_NEW * rhythm.passed_s(rhythm.activity, since, now) / interval_s
        largest = MOST_NEW_SHARE
        factor = math.exp(_GAIN * (expected - min(poll.new, _MOST_COUNTED)))
    if poll.new > 1 and poll.new > largest * (poll.new + poll.known):
        factor = min(factor, _SHARE_STEP)
    return min(factor, _LARGEST_STEP)
