"""Figures as portals print them: "2.619", "2,619 views", "1,2 rb", "3 juta", "12K"."""

import re
from collections.abc import Iterable

_SCALES = {
    1_000: "rb ribu k",
    1_000_000: "jt juta m mio million",
    1_000_000_000: "miliar milyar bn billion",
}
_FACTORS = {word: factor for factor, words in _SCALES.items() for word in words.split()}
_COUNT = re.compile(
    r"(?:[^\W\d_]{1,20}\s*:?\s*){0,2}"
    r"(?P<figure>\d[\d.,\u00a0 ]{0,18}|\d)\s*(?P<scale>" + "|".join(_FACTORS) + r")?\+?"
    r"(?:\s*(?:x|×|kali|dibaca|dilihat|pembaca|tayangan|orang|views?|reads?|readers|times|hits?)){0,3}\.?",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,\u00a0 ])\d{3})(?:\1\d{3})*")
_DECIMAL = re.compile(r"(\d{1,6})[.,](\d{1,3})")
_MAX_TEXT = 80
_MAX_DIGITS = 15


def parse_count(text: str) -> int | None:
    """Read a count of views; None when the text says something else, or says it doubtfully.

    A point or comma groups thousands in a bare figure and is decimal before a scale: "2.619" is 2619,
    "1,2 rb" is 1200.
    """
    match = _COUNT.fullmatch(text.strip()[:_MAX_TEXT].strip())
    if match is None:
        return None
    figure = match["figure"].strip()
    if match["scale"] is None:
        return _whole(figure)
    factor = _FACTORS[match["scale"].lower()]
    if decimal := _DECIMAL.fullmatch(figure):
        whole, part = decimal[1], decimal[2]
        return int(whole) * factor + int(part) * factor // int("1" + "0" * len(part))
    number = _whole(figure)
    return None if number is None else number * factor


def _whole(figure: str) -> int | None:
    if figure.isascii() and figure.isdigit():
        return int(figure) if len(figure) <= _MAX_DIGITS else None
    if _GROUPED.fullmatch(figure):
        return int(re.sub(r"\D", "", figure))
    return None


def first_count(texts: Iterable[str]) -> int | None:
    """Return the first count of views among texts."""
    return next((count for text in texts if (count := parse_count(text)) is not None), None)
