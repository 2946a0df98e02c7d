"""What a server and its feed say of when to ask again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NOON

from syndicator.model.source import FeedHints
from syndicator.rules.durations import span
from syndicator.rules.sources.hints import LONGEST_WISH_S, asked_by, next_allowed

DATE = "Thu, 05 Nov 2026 12:00:00 GMT"
FAST = "Thu, 05 Nov 2026 15:00:00 GMT"
"""The clock of a server that is three hours ahead of us."""

ASKED = [
    ({}, FeedHints(), None, ""),
    (
        {"cache-control": "max-age=900"},
        FeedHints(),
        900,
        "the server asks for 15 min (Cache-Control: max-age=900)",
    ),
    ({"cache-control": "public, Max-Age = 900"}, FeedHints(), 900, "max-age=900"),
    ({"cache-control": 'private, max-age="900", must-revalidate'}, FeedHints(), 900, "max-age=900"),
    ({"cache-control": "max-age=60, max-age=900"}, FeedHints(), 60, "max-age=60"),
    ({"cache-control": "max-age=900", "age": "300"}, FeedHints(), 600, "the server asks for 10 min"),
    ({"cache-control": "max-age=900", "age": "soon"}, FeedHints(), 900, "the server asks for 15 min"),
    ({"cache-control": "max-age=900", "age": "900"}, FeedHints(), None, ""),
    ({"cache-control": "max-age=0"}, FeedHints(), None, ""),
    ({"cache-control": "max-age=-1"}, FeedHints(), None, ""),
    ({"cache-control": "max-age=soon"}, FeedHints(), None, ""),
    ({"cache-control": "max-age"}, FeedHints(), None, ""),
    ({"cache-control": "s-maxage=900"}, FeedHints(), None, ""),
    ({"cache-control": "s-maxage=900, max-age=60"}, FeedHints(), 60, "max-age=60"),
    ({"cache-control": "no-cache, max-age=900"}, FeedHints(), None, ""),
    ({"cache-control": "no-store, max-age=900"}, FeedHints(), None, ""),
    ({"cache-control": 'no-cache="Set-Cookie", max-age=900'}, FeedHints(), None, ""),
    (
        {"cache-control": "max-age=31536000"},
        FeedHints(),
        86400,
        "asks for 365 d (Cache-Control: max-age=31536000), of which we keep 1 d",
    ),
    ({"cache-control": "max-age=" + "9" * 18}, FeedHints(), 86400, "of which we keep 1 d"),
    ({"cache-control": "max-age=" + "9" * 500}, FeedHints(), None, ""),
    ({"expires": "Thu, 05 Nov 2026 12:10:00 GMT"}, FeedHints(), 600, "the server asks for 10 min (Expires)"),
    ({"expires": "Thu, 05 Nov 2026 15:10:00 GMT", "date": FAST}, FeedHints(), 600, "(Expires)"),
    (
        {"expires": "Thu, 05 Nov 2026 12:10:00 GMT", "date": DATE, "age": "60"},
        FeedHints(),
        540,
        "9 min (Expires)",
    ),
    ({"expires": DATE, "date": DATE}, FeedHints(), None, ""),
    ({"expires": "0"}, FeedHints(), None, ""),
    ({"expires": "-1"}, FeedHints(), None, ""),
    ({"expires": "Thu, 05 Nov 2037 12:00:00 GMT"}, FeedHints(), 86400, "of which we keep 1 d"),
    (
        {"expires": "Thu, 05 Nov 2026 13:00:00 GMT", "cache-control": "max-age=60"},
        FeedHints(),
        60,
        "max-age=60",
    ),
    ({"expires": "Thu, 05 Nov 2026 13:00:00 GMT", "cache-control": "public"}, FeedHints(), 3600, "(Expires)"),
    ({}, FeedHints(ttl_s=1800), 1800, "the feed asks for 30 min (ttl)"),
    ({}, FeedHints(ttl_s=1e9), 86400, "(ttl), of which we keep 1 d"),
    ({}, FeedHints(update_interval_s=5400), 5400, "the feed asks for 1 h 30 min (sy:updatePeriod)"),
    ({}, FeedHints(ttl_s=0.0, update_interval_s=0.5), None, ""),
    ({}, FeedHints(ttl_s=float("nan")), None, ""),
    ({"cache-control": "no-cache"}, FeedHints(ttl_s=60), 60, "(ttl)"),
    (
        {"cache-control": "max-age=900"},
        FeedHints(ttl_s=60, update_interval_s=3600),
        3600,
        "(sy:updatePeriod)",
    ),
    ({"cache-control": "max-age=7200"}, FeedHints(ttl_s=60, update_interval_s=3600), 7200, "max-age=7200"),
]


@pytest.mark.parametrize(("headers", "hints", "wait_s", "because"), ASKED)
def test_the_latest_wish_counts(
    headers: dict[str, str], hints: FeedHints, wait_s: float | None, because: str
) -> None:
    wish = asked_by(headers, hints, now=NOON)
    if wait_s is None:
        assert wish is None
    else:
        assert wish is not None
        assert wish.until == NOON + timedelta(seconds=wait_s)
        assert because in wish.because


HEADER = st.text(alphabet='max-age=0123456789,"; no-store Thu Nov GMT', max_size=60)


@given(HEADER, HEADER, HEADER, st.floats(0, 1e12), st.floats(0, 1e12))
def test_no_wish_is_in_the_past_nor_over_a_day(
    cache: str, expires: str, age: str, ttl_s: float, interval_s: float
) -> None:
    headers = {"cache-control": cache, "expires": expires, "age": age}
    wish = asked_by(headers, FeedHints(ttl_s=ttl_s, update_interval_s=interval_s), now=NOON)
    if wish is not None:
        assert 1.0 <= (wish.until - NOON).total_seconds() <= LONGEST_WISH_S


@pytest.mark.parametrize(
    ("hints", "expected"),
    [  # noon is a Thursday
        (FeedHints(), NOON),
        (FeedHints(skip_hours=(11, 13)), NOON),
        (FeedHints(skip_hours=(12,)), datetime(2026, 11, 5, 13, tzinfo=UTC)),
        (FeedHints(skip_hours=(12, 13, 14)), datetime(2026, 11, 5, 15, tzinfo=UTC)),
        (FeedHints(skip_hours=tuple(range(1, 24))), datetime(2026, 11, 6, 0, tzinfo=UTC)),
        (FeedHints(skip_hours=tuple(range(24))), NOON),
        (FeedHints(skip_hours=(12, 24, -1, 99)), datetime(2026, 11, 5, 13, tzinfo=UTC)),
        (FeedHints(skip_days=(3,)), datetime(2026, 11, 6, 0, tzinfo=UTC)),
        (FeedHints(skip_days=(3, 4, 5, 6)), datetime(2026, 11, 9, 0, tzinfo=UTC)),
        (FeedHints(skip_days=tuple(range(7))), NOON),
        (FeedHints(skip_days=(3,), skip_hours=tuple(range(8))), datetime(2026, 11, 6, 8, tzinfo=UTC)),
    ],
)
def test_skipped_hours_and_days_are_left_out(hints: FeedHints, expected: datetime) -> None:
    assert next_allowed(NOON, hints) == expected


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- given its zone by the strategy
    st.frozensets(st.integers(-1, 24), max_size=26),
    st.frozensets(st.integers(-1, 7), max_size=9),
)
def test_an_allowed_instant_is_always_found(
    at: datetime, hours: frozenset[int], days: frozenset[int]
) -> None:
    allowed = next_allowed(at, FeedHints(skip_hours=tuple(hours), skip_days=tuple(days)))
    assert at <= allowed <= at + timedelta(days=8)
    if len(hours & set(range(24))) < len(range(24)):
        assert allowed.hour not in hours
    if len(days & set(range(7))) < len(range(7)):
        assert allowed.weekday() not in days


@pytest.mark.parametrize(
    ("seconds", "words"),
    {
        0: "0 s",
        -5: "0 s",
        45: "45 s",
        60: "1 min",
        90.4: "1 min 30 s",
        3599.7: "1 h",
        5400: "1 h 30 min",
        86400: "1 d",
        86460: "1 d",
        90000: "1 d 1 h",
        31536000: "365 d",
    }.items(),
)
def test_lengths_of_time_are_told_in_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words
