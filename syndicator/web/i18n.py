"""How pages speak: sentences, numbers and dates in one language and one zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from syndicator.model.feed import Site
from syndicator.web.sentences import SENTENCES
from syndicator.web.texts.texts import DAYS, LANGUAGES, MONTHS, TEXTS

FALLBACK = "en"
_UNITS_PER_GROUP = {"id": ".", "en": ","}
_MOST_SPANS = 3
_HOUR = timedelta(hours=1)
_SPANS_S = (("d", 86400), ("h", 3600), ("min", 60))


class Wording:
    """One language, in the zone of the site. Templates know it as `say`."""

    def __init__(self, language: str, timezone: str) -> None:
        self.language = language
        self._index = LANGUAGES.index(language)
        self._zone = ZoneInfo(timezone)

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence of that key; KeyError where there is none."""
        return TEXTS[key][self._index].format_map(values)

    def sentence(self, text: str) -> Markup:
        """Return a sentence of a use case as HTML: translated where it is known, else marked as English."""
        if self.language == "en" or " " not in text:  # codes are the same in every language
            return Markup.escape(text)
        known = SENTENCES.get(self.language)
        translated = known.translated(text) if known else None
        return (
            Markup('<span lang="en">{}</span>').format(text)
            if translated is None
            else Markup.escape(translated)
        )

    def moment(self, instant: datetime) -> str:
        """Write a date in full: `Kamis, 5 November 2026, 12.00 WIB`."""
        local = instant.astimezone(self._zone)
        day = DAYS[self.language][local.weekday()]
        date = f"{local.day} {MONTHS[self.language][local.month - 1]} {local.year}"
        return f"{day}, {date}, {self._time(local)} {self._zone_name(local)}"

    def short(self, instant: datetime) -> str:
        """Write a date for lists: `5 Nov 2026, 12.00`."""
        local = instant.astimezone(self._zone)
        month = MONTHS[self.language][local.month - 1][:3]
        return f"{local.day} {month} {local.year}, {self._time(local)}"

    def zoned(self, instant: datetime) -> str:
        """Write a date for lists, with the name of its zone: `5 Nov 2026, 12.00 WIB`."""
        return f"{self.short(instant)} {self._zone_name(instant.astimezone(self._zone))}"

    def day(self, instant: datetime) -> str:
        """Write a day for charts: `Kam 5 Nov`."""
        local = instant.astimezone(self._zone)
        weekday, month = DAYS[self.language][local.weekday()], MONTHS[self.language][local.month - 1]
        return f"{weekday[:3]} {local.day} {month[:3]}"

    def clock(self, instant: datetime) -> str:
        """Write a time of day: `12.00`."""
        return self._time(instant.astimezone(self._zone))

    def in_zone(self, timezone: str) -> "Wording":
        """Return the same language in another zone."""
        return Wording(self.language, timezone)

    def hours(self, begins: Sequence[datetime]) -> str:
        """Write hours by their begins, newest first: `19:00–21:00, 07:00–08:00`; at most `_MOST_SPANS`."""
        spans: list[tuple[datetime, datetime]] = []
        for begin in begins:
            if spans and spans[-1][0] == begin + _HOUR:
                spans[-1] = (begin, spans[-1][1])
            else:
                spans.append((begin, begin + _HOUR))
        local = [
            "–".join(self._time(moment.astimezone(self._zone)) for moment in span)
            for span in spans[:_MOST_SPANS]
        ]
        return ", ".join([*local, "…"] if len(spans) > _MOST_SPANS else local)

    def age(self, instant: datetime, now: datetime) -> str:
        """Write how far away an instant is: `4 s ago`, `in 3 min`; units change at two of the next."""
        return self("ahead" if instant > now else "ago", span=self.span(abs(now - instant)))

    def span(self, length: timedelta) -> str:
        """Write a length of time: `4 s`, `3 min`; units change at two of the next."""
        seconds = round(length.total_seconds())
        unit, size = next((span for span in _SPANS_S if seconds >= 2 * span[1]), ("s", 1))
        return self(f"span.{unit}", number=seconds // size)

    def number(self, value: int) -> str:
        return f"{value:,}".replace(",", _UNITS_PER_GROUP[self.language])

    def percent(self, share: float) -> str:
        """Write a share of one: `94.1%`, `95%`."""
        text = f"{share * 100:.1f}".removesuffix(".0")
        return f"{text.replace('.', ',') if self.language == 'id' else text}%"

    def length(self, seconds: float) -> str:
        """Write a length of time given in seconds."""
        return self.span(timedelta(seconds=seconds))

    def names(self, names: Sequence[str]) -> str:
        """Join names: `A`, `A and B`, `A, B and C`."""
        if len(names) < 2:  # noqa: PLR2004  two can be joined
            return "".join(names)
        return f"{', '.join(names[:-1])} {self('and')} {names[-1]}"

    def _time(self, local: datetime) -> str:
        separator = "." if self.language == "id" else ":"
        return f"{local.hour:02}{separator}{local.minute:02}"

    @staticmethod
    def _zone_name(local: datetime) -> str:
        name = local.tzname() or ""
        # Zones without letters of their own are called "+03": say what the number is.
        return f"UTC{name}" if name[:1] in "+-" else name


def wordings(site: Site) -> dict[str, Wording]:
    """Return every language that we speak."""
    return {language: Wording(language, site.timezone) for language in LANGUAGES}


def default_language(site: Site) -> str:
    """Return the site's language where we speak it, else English."""
    primary = site.language.lower().partition("-")[0]
    return primary if primary in LANGUAGES else FALLBACK
