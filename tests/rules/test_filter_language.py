"""The language of filters: what URLs say, what is refused and how, and one spelling for what means the same."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rules.search_queries import queries
from support import NOON, candidate

from syndicator.model.article import Article
from syndicator.model.feed import Filter
from syndicator.rules.articles.admission import decide
from syndicator.rules.filter_language import MAX_VALUES, FilterError, filter_from, spelled
from syndicator.rules.filter_matching import matches_keys
from syndicator.rules.identity.identity import identify
from syndicator.rules.search.query import MAX_CHARACTERS, QueryError, parse_query

_plain = st.text(min_size=1, max_size=20).filter(
    lambda text: text.strip() and text.isprintable() and text.casefold().isprintable()
)
_values = st.lists(
    _plain | st.sampled_from(["Banjir", "BANJIR", " banjir ", "Straße", "İzmir", "a&b=c+d"]), max_size=4
)
_zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_instants = st.none() | st.datetimes(
    min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1), timezones=_zones  # noqa: DTZ001  the zones are added
)  # fmt: skip
_filters = st.builds(
    Filter,
    source=_values.map(tuple),
    section=_values.map(tuple),
    tag=_values.map(tuple),
    language=st.lists(st.sampled_from(["id", "en-GB", "EN"]), max_size=3).map(tuple),
    author=_values.map(tuple),
    query=st.none() | queries.filter(lambda text: len(text) <= MAX_CHARACTERS),
    since=_instants,
    until=_instants,
)


def read(query_string: str) -> Filter:
    return filter_from(parse_qs(query_string, keep_blank_values=True))


def is_good(wanted: Filter) -> bool:
    if wanted.query is not None:
        try:
            parse_query(wanted.query)
        except QueryError:
            return False
    return wanted.since is None or wanted.until is None or wanted.since < wanted.until


@given(_filters.filter(is_good))
def test_a_filter_comes_back_from_its_address_and_has_one_alone(wanted: Filter) -> None:
    back = read(spelled(wanted))
    assert spelled(back) == spelled(wanted)
    assert read(spelled(back)) == back
    assert (back.since, back.until) == (wanted.since, wanted.until)
    assert (back.query is None) == (wanted.query is None)
    if wanted.query is not None and back.query is not None:
        assert parse_query(back.query) == parse_query(wanted.query)


@given(_filters.filter(is_good), _values.map(tuple), st.none() | _plain, _plain)
def test_what_comes_back_takes_the_same_articles(
    wanted: Filter, tags: tuple[str, ...], section: str | None, author: str
) -> None:
    back = read(spelled(wanted))
    for chosen in (wanted.tag, tags):
        one = replace(
            article(),
            tags=chosen,
            section=section,
            authors=(*wanted.author[:1], author),
            source=(wanted.source or ("city",))[0],
        )
        assert matches_keys(back, one) == matches_keys(wanted, one)


def article() -> Article:
    one = candidate(1)
    found = decide(one, identify([one])[0], None, specs=(), now=NOON, backfill=False, rechecked=False).article
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("", ""),
        ("section=Olahraga&section=olahraga++&section=Ekonomi", "section=ekonomi&section=olahraga"),
        ("tag=banjir&source=kota", "source=kota&tag=banjir"),
        ("utm_source=x&page=2&format=rss&tag=banjir", "tag=banjir"),
        ("section=&q=&since=&tag=+", ""),
        ("query=banjir++jakarta", "q=banjir+jakarta"),
        ("q=banjir&query=banjir", "q=banjir"),
        ("q=longsor&q=banjir+jakarta", "q=%28banjir+jakarta%29+OR+%28longsor%29"),
        ("since=2026-11-01T07:00:00%2B07:00", "since=2026-11-01T00%3A00%3A00Z"),
        ("since=2026-11-01T07:00:00+07:00", "since=2026-11-01T00%3A00%3A00Z"),
        ("since=2026-11-02T00:00:00Z&since=2026-11-01T00:00:00Z", "since=2026-11-01T00%3A00%3A00Z"),
        ("until=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z", "until=2026-11-02T00%3A00%3A00Z"),
        ("language=ID", "language=id"),
    ],
)  # fmt: skip
def test_one_spelling(asked: str, canonical: str) -> None:
    assert spelled(read(asked)) == canonical


@pytest.mark.parametrize(
    ("asked", "key", "says", "remedy"),
    [
        ("language=bahasa+indonesia", "language", "not a language tag", "BCP 47"),
        ("since=yesterday", "since", "not a date and time", "2026-11-01T00:00:00Z"),
        ("since=2026-11-01", "since", "no offset", "2026-11-01T00:00:00Z"),
        ("until=2026-11-01T00:00:00", "until", "no offset", "%2B07:00"),
        ("since=0001-01-01T00:00:00%2B14:00", "since", "beyond the calendar", "2026"),
        ("since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z", "until", "not after since", "later"),
        ("until=2026-11-01T00:00:00Z&since=2026-11-01T00:00:00Z", "until", "not after since", "later"),
        ("q=banjir+OR", "q", "misses a word at character 10", "write one here"),
        ("query=-banjir", "query", "only what is not", "before NOT"),
        ("q=" + "x" * 301, "q", "more than 300 characters", "fewer words"),
        ("tag=a%00b", "tag", "control characters", "one line"),
        ("tag=" + "x" * 201, "tag", "more than 200 characters", "shorten"),
        ("&".join(f"tag=t{n}" for n in range(MAX_VALUES + 1)), "tag", "more than 40 values", "fewer"),
    ],
)
def test_what_is_refused_names_the_key_and_what_to_do(asked: str, key: str, says: str, remedy: str) -> None:
    with pytest.raises(FilterError) as caught:
        read(asked)
    assert caught.value.key == key
    assert says in caught.value.reason
    assert remedy in caught.value.remedy


def test_alternatives_and_joint_keys() -> None:
    wanted = read("section=A&section=B&tag=c&since=2026-11-01T00:00:00Z&q=d")
    assert wanted == Filter(
        section=("a", "b"), tag=("c",), since=datetime(2026, 11, 1, tzinfo=UTC), query="d"
    )
