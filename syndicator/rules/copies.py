"""Whether one article is a copy of another, made from it, or neither.

Containment alone never hides an article: follow-ups repeat yesterday's paragraphs, round-ups swallow three
articles, series repeat everything but the figures. So a copy must also agree in headline, beginning, numbers
and length; what shares the text but not these is told as derived, and both stay.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from syndicator.rules.rarity import rarity
from syndicator.rules.series import conflict, days_of, is_series, numbers_of
from syndicator.rules.shingles import shingles
from syndicator.rules.words import words_of

_BEGINNING_WORDS = 100
_BEGINNING_CHARACTERS = 1200


class CopyKind(StrEnum):
    COPY = "copy"
    """The same text: one of them is enough for a reader."""
    DERIVED = "derived"
    """Much of the text is the same, but something a reader would want to know differs."""
    NONE = "none"


class CopyPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds: all but `words` are shares from 0 to 1."""

    containment: float = 0.4
    """Of the shorter text's runs of five words in the longer: from here on derived."""
    copied: float = 0.5
    """The same, from here on perhaps a copy."""
    resemblance: float = 0.6
    """Of all runs of both: from here on, headlines need not agree (a desk writes its own)."""
    headline: float = 0.5
    beginning: float = 0.3
    numbers: float = 0.5
    length: float = 0.5
    words: Annotated[int, Meta(ge=5)] = 30
    """Of the shorter text: with fewer, texts are alike by chance, and none is a copy."""


class Text(Struct, frozen=True, kw_only=True):
    """What a copy is judged by."""

    title: str
    plain: str
    """Its text without markup: `rules.words.plain_body`."""
    words: Sequence[str]
    shingles: frozenset[int]


class CopyVerdict(Struct, frozen=True, kw_only=True):
    """A verdict and the numbers that it rests on, to be kept and shown."""

    kind: CopyKind
    containment: float
    resemblance: float = 0.0
    headline: float = 0.0
    beginning: float = 0.0
    numbers: float = 0.0
    length: float = 0.0
    because: str = ""
    """What keeps it from being a copy, as half a sentence; empty for a copy."""


def text_of(title: str, plain: str) -> Text:
    """Take an article's headline and plain text apart."""
    words = words_of(plain)
    return Text(title=title, plain=plain, words=words, shingles=shingles(words))


def judge_copy(mine: Text, other: Text, policy: CopyPolicy) -> CopyVerdict:
    """Judge two texts; the verdict is the same whichever came first."""
    shared = len(mine.shingles & other.shingles)
    shorter = min(len(mine.shingles), len(other.shingles))
    containment = shared / shorter if shorter else 0.0
    if containment < policy.containment:
        return CopyVerdict(
            kind=CopyKind.NONE, containment=round(containment, 3), because="they share too little text"
        )
    numbers = CopyVerdict(
        kind=CopyKind.COPY,
        containment=round(containment, 3),
        resemblance=round(shared / len(mine.shingles | other.shingles), 3),
        headline=round(agreement(mine.title, other.title), 3),
        beginning=round(_beginnings(mine.words, other.words), 3),
        numbers=round(_numbers(mine.plain, other.plain), 3),
        length=round(_ratio(len(mine.words), len(other.words)), 3),
    )
    because = _difference(mine, other, numbers, policy)
    if because is None:
        return numbers
    return CopyVerdict(
        kind=CopyKind.DERIVED,
        containment=numbers.containment,
        resemblance=numbers.resemblance,
        headline=numbers.headline,
        beginning=numbers.beginning,
        numbers=numbers.numbers,
        length=numbers.length,
        because=because,
    )


def agreement(one: str, other: str) -> float:
    """Give the cosine of two headlines, each word weighed by its rarity; 1 for two without a telling word."""
    mine = {word: rarity(word) for word in words_of(one)}
    theirs = {word: rarity(word) for word in words_of(other)}
    length = math.sqrt(sum(w * w for w in mine.values()) * sum(w * w for w in theirs.values()))
    if not length:
        return 1.0 if list(mine) == list(theirs) else 0.0
    return min(1.0, sum(weight * weight for word, weight in mine.items() if word in theirs) / length)


def _difference(mine: Text, other: Text, found: CopyVerdict, policy: CopyPolicy) -> str | None:
    """Say what a reader would miss if one of two articles that share text were hidden."""
    if series := conflict(mine.title, other.title):
        return series
    if _name_other_days(mine, other):
        return "they are of other days"
    checks = (
        (min(len(mine.words), len(other.words)) < policy.words, "a text is too short to tell"),
        (found.containment < policy.copied, "they share only some of their text"),
        (found.length < policy.length, "one is much longer"),
        (found.numbers < policy.numbers, "their numbers differ"),
        (found.beginning < policy.beginning, "they begin differently"),
        (
            found.headline < policy.headline and found.resemblance < policy.resemblance,
            "their headlines differ",
        ),
    )
    return next((because for failed, because in checks if failed), None)


def _name_other_days(mine: Text, other: Text) -> bool:
    """Tell whether two pages, of which one is of a series, name other days where they begin."""
    if not (is_series(mine.title) or is_series(other.title)):
        return False
    ours, theirs = days_of(_beginning(mine)), days_of(_beginning(other))
    return bool(ours) and bool(theirs) and ours.isdisjoint(theirs)


def _beginning(text: Text) -> str:
    return f"{text.title}\n{text.plain[:_BEGINNING_CHARACTERS]}"


def _beginnings(mine: Sequence[str], other: Sequence[str]) -> float:
    ours, theirs = _runs(mine), _runs(other)
    return len(ours & theirs) / min(len(ours), len(theirs)) if ours and theirs else 0.0


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Give the runs of three words of a beginning."""
    beginning = tuple(words[:_BEGINNING_WORDS])
    # Of fewer words than a run has, all are one.
    return set(zip(beginning, beginning[1:], beginning[2:], strict=False)) or {beginning}


def _numbers(mine: str, other: str) -> float:
    """Give the share of the fewer numbers of two beginnings that the other names, too; 1 without numbers."""
    ours, theirs = numbers_of(mine[:_BEGINNING_CHARACTERS]), numbers_of(other[:_BEGINNING_CHARACTERS])
    fewer = min(len(ours), len(theirs))
    return len(ours & theirs) / fewer if fewer else 1.0


def _ratio(one: int, other: int) -> float:
    return min(one, other) / max(one, other, 1)
