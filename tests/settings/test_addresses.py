"""Addresses in the configuration: most stay as they are, and are not taken apart to find that out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from syndicator.settings.texts import PLAIN_URL, Url, parse_url

READ = TypeAdapter[str](Url)


@given(st.from_regex(PLAIN_URL, fullmatch=True))
def test_a_plain_address_is_what_its_parts_make(url: str) -> None:
    assert parse_url(url).geturl() == url
    assert READ.validate_python(url) == url


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://portal.example/rss", "https://portal.example/rss"),
        ("HTTPS://Portal.example/rss", "https://Portal.example/rss"),
        ("https://portal.example/rss?a=1&b=%20#top", "https://portal.example/rss?a=1&b=%20"),
        ("https://portal.example/rss?", "https://portal.example/rss"),
        ("https://portal.example", "https://portal.example"),
        ("http://[::1]:8080/rss", "http://[::1]:8080/rss"),
    ],
)
def test_others_are_taken_apart(written: str, read: str) -> None:
    assert READ.validate_python(written) == read


@pytest.mark.parametrize(
    "wrong",
    [
        "https://user:secret@portal.example/",
        "ftp://portal.example/",
        "https:///rss",
        "https://a b/",
        "https://a.b:99999/",
    ],
)
def test_what_is_no_address_of_a_source_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(wrong)
