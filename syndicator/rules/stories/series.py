"""Pages of a series: today's gold price, tomorrow's horoscope, the next episode. Same words, other article.

Two of a series differ in little: a date, a weekday, a number, a name in a title. So where two texts
agree in all else, these decide.
"""

import re
from functools import lru_cache

from syndicator.rules.dates.words import MONTHS
from syndicator.rules.words import words_of

_MONTHS_OF_YEAR, _DAYS_OF_MONTH = range(1, 13), range(1, 32)
_NUMBER = re.compile(r"(?<!\w)\d+(?:[.,:/-]\d+)*")
_MONTH = "|".join(sorted((re.escape(word) for word in MONTHS), key=len, reverse=True))
_DATES = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s++(?P<month>{_MONTH})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\.?\s++(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)", re.IGNORECASE),
    re.compile(r"\b(?P<day>\d{1,2})[/-](?P<number>\d{1,2})(?:[/-](?:\d{4}|\d\d))?\b"),
)
WEEKDAYS = {
    "senin": 0, "selasa": 1, "rabu": 2, "kamis": 3, "jumat": 4, "sabtu": 5, "minggu": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
}  # fmt: skip
_SERIES = frozenset(
    (
        "sinopsis", "episode", "eps", "jadwal", "klasemen", "kurs", "ramalan", "zodiak", "horoskop", "shio",
        "prakiraan", "cuaca", "diskon", "promo", "katalog", "streaming", "prediksi", "kode", "redeem", "doa",
        "lirik", "niat", "resep", "togel", "samsat", "sim", "keliling", "horoscope", "forecast", "wordle",
        "crossword", "recap", "standings", "fixtures", "odds", "lottery", "lineups", "discount", "sale",
    )
)  # fmt: skip
_DAILY = re.compile(
    r"\b(?:hari|malam|pekan) ini\b|\bbesok\b|\btoday\b|\btonight\b|\btomorrow\b"
    r"|\b(?:harga|kurs|prices?)\b.{0,60}\b(?:emas|antam|dolar|rupiah|bbm|cabai|beras|gold|oil|bitcoin)\b"
    r"|\b(?:emas|antam|dolar|rupiah|ihsg)\b.{0,40}\bhari ini\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def is_series(title: str) -> bool:
    """Return whether a headline is that of a page which comes again and again with other figures."""
    return _DAILY.search(title) is not None or not _SERIES.isdisjoint(words_of(title))


def numbers_of(text: str) -> frozenset[str]:
    """Return the numbers of a text as they are written, of two digits or more: "1.250", "15-1", "2026"."""
    return frozenset(number for number in _NUMBER.findall(text) if len(number) > 1)


def days_of(text: str) -> frozenset[tuple[int, int]]:
    """Return the days that a text names, as (month, day)."""
    days = set()
    for pattern in _DATES:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            month = MONTHS[parts["month"].lower()] if parts.get("month") else int(parts["number"])
            day = int(parts["day"])
            if month in _MONTHS_OF_YEAR and day in _DAYS_OF_MONTH:
                days.add((month, day))
    return frozenset(days)


def weekdays_of(text: str) -> frozenset[int]:
    """Return the days of the week that a text names, Monday is 0."""
    return frozenset(WEEKDAYS[word] for word in words_of(text) if word in WEEKDAYS)


def conflict(one: str, other: str) -> str | None:
    """Return what keeps two headlines of series apart, as half a sentence; None where nothing does.

    Only between pages of series: two reports of one accident may well count the dead differently.
    """
    if not (is_series(one) and is_series(other)):
        return None
    if _differ(days_of(one), days_of(other)) or _differ(weekdays_of(one), weekdays_of(other)):
        return "their headlines name other days"
    if _differ(numbers_of(one), numbers_of(other)) or _differ(_single_numbers(one), _single_numbers(other)):
        return "their headlines name other numbers"
    return None


def _single_numbers(text: str) -> frozenset[str]:
    return frozenset(_NUMBER.findall(text))


def _differ(one: frozenset[object], other: frozenset[object]) -> bool:
    return bool(one) and bool(other) and one.isdisjoint(other)
