"""What two revisions say differently, as people read it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rules.articles.test_revision import FIRST, stored

from syndicator.model.article import Photo
from syndicator.rules.articles.word_diff import MAX_CHARACTERS, Diff, Kind, word_diff


def diff(before: str, after: str) -> Diff:
    article = stored()
    return word_diff(replace(article, body_html=before), replace(article, body_html=after))


def told(found: Diff) -> list[tuple[str, str]]:
    (field,) = found.fields
    return [(piece.kind.value, piece.text) for piece in field.pieces]


def test_what_was_taken_out_and_put_in() -> None:
    assert told(diff("<p>a b 12 orang tewas</p>", "<p>a b 21 orang tewas</p>")) == [
        ("same", "a b"),
        ("removed", "12"),
        ("added", "21"),
        ("same", "orang tewas"),
    ]


def test_only_the_words_around_a_change_are_told() -> None:
    before = " ".join(f"w{number}" for number in range(40))
    assert told(diff(before, before.replace("w20", "x"))) == [
        ("same", "… w14 w15 w16 w17 w18 w19"),
        ("removed", "w20"),
        ("added", "x"),
        ("same", "w21 w22 w23 w24 w25 w26 …"),
    ]


def test_fields_are_told_apart() -> None:
    one = stored()
    other = stored(
        replace(
            FIRST,
            title="Lain",
            section="Metro",
            photos=(Photo(url="https://a.example/x.jpg", caption="Air"),),
        )
    )
    assert [field.field for field in word_diff(one, other).fields] == ["title", "photos", "section"]


def test_the_same_differs_in_nothing() -> None:
    assert word_diff(stored(), stored()).fields == ()


@given(
    st.lists(st.sampled_from("abcde"), max_size=30),
    st.lists(st.sampled_from("abcde"), max_size=30),
)
def test_no_word_is_lost(one: list[str], other: list[str]) -> None:
    found = diff(" ".join(one) or "x", " ".join(other) or "x")
    pieces = found.fields[0].pieces if found.fields else ()
    removed = sum(len(piece.text.split()) for piece in pieces if piece.kind is Kind.REMOVED)
    added = sum(len(piece.text.split()) for piece in pieces if piece.kind is Kind.ADDED)
    assert len(one or "x") - removed == len(other or "x") - added


@pytest.mark.parametrize("word", ["a ", "ab cd "])
def test_long_texts_are_bounded_in_time_and_size(word: str) -> None:
    began = time.process_time()
    found = diff(word * 50_000 + "x", "y " + word * 50_001)
    assert time.process_time() - began < 5
    assert sum(len(piece.text) for field in found.fields for piece in field.pieces) <= MAX_CHARACTERS
    assert diff("x " + "a b " * 600, "b a " * 600).fields
