"""The load that a simulated time brings: by hour, by host, and what cannot be as it is configured."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.source import Source
from syndicator.rules.sources.simulation.simulation import SourceRuns, StarvedKind, Times
from syndicator.rules.sources.simulation.special_times import SpecialTime, special_times

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_MINUTE_MS = 60_000
MANY_AT_ONCE = 5
"""Sources of one host that are due in one minute: they wait for each other."""
MOST = 20
_PEAK = 1.2
"""A peak is higher than the median of all hours by this factor."""
_CHANCE = 3.0
"""Standard deviations of counts that chance alone makes: small counts differ by as much."""
_NEAR = 0.95
"""Of the highest count: what reaches it is a peak, too, as jitter alone makes such a difference."""


class Hour(Struct, frozen=True, kw_only=True):
    """The runs that begin in one hour of the clock; the first and the last one may be cut short."""

    begins_at: datetime
    ends_at: datetime
    runs: int

    @property
    def is_whole(self) -> bool:
        """Return whether all of the hour is simulated."""
        return self.ends_at - self.begins_at >= _HOUR


class HostLoad(Struct, frozen=True, kw_only=True):
    """The runs at one host; each is one request at least."""

    host: str
    sources: int
    runs: int
    most_an_hour: int
    most_a_minute: int
    collides_at: datetime | None
    """The minute in which most of its sources are due together; None where fewer than `MANY_AT_ONCE` are."""
    collisions: int
    """Minutes in which at least `MANY_AT_ONCE` are due together."""
    by_hour: tuple[int, ...]
    """Its runs in each of `ScheduleLoad.hours`."""


class Starved(Struct, frozen=True, kw_only=True):
    """A source that does not get what its schedule says."""

    source: SourceId
    kind: StarvedKind
    because: str
    pause: Pause | None = None
    """By which it rests, where it is paused."""


class ScheduleLoad(Struct, frozen=True, kw_only=True):
    """A simulated time in numbers."""

    since: datetime
    until: datetime
    sources: int
    runs: int
    hours: tuple[Hour, ...]
    busiest_minute: datetime | None
    most_a_minute: int
    hosts: tuple[HostLoad, ...]
    """Those with most runs an hour, `MOST` at most."""
    hosts_in_all: int
    collisions: tuple[HostLoad, ...]
    """Hosts whose sources are due together, `MOST` at most; those with most in one minute first."""
    collisions_in_all: int
    starved: tuple[Starved, ...]
    """Those that nobody paused or stopped come first."""
    special: tuple[SpecialTime, ...]
    """What is special in this time, in order of time."""


def load_of(
    sources: Mapping[SourceId, Source],
    runs: Mapping[SourceId, SourceRuns],
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
) -> ScheduleLoad:
    """Return the load of simulated runs; hours are those of the clock in `zone`."""
    everything = _together([one.times_ms for one in runs.values()])
    edges = [since, *_full_hours(since, until, zone), until]
    edges_ms = np.array([to_ms(edge) for edge in edges], np.int64)
    minute, most = _busiest_minute(everything)
    by_host: dict[str, list[SourceId]] = {}
    for name, source in sources.items():
        by_host.setdefault(urlsplit(source.url).hostname or "", []).append(name)
    hosts = [
        _host(host, [runs[name].times_ms for name in names], edges_ms) for host, names in by_host.items()
    ]
    hosts.sort(key=lambda each: (-each.most_an_hour, each.host))
    together = sorted((each for each in hosts if each.collides_at), key=lambda each: -each.most_a_minute)
    return ScheduleLoad(
        since=since,
        until=until,
        sources=len(sources),
        runs=len(everything),
        hours=tuple(
            Hour(begins_at=begin, ends_at=end, runs=count)
            for (begin, end), count in zip(pairwise(edges), _counts(everything, edges_ms), strict=True)
        ),
        busiest_minute=minute,
        most_a_minute=most,
        hosts=tuple(hosts[:MOST]),
        hosts_in_all=len(hosts),
        collisions=tuple(together[:MOST]),
        collisions_in_all=len(together),
        starved=tuple(_starved(sources, runs, by_host, until - since)),
        special=tuple(special_times(sources.values(), since, until, zone)),
    )


def peaks(hours: Sequence[Hour], counts: Sequence[int]) -> frozenset[int]:
    """Return the places of the highest counts, of all that are about as high; none where most are.

    What is usual is seen from whole hours, where there are any.
    """
    most = max(counts, default=0)
    whole = [count for hour, count in zip(hours, counts, strict=True) if hour.is_whole]
    usual = median(whole or counts or (0,))
    if most <= max(_PEAK * usual, usual + _CHANCE * usual**0.5):
        return frozenset()
    return frozenset(place for place, count in enumerate(counts) if count >= _NEAR * most)


def _full_hours(since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the full hours of the clock between two instants, in UTC."""
    at = since
    while True:
        local = (at + _HOUR).astimezone(zone)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        following = at + _HOUR - past
        if following <= at:  # the clocks were moved by half an hour
            following += _HOUR
        if following >= until:
            return
        yield following
        at = following


def _host(host: str, times: Sequence[Times], edges_ms: Times) -> HostLoad:
    together = _together(times)
    minutes, counts = np.unique(together // _MINUTE_MS, return_counts=True)
    most = int(counts.max(initial=0))
    collisions = int((counts >= MANY_AT_ONCE).sum()) if len(times) >= MANY_AT_ONCE else 0
    by_hour = _counts(together, edges_ms)
    return HostLoad(
        host=host,
        sources=len(times),
        runs=len(together),
        most_an_hour=max(by_hour),
        most_a_minute=most,
        collides_at=_instant(int(minutes[np.argmax(counts)]) * _MINUTE_MS) if collisions else None,
        collisions=collisions,
        by_hour=tuple(by_hour),
    )


def _starved(
    sources: Mapping[SourceId, Source],
    runs: Mapping[SourceId, SourceRuns],
    by_host: Mapping[str, Sequence[SourceId]],
    span: timedelta,
) -> list[Starved]:
    """Return sources that never run, and those whose host is asked more than its limit allows."""
    found = [
        Starved(source=name, kind=none.kind, because=none.because, pause=none.pause)
        for name in sources
        if (none := runs[name].none) is not None
    ]
    for host, names in by_host.items():
        limits = [limit for name in names if (limit := sources[name].politeness.per_minute) is not None]
        wanted = sum(len(runs[name].times_ms) for name in names) / (span / _MINUTE)
        if limits and wanted > min(limits):
            because = f"{host} is asked {wanted:.1f} times a minute, and {min(limits):g} are allowed"
            found += [Starved(source=name, kind=StarvedKind.LIMITED, because=because) for name in names]
    return sorted(found, key=lambda each: list(StarvedKind).index(each.kind))


def _counts(times: Times, edges_ms: Times) -> list[int]:
    """Return how many times lie in each stretch between two edges."""
    places = np.searchsorted(edges_ms, times, side="right") - 1
    return [int(count) for count in np.bincount(places, minlength=len(edges_ms) - 1)]


def _busiest_minute(times: Times) -> tuple[datetime | None, int]:
    """Return the minute with most runs, and how many those are."""
    if not len(times):
        return None, 0
    minutes, counts = np.unique(times // _MINUTE_MS, return_counts=True)
    place = int(np.argmax(counts))
    return _instant(int(minutes[place]) * _MINUTE_MS), int(counts[place])


def _together(times: Sequence[Times]) -> Times:
    return np.concatenate(times) if times else np.empty(0, np.int64)


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
