"""The entry point of the room: documents are read in the pool."""

from datetime import UTC, datetime

from gather.gather_values import fetched, source

from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.source import ArticleRule, ListRule, PopularRule, Source, SourceKind

PAGE = (
    "<ul><li><a href='/read/1'>Judul satu</a> <i>Selasa, 03 November 2026 10:00 WIB</i></li></ul>"
    "<ol><li><a href='/read/1'>Judul satu</a> <b>2.619</b></li></ol>"
)
ARTICLE = "<h1>Judul satu</h1><div class=body><p>Isi.</p></div>"


async def test_pages_are_read_in_the_pool() -> None:
    url = "https://news.example/"
    news = Source(
        **{name: getattr(source(), name) for name in ("id", "title", "schedule")},
        kind=SourceKind.PAGE,
        url=f"{url}berita",
        timezone="Asia/Jakarta",
        list=ListRule(item="ul li", date="i"),
        article=ArticleRule(title="h1", body=".body"),
        popular=PopularRule(item="ol li", views="b"),
    )
    async with open_pool(workers=1) as pool:
        gatherer = Gatherer(pool)
        page = fetched(PAGE, url=news.url)
        listed = await gatherer.read_list(news, page)
        assert [item.url for item in listed.items] == [f"{url}read/1"]
        assert listed.items[0].published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
        assert listed.popular == (await gatherer.read_popular(news, page)).items
        assert listed.popular[0].views == 2619
        answer = fetched(ARTICLE, url=f"{url}artikel-1")
        candidate = (await gatherer.read_article(news, answer, listed.items[0])).candidate
        assert candidate.title == "Judul satu"
        assert candidate.url == f"{url}read/1"
        assert candidate.canonical_url == f"{url}artikel-1"
        assert candidate.body_html == "<p>Isi.</p>"
