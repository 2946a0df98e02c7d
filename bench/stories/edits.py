"""How many follow-ups and notices of another day are hidden as copies: real texts with other figures.

Texts that portals published are edited by machine: all words stay, and a number, a price or the days change.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from bench.stories.quality import is_labelled, rows_of
from syndicator.rules.dates.words import MONTHS
from syndicator.rules.stories.near_duplicates import CopyKind, CopyPolicy, judge_copy, text_of
from syndicator.rules.stories.series import WEEKDAYS
from syndicator.rules.words import plain_body

_BEGINNING = 1500
_WORDS_LEAST = 40
_MONTH = "|".join(map(re.escape, MONTHS))
_COUNT = re.compile(rf"(?<![\d.,:/(-])\b(?!(?:19|20)\d\d\b)\d{{1,4}}(?=\s+(?!(?:{_MONTH})\b)[a-z])")
_PRICE = re.compile(r"(?:Rp\.?|\$|£)\s?\d+")
_DAY = re.compile(
    rf"\b\d{{1,2}}(?=\s(?:{_MONTH})\b)|(?<=\()\d{{1,2}}(?=/\d)|\b(?:{_MONTH})\s\d{{1,2}}\b(?!\d)",
    re.IGNORECASE,
)
_WEEKDAY = re.compile("|".join(rf"\b{word}\b" for word in WEEKDAYS), re.IGNORECASE)


def report_edits() -> None:
    """Print how many of the edited texts are hidden."""
    if not is_labelled():
        return
    edited, hidden = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for language, title, body in _texts():
        one = text_of(title, plain_body(body))
        for name, edit in _EDITS.items():
            other = text_of(title, plain_body(edit(body)))
            if other.plain != one.plain:
                edited[language, name] += 1
                hidden[language, name] += judge_copy(one, other, CopyPolicy()).kind is CopyKind.COPY
    for (language, name), count in sorted(edited.items()):
        print(f"{language}, {name}: {hidden[language, name]} hidden of {count} (0)")


def _texts() -> Iterator[tuple[str, str, str]]:
    originals = [row for row in rows_of("id_synthetic_copies") if int(row["level"]) == 0]
    pairs = [row[side] for row in rows_of("id_body_pairs") for side in "ab"]
    found = [("id", row.get("title", ""), row["body"]) for row in (*originals, *pairs)]
    found += [("en", "", row["body"]) for row in rows_of("en_fnc_bodies")]
    return (one for one in found if len(one[2].split()) >= _WORDS_LEAST)


def _another_count(body: str) -> str:
    return _COUNT.sub(_larger, body[:_BEGINNING], count=1) + body[_BEGINNING:]


def _other_prices(body: str) -> str:
    return _PRICE.sub(_larger, body)


def _another_day(body: str) -> str:
    return _WEEKDAY.sub(_next_weekday, _DAY.sub(_larger, body))


def _larger(found: re.Match[str]) -> str:
    return re.sub(r"\d+", lambda number: str(int(number[0]) % 28 + 1), found[0])


def _next_weekday(found: re.Match[str]) -> str:
    words = list(WEEKDAYS)
    day = words.index(found[0].lower())
    return words[day // 7 * 7 + (day + 1) % 7].capitalize()


_EDITS: Mapping[str, Callable[[str], str]] = {
    "one number of the beginning": _another_count,
    "all prices": _other_prices,
    "all days": _another_day,
}
