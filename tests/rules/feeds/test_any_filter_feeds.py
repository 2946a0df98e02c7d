"""What the address of a feed that nobody configured asks for."""

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicator.model.feed import Filter, Order, Per, Window
from syndicator.rules.feeds.any_filter_feeds import AdHoc, ad_hoc_from
from syndicator.rules.filter_language import FilterError

ID = "abcdefghijklmnop"


def read(query_string: str) -> AdHoc:
    return ad_hoc_from(parse_qs(query_string, keep_blank_values=True))


_parameters = st.lists(
    st.sampled_from(
        [
            "section=Olahraga",
            "section=ekonomi",
            "source=kota",
            "source=pelabuhan",
            "sort=popular",
            "window=1h",
            "limit=7",
            "per=story",
            "per=article",
            f"story={ID}",
            "q=banjir",
            "utm_source=x",
            "tag=",
        ]
    ),
    max_size=6,
    unique=True,
)


@given(_parameters.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_parameters_says_nothing_and_what_is_spelled_is_read_again(
    given_: tuple[list[str], list[str]],
) -> None:
    one, other = ("&".join(parts) for parts in given_)
    try:
        asked = read(one)
    except FilterError:
        with pytest.raises(FilterError):
            read(other)
        return
    assert read(other) == asked
    assert read(asked.spelled()) == asked
    assert "utm" not in asked.spelled()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", AdHoc()),
        ("source=kota", AdHoc(filter=Filter(source=("kota",)), per=Per.ARTICLE)),
        ("sort=popular&window=7d", AdHoc(order=Order.POPULAR, window=Window.WEEK, per=Per.ARTICLE)),
        ("window=7d&sort=latest", AdHoc()),
        ("sort=popular&per=story", AdHoc(order=Order.POPULAR)),
        (f"story={ID}&per=story", AdHoc(story=read(f"story={ID}").story, per=Per.ARTICLE)),
        ("limit=200", AdHoc(size=200)),
    ],
)
def test_what_is_usual(asked: str, expected: AdHoc) -> None:
    assert read(asked) == expected


@pytest.mark.parametrize(
    ("asked", "key", "says"),
    [
        ("limit=0", "limit", "not a number from 1 to 200"),
        ("limit=201", "limit", "not a number from 1 to 200"),
        ("limit=²", "limit", "not a number"),
        ("limit=" + "9" * 5000, "limit", "not a number"),
        ("limit=1&limit=2", "limit", "given twice"),
        ("sort=newest", "sort", "is not latest or popular"),
        ("window=2h", "window", "1h, 24h, 7d or all"),
        ("per=topic", "per", "article or story"),
        (f"story={ID}&sort=popular", "story", "no use"),
        ("story=x", "story", "not the id of an article"),
        ("since=x", "since", "not a date and time"),
    ],
)
def test_what_is_refused_names_the_key(asked: str, key: str, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        read(asked)
    assert caught.value.key == key
    assert says in caught.value.reason
    assert caught.value.remedy
