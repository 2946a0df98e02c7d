"""Turns entries of feeds into candidates: cleaned, resolved, dated. A poison entry costs itself only."""

import html
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.gather.article_status import cancelled
from syndicator.gather.bylines import reporters
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.text import (
    MAX_AUTHORS,
    MAX_DIGITS,
    MAX_NAME,
    MAX_TAGS,
    MAX_TITLE,
    absolute_url,
    plain_text,
    title_text,
)
from syndicator.gather.feeds.entry import Channel, Deleted, Entry
from syndicator.gather.feeds.entry_media import enclosures_of, photos_of
from syndicator.gather.feeds.entry_texts import LEFT_OUT, POISON, EntryTexts, texts_of
from syndicator.gather.feeds.entry_window import oldest_first
from syndicator.gather.feeds.feed_language import by_their_words
from syndicator.gather.feeds.known_entries import EntriesApart
from syndicator.gather.origin import ProvenanceBuilder
from syndicator.gather.provenance_changes import MAX_RECEIVED, Adjustments, excerpt
from syndicator.model.article import Candidate, Change
from syndicator.model.fetch import Fetched
from syndicator.model.source import FeedHints, Source
from syndicator.rules.dates.claimed_dates import FARTHEST_EVENT, DateClaim, read_claim
from syndicator.rules.identity.addresses import clean_url, untracked
from syndicator.rules.sources.backfill import next_numbered

MAX_GUID = 1000
MAX_HUBS = 5
MAX_DELETED = 200
MAX_WARNINGS = 20
MAX_MADE_TITLE = 100
MAX_REPAIRS = 4
"""Changes of a whole document that are noted with each article, at most."""
_WORDPRESS = "wordpress.org"


class DeletedEntry(Struct, frozen=True, kw_only=True):
    """An entry that a feed took back (RFC 6721)."""

    guid: str
    at: datetime | None
    """As claimed, in UTC."""
    comment: str


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
    earlier_url: str | None = None
    """Where its earlier entries are, if it says or shows that."""
    deleted: tuple[DeletedEntry, ...] = ()
    """What it says was deleted, at most `MAX_DELETED`."""
    entries: EntriesApart = EntriesApart()
    """Which entries were read, where some need not be."""


def to_reading(source: Source, fetched: Fetched, channel: Channel, *, is_light: bool = False) -> FeedReading:
    """Turn entries into candidates; those that cannot be are counted, each with its reason.

    `is_light`: whether it is read in the process of the event loop, for its HTML is known to be light.
    """
    maker = _Maker(source, fetched, channel)
    candidates: list[Candidate] = []
    warnings = list(channel.warnings)
    texts = texts_of(channel.entries, is_light=is_light)
    for number, (entry, entry_texts) in enumerate(zip(channel.entries, texts, strict=True), 1):
        try:
            candidate = maker.candidate(entry, entry_texts)
        except POISON as error:
            warnings.append(f"entry {number} skipped: {plain_text(str(error)) or type(error).__name__}")
        else:
            candidates.append(candidate)
            changes = candidate.provenance.changes
            warnings += [
                f"entry {number}: its text is {one.why}" for one in changes if one.why.startswith(LEFT_OUT)
            ]
    if len(warnings) > MAX_WARNINGS:
        warnings = [*warnings[:MAX_WARNINGS], f"{len(warnings) - MAX_WARNINGS} more warnings of entries"]
    if channel.left_out:
        warnings.append(
            f"{channel.left_out} more entries than the {source.max_articles} that one round takes"
        )
    candidates = without_shared_guids(candidates)
    if not channel.is_in_its_language:
        candidates = by_their_words(candidates, source.language)
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
        earlier_url=_earlier_url(fetched.url, channel),
        deleted=tuple(maker.deleted(one) for one in channel.deleted[:MAX_DELETED] if one.guid.strip()),
    )


def _earlier_url(url: str, channel: Channel) -> str | None:
    """Return the address of earlier entries; WordPress numbers its documents, and no document says so."""
    if channel.earlier_url:
        return absolute_url(url, channel.earlier_url)
    return next_numbered(url) if _WORDPRESS in channel.generator.lower() else None


class _Maker:
    """Makes the candidates of one document."""

    def __init__(self, source: Source, fetched: Fetched, channel: Channel) -> None:
        self._source = source
        self._now = fetched.fetched_at
        self._origin = ProvenanceBuilder(source, fetched)
        self._portal = (source.title, title_text(channel.title))
        self._language = source.language or plain_text(channel.language, MAX_NAME) or None
        self._repairs = [plain_text(repair, MAX_RECEIVED) for repair in channel.repairs[:MAX_REPAIRS]]

    def candidate(self, entry: Entry, texts: EntryTexts) -> Candidate:
        if texts.fault is not None:
            raise texts.fault
        changes = Adjustments()
        for repair in self._repairs:
            changes.note("document", "", repair)
        guid = plain_text(entry.guid, MAX_GUID)
        changes.note_text("guid", entry.guid, guid)
        title = plain_text(entry.title) if entry.title_is_plain else title_text(entry.title)
        url = self._url(entry, changes)
        changes.add(texts.changes)
        if not (url or guid or title or texts.lead or texts.body_html):
            raise ValueError("it has neither link nor guid nor title nor text")
        published = self._claim(entry.published or entry.updated, "published_at", changes)
        updated = self._claim(entry.updated, "updated_at", changes) if entry.published else published
        return Candidate(
            source=self._source.id,
            url=url,
            title=_title(entry, title, texts.lead, texts.body_html, changes),
            guid=guid or None,
            lead=texts.lead,
            body_html=texts.body_html,
            authors=_authors(entry, self._portal, changes),
            photos=photos_of(entry, texts.lost_picture, changes),
            enclosures=enclosures_of(entry, changes) if entry.attachments else (),
            section=title_text(entry.section, MAX_NAME) or None,
            tags=_tags(entry, changes),
            language=plain_text(entry.language, MAX_NAME) or self._language,
            published_at=published.at,
            updated_at=updated.at if entry.updated else None,
            views=_count(entry.views),
            comments=_count(entry.comments),
            embargo_until=self._embargo(entry, changes),
            cancelled=cancelled(entry.status) if entry.status else None,
            provenance=self._origin.provenance(
                claimed=entry.published or entry.updated,
                claimed_at=published.written,
                rule=published.rule,
                changes=changes.all(),
            ),
        )

    def deleted(self, deleted: Deleted) -> DeletedEntry:
        claim = read_claim(deleted.when, timezone=self._source.timezone, now=self._now, future=False)
        return DeletedEntry(
            guid=plain_text(deleted.guid, MAX_GUID),
            at=claim.at,
            comment=plain_text(deleted.comment, MAX_TITLE),
        )

    def _url(self, entry: Entry, changes: Adjustments) -> str:
        """Return the entry's address; a guid stands in for it where it is one."""
        base = entry.link_base or entry.base
        url = absolute_url(base, entry.link)
        if url is None:
            if entry.link:
                changes.note("url", entry.link, "it is not an http(s) address: left out")
            if entry.guid_is_link and entry.guid.strip().startswith(("http://", "https://")):
                url = absolute_url(entry.base, entry.guid)
                if url is not None:
                    changes.note("url", entry.guid, "the guid stands in for the link")
                    changes.note_address("url", entry.guid, url, entry.base)
        else:
            changes.note_address("url", entry.link, url, base)
        if url and "?" in url and clean_url(url) != url:
            changes.note("url", url, "parameters that only track readers are removed at admission")
        return untracked(url or "", self._source.tracking)

    def _claim(self, text: str, field: str, changes: Adjustments) -> DateClaim:
        claim = read_claim(
            text, timezone=self._source.timezone, now=self._now, future=self._source.future_dates
        )
        if text and claim.at is None:
            changes.note(field, text, claim.rule)
        return claim

    def _embargo(self, entry: Entry, changes: Adjustments) -> datetime | None:
        """Return the date until which an entry is to be held, where it is ahead and believable."""
        if not entry.embargo:
            return None
        claim = read_claim(entry.embargo, timezone=self._source.timezone, now=self._now, future=True)
        if claim.at is None or claim.at - self._now > FARTHEST_EVENT:
            changes.note("embargo_until", entry.embargo, "no date that can be believed: it is not held")
            return None
        return claim.at if claim.at > self._now else None


def _title(entry: Entry, title: str, lead: str, body_html: str, changes: Adjustments) -> str:
    if title:
        changes.note_text("title", entry.title, title)
        return title
    made = to_text(html.escape(lead) if lead else body_html, MAX_MADE_TITLE)
    if made:
        changes.note("title", entry.title, "none is given: it is made of the first words of the text")
    return made


def _authors(entry: Entry, portal: Sequence[str], changes: Adjustments) -> tuple[str, ...]:
    """Return the reporters. `portal`: what the feed is called, which is nobody's name."""
    received = entry.authors[: 4 * MAX_AUTHORS]
    names = tuple([name for name in reporters(received) if name not in portal])
    for author in received:
        if author.strip() not in names:
            changes.note(
                "authors",
                author,
                "what is not the name of a reporter (label, role, portal, mail address) is removed",
            )
    return names


def _tags(entry: Entry, changes: Adjustments) -> tuple[str, ...]:
    tags = []
    for received in entry.tags[: 4 * MAX_TAGS]:
        tag = title_text(received, MAX_NAME)
        changes.note_text("tags", received, tag)
        tags.append(tag)
    return tuple(dict.fromkeys(filter(None, tags)))[:MAX_TAGS]


def _count(text: str) -> int | None:
    if not text:
        return None
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS else None


def without_shared_guids(candidates: list[Candidate]) -> list[Candidate]:
    """Note where a guid identifies nothing, for several entries of the document have it."""
    times = Counter(candidate.guid for candidate in candidates)
    if not any(guid and count > 1 for guid, count in times.items()):
        return candidates
    return [
        _noted(one, one.guid, times[one.guid]) if one.guid and times[one.guid] > 1 else one
        for one in candidates
    ]


def _noted(candidate: Candidate, guid: str, times: int) -> Candidate:
    why = f"{times} entries share it: it identifies none of them"
    change = Change(field="guid", received=excerpt(guid), why=why)
    return replace(candidate, provenance=candidate.provenance.with_changes(change))
