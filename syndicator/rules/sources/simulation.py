"""Simulates when sources run: by the functions that set their real due times, as if every round worked.

A round is taken to last a second and to bring what the source's rhythm expects. Jitter is drawn anew, so
single runs differ from the real ones by as much; how many there are, and when the load is high, does not.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.schedule import ALWAYS_OPEN, Every
from syndicator.model.source import Source, SourceState
from syndicator.rules.sources.cadence import after_success, put_off
from syndicator.rules.sources.timetable.schedule_times import every_in_words

ROUND = timedelta(seconds=1)

Times = NDArray[np.int64]
"""Instants in ms since 1970, UTC."""


class SourceRuns(Struct, frozen=True, kw_only=True):
    """The runs of one source, in order of time."""

    times_ms: Times
    reasons: Sequence[str]
    """One for each run; a single one holds for all."""


class Run(Struct, frozen=True, kw_only=True):
    """One run of a source."""

    source: SourceId
    at: datetime
    because: str


def simulate(
    source: Source,
    state: SourceState,
    pause: Pause | None,
    *,
    since: datetime,
    until: datetime,
    rng: random.Random,
) -> SourceRuns:
    """Return the runs of a source in a time; `state` and `pause` as they are now."""
    begin = _first(state, pause, since)
    if begin is None or state.stopped:
        return SourceRuns(times_ms=np.empty(0, np.int64), reasons=())
    if isinstance(source.schedule, Every) and source.calendar is ALWAYS_OPEN:
        return _by_interval(source.schedule, begin, until, rng)
    times: list[int] = []
    reasons: list[str] = []
    at, because = begin, state.due_because
    waiting = put_off(
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
    return SourceRuns(times_ms=np.array(times, np.int64), reasons=reasons)


def in_order(runs: Mapping[SourceId, SourceRuns]) -> Iterator[Run]:
    """Yield all runs in order of time."""
    names = [name for name, one in runs.items() if len(one.times_ms)]
    if not names:
        return
    times = np.concatenate([runs[name].times_ms for name in names])
    owners = np.repeat(np.arange(len(names)), [len(runs[name].times_ms) for name in names])
    starts = np.cumsum([0, *(len(runs[name].times_ms) for name in names[:-1])])
    for place in np.argsort(times, kind="stable"):
        owner = int(owners[place])
        reasons = runs[names[owner]].reasons
        because = reasons[0] if len(reasons) == 1 else reasons[int(place - starts[owner])]
        at = datetime.fromtimestamp(int(times[place]) / 1000, UTC)
        yield Run(source=names[owner], at=at, because=because)


def _first(state: SourceState, pause: Pause | None, since: datetime) -> datetime | None:
    """Return when a source is due first; None where it rests for good."""
    begin = max(state.next_due_at or since, since)
    if pause is not None:
        return max(begin, pause.until) if pause.until else None
    return None if state.paused else begin


def _by_interval(schedule: Every, begin: datetime, until: datetime, rng: random.Random) -> SourceRuns:
    """Return what `after_success` would for an interval that nothing else lies over, without a call a run."""
    span_ms = max(to_ms(until) - to_ms(begin), 0)
    low = schedule.interval_s - schedule.jitter_s - schedule.sooner_s
    high = schedule.interval_s + schedule.jitter_s
    count = int(span_ms / 1000 / max(low, 1.0)) + 1
    drawn = np.random.default_rng(rng.getrandbits(32)).uniform(low, high, count)
    steps = np.concatenate([[0.0], np.maximum(drawn, ROUND.total_seconds())])
    times = to_ms(begin) + (np.cumsum(steps) * 1000).astype(np.int64)
    return SourceRuns(times_ms=times[times < to_ms(until)], reasons=(every_in_words(schedule),))
