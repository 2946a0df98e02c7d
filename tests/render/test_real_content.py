"""What real sites served, published again: whatever they wrote, our feeds are valid.

The documents lie beside the repository, in `../shared/data/feeds`; without them there is nothing to test.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from gather.gather_values import fetched
from gather.gather_values import source as described
from msgspec.structs import replace
from render.feed_checks import FAULTS
from render.render_values import ORIGIN, article, entry, snapshot

from syndicator.errors import NotReadable
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.model.article import Article, Candidate
from syndicator.model.feed import FeedSnapshot, Format
from syndicator.render import render

DOCUMENTS = sorted((Path(__file__).parents[3] / "shared" / "data" / "feeds").glob("*.raw"))
URL = "https://host.example/feed.xml"
SEEN = datetime(2026, 11, 5, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="the captured feeds are not here")


def published(candidate: Candidate, number: int) -> Article:
    at = min(candidate.published_at or SEEN, SEEN)
    return article(
        number,
        url=candidate.url or URL,
        title=candidate.title,
        lead=candidate.lead,
        body_html=candidate.body_html,
        quote=candidate.quote,
        authors=candidate.authors,
        photos=candidate.photos,
        section=candidate.section,
        tags=candidate.tags,
        language=candidate.language,
        related=candidate.related,
        published_at=at,
        updated_at=at,
        first_seen_at=SEEN,
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_a_real_site_served_is_published_without_a_fault(path: Path) -> None:
    try:
        reading = read_thoroughly(described(url=URL), fetched(path.read_bytes(), url=URL))
    except NotReadable:
        pytest.skip("it is no feed")
    entries = tuple(
        entry(published(one, number), origin=replace(ORIGIN, title=reading.title or "x"))
        for number, one in enumerate(reading.candidates[:100])
    )
    of = snapshot(entries=entries)
    for form in (Format.RSS, Format.ATOM):
        found = FAULTS[form.value](render(of, form).body, of.feed_url(form))
        assert not [fault for fault in found if not _of_their_own_making(fault)], form
    assert _ids(of, Format.JSON, "items", "id") == _ids(of, Format.NINJS, "associations", "uri")


def _of_their_own_making(fault: str) -> bool:
    """Tell whether a site's words look like markup, which is warned of, and which we do not change."""
    return fault.startswith("markup in")


def _ids(of: FeedSnapshot, form: Format, items: str, key: str) -> list[str]:
    return [one[key] for one in json.loads(render(of, form).body).get(items, ())]
