"""No regular expression of the package takes long over any text, however long: strangers write the texts."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import pytest
from infrastructure.expressions import SEARCH, Unwritten, Use, calls_of, modules, uses_of_values
from infrastructure.hostile_texts import Expression, hostile_texts

from syndicator.gather import figures
from syndicator.gather.articles import article_photos, byline_region
from syndicator.gather.documents import encoding, picture_sources
from syndicator.gather.documents.text import MAX_NAME
from syndicator.rules.dates import date_parser
from syndicator.rules.identity import content_fingerprint

MAX_FIELD_BYTES = 8190
"""Of a header that aiohttp takes."""

CHARACTERS = 100_000
FIRST_CHARACTERS, FIRST_S = 4_000, 0.0001
"""Each text is tried at this length first, and at full length only where it took longer than this."""
SHORT_S = 0.05
"""What takes no longer for a full text is harmless, however it grows. Of the process, not of the clock."""
LONGEST_S = 0.5
SHARE, MOST_GROWTH = 4, 8
"""A text of four times the length takes four times as long; 16 times where the expression is quadratic."""
ATTEMPTS = 3

BOUNDED = {
    "syndicator.egress.headers.": MAX_FIELD_BYTES,
    "syndicator.gather.articles.article_photos._CREDIT.": article_photos._MAX_TAIL,
    "syndicator.gather.bylines.": MAX_NAME,
    "syndicator.gather.documents.encoding._META.": encoding._HEAD,
    "syndicator.gather.figures.": figures._MAX_TEXT,
    "syndicator.gather.proposals.stable_selectors._UTILITY.": 60,
    "syndicator.gather.articles.byline_region.": byline_region.MAX_LINE,
    "syndicator.gather.documents.picture_sources._STAND_IN.": picture_sources._MAX_NAME,
    "syndicator.rules.dates.date_parser.": date_parser.MAX_TEXT,
    "syndicator.rules.sources.hints._DIRECTIVE.": 1000,
    "syndicator.rules.identity.content_fingerprint._BEFORE_COUNTED.": content_fingerprint._NEAR,
    "syndicator.rules.popularity.visitors.": MAX_FIELD_BYTES,
    "syndicator.rules.words._DATELINE.": 80,
}
"""Expressions that are only given texts of so many characters. All others must bear any text."""

PUT_TOGETHER = {
    "syndicator.gather.articles.clues._clue": "only flags are added; what it returns is tried as a value of the module",
    "syndicator.gather.documents.xml_repair._unwrapped": "a literal name, and at most 20 blanks",
    "syndicator.gather.feeds.tolerant_feed._attribute": "two literal names",
    "syndicator.gather.feeds.tolerant_feed._named_texts": "two literal names",
    "syndicator.gather.documents.selectors.link_pattern": "an operator's: read in a worker that is killed at its deadline",
    "syndicator.gather.articles.replacements._sub": "an operator's: read in a worker that is killed at its deadline",
    "syndicator.rules.identity.identity._own_key": "an operator's: tried when it is configured, and given 2,048 characters",
    "syndicator.settings.tables.identities._identity": "compiled only",
    "syndicator.settings.value_texts.regex_fault": "compiled, and tried with an empty text",
}
"""Calls whose expression is no literal, and why they are harmless."""


class TakesTooLong(Exception):
    pass


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TakesTooLong once the process has worked for so long; expressions look for signals as they go."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TakesTooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def spent_s(work: Callable[[Any], object], text: str | bytes, most_s: float = LONGEST_S) -> float:
    """Return the seconds that the work takes, or some more than `most_s` where it was stopped."""
    began = time.process_time()
    try:
        with at_most(most_s):
            work(text)
    except TakesTooLong:
        pass
    return time.process_time() - began


def longest(use: Use) -> int:
    return next((most for place, most in BOUNDED.items() if f"{use.place}.".startswith(place)), CHARACTERS)


def slow_texts(use: Use) -> Iterator[str]:
    expression, characters = use.expression, longest(use)
    work = partial(all_found, expression) if use.way == SEARCH else getattr(expression, use.way)
    lengths = (min(FIRST_CHARACTERS, characters), characters // SHARE, characters)
    for texts in zip(*(hostile_texts(expression, length) for length in lengths), strict=True):
        first, part, full = (encoded(text, expression) for text in texts)
        if spent_s(work, first) > FIRST_S and grows_faster(work, part, full):
            yield f"{full[:60]!r} … {full[-10:]!r}"


def grows_faster(work: Callable[[Any], object], part: str | bytes, full: str | bytes) -> bool:
    """Return whether the full text takes more than its length explains, in each attempt: a busy machine slows single ones."""
    if spent_s(work, full, SHORT_S) <= SHORT_S:
        return False
    for _ in range(ATTEMPTS):
        allowed_s = spent_s(work, part) * MOST_GROWTH
        if allowed_s < LONGEST_S * MOST_GROWTH and spent_s(work, full, allowed_s * 1.1) <= allowed_s:
            return False
    return True


def all_found(expression: Any, text: str | bytes) -> None:
    for _ in expression.finditer(text):
        pass


def encoded(text: str, expression: Expression) -> str | bytes:
    return text.encode("latin-1", "replace") if isinstance(expression.pattern, bytes) else text


SLOW = (
    (SEARCH, r"\s+[-–—]\s+"),
    (SEARCH, r"\s*(?:…|\.\.\.)\s*\Z"),
    (SEARCH, r"<[^>]*>"),
    (SEARCH, r"<p>(.*?)</p>"),
    (SEARCH, r"\"(?:[^\"\\]++|\\.)*+(?:\"|\Z)"),
    (SEARCH, r"([a-z-]+)=\"([^\"]*)\""),
    (SEARCH, r"\b[a-z][a-z0-9+.-]*://[^/\s?#]*@"),
    ("match", r"\s*\W*(?:gambas\s*:|iklan\s*$)"),
    ("match", r"(Reporter|Oleh|By)\s*[:：]?\s+\S"),
    ("fullmatch", r"(?:\d*:)?\d*x\d*(?::\d*x\d*)?|\d*:?\d*x"),
    ("fullmatch", r"(?:blank|lazy)(?:[_-]?(?:og|small|\d[\dx]*))*\.(?:gif|png)"),
    ("fullmatch", r"<([a-z][a-z0-9]*)((?:[^<>\"]|\"[^\"]*\")*)>"),
)
"""Expressions that took quadratic time, or worse."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("way", "pattern"), SLOW)
def test_a_slow_expression_is_found(way: str, pattern: str) -> None:
    use = Use("here", re.compile(pattern, re.IGNORECASE | re.DOTALL), way)
    assert next(slow_texts(use), None) is not None


@pytest.mark.timeout(900)
def test_no_expression_takes_longer_than_its_text() -> None:
    package = modules()
    calls = [call for module in package for call in calls_of(module)]
    uses = [*uses_of_values(package), *(call for call in calls if isinstance(call, Use))]
    assert len(uses) > 300
    assert {f"{use.place}.{use.way}": text for use in uses for text in slow_texts(use)} == {}
    put_together = {f"{call.module}.{call.function}" for call in calls if isinstance(call, Unwritten)}
    assert put_together == set(PUT_TOGETHER)
