"""News out of thin air: matters that several portals report, each in its own words, or in those of another.

Common words come as often as Indonesian has them (package `wordfreq`); each matter has names of its own, some
words of its field, and figures. No text of a real portal is in it.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache

from msgspec import Struct
from wordfreq import get_frequency_dict

from syndicator.model.article import Candidate, Provenance
from syndicator.model.ids import SourceId

NOON = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
WORDS = 200
"""Of an article, about."""
_SENTENCE_WORDS = 16
_PARAGRAPH_SENTENCES = 3
_BEGINNINGS = ("k", "m", "s", "t", "b", "r", "w", "ng", "p", "d", "l", "g", "j", "h", "n", "y")
_VOWELS = ("a", "i", "u", "e", "o")
_COMMON_ZIPF, _FIELD_ZIPF = 4.4, 2.8
"""What is commoner is said of everything; what lies between belongs to some field."""
_SERIES = (
    ("Harga Emas Antam Hari Ini", "Harga emas batangan Antam di butik Pulo Gadung"),
    ("Prakiraan Cuaca Jabodetabek", "Badan Meteorologi memperkirakan cuaca di Jabodetabek"),
    ("Jadwal Sim Keliling Jakarta", "Polda Metro Jaya membuka layanan SIM keliling di"),
)
_MONTH = "November"


class Kind(StrEnum):
    REPORT = "report"
    """A text of its own."""
    COPY = "copy"
    """The text of another, with another dateline and footer, or a paragraph less."""
    REWRITE = "rewrite"
    """Half the text of another, with a headline and sentences of its own."""
    SERIES = "series"
    """A page that comes each day with other figures."""


class Piece(Struct, frozen=True, kw_only=True):
    """An article, and what is to be found out about it."""

    candidate: Candidate
    matter: int
    kind: Kind
    original: str = ""
    """The address of what it was made from, if of anything."""


class _Matter(Struct, frozen=True, kw_only=True):
    names: tuple[str, ...]
    field: tuple[str, ...]
    figures: tuple[str, ...]


class _Text(Struct, frozen=True, kw_only=True):
    title: str
    paragraphs: tuple[str, ...]


def pieces(matters: int, seed: int, *, portals: int = 12, hours: float = 12) -> list[Piece]:
    """Invent the news of some hours, in the order of publication.

    Of each matter one to eight articles, two and a half on average; one matter in twenty is a series. They
    lie within twelve hours of each other.
    """
    rng = random.Random(seed)
    found = [piece for number in range(matters) for piece in _reported(number, rng, portals, hours)]
    return sorted(found, key=lambda piece: (piece.candidate.published_at or NOON, piece.candidate.url))


def _reported(number: int, rng: random.Random, portals: int, hours: float) -> Iterator[Piece]:
    began = NOON + timedelta(hours=rng.uniform(0, hours))
    if rng.random() < 0.05:
        for day in range(1, 4):
            yield _piece(
                _page_of(number, day, rng), (rng.randrange(portals), number, day), Kind.SERIES, began
            )
        return
    matter = _matter(rng)
    first = _report(matter, rng)
    origin = rng.randrange(portals)
    original = _piece(first, (origin, number, 0), Kind.REPORT, began)
    yield original
    for place in range(1, min(1 + int(rng.expovariate(0.6)), portals)):
        kind = rng.choices((Kind.REPORT, Kind.COPY, Kind.REWRITE), (5, 3, 2))[0]
        text = {
            Kind.REPORT: lambda: _report(matter, rng),
            Kind.COPY: lambda: _copied(first, rng),
            Kind.REWRITE: lambda: _rewritten(first, matter, rng),
        }[kind]()
        later = began + timedelta(minutes=rng.uniform(5, 600))
        made_from = "" if kind is Kind.REPORT else original.candidate.url
        yield _piece(text, ((origin + place) % portals, number, place), kind, later, made_from)


def _piece(text: _Text, place: tuple[int, int, int], kind: Kind, at: datetime, original: str = "") -> Piece:
    """Make an article of a text; `place` are the numbers of its portal and matter, and its own there."""
    portal, matter, number = place
    source = SourceId(f"portal-{portal}")
    url = f"https://{source}.example/read/{matter}/{number}/berita"
    candidate = Candidate(
        source=source,
        url=url,
        guid=f"{matter}-{number}",
        title=text.title,
        lead=text.paragraphs[0][:200],
        body_html="".join(f"<p>{paragraph}</p>" for paragraph in text.paragraphs),
        authors=("Sari Dewi",),
        section="Kota",
        tags=("kota", "warga"),
        language="id",
        published_at=at,
        provenance=Provenance(source=source, requested_url=url, fetched_at=NOON),
    )
    return Piece(candidate=candidate, matter=matter, kind=kind, original=original)


def _matter(rng: random.Random) -> _Matter:
    _, _, field = _words()
    return _Matter(
        names=tuple(_name(rng) for _ in range(7)),
        field=tuple(rng.choices(field, k=10)),
        figures=tuple(str(rng.randrange(11, 9999)) for _ in range(3)),
    )


def _name(rng: random.Random) -> str:
    syllables = (rng.choice(_BEGINNINGS) + rng.choice(_VOWELS) for _ in range(rng.randrange(2, 5)))
    return "".join(syllables).capitalize()


def _report(matter: _Matter, rng: random.Random) -> _Text:
    # A portal tells some of it: other witnesses, other sides.
    told = (*rng.sample(matter.names, 5), *rng.sample(matter.field, 6), *rng.sample(matter.figures, 2))
    return _Text(title=_headline(told, rng), paragraphs=_paragraphs(told, WORDS, rng))


def _headline(told: tuple[str, ...], rng: random.Random) -> str:
    words = [*rng.sample(told[:11], 4), *_common(rng, 3)]
    rng.shuffle(words)
    return " ".join(word.capitalize() for word in words)


def _paragraphs(told: tuple[str, ...], words: int, rng: random.Random) -> tuple[str, ...]:
    wanted = max(1, round(words / _SENTENCE_WORDS / _PARAGRAPH_SENTENCES))
    return tuple(" ".join(_sentence(told, rng) for _ in range(_PARAGRAPH_SENTENCES)) for _ in range(wanted))


def _sentence(told: tuple[str, ...], rng: random.Random) -> str:
    words = _common(rng, _SENTENCE_WORDS - 3)
    for word in rng.sample(told, 3):
        words.insert(rng.randrange(len(words)), word)
    return " ".join(words).capitalize() + "."


def _copied(first: _Text, rng: random.Random) -> _Text:
    paragraphs = list(first.paragraphs)
    if rng.random() < 0.5 and len(paragraphs) > 2:
        del paragraphs[rng.randrange(1, len(paragraphs))]
    paragraphs[0] = f"{_name(rng).upper()}, PORTAL.EXAMPLE - {paragraphs[0]}"
    return _Text(title=first.title, paragraphs=(*paragraphs, f"Baca juga: {_headline_of_box(rng)}"))


def _headline_of_box(rng: random.Random) -> str:
    return " ".join(_common(rng, 6)).capitalize()


def _rewritten(first: _Text, matter: _Matter, rng: random.Random) -> _Text:
    own = _report(matter, rng)
    kept = first.paragraphs[len(first.paragraphs) // 2 :]
    return _Text(title=own.title, paragraphs=(*own.paragraphs[: len(first.paragraphs) // 2], *kept))


def _page_of(number: int, day: int, rng: random.Random) -> _Text:
    """Give the page of a series for a day: all but day and figures stays."""
    title, beginning = _SERIES[number % len(_SERIES)]
    same = random.Random(number)
    city, told = _name(same), tuple(same.choices(_words()[2], k=8))
    body = _paragraphs(told, WORDS, same)
    date = f"{day + 4} {_MONTH} 2026"
    figures = " ".join(f"{rng.randrange(1000, 3000)}.{rng.randrange(100, 999)}" for _ in range(6))
    first = f"{beginning} {city}, {date}: {figures}. {body[0]}"
    return _Text(title=f"{title} {city} {date}", paragraphs=(first, *body[1:]))


def _common(rng: random.Random, count: int) -> list[str]:
    words, weights, _ = _words()
    return rng.choices(words, cum_weights=weights, k=count)


@cache
def _words() -> tuple[list[str], list[float], list[str]]:
    """Give common words with the sums of their frequencies, and those of some field."""
    table = get_frequency_dict("id", wordlist="small")
    usable = sorted(word for word in table if word.isalpha() and len(word) > 1)
    per_billion = {word: table[word] * 1e9 for word in usable}
    words = [word for word in usable if per_billion[word] >= 10**3.2]
    sums, total = [], 0.0
    for word in words:
        total += per_billion[word]
        sums.append(total)
    field = [word for word in usable if 10**_FIELD_ZIPF <= per_billion[word] < 10**_COMMON_ZIPF]
    return words, sums, field
