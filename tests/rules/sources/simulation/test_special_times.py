"""What is special in a time: moved clocks, holidays, blackouts and bursts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from syndicator.model.ids import SourceId
from syndicator.model.schedule import (
    ALWAYS_OPEN,
    ActiveHours,
    Blackout,
    Burst,
    Calendar,
    Cron,
    Every,
    Holidays,
    Schedule,
)
from syndicator.model.source import Source, SourceKind
from syndicator.rules.sources.simulation.special_times import SpecialKind, SpecialTime, special_times

JAKARTA = ZoneInfo("Asia/Jakarta")
NEW_YORK = "America/New_York"
SINCE = datetime(2027, 3, 13, 12, 26, 30, tzinfo=UTC)
FIVE = Every(interval_s=300)
HOURS = (ActiveHours(opens=480, closes=1200, text="08:00-20:00"),)


def source(name: str, schedule: Schedule = FIVE, calendar: Calendar = ALWAYS_OPEN) -> Source:
    return Source(
        id=SourceId(name),
        title=name,
        kind=SourceKind.FEED,
        url="https://a.example/rss",
        schedule=schedule,
        calendar=calendar,
    )


def found(*sources: Source, days: float = 1, since: datetime = SINCE) -> list[SpecialTime]:
    return special_times(sources, since, since + timedelta(days=days), JAKARTA)


def test_clocks_of_sources_with_times_of_day_are_watched() -> None:
    nightly = Cron(expression="30 2 * * *", timezone=NEW_YORK)
    opened = Calendar(timezone=NEW_YORK, windows=HOURS)
    (clocks,) = found(source("a", nightly), source("b", FIVE, opened), source("c"))
    assert (clocks.kind, clocks.timezone, clocks.sources) == (SpecialKind.CLOCKS, NEW_YORK, 2)
    assert clocks.begins_at == clocks.ends_at == datetime(2027, 3, 14, 7, 0, tzinfo=UTC)
    assert clocks.then == "forward by 1 h"
    (back,) = found(source("a", nightly), since=datetime(2027, 11, 6, 12, 0, tzinfo=UTC))
    assert (back.begins_at, back.then) == (datetime(2027, 11, 7, 6, 0, tzinfo=UTC), "back by 1 h")


def test_clocks_that_nothing_runs_by_are_not_told_but_those_of_the_site_are() -> None:
    assert found(source("a", FIVE, Calendar(timezone=NEW_YORK))) == []
    begin = datetime(2027, 4, 3, 0, 0, tzinfo=UTC)
    island = ZoneInfo("Australia/Lord_Howe")
    (clocks,) = special_times([source("a")], begin, begin + timedelta(days=1), island)
    assert (clocks.begins_at, clocks.then, clocks.sources) == (
        datetime(2027, 4, 3, 15, 0, tzinfo=UTC),
        "back by 30 min",
        0,
    )


def test_holidays_are_days_of_their_zone_and_say_what_sources_do_then() -> None:
    zone = "Asia/Jakarta"
    day = date(2027, 3, 14)
    rest = Calendar(timezone=zone, holidays=Holidays(days=(day,)))
    hours = Calendar(timezone=zone, holidays=Holidays(days=(day,), windows=HOURS))
    hourly = Calendar(timezone=zone, holidays=Holidays(days=(day,), schedule=Every(interval_s=3600)))
    told = found(
        source("a", FIVE, rest),
        source("b", FIVE, rest),
        source("c", FIVE, hours),
        source("d", FIVE, hourly),
        days=3,
    )
    assert {(one.then, one.sources) for one in told} == {
        ("rest", 2),
        ("open 08:00-20:00", 1),
        ("every 1h", 1),
    }
    assert {(one.kind, one.begins_at, one.ends_at, one.name) for one in told} == {
        (
            SpecialKind.HOLIDAY,
            datetime(2027, 3, 13, 17, 0, tzinfo=UTC),
            datetime(2027, 3, 14, 17, 0, tzinfo=UTC),
            "a configured day",
        )
    }


def test_a_holiday_that_has_begun_is_told_with_its_name() -> None:
    nyepi = Calendar(timezone="Asia/Jakarta", holidays=Holidays(country="ID"))
    (one,) = found(source("a", FIVE, nyepi), since=datetime(2027, 3, 8, 5, 0, tzinfo=UTC), days=0.25)
    assert (one.begins_at, one.name) == (datetime(2027, 3, 7, 17, 0, tzinfo=UTC), "Day of Silence")


def test_blackouts_and_bursts_are_joined_where_they_are_the_same() -> None:
    begin = SINCE + timedelta(hours=2)
    blackout = Blackout(begin=begin, end=begin + timedelta(hours=1), reason="they move")
    burst = Burst(begin=begin, end=begin + timedelta(hours=1), interval_s=30, reason="final")
    past = Blackout(begin=SINCE - timedelta(hours=2), end=SINCE, reason="over")
    calendar = Calendar(blackouts=(blackout, past), bursts=(burst,))
    told = found(source("a", FIVE, calendar), source("b", FIVE, calendar))
    assert [(one.kind, one.name, one.then, one.sources) for one in told] == [
        (SpecialKind.BLACKOUT, "they move", "rest", 2),
        (SpecialKind.BURST, "final", "every 30s", 2),
    ]
