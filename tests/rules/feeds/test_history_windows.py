"""Spans of the calendar: any instant has its place, whoever asks and whenever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.rules.feeds.history_windows import MOST, Span, chosen, settled_until, span_named, spans_before

INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LATE = datetime(2101, 1, 1, tzinfo=UTC)


@given(INSTANTS)
def test_an_instant_lies_in_each_of_its_spans_and_names_are_read_back(instant: datetime) -> None:
    spans = spans_before(instant, LATE)
    assert [span.length.total_seconds() for span in spans] == [604_800, 86_400, 3600, 60]
    for span in spans:
        assert span.start <= instant < span.end
        assert span_named(span.name) == span
    for longer, shorter in pairwise(spans):
        assert longer.start <= shorter.start < shorter.end <= longer.end, "one is a part of the other"


@given(INSTANTS, INSTANTS)
def test_what_is_not_settled_is_not_cut(instant: datetime, last_seen: datetime) -> None:
    bound = settled_until(last_seen)
    assert (bound.second, bound.microsecond) == (0, 0)
    assert last_seen - timedelta(minutes=66) < bound <= last_seen - timedelta(minutes=65)
    assert all(span.end <= bound for span in spans_before(instant, bound))
    if instant < bound:
        assert spans_before(instant, bound), "at least its minute is over"


@pytest.mark.parametrize(
    ("name", "start", "days"),
    [
        ("2026-W45", datetime(2026, 11, 2, tzinfo=UTC), 7.0),
        ("2026-W01", datetime(2025, 12, 29, tzinfo=UTC), 7.0),
        ("2026-11-05", datetime(2026, 11, 5, tzinfo=UTC), 1.0),
        ("2026-11-05T13", datetime(2026, 11, 5, 13, tzinfo=UTC), 1 / 24),
        ("2026-11-05T13-07", datetime(2026, 11, 5, 13, 7, tzinfo=UTC), 1 / 1440),
    ],
)
def test_names(name: str, start: datetime, days: float) -> None:
    assert span_named(name) == Span(start=start, length=timedelta(days=days))


@pytest.mark.parametrize(
    "name",
    ["", "2026", "2026-W00", "2026-W54", "2026-13-01", "2026-02-30", "2026-11-05T24", "2026-11-05T13-60",
     "2026-11-05T13:07", "2026-W45x", "0000-01-01", "٢٠٢٦-11-05"],
)  # fmt: skip
def test_what_is_no_name(name: str) -> None:
    assert span_named(name) is None


def test_the_longest_that_does_not_hold_too_much() -> None:
    spans = spans_before(datetime(2026, 11, 5, 13, 7, 9, tzinfo=UTC), LATE)
    for place in range(3):
        counts = [MOST + 1] * place + [MOST] * (4 - place)
        assert chosen(spans, counts) is spans[place]
    assert chosen(spans, [MOST + 1] * 4) is spans[3]
