"""What of an article is searched, and how its words are folded."""

import pytest
from msgspec.structs import replace
from support import NOON, candidate

from syndicator.model.article import Article
from syndicator.rules.admission import decide
from syndicator.rules.identity import identify
from syndicator.rules.query import matches_query, parse_query
from syndicator.rules.search_words import MAX_LETTERS, MAX_WORDS, search_words, searchable, words_and_stems


@pytest.fixture(scope="module")
def article() -> Article:
    one = candidate(1, title="Judul", body_html="<p>Isi&nbsp;teks <b>teb</b>al</p><p>Baca juga: Lainnya</p>")
    found = decide(one, identify([one])[0], None, specs=(), now=NOON, backfill=False, rechecked=False).article
    assert found is not None
    return replace(
        found,
        lead="Pembuka",
        quote="Kutipan",
        section="Olahraga",
        tags=("Sepak Bola",),
        authors=("Sari Dewi",),
    )


@pytest.mark.parametrize(
    "query", ["judul", "pembuka", "kutipan", '"isi teks"', "tebal", "olahraga", '"sepak bola"', '"sari dewi"']
)
def test_all_that_a_reader_sees_is_searched(article: Article, query: str) -> None:
    assert matches_query(parse_query(query), searchable(article))


@pytest.mark.parametrize("query", ["nbsp", '"baca juga"', "lainnya", "city"])
def test_what_is_no_text_of_it_is_not(article: Article, query: str) -> None:
    assert not matches_query(parse_query(query), searchable(article))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Jakarta, 5 Nov", ["jakarta", "5", "nov"]),
        ("CAFÉ Ångström Straße", ["cafe", "angstrom", "strasse"]),
        ("cafe\u0301", ["cafe"]),
        ("snake_case don't", ["snake", "case", "don", "t"]),
        ("İstanbul ﬁnal ２０２６", ["istanbul", "final", "2026"]),
        ("\ud800x", ["x"]),
    ],
)
def test_words_are_small_and_without_accents(text: str, words: list[str]) -> None:
    assert search_words(text) == words


def test_long_texts_and_words_end() -> None:
    assert len(words_and_stems("", "kata " * (MAX_WORDS + 9), "id").text) == MAX_WORDS
    assert search_words("a" * 1000) == ["a" * MAX_LETTERS]
