"""From entries as told to candidates as kept: cleaned, resolved, dated. A poison entry costs itself only."""

import html
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from msgspec import Struct

from syndicator.gather.entry import Channel, Entry, Picture
from syndicator.gather.html import HtmlCleaner, check_weight, first_image, to_text
from syndicator.gather.text import (
    MAX_LEAD,
    MAX_NAME,
    absolute_url,
    person_name,
    plain_text,
    shortened,
    title_text,
    whole_number,
)
from syndicator.gather.window import oldest_first
from syndicator.model.article import Candidate, Photo, Provenance
from syndicator.model.fetch import Fetched
from syndicator.model.source import FeedHints, Source
from syndicator.rules.dates import claimed_instant

MAX_AUTHORS, MAX_TAGS, MAX_PHOTOS = 20, 50, 20
MAX_GUID = 1000
MAX_HUBS = 5
MAX_WARNINGS = 20
MAX_MADE_TITLE = 100
MAX_CAPTION = 4000
_POISON = (ValueError, TypeError, LookupError, OverflowError, RecursionError)
"""What odd data can raise in parsers and converters (UnicodeError is a ValueError)."""


class FeedReading(Struct, frozen=True, kw_only=True):
    """What a feed holds, what it says of itself, and what was odd about it."""

    candidates: tuple[Candidate, ...]
    """The newest first: in the feed's own order, turned round where its dates begin with the oldest."""
    warnings: tuple[str, ...] = ()
    title: str | None = None
    home_url: str | None = None
    language: str | None = None
    hints: FeedHints = FeedHints()
    hubs: tuple[str, ...] = ()
    """Absolute addresses of its WebSub hubs, at most `MAX_HUBS`."""
    self_url: str | None = None
    """Its own address as it gives it: the topic to subscribe to."""


def to_reading(source: Source, fetched: Fetched, channel: Channel) -> FeedReading:
    """Turn entries into candidates; those that cannot be are counted, each with its reason."""
    maker = _Maker(source, fetched, channel)
    candidates, warnings = [], list(channel.warnings)
    for number, entry in enumerate(channel.entries, 1):
        try:
            candidates.append(maker.candidate(entry))
        except _POISON as error:
            warnings.append(f"entry {number} skipped: {plain_text(str(error)) or type(error).__name__}")
    if len(warnings) > MAX_WARNINGS:
        warnings = [*warnings[:MAX_WARNINGS], f"{len(warnings) - MAX_WARNINGS} more entries skipped"]
    if channel.left_out:
        warnings.append(
            f"{channel.left_out} more entries than the {source.max_articles} that one round takes"
        )
    if oldest_first([candidate.published_at for candidate in candidates]):
        candidates.reverse()
    hubs = (absolute_url(fetched.url, hub) for hub in channel.hubs[:MAX_HUBS])
    return FeedReading(
        candidates=tuple(candidates),
        warnings=tuple(warnings),
        title=title_text(channel.title) or None,
        home_url=absolute_url(fetched.url, channel.home_url),
        language=plain_text(channel.language, MAX_NAME) or None,
        hints=channel.hints,
        hubs=tuple(dict.fromkeys(hub for hub in hubs if hub)),
        self_url=absolute_url(fetched.url, channel.self_url),
    )


class _Maker:
    """Makes the candidates of one document."""

    def __init__(self, source: Source, fetched: Fetched, channel: Channel) -> None:
        self._source = source
        self._fetched = fetched
        self._language = source.language or plain_text(channel.language, MAX_NAME) or None
        self._cleaners: dict[str, HtmlCleaner] = {}

    def candidate(self, entry: Entry) -> Candidate:
        guid = plain_text(entry.guid, MAX_GUID)
        title = plain_text(entry.title) if entry.title_is_plain else title_text(entry.title)
        url = self._url(entry)
        if not (url or guid or title):
            raise ValueError("it has neither link nor guid nor title")
        lead, body_html, lost_picture = self._texts(entry)
        claimed = entry.published or entry.updated
        return Candidate(
            source=self._source.id,
            url=url,
            title=title or to_text(body_html if not lead else html.escape(lead), MAX_MADE_TITLE),
            guid=guid or None,
            provenance=self._provenance(claimed),
            lead=lead,
            body_html=body_html,
            authors=_distinct(map(person_name, entry.authors), MAX_AUTHORS),
            photos=self._photos(entry, lost_picture),
            section=title_text(entry.section, MAX_NAME) or None,
            tags=_distinct((title_text(tag, MAX_NAME) for tag in entry.tags), MAX_TAGS),
            language=plain_text(entry.language, MAX_NAME) or self._language,
            published_at=self._instant(claimed),
            updated_at=self._instant(entry.updated),
        )

    def _provenance(self, claimed: str) -> Provenance:
        return Provenance(
            source=self._source.id,
            requested_url=self._fetched.requested_url,
            fetched_at=self._fetched.fetched_at,
            status=self._fetched.status,
            claimed_date=plain_text(claimed, MAX_NAME) or None,
        )

    def _url(self, entry: Entry) -> str:
        """Give the entry's address; a guid stands in for it where it is one."""
        url = absolute_url(entry.base, entry.link)
        if url is None and entry.guid_is_link and entry.guid.strip().startswith(("http://", "https://")):
            url = absolute_url(entry.base, entry.guid)
        return url or ""

    def _texts(self, entry: Entry) -> tuple[str, str, str | None]:
        """Give lead, body, and the picture that stood in a summary of which only the words are kept.

        A summary beside the content is the lead. Alone it is the lead if it is short, else the body.
        """
        summary, content = entry.summary.strip(), entry.content.strip()
        check_weight(summary)
        check_weight(content)
        if entry.summary_is_plain:
            summary = html.escape(summary, quote=False)
        if entry.content_is_plain:
            content = _paragraphs(content)
        if not summary:
            return "", self._clean(entry.base, content), None
        lead = to_text(summary, 2 * MAX_LEAD)
        if not content and len(lead) > MAX_LEAD:
            return (
                "",
                self._clean(entry.base, _paragraphs(entry.summary) if entry.summary_is_plain else summary),
                None,
            )
        picture = first_image(self._clean(entry.base, summary)) if "<img" in summary else None
        return shortened(lead, MAX_LEAD), self._clean(entry.base, content), picture

    def _clean(self, base: str, markup: str) -> str:
        if not markup:
            return ""
        cleaner = self._cleaners.get(base)
        if cleaner is None:
            cleaner = self._cleaners[base] = HtmlCleaner(base)
        return cleaner.clean(markup)

    def _photos(self, entry: Entry, lost_picture: str | None) -> tuple[Photo, ...]:
        photos: dict[str, Photo] = {}
        for picture in entry.pictures[:MAX_PHOTOS]:
            photo = _photo(entry.base, picture)
            if photo is not None:
                photos.setdefault(photo.url, photo)
        if not photos and lost_picture:
            return (Photo(url=lost_picture),)
        return tuple(photos.values())

    def _instant(self, text: str) -> datetime | None:
        if not text:
            return None
        return claimed_instant(text, timezone=self._source.timezone, now=self._fetched.fetched_at)


def _photo(base: str, picture: Picture) -> Photo | None:
    url = absolute_url(base, picture.url)
    if url is None:
        return None
    return Photo(
        url=url,
        caption=to_text(picture.caption[:MAX_CAPTION]) or None,
        credit=title_text(picture.credit, MAX_NAME) or None,
        media_type=plain_text(picture.media_type, MAX_NAME).lower() or None,
        length_bytes=whole_number(picture.length),
        width=whole_number(picture.width),
        height=whole_number(picture.height),
    )


def _paragraphs(text: str) -> str:
    """Give plain text as HTML, an empty line ending a paragraph."""
    parts = (" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n"))
    return "".join(f"<p>{html.escape(part, quote=False)}</p>" for part in parts if part)


def _distinct(values: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, islice(values, 4 * limit))))[:limit]
