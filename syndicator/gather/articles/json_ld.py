"""JSON-LD of news pages (schema.org, in `<script type="application/ld+json">`), as broken as it comes.

Read is the article that the page is about: at the top, in arrays, in `@graph`, or as the main entity of a
page; with several, the one whose address is the page's own. What is only referred to by `@id` is looked up.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from syndicator.gather.articles.claims import Claims
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.text import (
    MAX_LEAD,
    MAX_NAME,
    absolute_url,
    plain_text,
    title_text,
    whole_number,
)
from syndicator.model.article import Photo
from syndicator.rules.identity.addresses import canonical_url

MAX_SCRIPTS, MAX_LENGTH = 30, 1_000_000
"""How many blocks of a page are read, and of how many characters each."""
MAX_NODES = 2000
"""Objects that are looked at."""
MAX_VALUES = 100
"""Entries of one list that are looked at."""
MAX_BODY = 200_000

_ARTICLE = re.compile(r"(?:https?://schema\.org/)?(?:\w*Article|\w*BlogPosting|Report|SocialMediaPosting)")
_TO_THE_ARTICLE = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart")
_SLOPPY = re.compile(r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)|//[^\n]*+|/\*.*?(?:\*/|\Z)|,(?=\s*+[}\]])', re.DOTALL)
"""Strings, which stay, and what JSON does not allow between them: comments, a comma before a bracket."""
_SEPARATORS = re.compile(r"[\s,;]*+")
_DECODER: Final = json.JSONDecoder(strict=False)
_START = re.compile(r"[\[{]")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{2,8}){0,3}")
_EMBARGO = ("embargo", "embargoDate", "embargoUntil", "embargoedUntil", "embargo_until")
_STATUS = ("pubstatus", "pubStatus", "creativeWorkStatus")
_READERS = ("ReadAction", "ViewAction", "WatchAction", "UserPageVisits")
_DEPTH = 4

Node = Mapping[str, Any]


def read_json_ld(
    scripts: Iterable[str], *, base: str, urls: Iterable[str]
) -> tuple[Claims | None, str | None]:
    """Return what the article of a page says of itself, and a sentence about what could not be read.

    `base` resolves relative addresses, `urls` are those by which the page is known.
    """
    graph, broken = _Graph(base), 0
    for text in islice(scripts, MAX_SCRIPTS):
        found = _parsed(text)
        broken += not found
        for value in found:
            graph.add(value)
    warning = "JSON-LD of the page cannot be read" if broken else None
    article = graph.article({canonical_url(url) for url in urls})
    return (graph.claims(article) if article is not None else None), warning


def _parsed(text: str) -> list[Any]:
    """Parse a block, mended where it is no JSON; several values may follow each other."""
    start = _START.search(text.replace("<![CDATA[", ""))
    if start is None or len(text) > MAX_LENGTH:
        return []
    bare = start.string[start.start() :]
    return _values(bare) or _values(_mended(bare)) or _values(_mended(html.unescape(bare)))


def _mended(text: str) -> str:
    return _SLOPPY.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)


def _values(text: str) -> list[Any]:
    """Return the values at the beginning of a text, as far as they can be read."""
    values: list[Any] = []
    at = 0
    try:
        while at < len(text) and len(values) < MAX_VALUES:
            value, end = _DECODER.raw_decode(text, at)
            values.append(value)
            at = _SEPARATORS.match(text, end).end()  # type: ignore[union-attr] # it matches nothing, too
    except (ValueError, RecursionError):
        pass
    return values


class _Graph:
    """The objects of one page."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._articles: list[Node] = []
        self._crumbs: list[Node] = []
        self._by_id: dict[str, Node] = {}
        self._left = MAX_NODES

    def add(self, value: Any, depth: int = 0) -> None:
        if self._left <= 0 or depth > 2 * _DEPTH:
            return
        for node in islice(_dicts(value), MAX_NODES):
            self._left -= 1
            name = node.get("@id")
            if isinstance(name, str) and len(node) > 1:
                self._by_id.setdefault(name, node)
            if _is(node, _ARTICLE.fullmatch):
                self._articles.append(node)
            if _is(node, _CRUMBS.fullmatch):
                self._crumbs.append(node)
            for key in _TO_THE_ARTICLE:
                self.add(node.get(key), depth + 1)
            self._index(node, 0)

    def _index(self, node: Node, depth: int) -> None:
        """Remember what has a name of its own, however deep it stands."""
        if depth > _DEPTH:
            return
        for key in ("author", "image", "publisher", "isPartOf", "breadcrumb"):
            for inner in islice(_dicts(node.get(key)), MAX_VALUES):
                if isinstance(name := inner.get("@id"), str) and len(inner) > 1:
                    self._by_id.setdefault(name, inner)
                if _is(inner, _CRUMBS.fullmatch):
                    self._crumbs.append(inner)
                self._index(inner, depth + 1)

    def article(self, urls: set[str]) -> Node | None:
        """Return the article that the page is about: of several, the one that names the page's address.

        Where none of several does, they are those of a box of others.
        """
        for node in self._articles:
            if any(canonical_url(url) in urls for url in self._addresses(node)):
                return node
        nameless = [node for node in self._articles if not any(self._addresses(node))]
        return next(iter(self._articles if len(self._articles) == 1 else nameless), None)

    def _addresses(self, node: Node) -> Iterator[str]:
        for key in ("url", "@id", "mainEntityOfPage"):
            for value in islice(_each(node.get(key)), MAX_VALUES):
                reference = value.get("@id") or value.get("url") if isinstance(value, Mapping) else value
                if isinstance(reference, str) and (url := absolute_url(self._base, reference)):
                    yield url

    def claims(self, node: Node) -> Claims:
        publisher = self._names(node.get("publisher"))
        return Claims(
            read_from="json-ld",
            is_article=True,
            title=self._text(node, "headline") or self._text(node, "name"),
            lead=to_text(html.unescape(_string(node.get("description"))[: 4 * MAX_LEAD])),
            body=_string(node.get("articleBody"))[:MAX_BODY],
            authors=self._authors(node),
            published=self._text(node, "datePublished"),
            modified=self._text(node, "dateModified"),
            photos=self._photos(node),
            section=self._text(node, "articleSection", MAX_NAME) or self._crumb(node),
            tags=self._tags(node),
            language=self._language(node),
            embargo=next(filter(None, (self._text(node, key) for key in _EMBARGO)), ""),
            status=next(filter(None, (self._text(node, key, MAX_NAME) for key in _STATUS)), ""),
            correction=self._correction(node),
            site=next(iter(publisher), ""),
            views=_readers(node),
            comments=_count(node.get("commentCount")),
        )

    def _text(self, node: Node, key: str, limit: int = MAX_NAME * 2) -> str:
        return title_text(_string(node.get(key)), limit)

    def _correction(self, node: Node) -> str:
        """Return the note of the newest correction, a text or a `CorrectionComment`; an address is none."""
        notes = list(self._resolved(node.get("correction")))
        last = notes[-1] if notes else None
        text = last.get("text") or last.get("name") if isinstance(last, Mapping) else last
        note = to_text(html.escape(_string(text)[: 4 * MAX_LEAD], quote=False))
        return "" if note.startswith(("http://", "https://")) else note

    def _resolved(self, value: Any) -> Iterator[Any]:
        """Yield the values of a list or of one, what is only named by `@id` in full."""
        for one in islice(_each(value), MAX_VALUES):
            name = one.get("@id") if isinstance(one, Mapping) else None
            if isinstance(name, str) and set(one) <= {"@id", "@type"}:
                yield self._by_id.get(name, one)
            else:
                yield one

    def _names(self, value: Any) -> list[str]:
        return [name for one in self._resolved(value) for name in _names_of(one)]

    def _authors(self, node: Node) -> tuple[str, ...]:
        """Return persons; organisations only where there are none, and never who is named as the editor."""
        key = "author" if node.get("author") else "creator"
        said = list(self._resolved(node.get(key)))
        persons = [
            one for one in said if not (isinstance(one, Mapping) and _is(one, _ORGANISATION.fullmatch))
        ]
        editors = set(self._names(node.get("editor")))
        names = [name for one in persons or said for name in _names_of(one)]
        return tuple(dict.fromkeys(name for name in names if name not in editors))

    def _tags(self, node: Node) -> tuple[str, ...]:
        names = [_string(one) for one in self._resolved(node.get("keywords"))]
        parts = names[0].split(",") if len(names) == 1 else names
        return tuple(dict.fromkeys(filter(None, (title_text(part, MAX_NAME) for part in parts))))

    def _language(self, node: Node) -> str:
        places = [node, *self._resolved(node.get("isPartOf"))]
        for place in places:
            said = place.get("inLanguage") if isinstance(place, Mapping) else None
            for value in islice(_each(said), MAX_VALUES):
                code = (
                    value.get("alternateName") or value.get("name") if isinstance(value, Mapping) else value
                )
                if isinstance(code, str) and _LANGUAGE.fullmatch(code.strip()):
                    return code.strip()
        return ""

    def _photos(self, node: Node) -> tuple[Photo, ...]:
        """Return the pictures. Several without captions are one in several formats: the widest counts."""
        value = node.get("image") or node.get("thumbnailUrl")
        photos = [photo for one in self._resolved(value) if (photo := self._photo(one))]
        captioned = tuple({photo.caption: photo for photo in reversed(photos) if photo.caption}.values())[
            ::-1
        ]
        if captioned or not photos:
            return captioned
        return (max(photos, key=lambda photo: photo.width or 0),)

    def _photo(self, value: Any) -> Photo | None:
        picture = value if isinstance(value, Mapping) else {"url": value}
        url = absolute_url(self._base, _string(picture.get("contentUrl")) or _string(picture.get("url")))
        if url is None:
            return None
        credit = [*self._names(picture.get("creator")), *self._names(picture.get("author"))]
        return Photo(
            url=url,
            caption=self._text(picture, "caption", MAX_LEAD) or None,
            credit=self._text(picture, "creditText", MAX_NAME) or next(iter(credit), None),
            width=_size(picture.get("width")),
            height=_size(picture.get("height")),
        )

    def _crumb(self, article: Node) -> str:
        """Return the last rubric of a trail of breadcrumbs: neither its start nor the article itself."""
        headline = self._text(article, "headline")
        for trail in self._crumbs:
            items = list(islice(_dicts(trail.get("itemListElement")), 10))
            names = [name for item in items for name in _crumb_names(item)[:1]][1:]
            rubrics = [name for name in names if name != headline]
            if rubrics:
                return rubrics[-1]
        return ""


_CRUMBS = re.compile(r"(?:https?://schema\.org/)?BreadcrumbList")
_ORGANISATION = re.compile(r"(?:https?://schema\.org/)?(?:\w*Organization|Corporation|WebSite)")


def _is(node: Node, fits: Callable[[str], object]) -> bool:
    said = islice(_each(node.get("@type")), 10)
    return any(isinstance(one, str) and fits(one.strip()) for one in said)


def _each(value: Any) -> Iterator[Any]:
    yield from (value if isinstance(value, list) else () if value is None else (value,))


def _dicts(value: Any) -> Iterator[Node]:
    """Yield the objects in a value: itself, or those of a list, also of lists in lists."""
    for one in islice(_each(value), MAX_NODES):
        for inner in islice(one, MAX_VALUES) if isinstance(one, list) else (one,):
            if isinstance(inner, Mapping):
                yield inner


def _string(value: Any) -> str:
    """Return a value as text: of a list the first, of an object its value or name."""
    for _ in range(_DEPTH):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, Mapping):
            value = value.get("@value") or value.get("name") or ""
    return value if isinstance(value, str) else str(value) if type(value) in {int, float} else ""


def _names_of(value: Any) -> list[str]:
    """Return the names in a text or an object; an address is none."""
    names = _each(value.get("name")) if isinstance(value, Mapping) else (value,)
    texts = (title_text(_string(name), MAX_NAME) for name in islice(names, MAX_VALUES))
    return [text for text in texts if text and not text.startswith(("http://", "https://"))]


def _crumb_names(item: Node) -> list[str]:
    inner = item.get("item")
    return _names_of(item) if item.get("name") else _names_of(inner) if isinstance(inner, Mapping) else []


def _size(value: Any) -> int | None:
    if isinstance(value, Mapping):
        value = value.get("value")
    return whole_number(plain_text(_string(value), 20).removesuffix(".0"))


def _count(value: Any) -> int | None:
    """Return a counter; unlike a size it may be zero."""
    text = _string(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None  # noqa: PLR2004 -- digits


def _readers(node: Node) -> int | None:
    for counter in islice(_dicts(node.get("interactionStatistic")), MAX_VALUES):
        kind = counter.get("interactionType")
        name = _string(kind.get("@type") if isinstance(kind, Mapping) else kind).rpartition("/")[2]
        if name in _READERS:
            return _count(counter.get("userInteractionCount"))
    return None
