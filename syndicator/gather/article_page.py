"""Article pages, by CSS selectors. Sync and picklable: the pool's work.

What stands on a page once arrives once. A link between the paragraphs becomes a related link and leaves the
body; a pull quote that repeats words of the body leaves it too, one that says something of its own stays.
"""

import re
from collections.abc import Container, Iterable
from datetime import datetime
from itertools import zip_longest
from urllib.parse import urlsplit

from selectolax.lexbor import LexborNode

from syndicator.errors import NotReadable
from syndicator.gather.candidates import MAX_AUTHORS, MAX_PHOTOS, MAX_TAGS
from syndicator.gather.html import HtmlCleaner, same_site, to_text
from syndicator.gather.page import first_count, first_date
from syndicator.gather.selectors import Doomed, Page, Picked, Selector, empty, selector, text_of, within
from syndicator.gather.text import MAX_LEAD, MAX_NAME, person_name, whole_number
from syndicator.model.article import Candidate, ListedItem, Photo, Placement, Provenance, RelatedLink
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import ArticleRule, Source
from syndicator.rules.dates import claimed_instant

MAX_QUOTE = 1000
MAX_BODY_WORDS = 200_000
MAX_RELATED = 50

_TEXT_PARTS = ("date", "authors", "lead", "quote", "caption", "credit", "section", "tags", "views")
_HEAD = (
    Selector(name="canonical", css="link[rel~='canonical' i]", attribute="href"),
    Selector(name="published", css="meta[property='article:published_time']", attribute="content"),
    Selector(name="modified", css="meta[property='article:modified_time']", attribute="content"),
    Selector(
        name="description",
        css="meta[name='description' i], meta[property='og:description']",
        attribute="content",
    ),
    Selector(name="language", css="html[lang]", attribute="lang"),
)
"""What pages say in their heads by common convention; used where no rule says otherwise."""
_HIDDEN = "[hidden], [style*='display:none' i], [style*='display: none' i]"
_EDITOR = re.compile(r"(?:editor|redaktur|penyunting|fotografer|foto|sumber|source)\s*[:：]", re.IGNORECASE)
_REPORTER = re.compile(
    r"(?:reporter|wartawan|penulis|jurnalis|pewarta|author|writer|by|oleh)\s*[:：]", re.IGNORECASE
)
_SEVERAL = re.compile(r"\s+(?:dan|and|&)\s+|\s*[;/|]\s*")
_LABEL = re.compile(
    r"(?:(?:baca|lihat|simak|read|see)(?:\s+(?:juga|also|too))?|also read|related|terkait)?[\s:：>»\-–]*",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_QUOTE_MARKS = "\"'“”„‟‘’‚«»‹›"
_DOUBLE_MARKS = frozenset('"“”„«»')


def read_article(source: Source, fetched: Fetched, listed: ListedItem | None = None) -> Candidate:
    """Read one article page; what the list says of it fills what the page itself leaves open.

    NotReadable("empty") names the selector of the headline, or of the body where there is nothing else to
    read either.
    """
    rule = source.article
    if rule is None:
        raise NotReadable(Reason.EMPTY, "the source has no rule for article pages")
    page = Page(fetched)
    doomed = page.doomed(selector("article.remove", rule.remove))
    picked = page.pick(doomed, _parts(rule))
    doomed.cut()
    title = picked.text("article.title")
    if not title:
        raise empty(Selector(name="article.title", css=rule.title))
    return _Reader(source, fetched, page, picked).candidate(title, listed)


def _parts(rule: ArticleRule) -> list[Selector | None]:
    texts = [selector(f"article.{name}", getattr(rule, name)) for name in _TEXT_PARTS]
    return [
        selector("article.title", rule.title),
        selector("article.body", rule.body),
        selector("article.photo", rule.photo, "src"),
        selector("article.related", rule.related, "href"),
        *texts,
        *_HEAD,
    ]


class _Reader:
    """Reads one page that was cut already."""

    def __init__(self, source: Source, fetched: Fetched, page: Page, picked: Picked) -> None:
        self._source = source
        self._fetched = fetched
        self._page = page
        self._picked = picked
        self._url = fetched.requested_url

    def candidate(self, title: str, listed: ListedItem | None) -> Candidate:
        picked = self._picked
        body = _outermost(picked.nodes("article.body"))
        related = self._related(body)
        quote = _quote(picked.nodes("article.quote"), body)
        body_html = self._body(body)
        lead = (
            picked.text("article.lead", MAX_LEAD)
            or _first_paragraph(body_html)
            or picked.text("description", MAX_LEAD)
        )
        photos = self._photos(title)
        if not (body_html or lead or photos):
            raise empty(
                Selector(name="article.body", css=self._source.article.body if self._source.article else "")
            )
        written, published = first_date(
            self._source, self._fetched, [*picked.texts("article.date"), *picked.texts("published")]
        )
        url = listed.url if listed else self._url
        return Candidate(
            source=self._source.id,
            url=url,
            title=title,
            canonical_url=self._canonical(url),
            provenance=self._provenance(written),
            lead=lead,
            body_html=body_html,
            quote=quote,
            authors=_reporters(picked.texts("article.authors", MAX_NAME)),
            photos=photos or _listed_photo(listed),
            section=picked.text("article.section", MAX_NAME) or (listed.section if listed else None),
            tags=_tags(picked),
            language=self._source.language or picked.text("language", MAX_NAME) or None,
            published_at=published or (listed.published_at if listed else None),
            updated_at=self._updated(),
            related=related,
            views=first_count(picked.texts("article.views")),
        )

    def _provenance(self, written: str | None) -> Provenance:
        return Provenance(
            source=self._source.id,
            requested_url=self._fetched.requested_url,
            fetched_at=self._fetched.fetched_at,
            status=self._fetched.status,
            claimed_date=written,
        )

    def _updated(self) -> datetime | None:
        text = self._picked.text("modified")
        return (
            claimed_instant(text, timezone=self._source.timezone, now=self._fetched.fetched_at)
            if text
            else None
        )

    def _canonical(self, url: str) -> str | None:
        """Give the page's own name for itself, else where a redirect led to, on the portal's own host only.

        A front page is nobody's canonical address but its own: some portals name it on every page.
        """
        named = [address for address, _ in self._picked.links("canonical")]
        for address in (*named, self._fetched.url):
            if address != url and same_site(address, url) and urlsplit(address).path.strip("/"):
                return address
        return None

    def _body(self, body: list[LexborNode]) -> str:
        for node in body:
            Doomed(node.css(_HIDDEN)).cut()
        markup = (body[0].inner_html or "") if len(body) == 1 else "\n".join(node.html or "" for node in body)
        try:
            return HtmlCleaner(self._page.base).clean(markup)
        except ValueError as error:
            raise NotReadable(Reason.MALFORMED, f"the article cannot be read: {error}") from error

    def _related(self, body: list[LexborNode]) -> tuple[RelatedLink, ...]:
        """Give the related links, and take those inside the body out of it."""
        inside = {node.mem_id for node in body}
        found: dict[str, RelatedLink] = {}
        inline = []
        for url, node in self._picked.links("article.related"):
            placement = Placement.INLINE if within(node, inside) else Placement.BOXED
            title = text_of(node) or text_of(node, "title")
            if placement is Placement.INLINE:
                inline.append(_framed(node, inside))
            if title and url not in found and url not in {self._url, self._fetched.url}:
                found[url] = RelatedLink(url=url, title=title, placement=placement)
        Doomed(inline).cut()
        return tuple(found.values())[:MAX_RELATED]

    def _photos(self, title: str) -> tuple[Photo, ...]:
        """Give the photos; the first caption and credit belong to the first photo, and so on."""
        images = self._picked.images("article.photo")[:MAX_PHOTOS]
        captions = self._picked.texts("article.caption", MAX_LEAD)
        credits_ = self._picked.texts("article.credit", MAX_NAME)
        photos: dict[str, Photo] = {}
        for (url, node), caption, credit in zip_longest(
            images, captions[: len(images)], credits_[: len(images)]
        ):
            alternative = text_of(node, "alt")
            photos.setdefault(
                url,
                Photo(
                    url=url,
                    caption=caption or (alternative if alternative != title else "") or None,
                    credit=credit or None,
                    width=whole_number(node.attributes.get("width") or ""),
                    height=whole_number(node.attributes.get("height") or ""),
                ),
            )
        return tuple(photos.values())


def _framed(link: LexborNode, body: Container[int]) -> LexborNode:
    """Give a link with what stands around it for its sake only: a paragraph, a label such as "Baca juga:"."""
    node = link
    while node.parent is not None and node.parent.mem_id not in body:
        around = node.parent.text().replace(node.text(), "", 1)
        if not _LABEL.fullmatch(around.strip()):
            break
        node = node.parent
    return node


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    mem_ids = {node.mem_id for node in nodes}
    return [node for node in nodes if node.parent is None or not within(node.parent, mem_ids)]


def _quote(nodes: list[LexborNode], body: list[LexborNode]) -> str | None:
    """Give the pull quote without its marks; inside the body it leaves it where the body says it anyway."""
    if not nodes:
        return None
    words = text_of(nodes[0], None, MAX_QUOTE)
    quote = without_marks(words)
    if not quote:
        return None
    if within(nodes[0], {node.mem_id for node in body}):
        text = " ".join(to_text(node.html or "", MAX_BODY_WORDS) for node in body)
        if text.count(quote) > 1:
            Doomed(nodes[:1]).cut()
    return quote


def without_marks(text: str) -> str:
    """Trim quotation marks and a comma at the end; marks that belong to quotes inside stay as they are."""
    bare = text.strip().strip(_QUOTE_MARKS).strip().rstrip(",").rstrip(_QUOTE_MARKS).strip()
    return text.strip() if _DOUBLE_MARKS & set(bare) else bare


def _first_paragraph(body_html: str) -> str:
    match = _PARAGRAPH.search(body_html)
    return to_text(match[1]) if match else ""


def _reporters(texts: Iterable[str]) -> tuple[str, ...]:
    """Give the names of those who wrote it: where one is labelled as the reporter, only such; no editor."""
    written = [text for text in texts if not _EDITOR.match(text)]
    labelled = [text for text in written if _REPORTER.match(text)]
    names = (person_name(name) for text in labelled or written for name in _SEVERAL.split(text))
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_AUTHORS]


def _tags(picked: Picked) -> tuple[str, ...]:
    """Give the tags; an attribute (`meta[name=keywords]@content`) lists them with commas."""
    texts = picked.texts("article.tags")
    if len(texts) == 1:
        texts = texts[0].split(",")
    names = (text.strip().removeprefix("#").strip()[:MAX_NAME] for text in texts)
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_TAGS]


def _listed_photo(listed: ListedItem | None) -> tuple[Photo, ...]:
    return (Photo(url=listed.image_url),) if listed and listed.image_url else ()
