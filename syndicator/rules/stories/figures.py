"""The figures of a text, each with the words around it; they distinguish a follow-up from a copy.

"12 orang tewas" became "15 orang tewas", "Sabtu (9/5)" became "Sabtu (16/5)": all other words are the same,
and the figure is the news.
"""

from collections.abc import Iterator, Mapping, Sequence

from syndicator.rules.dates.words import MONTHS
from syndicator.rules.stories.series import WEEKDAYS

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
