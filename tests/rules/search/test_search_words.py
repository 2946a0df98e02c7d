"""What of an article is searched, and how its words are folded."""

from itertools import combinations

import pytest
from msgspec.structs import replace
from support import NOON, candidate

from syndicator.model.article import Article
from syndicator.rules.articles.admission import decide
from syndicator.rules.identity.identity import identify
from syndicator.rules.search.query import matches_query, parse_query
from syndicator.rules.search.search_words import (
    MAX_LETTERS,
    MAX_WORDS,
    search_words,
    searchable,
    stems_of,
    words_and_stems,
)


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


FAMILIES = (
    "penerbangan terbang diterbangkan menerbangkan", "pemerintah pemerintahan perintah memerintah",
    "menulis penulis tulisan ditulis", "mengungsi pengungsi pengungsian diungsikan",
    "kebakaran terbakar membakar bakar", "pemilihan pemilih memilih dipilih pilihan",
    "kenaikan menaikkan naik dinaikkan", "penyelidikan menyelidiki diselidiki penyelidik",
    "peraturan mengatur diatur aturan", "pembunuhan membunuh dibunuh pembunuh",
    "pertandingan bertanding tanding", "korupsi koruptor", "pesawat pesawatnya", "mahasiswa mahasiswanya",
    "presiden presidennya", "kebanjiran banjir membanjiri", "perekonomian ekonomi",
    "kesehatan sehat penyehatan", "pendidikan didik mendidik", "kecelakaan celaka",
)  # fmt: skip


def test_forms_of_indonesian_words_meet_nearly_always_and_others_never() -> None:
    families = [[set(stems_of(word, "indonesian")) for word in family.split()] for family in FAMILIES]
    pairs = [pair for family in families for pair in combinations(family, 2)]
    assert len(pairs) == 82
    assert sum(not one.isdisjoint(other) for one, other in pairs) >= 77
    for one, other in combinations(families, 2):
        assert set().union(*one).isdisjoint(set().union(*other))


def test_long_texts_and_words_end() -> None:
    assert len(words_and_stems("", "kata " * (MAX_WORDS + 9), "id").text) == MAX_WORDS
    assert search_words("a" * 1000) == ["a" * MAX_LETTERS]
