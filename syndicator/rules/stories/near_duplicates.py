"""Whether one article is a copy of another, made from it, or neither.

Containment alone never hides an article: follow-ups repeat yesterday's paragraphs, round-ups swallow three
articles, series repeat everything but the figures. So a copy must also agree in headline, beginning, numbers
and length; what shares the text but not these counts as derived, and both stay.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct
from msgspec.structs import replace

from syndicator.rules.dates.words import MONTHS
from syndicator.rules.stories.rarity import rarity
from syndicator.rules.stories.series import WEEKDAYS, conflict, days_of, is_series, numbers_of
from syndicator.rules.stories.shingles import Hashes, hashed_runs, shared
from syndicator.rules.stories.vocabulary import look_up, unpack
from syndicator.rules.words import words_of

Figure = tuple[str, ...]
"""The parts of a number or date, in order: ("22", "5", "2026")."""
Place = tuple[str, ...]
"""Two words before a figure, an empty one, and one after."""
Figures = Mapping[Place, Figure]

_BEFORE = 2
_NUMERALS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12",
    "dua": "2", "tiga": "3", "empat": "4", "lima": "5", "enam": "6", "tujuh": "7", "delapan": "8",
    "sembilan": "9", "sepuluh": "10", "sebelas": "11",
}  # fmt: skip
"""Without "one" and "satu", which are articles as well."""

_NAMED = {
    **{word: str(month) for word, month in MONTHS.items()},
    **{word: f"weekday {day}" for word, day in WEEKDAYS.items()},
    **_NUMERALS,
}


def figures_of(words: Sequence[str]) -> Figures:
    """Return the figures of a text, given as folded words; of places that occur twice, the first."""
    figures: dict[Place, Figure] = {}
    for begin, end in _runs(words):
        place = (*words[max(begin - _BEFORE, 0) : begin], "", *words[end : end + 1])
        figures.setdefault(place, tuple([_NAMED.get(word, word) for word in words[begin:end]]))
    return figures


def are_revised(one: Figures, other: Figures) -> bool:
    """Return whether two texts have other figures at the same place.

    A date agrees with the same date without its year or its weekday, "1.250" with "1250".
    """
    return any(place in other and not _agree(figure, other[place]) for place, figure in one.items())


def _runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where figures begin and end; parts of a date or number follow each other."""
    begin = end = -1
    # Of what words consist of, digits alone come before "9"; "Rp25" is a figure, too.
    for at in [at for at, word in enumerate(words) if word in _NAMED or word[-1] <= "9"]:
        if at != end:
            if end > begin:
                yield begin, end
            begin = at
        end = at + 1
    if end > begin:
        yield begin, end


def _agree(one: Figure, other: Figure) -> bool:
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    parts = iter(longer)
    return all(part in parts for part in shorter) or "".join(one) == "".join(other)


_BEGINNING_WORDS = 100
_BEGINNING_CHARACTERS = 1200
_OWN_HEADLINE, _OWN_TEXT = 0.1, 0.9
"""Headlines that agree less are of two matters, unless the texts resemble each other this much: reports that
are written by a template share all but the names."""
_ANOTHER_DAY = timedelta(hours=18)
"""Two pages of a series whose texts name no day are of different days if published this far apart."""


class CopyKind(StrEnum):
    COPY = "copy"
    """The same text: one of them is enough for a reader."""
    DERIVED = "derived"
    """Much of the text is the same, but something a reader would want to know differs."""
    NONE = "none"


class CopyPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds: all but `words` are shares from 0 to 1."""

    containment: float = 0.4
    """From this share of the shorter text's runs of five words found in the longer, a text is DERIVED."""
    copied: float = 0.5
    """From this share on, it may be a COPY, if the other thresholds are passed too."""
    resemblance: float = 0.6
    """From this share of all runs of both texts, headlines may differ: editors often write their own."""
    headline: float = 0.5
    beginning: float = 0.3
    numbers: float = 0.5
    length: float = 0.5
    words: Annotated[int, Meta(ge=5)] = 30
    """Least number of words of the shorter text; shorter ones are similar by chance, and are never copies."""


class HeadlineTerms(NamedTuple):
    """The words of a headline, each with its rarity."""

    words: Mapping[str, float]
    square: float
    """Sum of the squares of all rarities."""


class Text(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """A text prepared for comparison. Its properties are computed on first use, for similar texts only."""

    title: str
    plain: str
    """Its text without markup: `rules.words.plain_body`."""
    shingles: Hashes

    @cached_property
    def words(self) -> Sequence[str]:
        # Kept by every text that was compared lately, they would take most of its memory.
        return words_of(self.plain)

    @cached_property
    def headline(self) -> HeadlineTerms:
        return _headline(self.title)

    @cached_property
    def runs(self) -> frozenset[str]:
        """The runs of three words with which it begins, each with blanks between."""
        beginning = self.words[:_BEGINNING_WORDS]
        # Texts instead of tuples, which garbage collection would look through. Of fewer words than a run has,
        # all are one.
        runs = zip(beginning, beginning[1:], beginning[2:], strict=False)
        return frozenset(map(" ".join, runs)) or frozenset((" ".join(beginning),))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers that it names where it begins."""
        return numbers_of(self.plain[:_BEGINNING_CHARACTERS])

    @cached_property
    def figures(self) -> Figures:
        """The figures of its text, by the words around them."""
        return figures_of(self.words)

    @cached_property
    def days(self) -> frozenset[tuple[int, int]]:
        """The days that its headline and its beginning name."""
        return days_of(f"{self.title}\n{self.plain[:_BEGINNING_CHARACTERS]}")


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
    """Return the headline and plain text of an article, prepared for comparison."""
    keys, _ = unpack(look_up(plain).packed)
    return Text(title=title, plain=plain, shingles=hashed_runs(keys))


def judge_copy(mine: Text, other: Text, policy: CopyPolicy, apart: timedelta = timedelta()) -> CopyVerdict:
    """Compare two texts that were published `apart`. The result does not depend on their order."""
    common = shared(mine.shingles, other.shingles)
    shorter, longer = sorted((len(mine.shingles), len(other.shingles)))
    containment = common / shorter if shorter else 0.0
    if containment < policy.containment:
        return CopyVerdict(
            kind=CopyKind.NONE, containment=round(containment, 3), because="they share too little text"
        )
    numbers = CopyVerdict(
        kind=CopyKind.COPY,
        containment=round(containment, 3),
        resemblance=round(common / (shorter + longer - common), 3),
        headline=round(_agreement(mine.headline, other.headline), 3),
        beginning=round(_share(mine.runs, other.runs), 3),
        numbers=round(_share(mine.numbers, other.numbers), 3),
        length=round(_ratio(len(mine.words), len(other.words)), 3),
    )
    because = _difference(mine, other, numbers, policy, apart)
    # Where all runs of words are shared, all figures are.
    if because is None and common < shorter and are_revised(mine.figures, other.figures):
        because = "they have other figures at the same place"
    if because is None:
        return numbers
    return replace(numbers, kind=CopyKind.DERIVED, because=because)


def _headline(title: str) -> HeadlineTerms:
    words = {word: rarity(word) for word in words_of(title)}
    return HeadlineTerms(words, sum([weight * weight for weight in words.values()]))


def _agreement(one: HeadlineTerms, other: HeadlineTerms) -> float:
    length = math.sqrt(one.square * other.square)
    if not length:
        return 1.0 if list(one.words) == list(other.words) else 0.0
    return min(1.0, sum([w * w for word, w in one.words.items() if word in other.words]) / length)


def _difference(
    mine: Text, other: Text, found: CopyVerdict, policy: CopyPolicy, apart: timedelta
) -> str | None:
    """Return what a reader would miss if one of two articles that share text were hidden."""
    if series := conflict(mine.title, other.title):
        return series
    if _are_of_other_days(mine, other, apart):
        return "they are of other days"
    checks = (
        (min(len(mine.words), len(other.words)) < policy.words, "a text is too short to compare"),
        (found.containment < policy.copied, "they share only some of their text"),
        (found.length < policy.length, "one is much longer"),
        (found.numbers < policy.numbers, "their numbers differ"),
        (found.beginning < policy.beginning, "they begin differently"),
        (
            found.headline < policy.headline and found.resemblance < policy.resemblance,
            "their headlines differ",
        ),
        (
            found.headline < _OWN_HEADLINE and found.resemblance < _OWN_TEXT,
            "their headlines have nothing in common",
        ),
    )
    if because := next((because for failed, because in checks if failed), None):
        return because
    if mine.title == other.title:
        return None
    headlines = (figures_of(words_of(text.title)) for text in (mine, other))
    return "their headlines have other figures" if are_revised(*headlines) else None


def _are_of_other_days(mine: Text, other: Text, apart: timedelta) -> bool:
    """Return whether two pages, of which one is of a series, are of other days.

    Decided by the days at the beginning of both texts; without these by the times of publication.
    """
    if not (is_series(mine.title) or is_series(other.title)):
        return False
    if mine.days and other.days:
        return mine.days.isdisjoint(other.days)
    return abs(apart) >= _ANOTHER_DAY


def _share(one: frozenset[object], other: frozenset[object]) -> float:
    """Return the share of the smaller set that both have; 1 where one is empty: nothing differs."""
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer else 1.0


def _ratio(one: int, other: int) -> float:
    return min(one, other) / max(one, other, 1)
