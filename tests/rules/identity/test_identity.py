"""What is the same article."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import candidate

from syndicator.rules.identity.identity import identify, url_key


@given(st.text())
def test_any_text_has_a_key(text: str) -> None:
    assert url_key("https://kota.example/" + text).startswith("u:")


@pytest.mark.parametrize("url", ["http://[", "https://kota.example:99999999/", "https://kota.example:x/", ""])
def test_urls_that_no_parser_likes_still_have_a_key(url: str) -> None:
    assert url_key(url).startswith("u:")


def test_sources_that_carry_the_same_page_agree_on_its_id() -> None:
    (one,) = identify([candidate(1, source="a", guid="123")])
    (other,) = identify([candidate(1, source="b")])
    assert one.article_id == other.article_id
    assert len(one.article_id) == 16


def test_a_guid_means_something_inside_its_own_source_only() -> None:
    (one,) = identify([candidate(1, source="a", guid="7")])
    (other,) = identify([candidate(2, source="b", guid="7")])
    assert set(one.keys).isdisjoint(other.keys)


def test_a_candidate_without_any_address_is_known_by_its_text() -> None:
    bare = replace(candidate(1), url="")
    assert identify([bare])[0].keys == identify([bare])[0].keys
    assert identify([bare])[0].keys != identify([replace(bare, title="Lain")])[0].keys


def test_a_link_that_entries_with_guids_share_identifies_none_of_them() -> None:
    link = "https://status.example/changelog"
    batch = [candidate(number, url=link, guid=f"g{number}") for number in (1, 2, 3)]
    found = identify(batch)
    assert len({identity.article_id for identity in found}) == 3
    assert len({key for identity in found for key in identity.keys}) == 3
    # Without guids of their own it is the link that tells.
    assert len({one.article_id for one in identify([candidate(1, url=link), candidate(2, url=link)])}) == 1
