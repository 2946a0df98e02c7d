"""Weekdays of cron expressions mean what crontab(5) says, checked against what computes their times."""

from datetime import UTC, datetime

import pytest

from syndicator.rules.sources.timetable.cron_times import cron_fault, next_cron
from syndicator.settings.crontab import with_weekday_names

SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon-fri"),
        ("5-7", "fri-sun"),
        ("fri-mon", "fri,sat,sun,mon"),
        ("sun-sat", "sun,mon,tue,wed,thu,fri,sat"),
        ("MON,3", "mon,wed"),
        ("*/2", "sun,tue,thu,sat"),
        ("1-5/2", "mon,wed,fri"),
        ("2/2", "tue,thu,sat"),
        ("mon-fri", "mon-fri"),
        ("0-7", "sun,mon,tue,wed,thu,fri,sat,sun"),
        ("*", "*"),
        ("8", "8"),
        ("x", "x"),
    ],
)
def test_weekdays_get_the_names_that_crontab_means(written: str, named: str) -> None:
    assert with_weekday_names(f"0 6 * * {written}") == f"0 6 * * {named}"


@pytest.mark.parametrize(
    "expression", ["0 6 * * 1-5", "0 6 * * fri-mon", "0 6 * * 0-7", "0 6 * * */3", "0 6 * * 7"]
)
def test_what_comes_out_is_accepted(expression: str) -> None:
    assert cron_fault(with_weekday_names(expression)) is None


@pytest.mark.parametrize("expression", ["", "0 6 * *", "@daily", "0 6 * * 1 2026"])
def test_what_has_not_five_fields_is_left_to_be_refused(expression: str) -> None:
    assert with_weekday_names(expression) == expression
    assert cron_fault(expression) is not None


def test_eight_is_no_day() -> None:
    assert cron_fault(with_weekday_names("0 6 * * 8")) is not None


def test_monday_to_friday_by_number_runs_on_those_days() -> None:
    expression = with_weekday_names("0 6 * * 1-5")
    days, moment = [], SUNDAY
    for _ in range(6):
        moment = next_cron(expression, "UTC", moment) or SUNDAY
        days.append(f"{moment:%a}")
    assert days == ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]
