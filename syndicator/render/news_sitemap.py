"""A news sitemap of our own pages: sitemap 0.9 with its extension news 0.9; an index where there are many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lxml.etree import Element, SubElement, tostring
from msgspec import Struct

from syndicator.model.feed import Site
from syndicator.model.ids import ArticleId
from syndicator.render.dates import whole_seconds
from syndicator.render.items import MAX_TITLE_CHARACTERS
from syndicator.render.text import language_tag, line
from syndicator.rules.articles.rights import shortened

CONTENT_TYPE = "application/xml; charset=utf-8"

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_NAMESPACES: Any = {None: _SITEMAP, "news": _NEWS}


class Announced(Struct, frozen=True, kw_only=True):
    """One page of ours in the sitemap for search engines."""

    article_id: ArticleId
    title: str
    published_at: datetime
    language: str | None = None


def render_news_sitemap(site: Site, pages: Sequence[Announced]) -> bytes:
    """List pages, in the order given. None is a sitemap, too."""
    root = Element(f"{{{_SITEMAP}}}urlset", nsmap=_NAMESPACES)
    for page in pages:
        url = SubElement(root, f"{{{_SITEMAP}}}url")
        SubElement(url, f"{{{_SITEMAP}}}loc").text = site.url(f"/articles/{page.article_id}")
        news = SubElement(url, f"{{{_NEWS}}}news")
        publication = SubElement(news, f"{{{_NEWS}}}publication")
        SubElement(publication, f"{{{_NEWS}}}name").text = line(site.title)
        SubElement(publication, f"{{{_NEWS}}}language").text = _language(
            language_tag(page.language or "") or site.language
        )
        SubElement(news, f"{{{_NEWS}}}publication_date").text = whole_seconds(page.published_at).isoformat()
        SubElement(news, f"{{{_NEWS}}}title").text = shortened(line(page.title), MAX_TITLE_CHARACTERS) or "–"
    return _document(root)


def render_sitemap_index(site: Site, paths: Sequence[str]) -> bytes:
    root = Element(f"{{{_SITEMAP}}}sitemapindex", nsmap=_NAMESPACES)
    for path in paths:
        SubElement(SubElement(root, f"{{{_SITEMAP}}}sitemap"), f"{{{_SITEMAP}}}loc").text = site.url(path)
    return _document(root)


def _language(tag: str) -> str:
    """Return the code that the extension asks for: two or three letters, and for Chinese which script."""
    language, _, rest = tag.lower().partition("-")
    if language != "zh":
        return language
    return "zh-tw" if {"tw", "hk", "mo", "hant"} & {*rest.split("-")} else "zh-cn"


def _document(root: Any) -> bytes:
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return document
