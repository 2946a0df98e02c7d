"""Feeds that real sites served, gathered and compared with what an independent parser reads.

The documents lie beside the repository, in `../shared/data/feeds`; without them there is nothing to test.
"""

import calendar
import io
import warnings
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser
import pytest
from gather.gather_values import fetched, source

from syndicator.errors import NotReadable
from syndicator.gather.documents.text import title_text
from syndicator.gather.feeds.candidates import MAX_MADE_TITLE, FeedReading
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.model.article import Candidate

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "feeds"
DOCUMENTS = sorted(FOLDER.glob("*.raw"))
URL = "https://host.example/feed.xml"

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="the captured feeds are not here")


def gathered(path: Path) -> FeedReading:
    return read_thoroughly(source(url=URL, max_articles=1000), fetched(path.read_bytes(), url=URL))


def independent(path: Path) -> Any:
    headers = {"content-location": URL, "content-type": "application/xml"}
    return feedparser.parse(io.BytesIO(path.read_bytes()), response_headers=headers)


def instants(entry: Any) -> set[datetime]:
    """Give all dates that the other parser reads: it files some under other names than we do.

    Difference: `0001-01-01`, which generators write for "no date", is a date to it and none to us.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it lets one date stand in for another
        parts = [entry.get(f"{name}_parsed") for name in ("published", "updated", "created")]
    return {datetime.fromtimestamp(calendar.timegm(part), UTC) for part in parts if part and part.tm_year > 1}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_real_document_gathers_as_an_independent_parser_reads_it(path: Path) -> None:
    expected = independent(path)
    if not expected.version:
        with pytest.raises(NotReadable):
            gathered(path)
        return
    reading = gathered(path)
    assert all("is read as windows-1252" in warning for warning in reading.warnings)
    assert reading.title == (title_text(expected.feed.get("title", "")) or None)
    assert len(reading.candidates) == len(expected.entries) > 0
    for candidate, entry in zip(reading.candidates, expected.entries, strict=True):
        compare(candidate, entry)


class Difference(StrEnum):
    """Why a field differs from what the other parser reads."""

    NONE = "none"
    TITLE_MADE = "an entry without a title gets one made of its first words"
    ID_AS_WRITTEN = "it resolves a relative id as if it were a link; to us an id is the text that it is"
    LINK_ENCODED = "it leaves characters in a link that no address may hold"
    SECONDS_ONLY = "it has no fractions of a second"


def compare(candidate: Candidate, entry: Any) -> None:
    assert title_difference(candidate, entry) is not None
    assert id_difference(candidate, entry) is not None
    assert link_difference(candidate, entry) is not None
    assert date_difference(candidate, entry) is not None
    # A summary that is nothing but a picture becomes a photo.
    words_or_picture = candidate.body_html or candidate.lead or candidate.photos
    assert words_or_picture or not (entry.get("content") or entry.get("summary"))


def title_difference(candidate: Candidate, entry: Any) -> Difference | None:
    title = title_text(entry.get("title", ""))
    if candidate.title == title:
        return Difference.NONE
    return Difference.TITLE_MADE if not title and 0 < len(candidate.title) <= MAX_MADE_TITLE else None


def id_difference(candidate: Candidate, entry: Any) -> Difference | None:
    theirs, ours = " ".join(entry.get("id", "").split()), candidate.guid or ""
    if ours == theirs:
        return Difference.NONE
    return Difference.ID_AS_WRITTEN if urljoin(URL, ours) == theirs else None


def link_difference(candidate: Candidate, entry: Any) -> Difference | None:
    theirs = entry.get("link", "")
    if candidate.url == theirs:
        return Difference.NONE
    return Difference.LINK_ENCODED if candidate.url == urljoin(URL, theirs).replace(" ", "%20") else None


def date_difference(candidate: Candidate, entry: Any) -> Difference | None:
    dates = instants(entry)
    if candidate.published_at is None:
        return None if dates else Difference.NONE
    if candidate.published_at in dates:
        return Difference.NONE
    return Difference.SECONDS_ONLY if candidate.published_at.replace(microsecond=0) in dates else None


def test_differences_are_few() -> None:
    found: Counter[Difference | None] = Counter()
    for path in DOCUMENTS:
        expected = independent(path)
        if not expected.version:
            continue
        for candidate, entry in zip(gathered(path).candidates, expected.entries, strict=True):
            found.update(
                difference(candidate, entry)
                for difference in (title_difference, id_difference, link_difference, date_difference)
            )
    assert found[Difference.NONE] > 0.95 * found.total()
    assert found[None] == 0
