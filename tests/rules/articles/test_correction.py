"""Words that mark a correction, and the same words where they are news."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import candidate

from syndicator.rules.articles.correction import MAX_SENTENCE, correction_of

PARAGRAPHS = [f"<p>Paragraf nomor {number} tentang banjir di Jakarta.</p>" for number in range(8)]
TEXT = "".join(PARAGRAPHS)

HEADLINES = [
    "Ralat: Jumlah Korban Banjir 12 Orang",
    "RALAT - Jadwal KRL Berubah Mulai Senin",
    "Koreksi: Harga Beras Naik 2 Persen",
    "Pembetulan: Nama Tersangka",
    "Jadwal KRL Berubah Mulai Senin (Ralat)",
    "[Koreksi] Harga Beras Naik 2 Persen",
    "Correction: Flood toll is 12",
    "CORRECTED - Flood toll is 12",
    "CORRECTED-UPDATE 1-Flood toll is 12".replace("-UPDATE 1-", ": "),
    "Flood toll is 12 (corrected)",
]
NOTES = [
    "Ralat: Dalam artikel ini semula tertulis 21 orang.",
    "RALAT — semula tertulis 21 orang.",
    "Koreksi: Artikel ini sebelumnya menyebut 21 orang.",
    "Klarifikasi Redaksi: Kutipan ini seharusnya dari Sari.",
    "Catatan redaksi: judul berita ini salah dan telah diganti.",
    "(Artikel ini telah dikoreksi pada Kamis, 5 November 2026.)",
    "Artikel ini diubah karena kekeliruan pada jumlah korban.",
    "Catatan editor: artikel ini sebelumnya menyebut 21 orang.",
    "Berita ini telah diralat karena kekeliruan pada jumlah korban.",
    "Judul artikel ini telah diubah karena keliru.",
    "Kami telah mengoreksi artikel ini.",
    "Judul di atas telah kami ralat.",
    "Redaksi meralat jumlah korban dalam berita ini.",
    "Dengan ini jumlah korban diralat menjadi 12 orang.",
    "Correction: The toll was misstated.",
    "Correction (Nov. 5): The toll is 12.".replace(" (Nov. 5)", ""),
    "Clarification: This story has been updated to say who paid.",
    "Editor's note: an earlier version of this article misstated the toll.",
    "Editor\u2019s note: this story misspelled a name.",
    "An earlier version of this article misstated the toll.",
    "This article has been corrected to say that 12 died.",
    "The headline was corrected after publication.".replace("was corrected", "has been corrected"),
]
NEWS_HEADLINES = [
    "Koreksi Pasar Saham Berlanjut, IHSG Turun 2 Persen", "IHSG terkoreksi, analis: koreksi sehat",
    "Menteri Ralat Ucapannya soal Harga Beras", "Klarifikasi: Polisi Bantah Ada Korban",
    "Klarifikasi Menteri soal Beras", "Correctional officers strike in Ohio",
    "Stock correction deepens: what to do", "Corrections department names new chief",
    "Guru diminta koreksi ujian", "Politically correct: a history", "Correct answers to the quiz",
]  # fmt: skip
NEWS_TEXTS = [
    "Koreksi pasar saham berlanjut pada Kamis.", "Ia meralat ucapannya di hadapan wartawan.",
    "Ralat itu disampaikan menteri di Istana.", "Klarifikasi: menurut polisi, tidak ada korban.",
    "Koreksi: menurut analis, harga masih mahal.", "Berita soal jembatan yang telah diperbaiki itu ramai.",
    "Kami memperbaiki jalan itu, kata bupati.", "Artikel hukum itu telah lama dipersoalkan.",
    "Correctional officers went on strike.", "The correction in stocks deepened, with earlier gains lost.",
    "Note: tickets are sold at the door.", "Redaksi menerima tulisan dari pembaca.",
]  # fmt: skip


@pytest.mark.parametrize("title", HEADLINES)
def test_a_headline_that_marks_a_correction(title: str) -> None:
    assert correction_of(replace(candidate(1, body_html=TEXT), title=title)) == title


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("place", [0, 8])
def test_a_note_at_either_end(note: str, place: int) -> None:
    body = "".join([*PARAGRAPHS[:place], f"<p><em>{note}</em></p>", *PARAGRAPHS[place:]])
    told = correction_of(candidate(1, body_html=body))
    assert told == note.replace("\u2019", "'").replace("—", "-")


@given(
    note=st.sampled_from(NOTES),
    upper=st.sets(st.integers(0, 60)),
    tagged=st.dictionaries(st.integers(0, 60), st.sampled_from(["b", "em", "span class='x'"]), max_size=4),
    coded=st.sets(st.integers(0, 60), max_size=4),
    blank=st.sampled_from([" ", "  ", "\t", "\u00a0", "&nbsp;"]),
)
def test_a_note_however_it_is_written(
    note: str, upper: set[int], tagged: dict[int, str], coded: set[int], blank: str
) -> None:
    def written(at: int, letter: str) -> str:
        if letter == " ":
            return blank
        # "ß" and the like have other letters in capitals; none is in the notes.
        letter = letter.upper() if at in upper else letter
        letter = f"&#{ord(letter)};" if at in coded else html.escape(letter)
        name = tagged.get(at)
        return f"<{name}>{letter}</{name.split()[0]}>" if name else letter

    body = "".join(written(at, letter) for at, letter in enumerate(note))
    assert correction_of(candidate(1, body_html=f"{TEXT}<p>{body}</p>")) is not None


def test_a_note_in_the_lead() -> None:
    told = replace(candidate(1, body_html=TEXT), lead="Ralat: semula tertulis 21 orang.")
    assert correction_of(told) == "Ralat: semula tertulis 21 orang."


@pytest.mark.parametrize("title", NEWS_HEADLINES)
def test_a_headline_that_is_news(title: str) -> None:
    assert correction_of(replace(candidate(1, body_html=TEXT), title=title)) is None


@pytest.mark.parametrize("text", NEWS_TEXTS)
@pytest.mark.parametrize("place", [0, 8])
def test_a_text_that_is_news(text: str, place: int) -> None:
    body = "".join([*PARAGRAPHS[:place], f"<p>{text}</p>", *PARAGRAPHS[place:]])
    assert correction_of(replace(candidate(1, body_html=body), lead=text)) is None


def test_a_mark_amid_the_text_is_none() -> None:
    body = "".join([*PARAGRAPHS[:4], "<p>Ralat: kata spanduk itu.</p>", *PARAGRAPHS[4:]])
    assert correction_of(candidate(1, body_html=body)) is None


def test_what_the_source_says_comes_first() -> None:
    told = replace(candidate(1, body_html=TEXT), title="Ralat: x", correction="It was 12.")
    assert correction_of(told) == "It was 12."


def test_a_long_note_is_cut() -> None:
    told = correction_of(candidate(1, body_html=f"<p>Ralat: {'kata ' * 1000}</p>"))
    assert told is not None
    assert len(told) <= MAX_SENTENCE
    assert told.endswith("…")
