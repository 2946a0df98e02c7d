"""The load that a simulated time brings: by hour, by host, and what cannot be as it is configured."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import numpy as np
from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.rules.sources.simulation import SourceRuns, Times

_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000
MANY_AT_ONCE = 5
"""Sources of one host that are due in one minute: they wait for each other."""
MOST = 20


class Hour(Struct, frozen=True, kw_only=True):
    """The runs that begin in one hour."""

    begins_at: datetime
    runs: int


class HostLoad(Struct, frozen=True, kw_only=True):
    """The runs at one host; each is one request at least."""

    host: str
    sources: int
    runs: int
    most_an_hour: int
    most_a_minute: int
    collides_at: datetime | None
    """The minute in which most of its sources are due together; None where fewer than `MANY_AT_ONCE` are."""


class Starved(Struct, frozen=True, kw_only=True):
    """A source that does not get what its schedule says."""

    source: SourceId
    because: str


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
    starved: tuple[Starved, ...]


def load_of(
    sources: Mapping[SourceId, Source],
    runs: Mapping[SourceId, SourceRuns],
    since: datetime,
    until: datetime,
) -> ScheduleLoad:
    """Return the load of simulated runs."""
    everything = _together([one.times_ms for one in runs.values()])
    hours = max(-(-(to_ms(until) - to_ms(since)) // _HOUR_MS), 1)
    counts = np.bincount((everything - to_ms(since)) // _HOUR_MS, minlength=hours)[:hours]
    minute, most = _busiest(everything, _MINUTE_MS)
    by_host: dict[str, list[SourceId]] = {}
    for name, source in sources.items():
        by_host.setdefault(urlsplit(source.url).hostname or "", []).append(name)
    hosts = [_host(host, [runs[name].times_ms for name in names]) for host, names in by_host.items()]
    hosts.sort(key=lambda each: (-each.most_an_hour, each.host))
    return ScheduleLoad(
        since=since,
        until=until,
        sources=len(sources),
        runs=len(everything),
        hours=tuple(
            Hour(begins_at=_instant(to_ms(since) + place * _HOUR_MS), runs=int(count))
            for place, count in enumerate(counts)
        ),
        busiest_minute=minute,
        most_a_minute=most,
        hosts=tuple(hosts[:MOST]),
        starved=tuple(_starved(sources, runs, by_host, hours)),
    )


def _host(host: str, times: Sequence[Times]) -> HostLoad:
    together = _together(times)
    minute, most = _busiest(together, _MINUTE_MS)
    return HostLoad(
        host=host,
        sources=len(times),
        runs=len(together),
        most_an_hour=_busiest(together, _HOUR_MS)[1],
        most_a_minute=most,
        collides_at=minute if most >= MANY_AT_ONCE and len(times) >= MANY_AT_ONCE else None,
    )


def _starved(
    sources: Mapping[SourceId, Source],
    runs: Mapping[SourceId, SourceRuns],
    by_host: Mapping[str, Sequence[SourceId]],
    hours: int,
) -> list[Starved]:
    """Return sources that never run, and those whose host is asked more than its limit allows."""
    found = [
        Starved(source=name, because="it does not run in this time")
        for name in sources
        if not len(runs[name].times_ms)
    ]
    for host, names in by_host.items():
        limits = [limit for name in names if (limit := sources[name].politeness.per_minute) is not None]
        wanted = sum(len(runs[name].times_ms) for name in names) / (hours * 60)
        if limits and wanted > min(limits):
            because = f"{host} is asked {wanted:.1f} times a minute, and {min(limits):g} are allowed"
            found += [Starved(source=name, because=because) for name in names]
    return found


def _busiest(times: Times, width_ms: int) -> tuple[datetime | None, int]:
    """Return the stretch of time with most runs, and how many those are."""
    if not len(times):
        return None, 0
    stretches, counts = np.unique(times // width_ms, return_counts=True)
    place = int(np.argmax(counts))
    return _instant(int(stretches[place]) * width_ms), int(counts[place])


def _together(times: Sequence[Times]) -> Times:
    return np.concatenate(times) if times else np.empty(0, np.int64)


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
