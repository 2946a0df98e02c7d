"""Selectors proposed for portals of several structures bring what their pages say."""

from datetime import datetime

import pytest
from gather.gather_values import fetched, source
from gather.portal_pages import PORTALS, Portal, Story, framed

from syndicator.errors import NotReadable
from syndicator.gather.articles.article_page import read_article
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.selectors import selector_fault
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.proposals.selector_inference import propose_for_articles, propose_for_list
from syndicator.gather.proposals.stable_selectors import is_stable
from syndicator.model.article import Candidate
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source, SourceKind

STORIES = [Story(n) for n in range(10)]
ZONED = source(kind=SourceKind.PAGE, timezone="Asia/Jakarta", language="id")


@pytest.fixture(params=PORTALS)
def portal(request: pytest.FixtureRequest) -> Portal:
    return PORTALS[request.param]


def list_page(portal: Portal) -> Fetched:
    return fetched(portal.list_page(STORIES), url=portal.url)


def article_pages(portal: Portal, stories: list[Story]) -> list[Fetched]:
    return [fetched(portal.article_page(story), url=portal.address(story)) for story in stories]


def proposed(portal: Portal) -> Source:
    listing = propose_for_list(ZONED, list_page(portal))
    articles = propose_for_articles(ZONED, article_pages(portal, STORIES[:3]))
    return source(
        kind=SourceKind.PAGE,
        url=portal.url,
        timezone="Asia/Jakarta",
        language="id",
        list=listing.list,
        popular=listing.popular,
        article=articles.article,
    )


def test_a_list_is_read_whole(portal: Portal) -> None:
    reading = read_list(proposed(portal), list_page(portal))
    assert [item.url for item in reading.items] == [portal.address(story) for story in STORIES]
    assert [item.title for item in reading.items] == [story.title for story in STORIES]
    assert [item.published_at for item in reading.items] == [
        datetime.fromisoformat(story.iso) for story in STORIES
    ]


def test_an_article_is_read_as_it_stands(portal: Portal) -> None:
    described = proposed(portal)
    # Pages that the proposal has not seen.
    for story, page in zip(STORIES[4:7], article_pages(portal, STORIES[4:7]), strict=True):
        article: Candidate = read_article(described, page).candidate
        assert article.title == story.title
        assert to_text(article.body_html, 10_000).startswith(story.paragraphs[0])
        assert all(paragraph in article.body_html for paragraph in story.paragraphs)
        assert article.published_at == datetime.fromisoformat(story.iso)
        assert article.authors[0].startswith(story.reporter)
        assert [photo.url for photo in article.photos] == [story.photo]


def test_names_that_a_build_made_are_not_relied_on(portal: Portal) -> None:
    described = proposed(portal)
    for rule in (described.list, described.article, described.popular):
        for field in rule.__struct_fields__ if rule else ():
            text = getattr(rule, field)
            if isinstance(text, str):
                assert selector_fault(text) is None, text
                assert not any(word in text for word in ("css-", "__3k", "__9a", "post-4", "__8d")), text


def test_details_of_a_mobile_city_portal() -> None:
    portal = PORTALS["mobile"]
    described = proposed(portal)
    (page,) = article_pages(portal, STORIES[5:6])
    article = read_article(described, page).candidate
    assert (article.views, article.quote, article.section) == (2659, "kutipan 5", Story(5).section)
    assert article.photos[0].credit == "Juru Foto 5 - Kota"
    assert [link.title for link in article.related] == [Story(n).title for n in (50, 40, 41, 42)]
    assert "IKLAN" not in article.body_html
    popular = read_list(described, list_page(portal)).popular
    assert [(one.rank, one.views, one.author) for one in popular] == [
        (story.n + 1, 5805 + 10 * story.n, story.reporter) for story in STORIES[:4]
    ]
    assert read_list(described, list_page(portal)).next_url == "https://m.kota.example/berita/terkini?p=2"


def test_details_of_a_national_portal() -> None:
    portal = PORTALS["national"]
    described = proposed(portal)
    (page,) = article_pages(portal, STORIES[5:6])
    article = read_article(described, page).candidate
    assert article.photos[0].caption == "Suasana kampung 5"
    assert article.photos[0].credit == "Juru Foto/kotaNews"
    assert article.tags == ("air 5", "warga")
    assert [link.title for link in article.related] == [Story(60).title]
    assert "IKLAN" not in article.body_html
    assert "Baca juga" not in article.body_html
    popular = read_list(described, list_page(portal)).popular
    assert [one.title for one in popular] == [story.title for story in STORIES[3:8]]


def test_what_a_page_says_of_itself_needs_no_selector() -> None:
    pages = article_pages(PORTALS["blog"], STORIES[:3])
    proposal = propose_for_articles(ZONED, pages)
    assert (proposal.article.date, proposal.article.authors, proposal.article.section) == (None, None, None)
    assert [note.partition(":")[0] for note in proposal.notes] == ["date", "authors", "section"]
    assert "json-ld" in proposal.notes[0]


def test_a_text_without_paragraphs_is_found() -> None:
    pages = [
        fetched(
            framed(
                f"<div class='berita'><h1>{story.title}</h1><p>{story.long_date}</p>"
                f"<div class='isi'>{'<br><br>'.join(story.paragraphs)}</div></div>"
            ),
            url=f"https://kota.example/read/{story.n}",
        )
        for story in STORIES[:3]
    ]
    assert propose_for_articles(ZONED, pages).article.body == ".isi"


def test_a_short_text_is_found() -> None:
    page = framed(
        "<div class='baca'><h1>Judul Berita</h1><span>x</span><div class='isi'><p>Paragraf satu.</p></div></div>"
    )
    proposal = propose_for_articles(ZONED, [fetched(page, url="https://kota.example/read/1")])
    assert (proposal.article.title, proposal.article.body) == ("h1", ".isi")


def test_the_next_page_is_found() -> None:
    for name, url in (
        ("desktop", "https://www.kota.example/rubrik/1/ekonomi?p=2"),
        ("blog", "https://blog.kota.example/page/2/"),
    ):
        described = proposed(PORTALS[name])
        assert read_list(described, list_page(PORTALS[name])).next_url == url


@pytest.mark.parametrize(
    "main",
    ["", "<p>Segera hadir</p>", '<ul><li><a href="/a">A</a></li><li><a href="/b">B</a></li></ul>'],
)
def test_a_page_without_a_list_is_refused(main: str) -> None:
    with pytest.raises(NotReadable, match="no list of links"):
        propose_for_list(ZONED, fetched(framed(main), url="https://kota.example/"))


def test_pages_without_a_text_are_refused() -> None:
    page = fetched("<!doctype html><html><body><div>x</div></body></html>", url="https://kota.example/a")
    with pytest.raises(NotReadable, match="no text of an article"):
        propose_for_articles(ZONED, [page])


def test_a_huge_page_is_looked_at_in_bounds() -> None:
    story = Story(1)
    row = f'<li><h2><a href="/read/%d/{story.slug}">{story.title}</a></h2></li>'
    rows = "".join(row % number for number in range(10_000, 22_000))
    proposal = propose_for_list(ZONED, fetched(framed(f"<ul>{rows}</ul>"), url="https://kota.example/"))
    assert proposal.list.url == "h2 a"
    assert 1000 <= len(proposal.urls) <= 10_000


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("news-title", True),
        ("list-content__item", True),
        ("s12", True),
        ("css-1x2y3z", False),
        ("post-4401", False),
        ("Card_title__9aBc1", False),
        ("sc-bdVaJa", False),
        ("md:flex", False),
        ("_3kXd9", False),
    ],
)
def test_stable_names(name: str, stable: bool) -> None:
    assert is_stable(name) is stable
