"""Of all the dates on an article page, the one beside its headline is proposed."""

from datetime import datetime

import pytest
from gather.gather_values import fetched, source
from gather.portal_pages import Story

from syndicator.gather.articles.article_page import read_article
from syndicator.gather.proposals.selector_inference import propose_for_articles
from syndicator.model.source import SourceKind

ZONED = source(kind=SourceKind.PAGE, timezone="Asia/Jakarta", language="id")
INFO = (
    "<div class='content-info'><span><i class='material-icons'>access_time</i> {date}</span>"
    "<span><i class='material-icons'>remove_red_eye</i> {views}</span></div>"
)
CLOCKS = {
    "none": "",
    "the head of the page": "<div class='top'><span>Senin, 23 November 2026 09:0{n} WIB</span></div>",
    "right ahead of the headline": "<div class='now'><b>Kini</b><span>Senin, 23 November 2026 09:0{n} WIB</span></div>",
    "stamped": "<time datetime='2026-11-23T09:0{n}:00+07:00'>Senin, 23 November 2026</time>",
    "a box of what is new": "<div class='kotak'><b>Kilas</b><i class='tgl'>23-11-2026 09:0{n}</i></div>",
}


def page(story: Story, clock: str, *, shared: int) -> str:
    info = INFO.format(date=story.long_date, views=2619 + 7 * story.n)
    share = "<a href='#'><b>Bagikan</b></a>" * shared
    return (
        f"<html><body><div class='menu'><a href='/'>Beranda</a></div><div class='news-read'>{clock.format(n=story.n)}"
        f"<div class='content'><h1>{story.title}</h1><div class='tombol'>{share}</div>{info}"
        f"<div class='content-body'>{story.text()}</div></div></div>"
        "<div class='bawah'><span>Diperbarui 20 November 2026 10:00 WIB</span></div></body></html>"
    )


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("shared", [0, 12])
@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS.keys())
def test_the_date_beside_the_headline_is_proposed(clock: str, shared: int, number: int) -> None:
    stories = [Story(n) for n in range(number)]
    pages = [
        fetched(page(story, clock, shared=shared), url=f"https://x.example/{story.n}") for story in stories
    ]
    rule = propose_for_articles(ZONED, pages).article
    assert rule.date is not None
    described = source(kind=SourceKind.PAGE, timezone="Asia/Jakarta", article=rule)
    for story, each in zip(stories, pages, strict=True):
        read = read_article(described, each).candidate
        assert read.provenance.read_from["published_at"] == "selector"
        assert read.published_at == datetime.fromisoformat(story.iso)
        assert (read.title, read.views) == (story.title, 2619 + 7 * story.n)
