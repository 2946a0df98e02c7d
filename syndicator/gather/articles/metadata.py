"""What a page says of itself: JSON-LD, microdata, OpenGraph and `<meta>`, in this order of trust.

Read it before the page is cut: what pages say to machines stands in scripts.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborNode

from syndicator.gather.articles.byline_region import (
    above,
    headline_of,
    is_of_others,
    is_of_the_portal,
    scope_of,
)
from syndicator.gather.articles.claims import Claims
from syndicator.gather.articles.json_ld import read_json_ld
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.selectors import Doomed, Page, Selector, text_of, within
from syndicator.gather.documents.text import (
    MAX_LEAD,
    MAX_NAME,
    MAX_TITLE,
    plain_text,
    title_text,
    whole_number,
)
from syndicator.model.article import ListedItem, Photo
from syndicator.model.fetch import Fetched

MAX_METAS, MAX_PROPERTIES = 500, 1000

_SCHEMA = "[itemscope][itemtype*='schema.org/']"
_ARTICLE_SCOPES = f"{_SCHEMA}[itemtype$='Article'], {_SCHEMA}[itemtype$='Posting']"
_ARTICLE_TIMES = Selector(
    name="time",
    css="time[pubdate][datetime], article time[datetime], main time[datetime], header time[datetime]",
)
_ANY_TIME = Selector(name="time", css="time[datetime]")
_HEADLINE_AND_TIMES = Selector(name="time", css="h1, time[datetime]")
_AUTHORS = ("author", "content_author", "dtk:author", "dc.creator", "dcterms.creator", "parsely-author")
_DATES = (
    "date", "pubdate", "publishdate", "publish-date", "publish_date", "publication_date", "published_time",
    "content_publisheddate", "dtk:publishdate", "dc.date", "dc.date.issued", "dcterms.issued",
    "dcterms.created", "parsely-pub-date", "article_date_original", "originalpublishdate",
)  # fmt: skip
_MODIFIED = ("last-modified", "lastmod", "revised", "dcterms.modified", "dc.date.modified")
_EMBARGOES = ("embargo", "embargo-until", "embargo_until", "embargodate", "article:embargo")
_LEADS = ("description", "dc.description", "dcterms.description")
_KEYWORDS = ("news_keywords", "keywords", "content_tags", "dtk:keyword", "parsely-tags")
_SECTIONS = ("section", "content_category", "parsely-section", "dtk:kanal", "kanal")


class SaidOfItself(Struct, frozen=True, kw_only=True):
    """All that a page says of itself, the most trusted first."""

    claims: tuple[Claims, ...]
    language: str = ""
    """Of the document: `<html lang>`."""
    canonical: tuple[str, ...] = ()
    """Addresses that it gives itself."""
    warnings: tuple[str, ...] = ()

    @property
    def is_article(self) -> bool:
        return any(one.is_article for one in self.claims)

    @property
    def site(self) -> str:
        """Return the name of the portal."""
        return next((one.site for one in self.claims if one.site), "")


def read_metadata(page: Page, doomed: Doomed, urls: Sequence[str]) -> tuple[SaidOfItself, list[LexborNode]]:
    """Read all of it, and find the elements that microdata calls the body of the article.

    `urls` are those by which the page is known; elements inside what is to be cut count as not there.
    """
    metas = _Metas(page)
    linked = [url for node in page.find(_CANONICAL) if (url := page.link(node, "href"))]
    scripts = (node.text() for node in page.find(_SCRIPTS))
    json_ld, warning = read_json_ld(scripts, base=page.base, urls=[*urls, *linked])
    microdata = _Microdata(page, doomed)
    opengraph = metas.opengraph()
    claims = [json_ld] if json_ld else []
    claims += [microdata.claims(), opengraph, metas.plain()]
    said = SaidOfItself(
        claims=tuple(claims),
        language=next((lang for node in page.find(_ROOT) if (lang := text_of(node, "lang", MAX_NAME))), ""),
        canonical=tuple(filter(None, (*linked, opengraph.url))),
        warnings=(warning,) if warning else (),
    )
    return said, microdata.nodes("articleBody")


_CANONICAL = Selector(name="canonical", css="link[rel~='canonical' i][href]")
_SCRIPTS = Selector(name="json-ld", css="script[type*='ld+json' i]")
_ROOT = Selector(name="language", css="html[lang]")


class _Metas:
    """The `<meta>` elements of a page, by name."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._said: dict[str, list[str]] = {}
        self._pictures: list[dict[str, str]] = []
        wanted = Selector(name="meta", css="meta[content]")
        for node in page.find(wanted)[:MAX_METAS]:
            attributes = node.attributes
            name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
            value = attributes.get("content") or ""
            if name and value.strip():
                self._said.setdefault(name, []).append(value)
                self._note_picture(name, value)

    def _note_picture(self, name: str, value: str) -> None:
        """Keep a picture together with what follows of its size."""
        if name in {"og:image", "og:image:url"}:
            self._pictures.append({"url": value})
        elif name.startswith("og:image:") and self._pictures:
            self._pictures[-1].setdefault(name.removeprefix("og:image:"), value)

    def _first(self, *names: str, limit: int = MAX_LEAD) -> str:
        values = (title_text(value, limit) for name in names for value in self._said.get(name, ()))
        return next(filter(None, values), "")

    def _all(self, *names: str) -> tuple[str, ...]:
        """Return the values of the first of these names that is there."""
        found: list[str] = next((self._said[name] for name in names if name in self._said), [])
        return tuple(filter(None, (title_text(value, MAX_NAME) for value in found)))

    def opengraph(self) -> Claims:
        published = self._first("article:published_time", "og:article:published_time", "og:published_time")
        return Claims(
            read_from="opengraph",
            is_article=bool(published),  # `og:type` says "article" of whole portals
            title=self._first("og:title", "twitter:title", limit=MAX_TITLE),
            lead=to_text(self._first("og:description", "twitter:description")),
            authors=self._all("article:author", "og:article:author"),
            published=published,
            modified=self._first("article:modified_time", "og:article:modified_time", "og:updated_time"),
            photos=self._photos(),
            section=self._first("article:section", "og:article:section", limit=MAX_NAME),
            tags=self._all("article:tag", "og:article:tag"),
            language=self._first("og:locale", limit=MAX_NAME),
            url=self._page.absolute(self._first("og:url")) or "",
            site=self._first("og:site_name", limit=MAX_NAME),
        )

    def _photos(self) -> tuple[Photo, ...]:
        """Return the first picture: further ones are the same in other formats."""
        pictures = self._pictures or [{"url": url} for url in self._said.get("twitter:image", ())]
        for picture in pictures:
            if url := self._page.absolute(picture["url"]):
                width, height = (whole_number(picture.get(name, "")) for name in ("width", "height"))
                return (Photo(url=url, width=width, height=height),)
        return ()

    def plain(self) -> Claims:
        """Return what stands in other `<meta>`, in `<title>` and in `<time>`."""
        titles = self._page.find(Selector(name="title", css="head > title"))
        keywords = [part for value in self._all(*_KEYWORDS) for part in value.split(",")]
        return Claims(
            read_from="meta",
            title=next((text for node in titles if (text := text_of(node))), ""),
            lead=to_text(self._first(*_LEADS)),
            authors=self._all(*_AUTHORS),
            published=self._first(*_DATES) or self._time(),
            modified=self._first(*_MODIFIED),
            section=self._first(*_SECTIONS, limit=MAX_NAME),
            tags=tuple(dict.fromkeys(filter(None, map(str.strip, keywords)))),
            embargo=self._first(*_EMBARGOES),
        )

    def _time(self) -> str:
        """Return the `<time>` of the article.

        Near the headline, in an `<article>`, or the only one of all.
        """
        headline = headline_of(self._page)
        around = above(headline) if headline is not None else set()
        near = [] if headline is None else self._near(headline)
        alone = times if len(times := self._page.find(_ANY_TIME)) == 1 else []
        own = (
            node
            for node in (*near, *self._page.find(_ARTICLE_TIMES), *alone)
            if not (node.mem_id in around or is_of_others(node, around) or is_of_the_portal(node, around))
        )
        return next((text_of(node, "datetime") for node in own), "")

    def _near(self, headline: LexborNode) -> list[LexborNode]:
        """Return those behind the headline, then those ahead of it, the nearest first."""
        nodes = self._page.find(_HEADLINE_AND_TIMES, scope_of(headline))
        place = next((number for number, node in enumerate(nodes) if node.mem_id == headline.mem_id), 0)
        return [node for node in (*nodes[place:], *reversed(nodes[:place])) if node.tag == "time"]


class _Microdata:
    """The properties (HTML, 5) of the article on a page; else those of no item, as old pages have them."""

    def __init__(self, page: Page, doomed: Doomed) -> None:
        self._page = page
        scopes = doomed.spare(page.find(Selector(name="microdata", css=_ARTICLE_SCOPES))[:1])
        self._scope = scopes[0].mem_id if scopes else None
        self._nodes: dict[str, list[LexborNode]] = {}
        wanted = Selector(name="microdata", css="[itemprop]")
        for node in doomed.spare(page.find(wanted)[:MAX_PROPERTIES]):
            if _scope_of(node) == self._scope:
                for name in (node.attributes.get("itemprop") or "").split()[:5]:
                    self._nodes.setdefault(name, []).append(node)

    def nodes(self, name: str) -> list[LexborNode]:
        return self._nodes.get(name, [])

    def claims(self) -> Claims:
        return Claims(
            read_from="microdata",
            is_article=self._scope is not None or "articleBody" in self._nodes,
            title=self._first("headline"),
            lead=self._first("description", MAX_LEAD),
            authors=tuple(filter(None, map(_name_of, self.nodes("author")))),
            published=self._first("datePublished"),
            modified=self._first("dateModified"),
            photos=self._photos(),
            section=self._first("articleSection", MAX_NAME),
            tags=self._tags(),
            language=self._first("inLanguage", MAX_NAME),
        )

    def _first(self, name: str, limit: int = MAX_NAME * 2) -> str:
        return next(filter(None, (_value(node, limit) for node in self.nodes(name))), "")

    def _tags(self) -> tuple[str, ...]:
        texts = [text for node in self.nodes("keywords") if (text := _value(node, MAX_LEAD))]
        parts = texts[0].split(",") if len(texts) == 1 else texts
        return tuple(dict.fromkeys(filter(None, map(str.strip, parts))))

    def _photos(self) -> tuple[Photo, ...]:
        for node in self.nodes("image"):
            inner = {name: _property(node, name) for name in ("url", "contentUrl", "width", "height")}
            url = inner["contentUrl"] or inner["url"] or _address(node)
            if address := self._page.absolute(url):
                width, height = (whole_number(inner[name]) for name in ("width", "height"))
                return (Photo(url=address, width=width, height=height),)
            if image := self._page.image(node):
                return (Photo(url=image.url, width=image.width, height=image.height),)
        return ()


def _scope_of(node: LexborNode) -> int | None:
    """Return the item that a property belongs to: the nearest around it."""
    at = node.parent
    while at is not None:
        if at.tag != "-document" and "itemscope" in at.attributes:
            return at.mem_id
        at = at.parent
    return None


def _value(node: LexborNode, limit: int) -> str:
    """Return the value of a property: its attribute, where its element has one for it, else its words."""
    attributes = node.attributes
    for name in ("content", "datetime"):
        if written := attributes.get(name):
            return title_text(written, limit)
    return text_of(node, None, limit)


def _address(node: LexborNode) -> str:
    attributes = node.attributes
    return next((value for name in ("content", "href") if (value := attributes.get(name))), "")


def _property(item: LexborNode, name: str) -> str:
    found = item.css_first(f"[itemprop~='{name}']")
    if found is None or within(item, {found.mem_id}):
        return ""
    return _address(found) or plain_text(found.attributes.get("src") or "") or _value(found, MAX_NAME)


def _name_of(node: LexborNode) -> str:
    """Return who an author is: the name of an item, or the text."""
    if "itemscope" in node.attributes:
        names = (_value(one, MAX_NAME) for one in node.css("[itemprop~='name']"))
        return next(filter(None, names), "") or text_of(node, None, MAX_NAME)
    return _value(node, MAX_NAME)


def leads_home(fetched: Fetched) -> bool:
    """Return whether a redirect led to a front page: the article is gone, and that page is none."""
    return bool(urlsplit(fetched.requested_url).path.strip("/")) and not (
        urlsplit(fetched.url).path.strip("/") or urlsplit(fetched.url).query
    )


def addresses_of(fetched: Fetched, listed: ListedItem | None) -> list[str]:
    """Return the addresses by which a page is known."""
    known = (fetched.requested_url, fetched.url, listed.url if listed else "")
    return [url for url in known if url]
