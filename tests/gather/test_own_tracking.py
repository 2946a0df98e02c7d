"""Parameters that a source declares as its own trackers are gone before anything else sees an address."""

from gather.gather_values import fetched, rss, source

from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.listings.sitemap import read_sitemap
from syndicator.model.source import ListRule, PopularRule, SourceKind

OWN = ("ref", "kn_*")
LISTED = "https://news.example/1?id=7&amp;ref=home&amp;kn_a=1"
CLEAN = "https://news.example/1?id=7"


def test_of_a_feed() -> None:
    document = fetched(rss(f"<title>Satu</title><link>{LISTED}</link>"))
    (own,) = read_thoroughly(source(tracking=OWN), document).candidates
    (other,) = read_thoroughly(source(), document).candidates
    assert own.url == CLEAN
    assert other.url == LISTED.replace("&amp;", "&")


def test_of_a_sitemap() -> None:
    document = fetched(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{LISTED}</loc></url></urlset>'
    )
    reading = read_sitemap(source(kind=SourceKind.SITEMAP, tracking=OWN), document)
    assert [item.url for item in reading.items] == [CLEAN]


def test_of_a_list_page_and_its_box() -> None:
    page = fetched(
        f"<ul><li><a href='{LISTED}'>Satu</a></li></ul><ol><li><a href='{LISTED}'>Satu</a></li></ol>"
    )
    portal = source(
        kind=SourceKind.PAGE, tracking=OWN, list=ListRule(item="ul li"), popular=PopularRule(item="ol li")
    )
    reading = read_list(portal, page)
    assert [item.url for item in reading.items] == [CLEAN]
    assert [item.url for item in reading.popular] == [CLEAN]
