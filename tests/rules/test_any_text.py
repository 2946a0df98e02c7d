"""Whatever strangers write into dates, addresses and forms is understood or refused, in bounded time."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs

from any_text import bounded, made_of, quickly
from hypothesis import given
from hypothesis import strategies as st

from syndicator.model.hub import HubPolicy
from syndicator.rules.dates.date_parser import read_date
from syndicator.rules.feeds.any_filter_feeds import ad_hoc_from
from syndicator.rules.filter_language import FilterError, filter_from
from syndicator.rules.hub.rsscloud import read_registration
from syndicator.rules.hub.subscribers import NotUnderstood, read_form, read_request
from syndicator.rules.search.query import QueryError, parse_query

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DATE_PIECES = [
    "2026", "-", "11", "/", "23", " ", "T", ":", "10", ".", ",", "+07:00", "GMT", "WIB", "Senin", "Nov", "November", "jam", "lalu", "3", "satu", "dan",
    "kemarin", "pukul", "terbit", "diperbarui", "a.m.", "p", "th", "(", "[", "'", "W47", "\u200b", "\ufdfa", "\n", "0", "９",
]  # fmt: skip
FILTER_PIECES = [
    "source=", "section=", "tag=", "query=", "q=", "since=", "until=", "language=", "author=", "limit=", "sort=", "story=", "&", "+", "%2B", "%00", "%FF",
    "2026-11-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "(", ")", '"', "-", "*", " AND ", "OR", "NOT", "id", "popular", "1", "a", " ", "\u2028",
]  # fmt: skip
FORM_PIECES = [
    "hub.mode=subscribe", "hub.callback=", "hub.topic=", "hub.secret=", "hub.lease_seconds=", "https://a.example/", "http://[", "&", "=", "%", "%2", "%41", "%FF", "+", ";",
    "9", "domain=", "port=", "80", "path=/", "url1=", "url9999=", "protocol=https-post", "#", "\\", "a",
]  # fmt: skip


@quickly
@given(made_of(DATE_PIECES), st.booleans())
def test_any_text_is_a_date_or_none(text: str, future: bool) -> None:
    with bounded():
        found = read_date(text, timezone="Asia/Jakarta", now=NOW, future=future)
    assert found is None or found.at.tzinfo is UTC


@quickly
@given(made_of(FILTER_PIECES))
def test_any_address_is_a_filter_or_refused(text: str) -> None:
    values = parse_qs(text, keep_blank_values=True, errors="replace")
    with bounded():
        for read in (filter_from, ad_hoc_from):
            with suppress(FilterError):
                read(values)
        with suppress(QueryError):
            parse_query(text)


@quickly
@given(made_of(FORM_PIECES))
def test_any_form_is_a_request_or_refused(text: str) -> None:
    with bounded():
        with suppress(NotUnderstood):
            read_request(read_form(text.encode("utf-8", "replace")), HubPolicy())
        with suppress(NotUnderstood):
            read_registration(read_form(text.encode("utf-8", "replace")), "192.0.2.1")
