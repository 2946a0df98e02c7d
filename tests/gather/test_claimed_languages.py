"""What pages and feeds say of their language, held against their words."""

from typing import Any

import pytest
from gather.article_pages import PARAGRAPHS, TITLE, news, page, read, script
from gather.gather_values import fetched, rss, source

from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.gather.language import contradicted

INDONESIAN = " ".join(PARAGRAPHS)
ENGLISH = "The city council has opened a new bus lane for people who live in the north of the city. " * 5
ITALIAN = (
    "Il consiglio della città ha aperto una nuova corsia per la gente che vive nel nord e le strade non sono più chiuse. "
    * 5
)


@pytest.mark.parametrize(
    ("claim", "text", "found"),
    [
        ("en-US", INDONESIAN, "id"),
        ("id", ENGLISH, "en"),
        ("it", INDONESIAN, "id"),
        ("id-ID", INDONESIAN, None),
        ("en-us", ENGLISH, None),
        ("it", ITALIAN, None),
        ("en", INDONESIAN[:150], None),
        ("en", "", None),
    ],
)
def test_only_what_is_clear_contradicts_a_claim(claim: str, text: str, found: str | None) -> None:
    assert contradicted(claim, text) == found


@pytest.mark.parametrize(
    ("attributes", "head"),
    [
        ("lang=en-US", ""),
        ("lang=en", script(news(inLanguage="en"))),
        ("lang=nl", ""),
        ("", script(news(inLanguage="en-GB"))),
    ],
)
def test_a_page_is_in_the_language_of_its_words(attributes: str, head: str) -> None:
    one = read(page(head=f"<title>{TITLE}</title>{head}", attributes=attributes))
    assert (one.language, one.provenance.read_from["language"]) == ("id", "words")
    (change,) = (change for change in one.provenance.changes if change.field == "language")
    assert change.why == "its words are Indonesian"


def feed(*texts: str, channel: str = "", each: str = "", **changes: Any) -> FeedReading:
    items = (
        f"<guid>{number}</guid><title>Judul {number}</title><description>{text[:900]}</description>{each}"
        for number, text in enumerate(texts)
    )
    document = rss(*items, channel=channel, attributes='xmlns:dc="http://purl.org/dc/elements/1.1/"')
    return read_thoroughly(source(**changes), fetched(document))


SAYS_ENGLISH = "<language>en-us</language>"


def test_a_feed_is_in_the_language_of_its_words() -> None:
    found = feed(*[INDONESIAN] * 3, "Pendek saja.", channel=SAYS_ENGLISH)
    assert [one.language for one in found.candidates] == ["id"] * 4
    assert found.language == "en-us"
    changes = [change for one in found.candidates for change in one.provenance.changes]
    assert {(change.field, change.received, change.why) for change in changes} == {
        ("language", "en-us", "its words are Indonesian")
    }


def test_a_feed_of_short_entries_is_judged_by_all_of_them() -> None:
    sentences = [f"{sentence}." for sentence in INDONESIAN.split(". ")]
    assert {one.language for one in feed(*sentences, channel=SAYS_ENGLISH).candidates} == {"id"}


def test_an_entry_in_the_claimed_language_keeps_it() -> None:
    found = feed(*[INDONESIAN] * 4, ENGLISH, channel=SAYS_ENGLISH)
    assert [one.language for one in found.candidates] == ["id"] * 4 + ["en-us"]


def test_entries_that_say_it_themselves_are_held_against_their_words_too() -> None:
    found = feed(
        INDONESIAN, INDONESIAN, channel="<language>id</language>", each="<dc:language>en</dc:language>"
    )
    assert [one.language for one in found.candidates] == ["id", "id"]


def test_what_is_true_or_not_clear_or_configured_stays() -> None:
    assert feed(ENGLISH, channel=SAYS_ENGLISH).candidates[0].language == "en-us"
    assert feed("Pendek saja.", channel=SAYS_ENGLISH).candidates[0].language == "en-us"
    (configured,) = feed(INDONESIAN, channel=SAYS_ENGLISH, language="jv").candidates
    assert (configured.language, configured.provenance.changes) == ("jv", ())
