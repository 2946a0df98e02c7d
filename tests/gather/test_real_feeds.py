"""Feeds that real sites served, gathered and compared with what an independent parser reads.

The documents lie beside the repository, in `../shared/data/feeds`; without them there is nothing to test.
"""

import calendar
import io
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import feedparser
import pytest
from gather.gather_values import fetched, source

from syndicator.errors import NotReadable
from syndicator.gather.candidates import MAX_MADE_TITLE, FeedReading
from syndicator.gather.feed import read_thoroughly
from syndicator.gather.text import title_text
from syndicator.model.article import Candidate

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "feeds"
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
    assert reading.warnings == ()
    assert reading.title == (title_text(expected.feed.get("title", "")) or None)
    assert len(reading.candidates) == len(expected.entries) > 0
    for candidate, entry in zip(reading.candidates, expected.entries, strict=True):
        compare(candidate, entry)


def compare(candidate: Candidate, entry: Any) -> None:
    title = title_text(entry.get("title", ""))
    # Difference: an entry without a title gets one made of its first words.
    assert candidate.title == title or (not title and 0 < len(candidate.title) <= MAX_MADE_TITLE)
    # Difference: it resolves a relative id as if it were a link; to us an id is the text that it is.
    assert urljoin(URL, candidate.guid or "") == urljoin(URL, " ".join(entry.get("id", "").split()))
    assert candidate.url == urljoin(URL, entry.get("link", "")).replace(" ", "%20")
    dates = instants(entry)
    if candidate.published_at is None:
        assert not dates
    else:
        assert candidate.published_at.replace(microsecond=0) in dates
    # A summary that is nothing but a picture becomes a photo.
    words_or_picture = candidate.body_html or candidate.lead or candidate.photos
    assert words_or_picture or not (entry.get("content") or entry.get("summary"))
