"""Reads any feed: light and clean ones at once, in this process; all others in the pool.

sniff → strict XML or JSON, up to 256 KiB and light → here
      → larger, heavier, or in doubt                → pool: strict once more, then repaired, then feedparser

What is read here holds up all other sources: the limits keep it below some 40 ms, whatever is in it.
"""

import asyncio

from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.documents.encoding import label_doubt
from syndicator.gather.documents.html_cleaning import most_steps, parsing_steps
from syndicator.gather.documents.parser_pool import DEFAULT_TIMEOUT_S, ParserPool
from syndicator.gather.documents.sniff import DocumentKind, holds_feed, sniff
from syndicator.gather.documents.text import MAX_NAME, plain_text
from syndicator.gather.documents.unpacking import is_packed, unpacked
from syndicator.gather.documents.xml_names import Doubt
from syndicator.gather.feeds.candidates import FeedReading, to_reading
from syndicator.gather.feeds.entry import Channel, Entry
from syndicator.gather.feeds.json_feed import read_json
from syndicator.gather.feeds.known_entries import EntriesApart, are_plain, set_apart
from syndicator.gather.feeds.tolerant_feed import read_tolerantly
from syndicator.gather.feeds.xml_feed import read_xml
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import Source
from syndicator.rules.dates.date_parser import MAX_TEXT

MAX_IN_PROCESS_BYTES = 256 * 1024
"""A hundred entries of 400 words."""
MAX_IN_PROCESS_TAGS, MAX_IN_PROCESS_REFERENCES = 10_000, 20_000
"""Of the document itself; an element that a reader looks at costs some 2 µs, a reference up to 1 µs."""
MAX_IN_PROCESS_STEPS = 2_000_000
"""Of all HTML in a feed: see `html.Weight`. So many are 10 ms."""
MAX_IN_PROCESS_US = 30_000
"""Of making candidates, as `_expected_us` estimates it."""
_ENTRY_US, _ELEMENT_US, _IMAGE_US, _PICTURE_US, _NAME_US = 70.0, 6.0, 16.0, 14.0, 2.0
_CHARACTER_US, _BYLINE_CHARACTER_US, _ODD_CHARACTER_US = 0.02, 2.5, 0.3
"""Measured, each at its worst: an entry of nothing else; an element of HTML, and what an `img` costs more,
with odd addresses; a character of its link or its dates."""
_XML_TYPES, _JSON_TYPES = ("xml",), ("json",)
_ANY_TYPES = frozenset({"text/plain", "application/octet-stream", "binary/octet-stream"})
_NO_FEED = {
    DocumentKind.HTML: "it is an HTML page, no feed",
    DocumentKind.OTHER: "it is not a feed of any known format",
}


async def read_feed(
    source: Source, fetched: Fetched, pool: ParserPool, known: bytes | None = None
) -> FeedReading:
    """Read an RSS, Atom or JSON feed.

    `known`: marks of entries that are left out (`known_entries.set_apart`); None: there is no need for marks.

    Raises NotReadable: "not_a_feed" for any other document, "malformed" for a feed beyond repair, "parser"
    where reading it takes too much time or memory.
    """
    if _is_small(fetched.body):
        async with pool.here:
            reading = _read_light(source, fetched, known)
            await asyncio.sleep(0)  # others have their turn before all these are admitted
        if reading is not None:
            return reading
    return await pool.run(
        read_thoroughly, source, fetched, known, queue=source.id, timeout_s=DEFAULT_TIMEOUT_S
    )


def _read_light(source: Source, fetched: Fetched, known: bytes | None) -> FeedReading | None:
    """Read a feed that is clean and light; None for all others. Raises NotReadable for what is no feed."""
    try:
        channel = read_strictly(fetched, source.max_articles)
    except Doubt:
        return None
    apart = None if known is None else set_apart(channel, fetched.url, known)
    return _reading(source, fetched, channel, apart, is_light=True) if _is_light(channel) else None


def read_thoroughly(source: Source, fetched: Fetched, known: bytes | None = None) -> FeedReading:
    """Read a feed of any size and cleanliness: for the pool."""
    warnings: list[str] = []
    if is_packed(fetched.body):
        body, warnings = unpacked(fetched.body, source.limits.max_body_bytes)
        fetched = replace(fetched, body=body)
        warnings.insert(0, "it is gzipped, which no header says")
    try:
        channel = read_strictly(fetched, source.max_articles)
    except Doubt:
        channel = _read_doubtful(fetched, source.max_articles, source.language or "")
    channel.warnings[:0] = warnings
    channel.repairs[:0] = warnings
    apart = None if known is None else set_apart(channel, fetched.url, known)
    return _reading(source, fetched, channel, apart)


def _reading(
    source: Source, fetched: Fetched, channel: Channel, apart: EntriesApart | None, *, is_light: bool = False
) -> FeedReading:
    reading = to_reading(source, fetched, channel, is_light=is_light)
    if apart is None:
        return reading
    all_plain = are_plain(source, fetched.fetched_at, channel, reading)
    return replace(reading, entries=replace(apart, all_plain=all_plain))


def _read_doubtful(fetched: Fetched, limit: int, language: str) -> Channel:
    is_page = sniff(fetched.body) is DocumentKind.HTML
    try:
        channel = read_tolerantly(fetched, limit, language)
    except NotReadable:
        if is_page:
            raise NotReadable(Reason.NOT_A_FEED, _NO_FEED[DocumentKind.HTML]) from None
        raise
    if is_page and not channel.entries:
        raise NotReadable(Reason.NOT_A_FEED, _NO_FEED[DocumentKind.HTML])
    return _with_type_warning(channel, fetched, _XML_TYPES)


def read_strictly(fetched: Fetched, limit: int) -> Channel:
    """Read the `limit` newest entries of a feed whose meaning is beyond doubt.

    Raises Doubt else, and NotReadable for no feed at all.
    """
    kind = sniff(fetched.body)
    if kind is DocumentKind.JSON:
        return _with_type_warning(read_json(fetched, limit), fetched, _JSON_TYPES)
    if kind is DocumentKind.XML_FEED:
        doubt, warning = label_doubt(fetched.body, fetched.headers.get("content-type", ""))
        if doubt:
            raise Doubt(doubt)
        channel = read_xml(fetched, limit)
        channel.warnings += [warning] if warning else []
        channel.repairs += [warning] if warning else []
        return _with_type_warning(channel, fetched, _XML_TYPES)
    if kind is DocumentKind.HTML and holds_feed(fetched.body):
        raise Doubt("a feed inside an HTML page")
    raise NotReadable(Reason.NOT_A_FEED, _NO_FEED[kind] if fetched.body.strip() else "the document is empty")


def _with_type_warning(channel: Channel, fetched: Fetched, types: tuple[str, ...]) -> Channel:
    """Warn of a Content-Type of another kind of document: readers that trust it see no feed."""
    kind = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in _ANY_TYPES and not kind.endswith(types):
        channel.warnings.append(f"the Content-Type is {plain_text(kind, 100)}, which is not that of a feed")
    return channel


def _is_small(body: bytes) -> bool:
    if len(body) > MAX_IN_PROCESS_BYTES or is_packed(body):
        return False
    return body.count(b"<") <= MAX_IN_PROCESS_TAGS and body.count(b"&") <= MAX_IN_PROCESS_REFERENCES


def _is_light(channel: Channel) -> bool:
    most_us, steps = 0.0, 0
    for entry in channel.entries:
        tags, more_tags = entry.summary.count("<"), entry.content.count("<")
        most_us += _most_us(entry, tags + more_tags)
        steps += most_steps(entry.summary, tags) + most_steps(entry.content, more_tags)
    if steps > MAX_IN_PROCESS_STEPS and _steps(channel) > MAX_IN_PROCESS_STEPS:
        return False
    return most_us <= MAX_IN_PROCESS_US or sum(map(_expected_us, channel.entries)) <= MAX_IN_PROCESS_US


def _steps(channel: Channel) -> int:
    return sum([parsing_steps(entry.summary) + parsing_steps(entry.content) for entry in channel.entries])


def _most_us(entry: Entry, tags: int) -> float:
    """Return no less than `_expected_us`, and cheaper: as if every tag were that of a picture."""
    if entry.content_is_plain or entry.summary_is_plain:
        return _expected_us(entry)
    return _estimated_us(entry, tags, images=tags)


def _expected_us(entry: Entry) -> float:
    """Estimate in microseconds what making a candidate takes, nesting aside."""
    texts = (entry.summary, entry.content)
    elements = sum(text.count("<") - text.count("</") for text in texts)
    if entry.content_is_plain or entry.summary_is_plain:
        elements += sum(text.count("\n\n") for text in texts)  # each begins a paragraph
    return _estimated_us(entry, elements, images=sum(text.count("<img") for text in texts))


def _estimated_us(entry: Entry, elements: int, *, images: int) -> float:
    dates = min(len(entry.published), MAX_TEXT) + min(len(entry.updated), MAX_TEXT)
    bylines = sum([min(len(author), MAX_NAME) for author in entry.authors])
    return (
        _ENTRY_US
        + _ELEMENT_US * elements
        + _IMAGE_US * images
        + _CHARACTER_US * (len(entry.summary) + len(entry.content))
        + _PICTURE_US * (len(entry.pictures) + len(entry.attachments))
        + _NAME_US * (len(entry.authors) + len(entry.tags))
        + _BYLINE_CHARACTER_US * bylines
        + _ODD_CHARACTER_US * (len(entry.link) + dates)
    )
