from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.web.http.conditional_requests import (
    entity_tag,
    http_date,
    not_modified,
    parse_http_date,
    precondition_failed,
)
from syndicator.web.http.negotiation import Coding

AT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def test_every_coding_has_its_own_tag() -> None:
    assert [entity_tag("abc", coding) for coding in Coding] == [
        '"abc-br"',
        '"abc-zstd"',
        '"abc-gzip"',
        '"abc"',
    ]


@given(st.text())
def test_any_condition_gets_an_answer(header: str) -> None:
    assert not_modified('"a"', AT, if_none_match=header, if_modified_since=header) in {True, False}
    parse_http_date(header, AT)


@pytest.mark.parametrize(
    ("header", "match"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", W/"abc" ,"y"', True),
        ('"x,y", "abc"', True),
        ('"x","abc-gzip"', False),
        ("*", True),
        (" * ", True),
        ('"*"', False),
        ("abc", False),
        ("", False),
        ('junk, ;;"abc"', True),
        ('"ab c"', False),
        ('"ABC"', False),
        ('"x\x80é", "abc"', True),
    ],
)
def test_if_none_match(header: str, match: bool) -> None:
    # It decides alone, even against a date that says otherwise.
    for since in (None, http_date(AT), http_date(AT - timedelta(days=1))):
        assert not_modified('"abc"', AT, if_none_match=header, if_modified_since=since) is match


@pytest.mark.parametrize(
    ("header", "match"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", True),
        ("Sunday, 06-Nov-94 08:49:37 GMT", True),
        ("Sun Nov  6 08:49:37 1994", True),
        ("Sun, 06 Nov 1994 08:49:36 GMT", False),
        ("Sun, 06 Nov 1994 08:49:38 GMT", True),
        ("Sat, 06 Nov 2094 08:49:37 GMT", True),
        ("Sun, 06 Nov 1994 08:49:37 GMT; length=4711", True),
        ("sun, 06 nov 1994 08:49:37 gmt", True),
        ("Sun, 06 Nov 1994 08:49:60 GMT", True),
        ("Sun, 06 Nov 1994 08:49:37", False),
        ("Sun, 31 Feb 1994 08:49:37 GMT", False),
        ("Sun, 06 Foo 1994 08:49:37 GMT", False),
        ("1994-11-06T08:49:37Z", False),
        ("tomorrow", False),
        ("", False),
    ],
)
def test_if_modified_since(header: str, match: bool) -> None:
    assert not_modified('"abc"', AT, if_none_match=None, if_modified_since=header) is match


def test_without_conditions_everything_is_sent() -> None:
    assert not not_modified('"abc"', AT, if_none_match=None, if_modified_since=None)


@pytest.mark.parametrize(("year", "meant"), [("26", 2026), ("76", 2076), ("77", 1977), ("94", 1994)])
def test_years_of_two_digits(year: str, meant: int) -> None:
    read = parse_http_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT", datetime(2026, 11, 5, tzinfo=UTC))
    assert read is not None
    assert read.year == meant


def test_dates_are_written_in_gmt() -> None:
    assert http_date(AT) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert parse_http_date(http_date(AT), AT) == AT


@pytest.mark.parametrize(
    ("if_match", "if_unmodified_since", "failed"),
    [
        ('"a"', None, False),
        ('"b"', None, True),
        ('"b", "a"', None, False),
        ('W/"a"', None, True),
        ('W/"b", "a"', None, False),
        ("*", None, False),
        ("junk", None, True),
        ('"a"', http_date(AT - timedelta(days=1)), False),
        (None, http_date(AT), False),
        (None, http_date(AT - timedelta(seconds=1)), True),
        (None, "junk", False),
        (None, None, False),
    ],
)
def test_what_a_client_wants_unchanged(
    if_match: str | None, if_unmodified_since: str | None, failed: bool
) -> None:
    told = precondition_failed('"a"', AT, if_match=if_match, if_unmodified_since=if_unmodified_since)
    assert told is failed
