"""What is read of a document takes time in proportion to its length, whatever stands in it."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from gather.gather_values import URL, fetched, rss, source
from rules.test_linear_time import slow

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_body import first_paragraph, without_read_also
from syndicator.gather.articles.article_photos import with_credit
from syndicator.gather.articles.headlines import without_site
from syndicator.gather.articles.json_ld import read_json_ld
from syndicator.gather.bylines import labelled_reporters, reporters
from syndicator.gather.documents.html_cleaning import (
    HtmlCleaner,
    check_weight,
    clean_text,
    first_image,
    to_text,
)
from syndicator.gather.documents.picture_sources import is_stand_in, largest
from syndicator.gather.documents.text import absolute_url, plain_text, title_text, without_mail
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.gather.proposals.discovery import read_findings
from syndicator.gather.websub import links
from syndicator.model.article import Photo

TAKEN: dict[str, Callable[[str], object]] = {
    "title_text": title_text,
    "plain_text": plain_text,
    "without_mail": without_mail,
    "absolute_url": lambda text: absolute_url(URL, text),
    "to_text": to_text,
    "clean": lambda text: HtmlCleaner(URL).clean(text),
    "clean_text": lambda text: clean_text(text, 1000),
    "first_image": first_image,
    "check_weight": check_weight,
    "reporters": lambda text: reporters([text, "Budi"]),
    "labelled_reporters": labelled_reporters,
    "without_site": lambda text: without_site(text, "Kota", URL),
    "is_stand_in": is_stand_in,
    "largest": largest,
    "without_read_also": without_read_also,
    "first_paragraph": first_paragraph,
    "JSON-LD": lambda text: read_json_ld(['{"@type":"NewsArticle","headline":"' + text], base=URL, urls=[URL]),
    "a caption": lambda text: with_credit(Photo(url=URL, caption=text)),
    "Link": lambda text: list(links(text)),
    "a page that may name feeds": lambda text: read_findings(fetched(text)),
    "a feed that is not well-formed": lambda text: read_thoroughly(
        source(), fetched(rss(f"<title>a & b</title><link>/1</link><description>{text}"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_no_text_takes_more_than_its_length(name: str) -> None:
    def take(text: str) -> None:
        with suppress(NotReadable, ValueError):
            TAKEN[name](text)

    assert slow(take, 1_000) == []
