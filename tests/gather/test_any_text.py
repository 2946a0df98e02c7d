"""Whatever strangers send is read or has a reason, in bounded time."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from any_text import bounded, made_of, quickly
from gather.gather_values import fetched, source
from hypothesis import example, given
from hypothesis import strategies as st

from syndicator.errors import NotReadable
from syndicator.gather.listings.list_page import read_list
from syndicator.gather.listings.popular_box import read_popular
from syndicator.gather.listings.sitemap import read_sitemap
from syndicator.gather.proposals.discovery import read_findings
from syndicator.gather.robots import read_robots
from syndicator.gather.websub import discover, links
from syndicator.model.source import ListRule, PopularRule, SourceKind

PAGE = source(
    kind=SourceKind.PAGE,
    list=ListRule(item="li", title="h2", date="time", image="img", next="a.next"),
    popular=PopularRule(item="li", views=".views", date="time"),
)
PAGE_PIECES = [
    "<li>", "</li>", "<h2>", "Judul berita", "<a href='/1'>", "<a href='//['>", "<a class=next href='?p=2'>", "</a>", "<time datetime='", "'>",
    "2026-13-45", "<img src='x' data-src='lazy-0000'>", "<img srcset='a 1w, b 2x, ,'>", "<picture><source srcset=','>", "<span class=views>", "1.234 kali", "<base href='//['>",
    "<link rel=alternate type=application/rss+xml href='/rss'>", "<meta charset=", "<!--", "<script>", "<", "\x00", "&#xD800;", "0",
]  # fmt: skip
SITEMAP_PIECES = [
    '<?xml version="1.0"?>', "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>", "<sitemapindex>", "<url>", "</url>", "<loc>", "</loc>",
    "https://news.example/1", "http://[", "<lastmod>", "</lastmod>", "2026-11-23", "99999-99-99", "<news:news>", "<news:title>", "</news:title>", "<image:loc>",
    "</urlset>", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "&", "<!--", "]]>", "\n", "#", "https://", "\ufeff",
]  # fmt: skip
ROBOTS_PIECES = [
    "User-agent: ", "User-agent: *\n", "syndicator", "\n", "\r", "Disallow: ", "Disallow: /*a", "*", "$", "/", "Allow: /\n", "Crawl-delay: ", "1e999", "-1",
    "Sitemap: https://news.example/s.xml\n", "Sitemap: //[\n", "#", ":", "%", "%zz", "%2f", "\ufeff", "\u2028", "\x00", "a",
]  # fmt: skip
LINK_PIECES = [
    "<https://hub.example/>", "<", ">", "; rel=hub", '; rel="self hub"', ";", ",", " ", '"', "\\", '\\"', "=", "<//[>", "rel*=", "; anchor=x", "a",
]  # fmt: skip


def reason_of(read: Callable[[], object]) -> str | None:
    try:
        read()
    except NotReadable as error:
        return error.reason
    return None


@quickly
@given(made_of(PAGE_PIECES))
def test_any_page_is_a_list_or_has_a_reason(text: str) -> None:
    with bounded():
        for read in (read_list, read_popular):
            assert reason_of(partial(read, PAGE, fetched(text))) in {None, "empty", "malformed"}


@quickly
@given(made_of(PAGE_PIECES))
def test_any_page_can_be_looked_through_for_feeds(text: str) -> None:
    with bounded():
        assert reason_of(lambda: read_findings(fetched(text))) in {None, "malformed"}


@quickly
@given(
    made_of(SITEMAP_PIECES), st.sampled_from(["", "<urlset>", "<sitemapindex>", "https://news.example/1\n"])
)
def test_any_document_is_a_sitemap_or_has_a_reason(text: str, begins: str) -> None:
    sitemap = source(kind=SourceKind.SITEMAP)
    with bounded():
        reason = reason_of(lambda: read_sitemap(sitemap, fetched((begins + text).encode("utf-8", "replace"))))
    assert reason in {None, "not_a_feed", "malformed"}


@quickly
@given(made_of(ROBOTS_PIECES), made_of(["/", "a", "%", "?", "*", "$"]))
@example("User-agent: *\nDisallow: /" + "*a" * 500 + "*b\n", "a" * 2_000)
def test_any_robots_txt_is_read_and_can_be_asked(text: str, path: str) -> None:
    url = f"https://news.example/{path}"
    with bounded():
        robots = read_robots(text.encode("utf-8", "replace"), "syndicator")
        assert isinstance(robots.allows(url), bool)
        assert isinstance(robots.forbidding(url), str)
    assert robots.crawl_delay_s is None or 0 <= robots.crawl_delay_s <= 60
    assert read_robots(robots.text.encode(), "syndicator").text == robots.text


@quickly
@given(made_of(LINK_PIECES))
def test_any_link_header_is_read(text: str) -> None:
    with bounded():
        found = list(links(text))
        topic = discover({"link": text}, "https://news.example/feed")
    assert all(relation == relation.lower() for relation, _ in found)
    assert topic is None or all(urlsplit(url).hostname for url in (topic.url, *topic.hubs))
