"""The query language: what is understood, what is refused and how, and what is found."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rules.search_queries import languages, queries, texts

from syndicator.rules.search.query import (
    MAX_CHARACTERS,
    MAX_TERMS,
    All,
    AnyOf,
    Phrase,
    Prefix,
    QueryError,
    Word,
    matches_query,
    parse_query,
)
from syndicator.rules.search.search_words import search_words, words_and_stems

TITLE = "Banjir rendam Jakarta Timur"
TEXT = "Pemerintah daerah mengungsikan 1.250 warga; kasus COVID-19 di Café Müller naik."


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("banjir", True),
        ("BANJIR jakarta", True),
        ("banjir AND kebakaran", False),
        ("kebakaran OR banjir", True),
        ("banjir NOT jakarta", False),
        ("banjir -bandung", True),
        ("banjir NOT (bandung OR jakarta)", False),
        ("(kebakaran OR banjir) warga", True),
        ("kebakaran gempa OR banjir", True),
        ('"jakarta timur"', True),
        ('"timur jakarta"', False),
        ('"timur pemerintah"', False),
        ("cafe muller", True),
        ("covid-19", True),
        ("covid-20", False),
        ("mengungs*", True),
        ("ungsi", True),
        ("pemerintahan", True),
        ('"pemerintahan"', False),
        ("or", False),
    ],
)
def test_what_is_found(query: str, is_found: bool) -> None:
    assert matches_query(parse_query(query), words_and_stems(TITLE, TEXT, "id")) is is_found


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("penerbangan", "pesawat terbang", "id"),
        ("terbang", "jadwal penerbangan", "id"),
        ("naik", "menaikkan harga", "id"),
        ("kirim", "pengiriman beras", "id"),
        ("aturan", "mengatur lalu lintas", "id"),
        ("flooding", "The city was flooded.", "en"),
        ("elections", "An election is near", "en-GB"),
        ("elections", "An election is near", None),
        ("menulis", "ditulis kembali", "ms"),
    ],
)
def test_forms_of_a_word_find_each_other_in_its_language(query: str, text: str, language: str | None) -> None:
    assert matches_query(parse_query(query), words_and_stems("", text, language))
    assert not matches_query(parse_query(f'"{query}"'), words_and_stems("", text, language))


@pytest.mark.parametrize(
    ("query", "code", "position", "says", "remedy"),
    [
        ("", "empty", 1, "holds no words", "what is to be found"),
        ("   ", "empty", 4, "holds no words", "what is to be found"),
        ("banjir OR", "missing", 10, "misses a word", "in quotes"),
        ("AND banjir", "missing", 1, "misses a word", "in quotes"),
        ("banjir NOT NOT x", "missing", 12, "misses a word", "in quotes"),
        ("()", "missing", 2, "misses a word", ""),
        ("NOT banjir", "only_not", 1, "not to be found", "before NOT"),
        ("banjir OR NOT jakarta", "only_not", 11, "not to be found", "before NOT"),
        ("(banjir", "open", 8, "( without a )", "missing"),
        ("banjir)", "close", 7, ") without a (", "remove"),
        ('banjir "jakarta timur', "quote", 8, "without a second", "around"),
        ("ba*", "prefix", 1, "3 letters", "bencana*"),
        ("*", "prefix", 1, "3 letters", "bencana*"),
        ("ban*jir", "star", 1, "inside a word", "at the end"),
        ("!?", "signs", 1, "no letters", "a word"),
        ('"…"', "signs", 1, "no letters", "between"),
        ("a " * (MAX_TERMS + 1), "many", 2 * MAX_TERMS + 1, "more than 16 words", "fewer"),
        ("x" * (MAX_CHARACTERS + 1), "long", MAX_CHARACTERS + 1, "300 characters", "fewer"),
        ("(" * 20 + "a" + ")" * 20, "depth", 10, "inside each other", "flatter"),
        ('"' + "a " * 13 + '"', "phrase", 1, "more than 12 words", "shorten"),
    ],
)
def test_what_is_no_query_is_refused_with_place_and_remedy(
    query: str, code: str, position: int, says: str, remedy: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert (caught.value.code, caught.value.position) == (code, position)
    assert says in str(caught.value)
    assert str(position) in str(caught.value)
    assert remedy in caught.value.remedy


def test_not_binds_closer_than_and_and_that_closer_than_or() -> None:
    assert parse_query("aaa bbb* OR -ccc ddd") == AnyOf(
        (
            All((Word(("aaa",)), Prefix("bbb"))),
            All((Word(("ddd",)),), (Word(("ccc",)),)),
        )
    )
    assert parse_query('"A b"') == Phrase(("a", "b"))


@given(st.text(max_size=40))
def test_whatever_is_typed_is_understood_or_refused(text: str) -> None:
    fault = _fault(text)
    assert fault is None or (1 <= fault.position <= len(text) + 1 and fault.remedy)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    words = search_words(text)
    assert search_words(" ".join(words)) == words


@given(queries, queries, texts, texts, languages)
def test_queries_obey_the_laws_of_logic(
    one: str, other: str, title: str, text: str, language: str | None
) -> None:
    def found(query: str) -> bool:
        return matches_query(parse_query(query), words_and_stems(title, text, language))

    assume(len(one) + len(other) < MAX_CHARACTERS - 12 and not _fault(f"({one}) OR ({other})"))
    assert found(f"({one}) OR ({other})") is (found(one) or found(other))
    assert found(f"({one}) ({other})") is (found(one) and found(other))
    assert found(f"({one}) NOT ({other})") is (found(one) and not found(other))


def _fault(text: str) -> QueryError | None:
    try:
        parse_query(text)
    except QueryError as error:
        return error
    return None
