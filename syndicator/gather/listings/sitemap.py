"""Sitemaps (https://www.sitemaps.org/protocol.html): lists of addresses, indexes of lists, news sitemaps.

Read are `urlset` and `sitemapindex`, gzipped or not, with the news and image extensions of Google; a text
file of one address a line; and a feed, which the protocol allows in place of a sitemap. Alternates
(`xhtml:link`) are passed over. For the pool: a full sitemap takes a second.
"""

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from lxml import etree
from lxml.etree import _Element
from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.documents.safe_xml import refuse_entities, refuse_excess
from syndicator.gather.documents.sniff import DocumentKind, as_ascii, read_prolog, sniff
from syndicator.gather.documents.text import MAX_NAME, absolute_url, plain_text, title_text
from syndicator.gather.documents.unpacking import is_packed, unpacked
from syndicator.gather.documents.xml_repair import repaired
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.gather.origin import ProvenanceBuilder
from syndicator.model.article import Candidate, ListedItem, Photo
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import Source
from syndicator.rules.dates.claimed_dates import read_claim
from syndicator.rules.dates.date_parser import read_date
from syndicator.rules.identity.addresses import untracked
from syndicator.rules.identity.identity import listed_key

MAX_URLS = 50_000
"""Of one document, as the protocol allows."""
MAX_LENGTH = 2048
"""Characters of an address, as the protocol allows."""
MAX_KEYWORDS = 50
PORTION = 5000
"""Lines that are packed together."""
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_ROOTS = frozenset({"urlset", "sitemapindex"})


class ChildSitemap(Struct, frozen=True, kw_only=True):
    """One line of an index of sitemaps."""

    url: str
    modified_at: datetime | None = None


class SitemapReading(Struct, frozen=True, kw_only=True):
    """What a sitemap lists: addresses of articles or other sitemaps, the newest first where dates are known.

    What has no date comes after what has one, in the order of the document.
    """

    items: tuple[ListedItem, ...] = ()
    children: tuple[ChildSitemap, ...] = ()
    warnings: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    """The identity key of each item, where it was read in the pool: for 50,000 they take a second."""


_PACKER = msgspec.msgpack.Encoder()
_UNPACKER = msgspec.msgpack.Decoder(SitemapReading)


def read_sitemap(source: Source, fetched: Fetched) -> SitemapReading:
    """Read a sitemap of any kind.

    Raises NotReadable: "not_a_feed" for any other document, "malformed" for a sitemap beyond repair or one
    that declares entities.
    """
    body, warnings = fetched.body, list[str]()
    if is_packed(body):
        body, warnings = unpacked(body, source.limits.max_body_bytes)
        fetched = replace(fetched, body=body)
    head = as_ascii(body[: 64 * 1024])
    if read_prolog(head).first_element in _ROOTS:
        return _read_xml(source, fetched, warnings)
    if _is_text(head):
        return _read_text(source, fetched, warnings)
    if sniff(body) is DocumentKind.XML_FEED:
        return _read_feed(source, fetched)
    what = "it is an HTML page, not a sitemap" if sniff(body) is DocumentKind.HTML else "it is not a sitemap"
    raise NotReadable(Reason.NOT_A_FEED, what if body.strip() else "the document is empty")


def pack_sitemap(source: Source, fetched: Fetched) -> list[bytes]:
    """Read a sitemap for another process: packed it takes less memory than pickled, and less time there."""
    reading = read_sitemap(source, fetched)
    packed = [_PACKER.encode(replace(reading, items=()))]
    for start in range(0, len(reading.items), PORTION):
        items = reading.items[start : start + PORTION]
        keys = tuple(listed_key(source, item.url) for item in items)
        packed.append(_PACKER.encode(SitemapReading(items=items, keys=keys)))
    return packed


async def unpack_sitemap(packed: Sequence[bytes]) -> SitemapReading:
    """Unpack what was read elsewhere, in portions: others of the event loop have their turns in between."""
    items, keys = list[ListedItem](), list[str]()
    for portion in packed[1:]:
        unpacked_portion = _UNPACKER.decode(portion)
        items += unpacked_portion.items
        keys += unpacked_portion.keys
        await asyncio.sleep(0)
    return replace(_UNPACKER.decode(packed[0]), items=tuple(items), keys=tuple(keys))


def sitemap_candidate(source: Source, fetched: Fetched, item: ListedItem) -> Candidate | None:
    """Make a candidate of what the sitemap itself says of an article; None without a headline."""
    if not item.title:
        return None
    claimed = item.published_at or item.updated_at
    rule = "as the sitemap says" if claimed else "the sitemap gives no date: the time of first sight counts"
    return Candidate(
        source=source.id,
        url=item.url,
        title=item.title,
        provenance=ProvenanceBuilder(source, fetched).provenance(
            claimed=item.claimed_at or (claimed.isoformat() if claimed else ""),
            claimed_at=item.claimed_at,
            rule=rule,
        ),
        photos=(Photo(url=item.image_url),) if item.image_url else (),
        section=item.section,
        tags=item.tags,
        language=item.language or source.language,
        published_at=claimed,
        updated_at=item.updated_at,
        embargo_until=item.embargo_until,
    )


def _is_text(head: str) -> bool:
    lines = (line.strip() for line in head.removeprefix("\xef\xbb\xbf").splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first.startswith(("http://", "https://"))


def _read_text(source: Source, fetched: Fetched, warnings: list[str]) -> SitemapReading:
    collected = _Collected(source, fetched, warnings)
    for line in io.StringIO(fetched.body.decode("utf-8-sig", "replace")):
        reference = line.strip()
        if reference and not reference.startswith("#") and not collected.take_url(reference):
            break
    return collected.reading()


def _read_feed(source: Source, fetched: Fetched) -> SitemapReading:
    reading = read_thoroughly(source, fetched)
    items = tuple(
        ListedItem(
            url=candidate.url,
            title=candidate.title,
            published_at=candidate.published_at,
            claimed_at=candidate.provenance.claimed_at,
            updated_at=candidate.updated_at,
            section=candidate.section,
            tags=candidate.tags,
            language=candidate.language,
            image_url=candidate.photos[0].url if candidate.photos else None,
            embargo_until=candidate.embargo_until,
        )
        for candidate in reading.candidates
        if candidate.url
    )
    return SitemapReading(items=items, warnings=("it is a feed, read as one", *reading.warnings))


def _read_xml(source: Source, fetched: Fetched, warnings: list[str]) -> SitemapReading:
    """Read strictly; what is not well-formed is repaired first, and read up to where it is broken."""
    refuse_entities(fetched.body)
    refuse_excess(fetched.body)
    collected = _Collected(source, fetched, list(warnings))
    try:
        _collect(fetched.body, collected)
    except etree.XMLSyntaxError:
        mended, repairs = repaired(fetched)
        collected = _Collected(source, fetched, [*warnings, *repairs])
        try:
            _collect(mended, collected)
        except etree.XMLSyntaxError as error:
            if not collected.count:
                raise NotReadable(Reason.MALFORMED, f"not well-formed: {error.msg}") from None
            collected.warnings.append(
                f"broken at line {error.lineno}: what stands before it is read ({plain_text(error.msg)})"
            )
    return collected.reading()


def _collect(body: bytes, collected: "_Collected") -> None:
    """Walk over a document element by element; memory is bounded, for what was read is let go."""
    walk = etree.iterparse(
        io.BytesIO(body),
        events=("end",),
        tag=("{*}url", "{*}sitemap"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    for _event, element in walk:
        take = collected.take_item if _local(element) == "url" else collected.take_child
        if not take(element):
            break
        element.clear()
        while element.getprevious() is not None:
            parent = element.getparent()
            if parent is None:
                break
            del parent[0]


class _Collected:
    """The lines of one document, as they are found."""

    def __init__(self, source: Source, fetched: Fetched, warnings: list[str]) -> None:
        self._source = source
        self._fetched = fetched
        self._items: list[tuple[datetime, ListedItem]] = []
        self._children: list[ChildSitemap] = []
        self._unusable = 0
        self._first_unusable = ""
        self.warnings = warnings

    @property
    def count(self) -> int:
        return len(self._items) + len(self._children)

    def take_url(self, reference: str) -> bool:
        """Take one address; whether there is room for more."""
        return self._take(reference, lambda url: self._items.append((_LONG_AGO, ListedItem(url=url))))

    def take_child(self, element: _Element) -> bool:
        texts = _texts(element)
        changed = self._date(texts.get("lastmod", ""))
        return self._take(
            texts.get("loc", ""),
            lambda url: self._children.append(ChildSitemap(url=url, modified_at=changed)),
        )

    def take_item(self, element: _Element) -> bool:
        texts = _texts(element)
        return self._take(texts.get("loc", ""), lambda url: self._items.append(self._item(url, texts)))

    def reading(self) -> SitemapReading:
        if self._unusable:
            self.warnings.append(
                f"{self._unusable} lines without an address that can be read, the first is "
                f"“{plain_text(self._first_unusable, 100)}”"
            )
        self._items.sort(key=lambda pair: pair[0], reverse=True)
        self._children.sort(key=lambda child: child.modified_at or _LONG_AGO, reverse=True)
        return SitemapReading(
            items=tuple(item for _date, item in self._items),
            children=tuple(self._children),
            warnings=tuple(self.warnings),
        )

    def _take(self, reference: str, keep: Callable[[str], None]) -> bool:
        if self.count >= MAX_URLS:
            self.warnings.append(f"it lists more than {MAX_URLS} addresses: the rest is not read")
            return False
        url = absolute_url(self._fetched.url, reference) if len(reference) <= MAX_LENGTH else None
        if url:
            keep(url)
        else:
            self._first_unusable = self._first_unusable or reference[:MAX_NAME]
            self._unusable += 1
        return True

    def _item(self, url: str, texts: dict[str, str]) -> tuple[datetime, ListedItem]:
        dated = texts.get("news:publication_date", "")
        claim = read_claim(
            dated,
            timezone=self._source.timezone,
            now=self._fetched.fetched_at,
            future=self._source.future_dates,
        )
        updated_at = self._date(texts.get("lastmod", ""))
        keywords = (plain_text(word, MAX_NAME) for word in texts.get("news:keywords", "").split(","))
        item = ListedItem(
            url=untracked(url, self._source.tracking),
            title=title_text(texts.get("news:title", "")) or None,
            published_at=claim.at,
            claimed_at=claim.written,
            updated_at=updated_at,
            tags=tuple(dict.fromkeys(filter(None, keywords)))[:MAX_KEYWORDS],
            language=plain_text(texts.get("news:language", ""), MAX_NAME) or None,
            image_url=absolute_url(self._fetched.url, texts.get("image:loc", "")),
        )
        return claim.at or self._date(dated) or updated_at or _LONG_AGO, item

    def _date(self, text: str) -> datetime | None:
        """Read a date of which a day is enough: it decides what to read first, not when it was published."""
        read = read_date(text, timezone=self._source.timezone, now=self._fetched.fetched_at) if text else None
        return read.at if read else None


def _texts(element: _Element) -> dict[str, str]:
    """Return the first text of each kind: `loc`, `lastmod`, and with their prefix those of extensions."""
    texts: dict[str, str] = {}
    for name, text in _named_texts(element):
        if text:
            texts.setdefault(name, text)
    return texts


def _named_texts(element: _Element) -> Iterator[tuple[str, str]]:
    for child in element:
        name = _local(child)
        if name in {"news", "image"}:
            for inside in child.iter():
                if isinstance(inside.tag, str):
                    yield f"{name}:{_local(inside)}", (inside.text or "").strip()
        elif name in {"loc", "lastmod"}:
            yield name, (child.text or "").strip()


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
