"""Documents of `cases/`, one for each rule of reading feeds: what comes of them is what they say themselves.

A document tells in a comment, or in a file beside it that ends in `.expect`:

    Description: what it is about
    Header: Content-Type: text/html         a header that it was served with (any number)
    Source: max_articles=2                  how its source differs from the usual (any number)
    Expect: entries[0].title == 'Judul'     a Python expression that must hold (any number)

Names in expressions: `feed` (the whole reading), `entries` (its candidates), `titles`, `warnings`, `hints`,
`failure` (the reason of NotReadable, or None), `utc(…)`, `urls(photos)`, and `changed(index, field)`, which
is why a field of an entry was changed, or None.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gather.gather_values import fetched, source

from syndicator.errors import NotReadable
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.model.article import Photo

FOLDER = Path(__file__).parent / "cases"
DOCUMENTS = sorted(path for path in FOLDER.rglob("*.*") if path.suffix != ".expect")
FOLDERS = sorted({path.parent for path in DOCUMENTS})
LINE = re.compile(r"^(Description|Header|Source|Expect):\s*(\S.*?)\s*$", re.MULTILINE)
NAMES = {"any": any, "len": len}


def told(path: Path) -> list[tuple[str, str]]:
    """Give what a case says of itself."""
    beside = path.with_name(path.name + ".expect")
    text = (beside if beside.exists() else path).read_text("utf-8", "replace")
    return [(match[1], match[2]) for match in LINE.finditer(text)]


def values(name: str, lines: list[tuple[str, str]]) -> list[str]:
    return [text for kind, text in lines if kind == name]


def gathered(path: Path, lines: list[tuple[str, str]]) -> tuple[FeedReading, str | None]:
    headers = dict(header.split(": ", 1) for header in values("Header", lines))
    settings = {}
    for line in values("Source", lines):
        name, value = line.split("=", 1)
        settings[name] = eval(value, {"__builtins__": {}})  # noqa: S307 -- our own files, in our own repository
    answer = fetched(path.read_bytes(), headers={name.lower(): text for name, text in headers.items()})
    try:
        return read_thoroughly(source(**settings), answer), None
    except NotReadable as error:
        return FeedReading(candidates=()), error.reason


def names(reading: FeedReading, failure: str | None) -> dict[str, Any]:
    def changed(index: int, field: str) -> str | None:
        changes = reading.candidates[index].provenance.changes
        return next((change.why for change in changes if change.field == field), None)

    def urls(photos: tuple[Photo, ...]) -> list[str]:
        return [photo.url for photo in photos]

    def utc(year: int, month: int, day: int, hour: int = 0) -> datetime:
        return datetime(year, month, day, hour, tzinfo=UTC)

    return {
        "__builtins__": NAMES,
        "feed": reading,
        "entries": reading.candidates,
        "titles": [candidate.title for candidate in reading.candidates],
        "warnings": reading.warnings,
        "hints": reading.hints,
        "failure": failure,
        "changed": changed,
        "urls": urls,
        "utc": utc,
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_cases(folder: Path) -> None:
    faults = []
    for path in (one for one in DOCUMENTS if one.parent == folder):
        lines = told(path)
        expectations = values("Expect", lines)
        assert len(values("Description", lines)) == 1, path
        assert expectations, path
        reading, failure = gathered(path, lines)
        known = names(reading, failure)
        faults += [
            f"{path}: {expectation}\n{failure or reading}"
            for expectation in expectations
            if not eval(expectation, known)  # noqa: S307 -- our own files, in our own repository
        ]
    assert not faults, "\n\n".join(faults)


def test_there_are_hundreds_and_each_is_told_apart() -> None:
    descriptions = [(path.parent.name, *values("Description", told(path))) for path in DOCUMENTS]
    assert len(descriptions) > 300
    assert len(set(descriptions)) == len(descriptions)
