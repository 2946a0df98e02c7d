"""Simulates when sources run: by the functions that set their real due times, as if every round worked.

A round is taken to last a second and to bring what the source's rhythm expects. Jitter is drawn anew, so
single runs differ from the real ones by as much; how many there are, and when the load is high, does not.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import ALWAYS_OPEN, Cron, Every
from syndicator.model.source import Source, SourceState
from syndicator.rules.sources.cadence import after_success, put_off
from syndicator.rules.sources.rests import ENDED, sentence
from syndicator.rules.sources.rhythm import FIRST_INTERVAL_S
from syndicator.rules.sources.timetable.schedule_times import Due, every_in_words

ROUND = timedelta(seconds=1)
_AT_ONCE = 1_000
"""Sources whose runs are drawn together: of a month, 70 MB each five minutes."""

Times = NDArray[np.int64]
"""Instants in ms since 1970, UTC."""


class StarvedKind(StrEnum):
    """Why a source does not get what its schedule says."""

    IDLE = "idle"
    """Its schedule and hours have no time for it."""
    LIMITED = "limited"
    """Its host is asked more often than its limit allows."""
    STOPPED = "stopped"
    """It is not asked any more."""
    PAUSED = "paused"
    """An operator paused it."""


class NoRuns(Struct, frozen=True, kw_only=True):
    """Why a source never runs in a time."""

    kind: StarvedKind
    because: str
    pause: Pause | None = None


class SourceRuns(Struct, frozen=True, kw_only=True, gc=False):
    """The runs of one source, in order of time."""

    times_ms: Times
    reasons: Sequence[str]
    """One for each run; a single one holds for all."""
    none: NoRuns | None = None
    """Set where there are no runs."""


class Run(Struct, frozen=True, kw_only=True):
    """One run of a source."""

    source: SourceId
    at: datetime
    because: str


class _Steady(Struct, frozen=True, kw_only=True, gc=False):
    """A source whose runs follow from an interval alone."""

    schedule: Every
    begin: datetime


def simulate(
    sources: Iterable[tuple[Source, SourceState, Pause | None]],
    *,
    since: datetime,
    until: datetime,
    rng: random.Random,
    now: datetime | None = None,
) -> dict[SourceId, SourceRuns]:
    """Return the runs of sources in a time; states and pauses as they are `now` (None: when it begins).

    What runs before a time that begins later is not simulated: an interval is then under way.
    """
    found = {
        source.id: _simulated(source, state, pause, since=since, until=until, rng=rng, now=now or since)
        for source, state, pause in sources
    }
    steady = [one for one in found.values() if isinstance(one, _Steady)]
    parts = (steady[place : place + _AT_ONCE] for place in range(0, len(steady), _AT_ONCE))
    by_interval = (runs for part in parts for runs in _by_interval(part, until, rng))
    return {name: next(by_interval) if isinstance(one, _Steady) else one for name, one in found.items()}


def _simulated(
    source: Source,
    state: SourceState,
    pause: Pause | None,
    *,
    since: datetime,
    until: datetime,
    rng: random.Random,
    now: datetime,
) -> SourceRuns | _Steady:
    begin = _first(state, pause, now)
    if begin is None or state.stopped:
        return _without_runs(_at_rest(state, pause))
    under_way = _under_way(source, state, begin, since, rng) if begin < since else None
    begin = under_way.at if under_way else begin
    if begin < until and isinstance(source.schedule, Every) and is_steady(source):
        return _Steady(schedule=source.schedule, begin=begin)
    times: list[int] = []
    reasons: list[str] = []
    at, because = begin, state.due_because if pause is None else ENDED
    waiting = under_way or put_off(
        source.schedule,
        now=at,
        rng=rng,
        state=state,
        timezone=source.timezone,
        calendar=source.calendar,
    )
    if waiting is not None:
        at, because = waiting.at, waiting.because
    while at < until:
        if at >= since:
            times.append(to_ms(at))
            reasons.append(because)
        due = after_success(
            source.schedule,
            began_at=at,
            now=at + ROUND,
            rng=rng,
            state=state,
            timezone=source.timezone,
            calendar=source.calendar,
        )
        at, because = due.at, due.because
    if not times:
        is_over = pause is not None and pause.until is not None and pause.until < until
        rest = Due(at=at, because=because)
        return _without_runs(_at_rest(state, None if is_over else pause, rest))
    return SourceRuns(times_ms=np.array(times, np.int64), reasons=reasons)


def is_steady(source: Source) -> bool:
    """Return whether runs follow from an interval alone: many of them take as long as one of others."""
    return isinstance(source.schedule, Every) and source.calendar is ALWAYS_OPEN


def in_order(runs: Mapping[SourceId, SourceRuns], most: int | None = None) -> Iterator[Run]:
    """Yield all runs in order of time, or the first ones."""
    names = [name for name, one in runs.items() if len(one.times_ms)]
    if not names:
        return
    firsts = [runs[name].times_ms[:most] for name in names]
    times = np.concatenate(firsts)
    owners = np.repeat(np.arange(len(names)), [len(one) for one in firsts])
    starts = np.cumsum([0, *(len(one) for one in firsts[:-1])])
    for place in np.argsort(times, kind="stable")[:most]:
        owner = int(owners[place])
        reasons = runs[names[owner]].reasons
        because = reasons[0] if len(reasons) == 1 else reasons[int(place - starts[owner])]
        at = datetime.fromtimestamp(int(times[place]) / 1000, UTC)
        yield Run(source=names[owner], at=at, because=because)


def _first(state: SourceState, pause: Pause | None, now: datetime) -> datetime | None:
    """Return when a source is due first; None where it rests for good."""
    begin = max(state.next_due_at or now, now)
    if pause is not None:
        return max(begin, pause.until) if pause.until else None
    return begin


def _under_way(
    source: Source, state: SourceState, begin: datetime, since: datetime, rng: random.Random
) -> Due:
    """Return the first run from `since` on of a source that runs from `begin` on, which is before that."""
    schedule, just_before = source.schedule, since - timedelta(milliseconds=1)
    if isinstance(schedule, Cron):
        began_at = just_before - timedelta(seconds=schedule.jitter_s)
    elif isinstance(schedule, Every) and not schedule.jitter_s and not schedule.sooner_s:
        began_at = since - (since - begin) % timedelta(seconds=schedule.interval_s)
    else:
        usual_s = schedule.interval_s if isinstance(schedule, Every) else state.interval_s
        began_at = since - timedelta(seconds=rng.uniform(0, usual_s or FIRST_INTERVAL_S))
    due = after_success(
        schedule,
        began_at=began_at,
        now=just_before,
        rng=rng,
        state=state,
        timezone=source.timezone,
        calendar=source.calendar,
    )
    return replace(due, at=max(due.at, since))


def _without_runs(none: NoRuns) -> SourceRuns:
    return SourceRuns(times_ms=np.empty(0, np.int64), reasons=(), none=none)


def _at_rest(state: SourceState, pause: Pause | None, due: Due | None = None) -> NoRuns:
    """Return why a source does not run; `due`: when it does so again."""
    if pause is not None:
        return NoRuns(kind=StarvedKind.PAUSED, because=sentence(pause), pause=pause)
    if due is None:
        return NoRuns(kind=StarvedKind.STOPPED, because=f"stopped: {state.stopped}")
    because = f"it does not run in this time: next at {due.at:%Y-%m-%d %H:%M} UTC ({due.because})"
    return NoRuns(kind=StarvedKind.IDLE, because=because)


def _by_interval(steady: Sequence[_Steady], until: datetime, rng: random.Random) -> list[SourceRuns]:
    """Return what `after_success` would for intervals that nothing else lies over, without a call a run."""
    schedules, until_ms = [one.schedule for one in steady], to_ms(until)
    jitter_s = np.array([one.jitter_s for one in schedules])
    interval_s = np.array([one.interval_s for one in schedules])
    low_s = interval_s - jitter_s - np.array([one.sooner_s for one in schedules])
    begins_ms = np.array([to_ms(one.begin) for one in steady], np.int64)
    counts = ((until_ms - begins_ms) / 1000 / np.maximum(low_s, 1.0)).astype(np.int64) + 2
    ends = np.cumsum(counts)
    starts = ends - counts
    width_s = np.repeat(interval_s + jitter_s - low_s, counts)
    drawn = np.random.default_rng(rng.getrandbits(32)).random(ends[-1])
    steps_ms = np.maximum(drawn * width_s + np.repeat(low_s, counts), ROUND.total_seconds()) * 1000
    steps_ms[starts] = 0  # the first run of each is when it begins
    times = np.cumsum(steps_ms)
    times_ms = (times - np.repeat(times[starts], counts)).astype(np.int64) + np.repeat(begins_ms, counts)
    # Of the runs of one source, those before the end come first.
    kept = np.add.reduceat(times_ms < until_ms, starts, dtype=np.int64)
    return [
        SourceRuns(times_ms=times_ms[start : start + count], reasons=(every_in_words(schedule),))
        for schedule, start, count in zip(schedules, starts.tolist(), kept.tolist(), strict=True)
    ]
