"""Words, runs of words and terms: what copies and stories are compared by."""

import random
import time
from collections.abc import Sequence

import pytest

from syndicator.rules.stories.rarity import rarity
from syndicator.rules.stories.shingles import Hashes, hashed_runs, sample
from syndicator.rules.stories.terms import UNIT, similarity, strongest, weigh
from syndicator.rules.stories.vocabulary import look_up, pack, unpack
from syndicator.rules.words import MOST_CHARACTERS, plain_body, words_of


def runs_of(words: Sequence[str]) -> Hashes:
    return hashed_runs(unpack(pack(words))[0])


def shingles(words: Sequence[str]) -> frozenset[int]:
    return frozenset(runs_of(words).tolist())


def terms_of(title: str, text: str) -> dict[int, int]:
    return weigh(look_up(title), look_up(text))


@pytest.mark.parametrize(
    "line",
    [
        "Baca juga: Harga beras naik lagi", "BACA JUGA : Harga beras naik lagi", "ADVERTISEMENT",
        "SCROLL TO CONTINUE WITH CONTENT", "Simak Video: Detik-detik Kebakaran", "[Gambas:Video 20detik]",
        "Read also: Rice prices up again", "Artikel ini telah tayang di portal lain dengan judul lain",
    ],
)  # fmt: skip
def test_furniture_between_paragraphs_is_no_text(line: str) -> None:
    assert (
        plain_body(f"<p>Satu kalimat.</p><p>{line}</p><p>Dua kalimat.</p>") == "Satu kalimat.\nDua kalimat."
    )


@pytest.mark.parametrize(
    "line",
    ["Baca doa ini bersama keluarga.", "Simak penjelasan menteri itu.", "Iklan itu menuai protes warga."],
)
def test_sentences_that_begin_like_furniture_stay(line: str) -> None:
    assert plain_body(f"<p>Satu kalimat.</p><p>{line}</p>") == f"Satu kalimat.\n{line}"


@pytest.mark.parametrize(
    ("beginning", "rest"),
    [
        ("JAKARTA, KOMPAS.com - ", "Hujan turun."),
        ("Jakarta (ANTARA) - ", "Hujan turun."),
        ("BANDUNG — ", "Hujan turun."),
        ("Partai itu - yang baru berdiri - ", "menang."),
    ],
)
def test_a_dateline_is_taken_off_and_a_dash_in_a_sentence_is_not(beginning: str, rest: str) -> None:
    found = plain_body(f"<p>{beginning}{rest}</p>")
    assert found == (beginning + rest if beginning.startswith("Partai") else rest)


def test_markup_ends_words_only_where_blocks_end() -> None:
    assert plain_body("<p>Pe<b>merin</b>tah &amp; rakyat</p><p>setuju</p>") == "Pemerintah & rakyat\nsetuju"
    assert words_of("Rp 1.250, “Naik”!") == ["rp", "1", "250", "naik"]


def test_runs_are_found_wherever_they_stand() -> None:
    words = [f"kata{number}" for number in range(60)]
    assert shingles(words[20:40]) < shingles(words)
    assert len(shingles(words)) == 56
    assert shingles(["é", "ü"]) == shingles(["é", "ü"]) != shingles(["é"])
    assert shingles([]) == frozenset()


def test_what_two_texts_share_their_samples_share() -> None:
    rng = random.Random(4)
    words = [f"w{rng.randrange(10_000)}" for _ in range(400)]
    whole, half = sample(runs_of(words)), sample(runs_of(words[:200]))
    assert 8 <= len(whole) <= 40
    assert len(set(whole) & set(half)) >= 8


def test_names_say_much_and_common_words_nothing() -> None:
    assert rarity("dan") == rarity("the") == rarity("a") == 0
    assert rarity("lemahangsana") == rarity("xqzt") > rarity("kebakaran") > rarity("presiden") > 0
    assert rarity("2026") == rarity("1998") < 1


def test_terms_are_a_vector_of_unit_length_of_the_most_telling_words() -> None:
    terms = terms_of("Kebakaran di Tambora", "Warga Tambora mengungsi ke balai kota. " * 3)
    assert sum(weight**2 for weight in terms.values()) == pytest.approx(UNIT**2, rel=0.01)
    assert strongest(terms, 1) == strongest(terms_of("Tambora", "tambora tambora"), 1)
    assert similarity(terms, terms) == pytest.approx(1)
    assert similarity(terms, {}) == 0


def test_a_text_that_says_too_little_has_no_terms() -> None:
    assert terms_of("Foto: Kegiatan Presiden", "") == {}
    assert terms_of("Berita nomor 7", "Isi berita nomor 7.") == {}


def test_of_a_text_without_end_the_beginning_counts() -> None:
    assert len(plain_body("<p>kata lain</p>" * 100_000)) <= MOST_CHARACTERS
    began = time.process_time()
    assert len(plain_body("<" * MOST_CHARACTERS)) == MOST_CHARACTERS
    assert len(plain_body("<br " * MOST_CHARACTERS)) <= MOST_CHARACTERS
    assert time.process_time() - began < 1, "each `<` is looked at once"


def test_a_word_without_end_is_taken_apart() -> None:
    assert words_of("a" * 100) == ["a" * 40, "a" * 40, "a" * 20]
