"""What is proposed for boxes of related articles, for pictures and for dates that stand in several places."""

from datetime import UTC, datetime

import pytest
from gather.gather_values import fetched, source
from gather.portal_pages import PORTALS, Story, framed
from msgspec.structs import replace

from syndicator.gather.articles.article_page import read_article
from syndicator.gather.proposals.selector_inference import propose_for_articles, propose_for_list
from syndicator.model.article import Placement
from syndicator.model.fetch import Fetched
from syndicator.model.source import SourceKind

ZONED = source(kind=SourceKind.PAGE, timezone="Asia/Jakarta", language="id")
STORIES = [Story(n) for n in range(3)]


def address(story: Story) -> str:
    return f"https://m.kota.example/b/{story.n}"


def box(numbers: list[int], heading: str) -> str:
    rows = "".join(
        f'<li class="row"><div class="col s7"><h2><a href="{address(Story(n))}">{Story(n).title}</a></h2>'
        f'<div class="list-info"><span>{Story(n).long_date}</span></div></div>'
        f'<div class="col s5"><a href="{address(Story(n))}"><img src="{Story(n).photo}"></a></div></li>'
        for n in numbers
    )
    return (
        f'<div class="news-list"><div class="header"><span class="title">{heading}</span>'
        f'<a class="index" href="/indeks">indeks</a></div><ul class="list-index">{rows}</ul></div>'
    )


def article(story: Story, related: str, info: str) -> Fetched:
    return fetched(
        framed(
            f'<div class="news-read"><img src="{story.photo}"><div class="content"><h1>{story.title}</h1>{info}'
            f'<div class="content-body">{story.text("<img src=/sisip.jpg>")}</div></div></div>{related}'
        ),
        url=address(story),
    )


@pytest.mark.parametrize(
    "heading", ["Berita Terkait", "Related", "Baca juga:", "Lihat juga", "Artikel lainnya"]
)
@pytest.mark.parametrize("numbers", [[7], [7, 8, 9]])
def test_a_box_of_related_articles_is_proposed(heading: str, numbers: list[int]) -> None:
    pages = [article(each, box(numbers, heading), "") for each in STORIES]
    rule = propose_for_articles(ZONED, pages).article
    assert rule.related == ".list-index h2 a"
    read = read_article(replace(ZONED, article=rule), pages[0]).candidate
    assert [(link.title, link.placement) for link in read.related] == [
        (Story(n).title, Placement.BOXED) for n in numbers
    ]


def test_a_picture_is_meant_by_what_it_stands_in() -> None:
    pages = [article(each, box([7, 8], "Berita Terkait"), "") for each in STORIES]
    proposal = propose_for_articles(ZONED, pages)
    assert proposal.article.photo == ".news-read > img"
    assert proposal.notes == ()
    for name, image in (("desktop", ".media img"), ("modern", ".feed-list img")):
        portal = PORTALS[name]
        listing = propose_for_list(
            ZONED, fetched(portal.list_page([Story(n) for n in range(9)]), url=portal.url)
        )
        assert listing.list.image == image


def test_a_bare_tag_is_told() -> None:
    pages = [
        fetched(
            f"<html><body><img src='{each.photo}'><h1>{each.title}</h1><div>{each.text()}</div></body></html>",
            url=address(each),
        )
        for each in STORIES
    ]
    proposal = propose_for_articles(ZONED, pages)
    assert proposal.article.photo == "img"
    assert proposal.notes == ("photo: the bare tag img is all that means it: name what it stands in",)


def test_the_date_is_not_that_of_another_article() -> None:
    pages = [article(each, box([7, 8], "Berita Terkait"), "") for each in STORIES]
    assert propose_for_articles(ZONED, pages).article.date is None


def test_the_date_that_the_list_tells_is_preferred() -> None:
    pages = [
        article(
            each,
            "",
            f"<div class=ubah>{Story(each.n + 3).long_date}</div><div class=info><b class=terbit>{each.long_date}</b></div>",
        )
        for each in STORIES
    ]
    assert propose_for_articles(ZONED, pages).article.date == ".ubah"
    dates = {address(each): datetime.fromisoformat(each.iso) for each in STORIES}
    assert propose_for_articles(ZONED, pages, dates).article.date == ".terbit"


def test_a_proposed_list_tells_the_dates() -> None:
    portal = PORTALS["mobile"]
    stories = [Story(n) for n in range(9)]
    listing = propose_for_list(ZONED, fetched(portal.list_page(stories), url=portal.url))
    assert listing.dates[portal.address(stories[0])] == datetime(2025, 11, 10, 1, 15, tzinfo=UTC)
    assert len(listing.dates) == len(stories)
