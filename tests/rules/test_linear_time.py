"""Texts of strangers take time in proportion to their length, whatever they are made of.

These are functions; all expressions are tried in `infrastructure/test_expressions.py`.
"""

import time
from collections.abc import Callable
from itertools import product

import pytest
from msgspec.structs import replace
from support import candidate

from syndicator.rules import words
from syndicator.rules.articles import same_picture
from syndicator.rules.articles.correction import correction_of
from syndicator.rules.identity import addresses, content_fingerprint, recognition
from syndicator.rules.stories import near_duplicates, series
from syndicator.rules.stories.clustering import fingerprint

TEN_TIMES = 10
MOST_GROWTH = 30
"""Ten times the text takes about ten times as long; a hundred times if each character is looked at from each."""
LEAST_S = 0.001
"""What takes less is measured too badly to be compared."""

PIECES = (
    " ", "\t", "\n", "\u00a0", " \u00a0", "<", "<br ", "<p>", "</p>", "<a ", "<img ", '<img src="', "< ", "<x>y", ">",
    "&", "&amp;", "1", "12", "1.", "1,2", "1 ", "1  ", "1:", "1x1", "1x", ":1x", "-100x100", "_11", "-large", "-", "_",
    "--", "@2x", ".jpg", ".", "..", "/", "/1", "//", "/.", "?", "?a", "&a=1", "#", "%", "%41", ";", ";jsessionid=", "=",
    "a", "A", "A ", "Ab ", "a-", "é", "ſ", "“", "(", "(a", "(a)", "—", "— ", "JAKARTA ", "baca ", "baca juga ", "ikuti ",
    "saksikan ", "iklan ", "editor ", "artikel ini ", "1 jam ", "1 jam lalu", "lalu", " ago", "dibaca ",
    "1 komentar", "views", "12 mei ", "mei ", "mei. 1", "1/1/", "harga ", "harga emas ", "hari ini ", "w_1,", "w_a",
    "(ralat", "ralat ", "koreksi: ", "[", "dibaca 1.1", "size", "width=", "updated 1", "scroll ", "iklan-", "comment-page-1", "amp;", "www.", "a.amp", "cdn.ampproject.org/",
)  # fmt: skip
ENDS = ("", "x\n", ">")
# Without what caches remember: what is measured again must be done again.
TAKEN: dict[str, Callable[[str], object]] = {
    "plain_body": words.plain_body,
    "words_of": words.words_of,
    "words of a body": lambda text: content_fingerprint.noticeable(candidate(1, body_html=text)).body,
    "words of a lead": lambda text: content_fingerprint.noticeable(replace(candidate(1), lead=text)).lead,
    "text_blocks": content_fingerprint.text_blocks,
    "picture_name": lambda text: content_fingerprint.picture_name("https://a.example/" + text),
    "noticeable": lambda text: content_fingerprint.noticeable(candidate(1, body_html=text, title=text)),
    "correction_of": lambda text: correction_of(
        replace(candidate(1, body_html=f"<p>{text}</p>", title=text), lead=text)
    ),
    "fingerprint": lambda text: fingerprint(candidate(1, body_html=f"<p>{text}</p>", title=text)),
    "canonical_url": lambda text: addresses._canonical.__wrapped__("https://a.example/" + text),
    "clean_url": lambda text: addresses.clean_url("https://a.example/" + text),
    "is_series": series.is_series.__wrapped__,
    "numbers_of": series.numbers_of,
    "days_of": series.days_of,
    "weekdays_of": series.weekdays_of,
    "agreement": lambda text: near_duplicates._agreement(*map(near_duplicates._headline, (text, text + "b"))),
    "titles_agree": lambda text: recognition.titles_agree(text, text + "b"),
    "folders of a picture": lambda text: same_picture._parts.__wrapped__(f"https://a.example/{text}/1.jpg"),
    "name of a picture": lambda text: same_picture._parts.__wrapped__(f"https://a.example/{text}.jpg"),
}  # fmt: skip


def spent_s(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began


def grows_too_fast(work: Callable[[str], object], piece: str, end: str, characters: int) -> bool:
    short, long = (piece * (size // len(piece)) + end for size in (characters, characters * TEN_TIMES))
    return spent_s(work, long) > MOST_GROWTH * max(spent_s(work, short), LEAST_S)


def slow(work: Callable[[str], object], characters: int) -> list[tuple[str, str]]:
    # Whoever else uses the machine may disturb one measurement, not three.
    return [
        (piece, end)
        for piece, end in product(PIECES, ENDS)
        if all(grows_too_fast(work, piece, end, characters) for _ in range(3))
    ]


@pytest.mark.parametrize("name", TAKEN)
def test_no_text_takes_more_than_its_length(name: str) -> None:
    assert slow(TAKEN[name], 2_000) == []


def test_nor_does_what_is_compared_of_a_body() -> None:
    assert slow(lambda text: recognition._text("", text), 700) == []
