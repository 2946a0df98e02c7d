"""Which figures of two texts differ."""

import pytest

from syndicator.rules.stories.near_duplicates import are_revised, figures_of
from syndicator.rules.words import words_of


def revised(one: str, other: str) -> bool:
    first, second = figures_of(words_of(one)), figures_of(words_of(other))
    assert are_revised(first, second) == are_revised(second, first)
    return are_revised(first, second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Banjir menewaskan 12 orang", "Banjir menewaskan 15 orang"),
        ("Banjir menewaskan dua orang", "Banjir menewaskan tiga orang"),
        ("At least twelve people died", "At least 15 people died"),
        ("kata dia, Senin (11/5/2026).", "kata dia, Selasa (12/5/2026)."),
        ("berlaku hingga 12 Mei di semua gerai", "berlaku hingga 19 Mei di semua gerai"),
        ("dijual dengan harga Rp25.000 per porsi", "dijual dengan harga Rp27.000 per porsi"),
        ("digelar hari Sabtu di alun-alun", "digelar hari Minggu di alun-alun"),
        ("skor akhir 2-2 di Bandung", "skor akhir 2-3 di Bandung"),
        ("hadiah Rp 1,3 miliar", "hadiah Rp 3,3 miliar"),
    ],
)
def test_other_figures_among_the_same_words_are_found(one: str, other: str) -> None:
    assert revised(f"Menurut kabar, {one}", f"Menurut kabar, {other}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kata dia, Jumat (22/5).", "kata dia, Jumat (22/5/2026)."),
        ("pada 22 May di Bandung", "pada 22 Mei di Bandung"),
        ("sebanyak 1.250 warga", "sebanyak 1250 warga"),
        ("pukul 10.00 WIB", "pukul 10:00 WIB"),
        ("sebanyak dua orang", "sebanyak 2 orang"),
        ("sebanyak 12 orang luka", "sedikitnya 15 rumah rusak"),
        ("", "sebanyak 12 orang"),
    ],
)
def test_one_figure_written_otherwise_and_other_sentences_do_not_count(one: str, other: str) -> None:
    assert not revised(f"Menurut kabar, {one}", f"Menurut kabar, {other}")
