"""When one article is a copy of another, and what keeps it from being hidden."""

import random
from datetime import timedelta

import pytest

from syndicator.rules.stories.near_duplicates import (
    CopyKind,
    CopyPolicy,
    CopyVerdict,
    Text,
    judge_copy,
    text_of,
)
from syndicator.rules.stories.series import conflict, days_of, is_series

POLICY = CopyPolicy()
RNG = random.Random(11)
NEWS = " ".join(f"kata{RNG.randrange(5000)}" for _ in range(200))
OTHER = " ".join(f"lain{RNG.randrange(5000)}" for _ in range(200))
TITLE = "Kebakaran Hanguskan Pasar Tambora"


def judged(one: Text, other: Text, apart: timedelta = timedelta()) -> CopyVerdict:
    verdict = judge_copy(one, other, POLICY, apart)
    assert verdict == judge_copy(other, one, POLICY, -apart), "the verdict must not depend on who came first"
    return verdict


def words(text: str, start: int, stop: int) -> str:
    return " ".join(text.split()[start:stop])


def test_the_same_text_under_the_same_headline_is_a_copy() -> None:
    verdict = judged(text_of(TITLE, NEWS), text_of(TITLE, f"{NEWS} {words(OTHER, 0, 20)}"))
    assert verdict.kind is CopyKind.COPY
    assert verdict.because == ""
    assert verdict.containment == 1


def test_a_desk_may_give_the_same_text_a_headline_of_its_own() -> None:
    assert judged(text_of(TITLE, NEWS), text_of("Api Lalap Ratusan Kios", NEWS)).kind is CopyKind.COPY


def test_reports_by_one_template_are_no_copies_of_each_other() -> None:
    paragraphs = [words(NEWS, at, at + 40) for at in range(0, 160, 40)]
    rice = text_of("Petani Sukamaju Panen Raya", " petani padi ".join(paragraphs))
    flood = text_of("Banjir Rob Genangi Kampung Nelayan", " nelayan perahu ".join(paragraphs))
    verdict = judged(rice, flood)
    assert POLICY.resemblance < verdict.resemblance < 0.9
    assert verdict.kind is CopyKind.DERIVED
    assert verdict.because == "their headlines have nothing in common"


@pytest.mark.parametrize(
    ("title", "text", "because"),
    [
        (TITLE, f"{words(NEWS, 0, 60)} {words(OTHER, 0, 60)}", "only some"),
        (TITLE, f"{NEWS} {OTHER} {words(OTHER, 0, 100)[::-1]}", "much longer"),
        (TITLE, f"{words(OTHER, 0, 110)} {NEWS}", "begin differently"),
        ("Menteri Kunjungi Korban", f"{words(NEWS, 0, 110)} {words(OTHER, 0, 80)}", "headlines differ"),
    ],
)
def test_what_shares_text_but_not_all_that_counts_is_derived_with_the_reason(
    title: str, text: str, because: str
) -> None:
    verdict = judged(text_of(TITLE, NEWS), text_of(title, text))
    assert verdict.kind is CopyKind.DERIVED
    assert because in verdict.because


def test_other_numbers_make_another_article() -> None:
    one = text_of("Gempa Guncang Cianjur", f"Gempa 52 SR pukul 14.10, 310 rumah rusak. {NEWS}")
    other = text_of("Gempa Guncang Cianjur", f"Gempa 47 SR pukul 09.55, 128 rumah rusak. {NEWS}")
    assert judged(one, other).because == "their numbers differ"


def test_a_headline_alone_hides_nothing() -> None:
    assert judged(text_of(TITLE, NEWS), text_of(TITLE, OTHER)).kind is CopyKind.NONE
    assert judged(text_of(TITLE, ""), text_of(TITLE, "")).kind is CopyKind.NONE
    short = text_of(TITLE, "Foto: istimewa")
    assert judged(short, short).because == "a text is too short to compare"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harga Emas Antam Hari Ini, 12 Mei 2026", "Harga Emas Antam Hari Ini, 13 Mei 2026"),
        ("Jadwal Salat Jakarta Senin", "Jadwal Salat Jakarta Selasa"),
        ("Sinopsis Cinta Suci Episode 124", "Sinopsis Cinta Suci Episode 125"),
        ("Ramalan Zodiak 11 September 2026", "Ramalan Zodiak 12 September 2026"),
        ("SIM Keliling Bandung 3/6/2026", "SIM Keliling Bandung 4/6/2026"),
        ("Wordle Today: Answer for May 12", "Wordle Today: Answer for May 13"),
        ("Live Streaming Persija Vs Persib 2 Maret", "Live Streaming Persija Vs Persib 9 Maret"),
    ],
)
def test_pages_of_a_series_are_never_copies_of_each_other(one: str, other: str) -> None:
    assert conflict(one, other) is not None
    assert judged(text_of(one, NEWS), text_of(other, NEWS)).kind is CopyKind.DERIVED


def test_a_series_under_one_headline_is_told_apart_by_the_day_in_its_text() -> None:
    title = "Prakiraan Cuaca Jakarta Besok"
    one, other = text_of(title, f"Selasa (12/5/2026): {NEWS}"), text_of(title, f"Rabu (13/5/2026): {NEWS}")
    assert judged(one, other).because == "they are of other days"


@pytest.mark.parametrize(
    ("sentence", "first", "second"),
    [
        ("Gempa {} hari lalu, 310 rumah rusak, menewaskan {} orang.", ("3", "12"), ("3", "15")),
        ("Promo di gerai kami berlaku Sabtu ({}/5/2026) pukul {} WIB.", ("9", "10.00"), ("16", "10.00")),
        ("Steak ayam dijual Rp {} ribu di {} gerai.", ("25", "40"), ("27", "40")),
        ("Voters gave {} million signatures in {} days.", ("1.4", "30"), ("1.7", "30")),
    ],
)
@pytest.mark.parametrize("place", [0, 100, 200])
def test_a_follow_up_or_notice_with_one_other_figure_is_not_hidden(
    sentence: str, first: tuple[str, ...], second: tuple[str, ...], place: int
) -> None:
    def told(figures: tuple[str, ...]) -> Text:
        return text_of(
            TITLE, f"{words(NEWS, 0, place)} {sentence.format(*figures)} {words(NEWS, place, 200)}"
        )

    verdict = judged(told(first), told(second))
    assert (verdict.kind, verdict.because) == (CopyKind.DERIVED, "they have other figures at the same place")
    assert judged(told(first), told(first)).kind is CopyKind.COPY


def test_a_follow_up_that_says_so_in_its_headline_alone_is_not_hidden() -> None:
    verdict = judged(text_of("Banjir Demak, 12 Tewas", NEWS), text_of("Banjir Demak, 15 Tewas", NEWS))
    assert verdict.because == "their headlines have other figures"


def test_a_page_of_a_series_that_names_no_day_is_of_the_day_of_its_publication() -> None:
    page = text_of("Jadwal SIM Keliling Jakarta Hari Ini", NEWS)
    assert judged(page, page, timedelta(hours=24)).because == "they are of other days"
    assert judged(page, page, timedelta(hours=6)).kind is CopyKind.COPY
    report = text_of(TITLE, NEWS)
    assert judged(report, report, timedelta(hours=24)).kind is CopyKind.COPY


def test_two_reports_of_one_event_may_count_differently() -> None:
    assert conflict("Banjir Demak, 12 Orang Tewas", "Banjir Demak, 15 Orang Tewas") is None
    assert not is_series("Banjir Demak, 12 Orang Tewas")


def test_days_are_read_in_both_languages() -> None:
    assert days_of("Senin, 12 Mei 2026") == days_of("May 12, 2026") == days_of("12/5/2026") == {(5, 12)}
    assert days_of("skor 45/99, 31-31") == frozenset()
