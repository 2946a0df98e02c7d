"""The numbers of a simulated time: hours of the clock, peaks, what collides, what is starved."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from syndicator.model.clock import to_ms
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Politeness, Source, SourceKind
from syndicator.rules.sources.simulation.schedule_load import MOST, Hour, ScheduleLoad, load_of, peaks
from syndicator.rules.sources.simulation.simulation import NoRuns, SourceRuns, StarvedKind

BEGIN = datetime(2027, 3, 13, 12, 26, 30, tzinfo=UTC)


def source(name: str, host: str, per_minute: float | None = None) -> Source:
    return Source(
        id=SourceId(name),
        title=name,
        kind=SourceKind.FEED,
        url=f"https://{host}/rss",
        schedule=Every(interval_s=300),
        politeness=Politeness(per_minute=per_minute),
    )


def ran(*at: datetime) -> SourceRuns:
    return SourceRuns(times_ms=np.array([to_ms(one) for one in at], np.int64), reasons=("test",))


def load(
    sources: Mapping[str, Source],
    runs: Mapping[str, SourceRuns],
    *,
    hours: float = 4,
    zone: str = "UTC",
    since: datetime = BEGIN,
) -> ScheduleLoad:
    named = {SourceId(name): one for name, one in sources.items()}
    return load_of(
        named,
        {SourceId(name): one for name, one in runs.items()},
        since,
        since + timedelta(hours=hours),
        ZoneInfo(zone),
    )


def local_edges(found: ScheduleLoad, zone: str) -> list[str]:
    edges = [hour.begins_at for hour in found.hours] + [found.hours[-1].ends_at]
    return [f"{at.astimezone(ZoneInfo(zone)):%H:%M}" for at in edges]


@pytest.mark.parametrize(
    ("zone", "edges"),
    [
        ("UTC", ["12:26", "13:00", "14:00", "15:00", "16:00", "16:26"]),
        ("Asia/Jakarta", ["19:26", "20:00", "21:00", "22:00", "23:00", "23:26"]),
        ("Asia/Kolkata", ["17:56", "18:00", "19:00", "20:00", "21:00", "21:56"]),
        ("Asia/Kathmandu", ["18:11", "19:00", "20:00", "21:00", "22:00", "22:11"]),
    ],
)
def test_hours_are_those_of_the_clock(zone: str, edges: list[str]) -> None:
    found = load({"a": source("a", "a.example")}, {"a": ran(BEGIN)}, zone=zone)
    assert local_edges(found, zone) == edges
    assert [hour.is_whole for hour in found.hours] == [False, True, True, True, False]
    assert [hour.runs for hour in found.hours] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("since", "edges"),
    [
        (datetime(2027, 4, 3, 13, 30, tzinfo=UTC), ["00:30", "01:00", "01:30", "02:00", "03:00", "03:30"]),
        (datetime(2027, 10, 2, 14, 0, tzinfo=UTC), ["00:30", "01:00", "01:30", "03:00", "04:00", "04:30"]),
    ],
)
def test_clocks_that_are_moved_by_half_an_hour_show_full_hours_again(
    since: datetime, edges: list[str]
) -> None:
    found = load({}, {}, zone="Australia/Lord_Howe", since=since, hours=3.5)
    assert local_edges(found, "Australia/Lord_Howe") == edges
    assert sum((hour.ends_at - hour.begins_at for hour in found.hours), timedelta()) == timedelta(hours=3.5)


def test_runs_are_counted_in_the_hour_in_which_they_begin() -> None:
    full = datetime(2027, 3, 13, 13, 0, tzinfo=UTC)
    before = full - timedelta(milliseconds=1)
    found = load({"a": source("a", "a.example")}, {"a": ran(BEGIN, before, full)})
    assert [hour.runs for hour in found.hours] == [2, 1, 0, 0, 0]
    assert found.hosts[0].by_hour == (2, 1, 0, 0, 0)
    assert (found.hosts[0].most_an_hour, found.hosts_in_all) == (2, 1)


def test_each_host_is_counted_apart() -> None:
    rng = random.Random(1)
    hosts = {f"s{number}": f"h{rng.randrange(40)}.example" for number in range(300)}
    times = {
        name: sorted(BEGIN + timedelta(seconds=rng.randrange(4 * 3600)) for _ in range(rng.randrange(9)))
        for name in hosts
    }
    found = load(
        {name: source(name, host) for name, host in hosts.items()},
        {name: ran(*at) for name, at in times.items()},
    )
    assert [hour.runs for hour in found.hours] == [
        sum(hour.begins_at <= at < hour.ends_at for each in times.values() for at in each)
        for hour in found.hours
    ]
    assert (len(found.hosts), found.hosts_in_all) == (MOST, len(set(hosts.values())))
    assert list(found.hosts) == sorted(found.hosts, key=lambda one: (-one.most_an_hour, one.host))
    for host in {*found.hosts, *found.collisions}:
        at_host = [at for name, each in times.items() if hosts[name] == host.host for at in each]
        by_hour = [sum(hour.begins_at <= at < hour.ends_at for at in at_host) for hour in found.hours]
        minutes = Counter(at.replace(second=0) for at in at_host)
        assert (host.runs, list(host.by_hour)) == (len(at_host), by_hour)
        assert (host.most_an_hour, host.most_a_minute) == (max(by_hour), max(minutes.values()))
        assert host.sources == list(hosts.values()).count(host.host)


@pytest.mark.parametrize(
    ("counts", "places"),
    [
        ([], set()),
        ([0, 0], set()),
        ([12, 12, 12, 5], set()),
        ([900, 1000, 950, 980], set()),
        ([900, 1500, 950, 1480, 1000], {1, 3}),
        ([0, 0, 1], {2}),
        ([3, 4, 8, 3], set()),
        ([3, 4, 14, 3], {2}),
    ],
)
def test_peaks_are_what_chance_does_not_explain(counts: list[int], places: set[int]) -> None:
    whole = [Hour(begins_at=BEGIN, ends_at=BEGIN + timedelta(hours=1), runs=count) for count in counts]
    assert peaks(whole, counts) == places


def test_hours_that_are_cut_short_make_no_peaks_of_the_others() -> None:
    short, whole = (
        Hour(begins_at=BEGIN, ends_at=BEGIN + timedelta(minutes=minutes), runs=0) for minutes in (20, 60)
    )
    assert peaks([short, whole, whole, short], [300, 900, 910, 290]) == set()
    assert peaks([short, whole, whole, short], [300, 300, 910, 290]) == {2}
    assert peaks([short], [300]) == set()


def test_sources_of_one_host_that_are_due_in_one_minute_collide() -> None:
    names = [f"s{number}" for number in range(6)]
    at = datetime(2027, 3, 13, 14, 0, 5, tzinfo=UTC)
    found = load(
        {name: source(name, "portal.example") for name in names} | {"b": source("b", "b.example")},
        {name: ran(at, at + timedelta(hours=1)) for name in names} | {"b": ran(at)},
    )
    (host,) = found.collisions
    assert (host.host, host.most_a_minute, host.collisions) == ("portal.example", 6, 2)
    assert host.collides_at == at.replace(second=0)
    assert found.collisions_in_all == 1
    assert (found.busiest_minute, found.most_a_minute) == (at.replace(second=0), 7)


def test_what_nobody_paused_comes_first_among_the_starved() -> None:
    none = {kind: NoRuns(kind=kind, because=kind.value) for kind in StarvedKind}
    runs = {
        "rests": SourceRuns(times_ms=ran().times_ms, reasons=(), none=none[StarvedKind.PAUSED]),
        "gone": SourceRuns(times_ms=ran().times_ms, reasons=(), none=none[StarvedKind.STOPPED]),
        "never": SourceRuns(times_ms=ran().times_ms, reasons=(), none=none[StarvedKind.IDLE]),
        "much": ran(*(BEGIN + timedelta(seconds=30 * number) for number in range(300))),
    }
    sources = {name: source(name, f"{name}.example", 1 if name == "much" else None) for name in runs}
    found = load(sources, runs)
    assert [(each.source, each.kind) for each in found.starved] == [
        ("never", StarvedKind.IDLE),
        ("much", StarvedKind.LIMITED),
        ("gone", StarvedKind.STOPPED),
        ("rests", StarvedKind.PAUSED),
    ]
    assert found.starved[1].because == "much.example is asked 1.2 times a minute, and 1 are allowed"
