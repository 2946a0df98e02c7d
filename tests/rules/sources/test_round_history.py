"""Sums of rounds by the hour, the lines of a history, and the strip of a day."""

from datetime import timedelta

from support import NOON

from syndicator.model.ops.states import RoundStatus
from syndicator.model.sources.round_history import HOUR, HourSum, RoundHistory, RoundLine, RoundLog
from syndicator.rules.sources.round_history import HourKind, lines_of, strip_of, with_round

MINUTE = timedelta(minutes=1)


def line(minutes: float, status: str = "ok", **other: object) -> RoundLine:
    return RoundLine(began_at=NOON + minutes * MINUTE, status=RoundStatus(status), **other)  # type: ignore[arg-type]


def history(*lines: RoundLine, kept: int = 100) -> RoundHistory:
    log, hours = RoundLog(), dict[object, HourSum]()
    for one in lines:
        log = with_round(log, one)
        assert log.hour is not None
        hours[log.hour.began_at] = log.hour
    return RoundHistory(rounds=lines[::-1][:kept], hours=tuple(reversed(hours.values())))


def test_the_rounds_of_an_hour_are_added_up() -> None:
    found = history(
        line(1, new=2, took_ms=10, received_bytes=5, late_s=3.0),
        line(59, "failed", reason="timeout", took_ms=30),
        line(60, changed=1),
    )
    assert found.hours == (
        HourSum(began_at=NOON + HOUR, rounds=1, changed=1),
        HourSum(
            began_at=NOON,
            rounds=2,
            failed=1,
            reason="timeout",
            late_s=3.0,
            new=2,
            took_ms=40,
            received_bytes=5,
        ),
    )


def test_a_history_lists_rounds_and_the_hours_that_had_more() -> None:
    rounds = [line(number) for number in (0, 30, 60, 90, 120, 150)]
    every = lines_of(history(*rounds))
    assert [(one.span, one.began_at) for one in every] == [("round", one.began_at) for one in rounds[::-1]]
    some = lines_of(history(*rounds, kept=3))
    assert [(one.span, one.rounds, (one.began_at - NOON) // MINUTE) for one in some] == [
        ("round", 1, 150),
        ("round", 1, 120),
        ("round", 1, 90),
        ("hour", 2, 60),
        ("hour", 2, 0),
    ]


def test_an_hour_says_how_its_rounds_ended() -> None:
    for rounds, expected in (
        ([line(0, new=1), line(1, "unchanged")], "ok"),
        ([line(0, "unchanged"), line(1, "unchanged")], "unchanged"),
        ([line(0, "failed", reason="timeout"), line(1)], "partly"),
        ([line(0, "failed", reason="timeout"), line(1, "failed", reason="dns")], "failed"),
    ):
        (hour,) = lines_of(history(*rounds, kept=0))
        assert hour.status == expected


def test_the_strip_has_a_character_for_each_of_24_hours() -> None:
    rounds = [
        line(-23 * 60, new=8),
        line(-22 * 60, new=1),
        line(-21 * 60, new=4),
        line(-20 * 60, "unchanged"),
        line(-19 * 60, "failed", reason="timeout"),
        line(-18 * 60, "failed", reason="timeout"),
        line(-18 * 60 + 1, new=1),
        line(30, new=6),
    ]
    strip = strip_of([*history(*rounds).hours, HourSum(began_at=NOON - 24 * HOUR, rounds=9)], NOON + HOUR / 2)
    assert strip.characters == "█▂▄▁x!" + "·" * 17 + "▆"
    assert (strip.rounds, strip.failed, strip.new) == (8, 2, 20)
    assert (strip.hours[0].began_at, strip.hours[-1].kind) == (NOON - 23 * HOUR, HourKind.NEWS)


def test_the_strip_of_a_source_without_rounds_is_empty() -> None:
    strip = strip_of([], NOON)
    assert (strip.characters, strip.rounds) == ("·" * 24, 0)
