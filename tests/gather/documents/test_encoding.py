"""Feeds of Latin text whose label is too narrow, wrong or missing: no letter, quote or dash is lost or changed."""

import pytest
from gather.gather_values import fetched, source

from syndicator.gather.documents.encoding import decode, label_doubt
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_thoroughly

QUOTED = "L’été à la façade – « déjà » vu, “oui”… 5 €"


def read(label: str, encoding: str, title: str, *, content_type: str = "", head: str = "") -> FeedReading:
    declared = f' encoding="{label}"' if label else ""
    text = (
        f'<?xml version="1.0"{declared}?><rss version="2.0"><channel><title>X</title>{head}'
        f"<item><title>{title}</title><link>https://news.example/1</link></item></channel></rss>"
    )
    headers = {"content-type": content_type} if content_type else {}
    return read_thoroughly(source(), fetched(text.encode(encoding), headers=headers))


@pytest.mark.parametrize("label", ["ISO-8859-1", "iso8859-1", "latin1", "US-ASCII", "windows-1252"])
def test_quotes_and_dashes_of_latin_1_arrive(label: str) -> None:
    reading = read(label, "cp1252", QUOTED)
    assert reading.candidates[0].title == QUOTED
    told = [warning for warning in reading.warnings if "windows-1252" in warning]
    assert bool(told) is (label != "windows-1252")


def test_latin_1_said_by_http_alone_is_windows_1252_too() -> None:
    reading = read("", "cp1252", QUOTED, content_type="text/xml; charset=iso-8859-1")
    assert reading.candidates[0].title == QUOTED
    both = read("ISO-8859-1", "cp1252", QUOTED, content_type="text/xml; charset=ISO-8859-1")
    assert both.candidates[0].title == QUOTED


def test_true_latin_1_is_no_doubt_and_no_news() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><rss>été</rss>'.encode("latin-1")
    assert label_doubt(body) == ("", "")
    assert decode(body).warnings == ()
    assert read("ISO-8859-1", "latin-1", "été").warnings == ()


def test_turkish_latin_5_has_its_quotes_too() -> None:
    title = "“Yağış” – ışık, şehir"
    assert read("ISO-8859-9", "cp1254", title).candidates[0].title == title


@pytest.mark.parametrize(
    "title",
    [
        QUOTED, "Café – “déjà”", "Die Straße ist groß – „schön“ für Köln",
        "El niño comió – “mañana” ¿Qué dijo la señora?", "São Paulo – ação não",
        "Smörgåsbord på Ærø – 25 °C, 3 m² på gården", "Müller",
    ],
)  # fmt: skip
@pytest.mark.parametrize("head", ["", "<language>fr</language>"])
def test_undeclared_western_text_is_windows_1252(title: str, head: str) -> None:
    reading = read("", "cp1252", title, head=head)
    assert reading.candidates[0].title == title
    assert any("windows-1252 is guessed" in warning for warning in reading.warnings)


@pytest.mark.parametrize(
    ("language", "encoding", "title"),
    [
        ("tr-TR", "cp1254", "İstanbul’da yağış: ışıklar söndü"),
        ("pl", "cp1250", "Żółta łódź płynie – „źle”"),
        ("lt", "cp1257", "Šiandien – žmonės ąžuole"),
    ],
)
def test_the_language_of_a_feed_tells_its_code_page(language: str, encoding: str, title: str) -> None:
    reading = read("", encoding, title, head=f"<language>{language}</language>")
    assert reading.candidates[0].title == title


def test_the_language_of_a_source_tells_it_too() -> None:
    title = "Kırık ışık, büyük şehir"
    text = f"<rss version='2.0'><channel><item><title>{title}</title></item></channel></rss>"
    reading = read_thoroughly(source(language="tr"), fetched(text.encode("cp1254")))
    assert reading.candidates[0].title == title


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("cp1251", "Сегодня в городе открыли новый рынок, говорит мэр"),
        ("cp1253", "Σήμερα άνοιξε η νέα αγορά στην πόλη, λέει ο δήμαρχος"),
        ("euc_jp", "今日は新しい市場が開かれました、と市長は言いました"),
    ],
)
def test_other_scripts_are_guessed_as_before(encoding: str, title: str) -> None:
    assert read("", encoding, title).candidates[0].title == title


def test_repairs_of_a_document_are_told_with_each_article() -> None:
    reading = read("", "cp1252", "Café – bon & bien")
    changes = [one for one in reading.candidates[0].provenance.changes if one.field == "document"]
    assert [one.why for one in changes] == [
        "no encoding is declared: windows-1252 is guessed",
        "bare ampersands are escaped: 1, the first at line 1",
    ]
    clean = read("UTF-8", "utf-8", "Café – bon")
    assert clean.candidates[0].provenance.changes == ()


def test_repairs_that_are_told_are_few() -> None:
    prefixes = "".join(f"<p{n}:x>1</p{n}:x>" for n in range(9))
    reading = read("", "utf-8", "A", head=prefixes)
    changes = reading.candidates[0].provenance.changes
    assert [one.field for one in changes] == ["document"] * 4
