"""The load that a simulated time brings: by hour, by host, and what cannot be as it is configured."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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
    edges = [since, *_full_hours(since, until, zone), until]
    by_host: dict[str, list[SourceId]] = {}
    for name, source in sources.items():
        by_host.setdefault(_host_of(source.url), []).append(name)
    times = {host: [runs[name].times_ms for name in names] for host, names in by_host.items()}
    everything = _together([one for of_host in times.values() for one in of_host])
    by_hour = _by_hour(times.values(), everything, np.array([to_ms(edge) for edge in edges], np.int64))
    minute, most = _busiest_minute(everything)
    most_an_hour = dict(zip(times, by_hour.max(axis=1).tolist(), strict=True))
    ordered = sorted(times, key=lambda host: (-most_an_hour[host], host))
    places = {host: place for place, host in enumerate(times)}
    hosts = {  # the others are only counted
        host: _host(host, times[host], by_hour[places[host]])
        for number, host in enumerate(ordered)
        if number < MOST or len(times[host]) >= MANY_AT_ONCE
    }
    together = sorted((one for one in hosts.values() if one.collides_at), key=lambda one: -one.most_a_minute)
    return ScheduleLoad(
        since=since,
        until=until,
        sources=len(sources),
        runs=len(everything),
        hours=tuple(
            Hour(begins_at=begin, ends_at=end, runs=count)
            for (begin, end), count in zip(pairwise(edges), by_hour.sum(axis=0).tolist(), strict=True)
        ),
        busiest_minute=minute,
        most_a_minute=most,
        hosts=tuple(hosts[host] for host in ordered[:MOST]),
        hosts_in_all=len(ordered),
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


@lru_cache(maxsize=65_536)
def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _host(host: str, times: Sequence[Times], by_hour: Times) -> HostLoad:
    first, counts = _by_minute(_together(times))
    collisions = int((counts >= MANY_AT_ONCE).sum()) if len(times) >= MANY_AT_ONCE else 0
    return HostLoad(
        host=host,
        sources=len(times),
        runs=int(by_hour.sum()),
        most_an_hour=int(by_hour.max()),
        most_a_minute=int(counts.max(initial=0)),
        collides_at=_minute(first + int(np.argmax(counts))) if collisions else None,
        collisions=collisions,
        by_hour=tuple(by_hour.tolist()),
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
        if not limits:
            continue
        wanted = sum(len(runs[name].times_ms) for name in names) / (span / _MINUTE)
        if wanted > min(limits):
            because = f"{host} is asked {wanted:.1f} times a minute, and {min(limits):g} are allowed"
            found += [Starved(source=name, kind=StarvedKind.LIMITED, because=because) for name in names]
    return sorted(found, key=lambda each: list(StarvedKind).index(each.kind))


def _by_hour(hosts: Collection[Sequence[Times]], everything: Times, edges_ms: Times) -> Times:
    """Return how many runs of each host lie between two edges; `everything`: in their order."""
    stretches = len(edges_ms) - 1
    runs = [sum(map(len, times)) for times in hosts]
    places = np.searchsorted(edges_ms, everything, side="right") - 1
    cells = np.repeat(np.arange(len(hosts)) * stretches, runs) + places
    return np.bincount(cells, minlength=len(hosts) * stretches).reshape(len(hosts), stretches)


def _by_minute(times: Times) -> tuple[int, Times]:
    """Return the first minute of some runs, since 1970, and how many there are in each from there on."""
    if not len(times):
        return 0, np.empty(0, np.int64)
    minutes = times // _MINUTE_MS
    first = int(minutes.min())
    return first, np.bincount(minutes - first)


def _busiest_minute(times: Times) -> tuple[datetime | None, int]:
    """Return the minute with most runs, and how many those are."""
    first, counts = _by_minute(times)
    if not len(counts):
        return None, 0
    place = int(np.argmax(counts))
    return _minute(first + place), int(counts[place])


def _together(times: Sequence[Times]) -> Times:
    return np.concatenate(times) if times else np.empty(0, np.int64)


def _minute(minute: int) -> datetime:
    """Return when a minute since 1970 begins."""
    return datetime.fromtimestamp(minute * 60, UTC)
