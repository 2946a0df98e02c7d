"""The city's pages, read by the project's own readers with the selectors that its configuration ships."""

import tomllib
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sample.sample_values import NOON, Visitor

from syndicator.gather.articles.article_page import ArticleReading, read_article
from syndicator.gather.listings.list_page import read_list
from syndicator.model.article import ListedItem, Placement
from syndicator.model.fetch import Fetched
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source, SourceKind
from syndicator.sample.portals.city_pages import related

SHIPPED = Path(__file__).parents[2] / "config" / "sources.toml"


def source(visitor: Visitor) -> Source:
    """The portal as `config/` describes it, at its present address."""
    table = tomllib.loads(SHIPPED.read_text())["source"]["berita-kota"]
    return Source(
        id=SourceId("berita-kota"),
        title=table["title"],
        kind=SourceKind(table["kind"]),
        url=visitor.sample.city_url + urlsplit(table["url"]).path,
        schedule=Every(interval_s=5),
        language=table["language"],
        timezone="Asia/Jakarta",
        list=msgspec.convert(table["list"], ListRule),
        article=msgspec.convert(table["article"], ArticleRule),
        popular=msgspec.convert(table["popular"], PopularRule),
    )


async def fetched(visitor: Visitor, url: str) -> Fetched:
    answer = await visitor.get(url)
    return Fetched(
        requested_url=url,
        url=url,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        fetched_at=visitor.clock.now,
    )


async def test_the_list_and_its_box_are_read_in_full(visitor: Visitor) -> None:
    world, base = visitor.sample.world, visitor.sample.city_url
    reading = read_list(source(visitor), await fetched(visitor, source(visitor).url))
    articles = list(world.city.newest_first())
    most_read = world.popular(5)
    assert reading.warnings == ()
    assert reading.next_url == source(visitor).url + "?p=2"
    assert len(reading.items) == 12
    for item, article in zip(reading.items, articles, strict=False):
        text = world.city_text(article)
        minute = article.published_at.replace(second=0, microsecond=0)
        assert item == ListedItem(
            url=f"{base}/read/{900001 + article.n}/{text.slug}",
            title=text.title,
            published_at=minute,
            claimed_at=minute.astimezone(ZoneInfo("Asia/Jakarta")).isoformat(),
            section=text.section,
            image_url=f"{base}/photo/{article.n}.png",
        )
    for rank, (popular, article) in enumerate(zip(reading.popular, most_read, strict=True), 1):
        text = world.city_text(article)
        assert (popular.rank, popular.title, popular.author) == (rank, text.title, text.reporter)
        assert popular.url == f"{base}/read/{900001 + article.n}/{text.slug}"
        assert popular.views == world.views(article)
        assert popular.published_at is None or NOON - popular.published_at < timedelta(days=3)


async def readings(visitor: Visitor) -> list[ArticleReading]:
    base, world = visitor.sample.city_url, visitor.sample.world
    urls = [
        f"{base}/read/{900001 + n}/{world.city_text(each).slug}"
        for n in range(24)
        if (each := world.city.get(n))
    ]
    return [read_article(source(visitor), await fetched(visitor, url)) for url in urls]


async def test_every_article_page_is_read_in_full(visitor: Visitor) -> None:
    world, base = visitor.sample.world, visitor.sample.city_url
    read = await readings(visitor)
    for n, reading in enumerate(read):
        candidate = reading.candidate
        assert reading.missing == (() if n else ("article.related",))  # the first has none before it
        assert reading.warnings == ()
        article = world.city.get(n)
        assert article is not None
        text = world.city_text(article)
        assert candidate.title == text.title
        assert candidate.lead == text.lead
        assert candidate.quote == text.quote
        assert candidate.authors == (text.reporter,)
        assert text.editor != text.reporter
        assert candidate.section == text.section
        assert candidate.tags == text.tags
        assert candidate.published_at == article.published_at.replace(second=0, microsecond=0)
        assert candidate.views == world.views(article)
        assert candidate.body_html.count("<p>") == 1 + len(text.paragraphs)
        for paragraph in text.paragraphs:
            assert paragraph in candidate.body_html
        assert "<a " not in candidate.body_html
        assert "access_time" not in candidate.body_html
        (photo,) = candidate.photos
        assert photo.url == f"{base}/photo/{n}.png"
        assert (photo.caption, photo.credit) == (text.caption, f"{text.photographer} - Berita Kota")
        assert (photo.width, photo.height) == (640, 360)
        assert set(candidate.provenance.read_from.values()) == {"selector"}
        assert candidate.provenance.etag
        assert candidate.provenance.last_modified
        assert candidate.provenance.date_rule == "as claimed"


async def test_related_links_are_told_apart_by_their_place(visitor: Visitor) -> None:
    world, base = visitor.sample.world, visitor.sample.city_url
    read = [reading.candidate for reading in await readings(visitor)]
    for n, candidate in enumerate(read):
        article = world.city.get(n)
        assert article is not None
        shown, below = related(world, base, article)
        inline = [link for link in candidate.related if link.placement is Placement.INLINE]
        boxed = [link for link in candidate.related if link.placement is Placement.BOXED]
        assert len(inline) == min(n, 1)
        assert len(boxed) <= 5
        assert n < 6 or len(boxed) >= 3
        assert all(link.title and "/read/9000" in link.url for link in candidate.related)
        assert [(link.url, link.title) for link in inline] == (
            [(shown.url, shown.text.title)] if shown else []
        )
        assert [(link.url, link.title) for link in boxed] == [
            (other.url, other.text.title) for other in below
        ]


async def test_without_selectors_the_pages_give_what_they_say_of_themselves(visitor: Visitor) -> None:
    world, base = visitor.sample.world, visitor.sample.city_url
    article = world.city.get(5)
    assert article is not None
    text = world.city_text(article)
    url = f"{base}/read/{900001 + article.n}/{text.slug}"
    bare = replace(source(visitor), article=None, language=None)
    candidate = read_article(bare, await fetched(visitor, url)).candidate
    assert candidate.title == text.title
    assert candidate.language == "id"
    assert [photo.url for photo in candidate.photos] == [f"{base}/photo/{article.n}.png"]
    assert candidate.provenance.read_from["body"] == "text density"
    for paragraph in text.paragraphs:
        assert paragraph in candidate.body_html
    assert "Berita Terkait" not in candidate.body_html


async def test_the_list_leaves_no_selector_without_a_find(visitor: Visitor) -> None:
    reading = read_list(source(visitor), await fetched(visitor, source(visitor).url))
    assert reading.missing == ()
    assert len(reading.found) == 12
