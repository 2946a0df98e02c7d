"""What is the same article, what is a change, and what is neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import candidate

from syndicator.model.article import Photo, Placement, RelatedLink
from syndicator.rules.identity import content_hash, identify, url_key


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


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Lain"},
        {"lead": "Lain."},
        {"body_html": "<p>Lain.</p>"},
        {"quote": "Lain"},
        {"authors": ("Sari",)},
        {"section": "Olahraga"},
        {"tags": ("mrt",)},
        {"photos": (Photo(url="https://kota.example/1.jpg", credit="Sari"),)},
    ],
)
def test_what_a_reader_would_notice_is_a_change(change: dict[str, object]) -> None:
    assert content_hash(candidate(1)) != content_hash(replace(candidate(1), **change))


@pytest.mark.parametrize(
    "change",
    [
        {"views": 9000},
        {"updated_at": candidate(1).published_at},
        {"related": (RelatedLink(url="https://kota.example/2", title="x", placement=Placement.BOXED),)},
        {"url": "https://kota.example/moved"},
    ],
)
def test_what_a_reader_would_not_notice_is_none(change: dict[str, object]) -> None:
    assert content_hash(candidate(1)) == content_hash(replace(candidate(1), **change))


def test_a_link_that_entries_with_guids_share_identifies_none_of_them() -> None:
    link = "https://status.example/changelog"
    batch = [candidate(number, url=link, guid=f"g{number}") for number in (1, 2, 3)]
    found = identify(batch)
    assert len({identity.article_id for identity in found}) == 3
    assert len({key for identity in found for key in identity.keys}) == 3
    # Without guids of their own it is the link that tells.
    assert len({one.article_id for one in identify([candidate(1, url=link), candidate(2, url=link)])}) == 1
