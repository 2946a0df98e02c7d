"""Prepares the entries of a snapshot, once, for all formats.

What the formats share is decided here and nowhere else: id, title, links, dates, summary, body, photos.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article, Placement
from syndicator.model.feed import AlsoAt, EntryPopularity, FeedEntry, FeedSnapshot, Origin, Site
from syndicator.model.ids import ArticleId
from syndicator.model.rights import Rights
from syndicator.render.body import Parts, full_html, parts_of, without_pictures
from syndicator.render.dates import published_of, updated_of, whole_seconds
from syndicator.render.text import (
    distinct,
    language_tag,
    legal,
    line,
    media_type,
    media_type_of,
    own_language,
    web_url,
)
from syndicator.rules.articles.pictures import served_by_us
from syndicator.rules.articles.rights import SUMMARY_CHARACTERS, shortened, text_of

MAX_CONTENT_BYTES = 2_500_000
"""All bodies of one feed together, as XML holds them. Some readers refuse a document of more than 3 MiB."""
MAX_BODY_CHARACTERS = 400_000
"""One of them: so that none takes the place of all others."""
MAX_TITLE_CHARACTERS = 500
MAX_TEXT_CHARACTERS = 5_000
"""A lead, a quote."""
MAX_CAPTION_CHARACTERS = 1_000
MAX_EACH = 100
"""Reporters, tags, pictures, links of one entry."""

_ALSO_AT = {"en": "Also at", "id": "Juga di"}
_RIGHTS = {
    "en": ("The rights in each article remain with its portal.", "Contact and take-down requests"),
    "id": ("Hak atas setiap artikel tetap pada portal asalnya.", "Kontak dan permintaan penghapusan"),
}


class ItemPicture(Struct, frozen=True, kw_only=True):
    """A photo that is not shown in the body."""

    url: str
    caption: str = ""
    credit: str = ""
    media_type: str | None = None
    length_bytes: int | None = None
    width: int | None = None
    height: int | None = None


class File(Struct, frozen=True, kw_only=True):
    """A recording or a document."""

    url: str
    media_type: str
    """`application/octet-stream` where it is unknown: formats require one."""
    length_bytes: int | None = None

    @property
    def name(self) -> str:
        """Return what people call it: the last part of its address."""
        parts = urlsplit(self.url)
        return line(unquote(parts.path.rstrip("/").rpartition("/")[2])) or parts.netloc

    @property
    def medium(self) -> str:
        """Return its kind in the words of Media RSS: `audio`, `video` or `document`."""
        kind = self.media_type.partition("/")[0]
        return kind if kind in {"audio", "video"} else "document"


class From(Struct, frozen=True, kw_only=True):
    """The portal an item comes from."""

    id: str
    title: str
    home_url: str
    feed_url: str | None


class ItemPublisher(Struct, frozen=True, kw_only=True):
    """Another portal's article of the same story."""

    id: str
    """As of its own entry."""
    url: str
    title: str
    portal: str
    published: datetime


class ItemRelated(Struct, frozen=True, kw_only=True):
    """Another article of the portal's."""

    url: str
    title: str
    placement: Placement


class Item(Struct, frozen=True, kw_only=True):
    """One entry, cleaned: text legal in XML, URLs absolute and ASCII, dates whole UTC seconds."""

    id: str
    """`tag:…`: the same in every format and feed, for ever."""
    article_id: ArticleId
    revision: int
    link: str
    """Where the entry leads: to its portal, at once or by way of us."""
    portal_url: str
    """The article at its portal."""
    page_url: str
    """Our own page of it."""
    title: str
    summary: str
    """Plain text; may be empty."""
    parts: Parts
    html: str
    """The parts together; empty where the summary says it all."""
    quote: str
    """The pull quote, plain text, whether or not the body shows it; may be empty."""
    published: datetime
    updated: datetime
    """When the entry changed: see `updated_of`."""
    changed: datetime
    """When the article itself did."""
    shown_since: datetime
    embargoed_until: datetime | None
    """When its embargo ended, of what was under one."""
    authors: tuple[str, ...]
    section: str
    tags: tuple[str, ...]
    """Without the section."""
    language: str | None
    """Only where the article names one."""
    pictures: tuple[ItemPicture, ...]
    """The lead photo first."""
    files: tuple[File, ...]
    """What else the portal encloses, in its order."""
    source: From
    related: tuple[ItemRelated, ...]
    """What the portal itself points to, each once."""
    correction: str
    """The sentence by which the portal says that it corrected the article; may be empty."""
    popularity: EntryPopularity | None
    also_at: tuple[ItemPublisher, ...]
    """Other publishers of the story, the first first."""
    rights: Rights
    """What the portal says of its rights; what it does not let us show is not in here any more."""

    @property
    def byline(self) -> tuple[str, ...]:
        """Return who wrote it: where the article names no author, the portal."""
        return self.authors or (self.source.title,)

    @property
    def main_file(self) -> File | None:
        """Return the one file of formats that have room for one: the first recording, else the first."""
        recorded = (one for one in self.files if one.medium != "document")
        return next(recorded, next(iter(self.files), None))

    @property
    def sections_uri(self) -> str:
        """Return the sections of the portal, of which `section` is one."""
        return f"{self.source.home_url}#sections"

    @property
    def tags_uri(self) -> str:
        """Return the tags of the portal."""
        return f"{self.source.home_url}#tags"

    @property
    def topics(self) -> tuple[str, ...]:
        """Return section and tags together."""
        return (self.section, *self.tags) if self.section else self.tags


def article_uri(article_id: ArticleId, site: Site) -> str:
    """Return the id that an article carries in every feed and format: a tag URI (RFC 4151).

    It depends on nothing that may change (title, URL, host, portal): only on the article's id and on who
    mints it.
    """
    return f"tag:{site.tag_authority}:article/{article_id}"


def feed_uri(snapshot: FeedSnapshot) -> str:
    """Return the id of a feed.

    From the path where it is published, not from the scheme or host of its URL.
    """
    place = urlsplit(snapshot.place)
    asked = f"?{place.query}" if place.query else ""
    return f"tag:{snapshot.site.tag_authority}:{place.path}{asked}"


def prepare(snapshot: FeedSnapshot) -> tuple[Item, ...]:
    """Clean all entries, in their order; an article that stands there twice is taken once."""
    items: list[Item] = []
    seen: set[ArticleId] = set()
    budget = MAX_CONTENT_BYTES
    for entry in snapshot.entries:
        if entry.article.id in seen:
            continue
        seen.add(entry.article.id)
        item = prepare_entry(entry, snapshot.site)
        if snapshot.spec.count_clicks and item.portal_url != item.page_url:
            item = replace(item, link=snapshot.site.url(f"/r/{item.article_id}"))
        size = _size_in_xml(item.html)
        if size > budget:
            item, size = replace(item, html="", parts=Parts()), 0
        budget -= size
        items.append(item)
    return tuple(items)


def _size_in_xml(html: str) -> int:
    """Return the bytes that a body takes there: `<` and `>` take four, `&` takes five."""
    return len(html.encode()) + 3 * (html.count("<") + html.count(">")) + 4 * html.count("&")


def prepare_entry(entry: FeedEntry, site: Site, *, with_html: bool = True) -> Item:
    """Clean one entry. Never fails: what cannot be published as it is, is left out or replaced."""
    article = served_by_us(_each_picture_once(entry.article), site)
    page_url = site.url(f"/articles/{article.id}")
    link = web_url(article.url) or page_url
    pictures = _pictures(article)
    published = published_of(article)
    lead = _text(article.lead)
    with_html = with_html and len(article.body_html) <= MAX_BODY_CHARACTERS
    section = line(article.section or "")
    parts = parts_of(article, lead) if with_html else Parts()
    summary = lead or shortened(line(text_of(article.body_html)), SUMMARY_CHARACTERS)
    also_at = tuple(_also_at(other, site) for other in entry.also_at)
    held_until = article.provenance.held_until
    source, rights = _portal(entry.origin)
    return Item(
        id=article_uri(article.id, site),
        article_id=article.id,
        revision=article.revision,
        link=link,
        portal_url=link,
        page_url=page_url,
        title=shortened(line(article.title), MAX_TITLE_CHARACTERS) or shortened(lead, 120) or link,
        summary=summary,
        parts=parts,
        html=_with_also_at(full_html(parts), summary, _other_portals(also_at, source), article.language)
        if with_html
        else "",
        quote=_text(article.quote or ""),
        published=published,
        updated=updated_of(entry),
        changed=max(published, whole_seconds(article.updated_at)),
        shown_since=whole_seconds(article.shown_since),
        embargoed_until=held_until and whole_seconds(held_until),
        authors=distinct(article.authors)[:MAX_EACH],
        section=section,
        tags=tuple(tag for tag in distinct(article.tags) if tag.casefold() != section.casefold())[:MAX_EACH],
        language=language_tag(article.language or ""),
        pictures=pictures,
        files=_files(article),
        source=source if source.home_url else replace(source, home_url=link),
        related=_related(article),
        correction=_text(article.correction or ""),
        popularity=entry.popularity,
        also_at=also_at,
        rights=rights,
    )


def _each_picture_once(article: Article) -> Article:
    """Take out of the body what is shown beside it; before pictures that we serve get addresses of ours."""
    urls = [url for photo in article.photos[:MAX_EACH] if (url := web_url(photo.url))]
    if not urls or "<img" not in article.body_html or len(article.body_html) > MAX_BODY_CHARACTERS:
        return article
    return replace(article, body_html=without_pictures(legal(article.body_html), urls))


def rights_of(snapshot: FeedSnapshot) -> str:
    """Return a line that says whose the articles are, and whom to ask to take something down."""
    whose, contact = _RIGHTS[own_language(snapshot.language)]
    return f"{whose} {contact}: {line(snapshot.site.contact)}" if snapshot.site.contact else whose


def _text(text: str) -> str:
    return shortened(line(text), MAX_TEXT_CHARACTERS)


@lru_cache(maxsize=1000)
def _portal(origin: Origin) -> tuple[From, Rights]:
    """Clean what is said of a portal: once, for all of its articles. The page for people may be missing."""
    rights = origin.rights
    source = From(
        id=line(origin.id),
        title=line(origin.title) or line(origin.id),
        home_url=web_url(origin.home_url) or "",
        feed_url=web_url(origin.feed_url) if origin.feed_url else None,
    )
    license_url = web_url(rights.license_url) if rights.license_url else None
    statement = _text(rights.statement or "") or None
    return source, replace(rights, statement=statement, license_url=license_url)


def _pictures(article: Article) -> tuple[ItemPicture, ...]:
    pictures: dict[str, ItemPicture] = {}
    for photo in article.photos[:MAX_EACH]:
        url = web_url(photo.url)
        if url is None:
            continue
        picture = ItemPicture(
            url=url,
            caption=shortened(line(photo.caption or ""), MAX_CAPTION_CHARACTERS),
            credit=shortened(line(photo.credit or ""), MAX_CAPTION_CHARACTERS),
            media_type=media_type(photo.media_type or "") or media_type_of(url),
            length_bytes=_measure(photo.length_bytes),
            width=_measure(photo.width),
            height=_measure(photo.height),
        )
        pictures.setdefault(url, picture)
    return tuple(pictures.values())


def _files(article: Article) -> tuple[File, ...]:
    files: dict[str, File] = {}
    for enclosure in article.enclosures[:MAX_EACH]:
        url = web_url(enclosure.url)
        if url is None:
            continue
        kind = media_type(enclosure.media_type or "") or media_type_of(url) or "application/octet-stream"
        files.setdefault(url, File(url=url, media_type=kind, length_bytes=_measure(enclosure.length_bytes)))
    return tuple(files.values())


def _related(article: Article) -> tuple[ItemRelated, ...]:
    links: dict[str, ItemRelated] = {}
    for link in article.related[:MAX_EACH]:
        url = web_url(link.url)
        if url is not None:
            title = shortened(line(link.title), MAX_TITLE_CHARACTERS) or url
            links.setdefault(url, ItemRelated(url=url, title=title, placement=link.placement))
    return tuple(links.values())


def _other_portals(also_at: Iterable[ItemPublisher], source: From) -> list[ItemPublisher]:
    """Return the first article of each other portal: sources of one portal have one name."""
    first: dict[str, ItemPublisher] = {}
    for other in also_at:
        if other.portal != source.title:
            first.setdefault(other.portal, other)
    return list(first.values())


def _with_also_at(html: str, summary: str, also_at: Sequence[ItemPublisher], language: str | None) -> str:
    """Return a line for below the text that links the other publishers: most readers show only the text."""
    if not also_at:
        return html
    word = _ALSO_AT[own_language(language)]
    links = ", ".join(f'<a href="{escape(one.url)}">{escape(one.portal)}</a>' for one in also_at)
    return f"{html or f'<p>{escape(summary, quote=False)}</p>'}\n<p>{word}: {links}</p>"


def _also_at(other: AlsoAt, site: Site) -> ItemPublisher:
    article = other.article
    url = web_url(article.url) or web_url(other.origin.home_url) or ""
    return ItemPublisher(
        id=article_uri(article.id, site),
        url=url,
        title=shortened(line(article.title), MAX_TITLE_CHARACTERS) or url,
        portal=line(other.origin.title) or line(other.origin.id),
        published=whole_seconds(article.published_at),
    )


def _measure(value: int | None) -> int | None:
    return value if value is not None and value > 0 else None
