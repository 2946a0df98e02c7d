"""The outcome of a round, and the notes it is drawn from; shared by rounds of all kinds."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable, SyndicatorError
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, NotModified, Reason
from syndicator.model.ids import ArticleId
from syndicator.model.source import FeedHints, IdentityPolicy, Round, Source, SourceState
from syndicator.model.sources.completeness import Completeness
from syndicator.model.sources.freshness import Sighting
from syndicator.model.sources.source_findings import PagesTried
from syndicator.rules.identity.guid_trust import GuidEvidence
from syndicator.rules.sources.announcement import Announcing
from syndicator.rules.sources.cadence import counts_against, passes
from syndicator.rules.sources.redirect_tracking import to_ask
from syndicator.rules.sources.rhythm import Poll

READING_TIME_S = 200.0
"""A round begins no article page after this time. The remaining pages are read in the next round."""

MAX_WARNINGS = 30
_HASHED_HERE_BYTES = 1024 * 1024
"""Larger bodies are hashed in a thread. This many bytes take 1 ms."""


class ListedCount(Struct, frozen=True, kw_only=True):
    """How many articles a document listed, and which of them were known before the round."""

    total: int
    ids: tuple[ArticleId, ...] = ()
    keys: tuple[str, ...] = ()
    """Identity keys of further known articles, newest first."""


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of a round that did not fail, and what the next round needs to know."""

    round: Round = Round()
    not_modified: bool = False
    warnings: tuple[str, ...] = ()
    """Warnings about the document and the pages that it links to."""
    of_pushes: tuple[str, ...] = ()
    """Warnings about content pushed by the hub. Kept apart from `warnings`: a push is read only once, so it
    must not affect the health of the document."""
    etag: str | None = None
    last_modified: str | None = None
    validators_of: str | None = None
    """See `SourceState.validators_of`."""
    body_hash: str | None = None
    read_whole: bool = False
    """Whether the document itself was read, not just found unchanged."""
    cut_short: bool = False
    """Whether list pages, sitemaps or article pages are still to be read."""
    headers: Mapping[str, str] = {}
    """Headers of the response, which may limit when the next request is welcome."""
    hints: FeedHints | None = None
    """The update interval that the document declares; None where it was not read."""
    poll: Poll = Poll()
    """Input for the publishing rhythm of the source."""
    sightings: tuple[Sighting, ...] = ()
    """The new articles that say how fresh the source is."""
    completeness: Completeness | None = None
    """None where the feed was not compared in this round."""
    moved_to: str | None = None
    """The target of permanent redirects."""
    looked_back: bool = False
    """Whether the configured address was requested before the one that the source has moved to."""
    from_configured: bool = False
    """Whether the document came from the configured address although the source has moved."""
    listed: ListedCount | None = None
    """None where no document was read."""
    overlap: bool | None = None
    """Whether the document belongs to the same source; None where that was not examined, or is unclear."""
    held_news: bool | None = None
    """Whether a document that the server declared unchanged held anything new; None where not verified."""
    guids: GuidEvidence = GuidEvidence()
    """What the document shows about the reliability of the source's guids."""
    found: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    """Configured selectors that matched something (`found`) or nothing (`missing`) on any page."""
    pages: PagesTried = PagesTried()
    archive_before: datetime | None = None
    """The date before which articles belong to the archive, as a first round has found it."""
    hub_delivers: bool = False
    only_pushed: bool = False
    """Whether only pushed content was admitted, and the source itself was not requested."""


class KindOfRound(Protocol):
    """Gathers sources of one kind: feeds, pages or sitemaps."""

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where there is nothing to read."""


@dataclass(slots=True)
class Notes:
    """Notes of one round: its limits, its warnings, and counts of pages."""

    until: float
    """No article page is begun after this time, on the clock of the event loop."""
    archive_before: datetime | None = None
    """Articles dated before belong to the archive: they are listed by their own dates."""
    identified_by: IdentityPolicy | None = None
    """How articles are identified; None: as the source is configured."""
    back: bool = False
    """Whether the source is gathered again after a long pause (`rules.sources.announcement`)."""
    announcing: Announcing | None = None
    """Which articles are announced, in place of the rule for rounds (`rules.sources.announcement`)."""
    since: datetime | None = None
    """Articles published before are left out."""
    found: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    pages_read: int = 0
    pages_failed_first: int = 0
    """Unknown article pages that could not be read at the first attempt."""
    unfinished: bool = False
    """Whether the document links to pages that are still to be read. Its validators are then not kept: a 304
    answer would hide these pages."""
    lists_cut: bool = False
    """Whether a later list page, or a sitemap of an index, could not be read but may be soon."""
    _failures: Counter[str] = field(default_factory=Counter)
    """Number of unknown article pages that could not be read, by reason."""
    _sentences: dict[str, list[str]] = field(default_factory=dict)
    """Warnings, each with the article pages that it concerns; without pages it concerns the round."""

    def warn(self, *sentences: str) -> None:
        """Record warnings about this round."""
        for sentence in sentences:
            self._sentences.setdefault(sentence, [])

    def warn_of_page(self, url: str, *sentences: str) -> None:
        """Record warnings about an article page."""
        for sentence in sentences:
            self._sentences.setdefault(sentence, []).append(url)

    def page_failed(self, why: str) -> None:
        """Count an unknown article page that was requested and could not be read."""
        self._failures[why] += 1

    @property
    def pages(self) -> PagesTried:
        """Counts of the article pages read and failed so far."""
        return PagesTried(
            read=self.pages_read,
            failed=self._failures.total(),
            failed_first=self.pages_failed_first,
            why=self._failures.most_common(1)[0][0] if self._failures else "",
        )

    def leave(self, count: int) -> None:
        """Record that so many articles of a document are left for the next round."""
        if count:
            self.unfinished = True
            self.warn(f"articles left for the next round: {count}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, each sentence once, at most MAX_WARNINGS."""
        warnings = [_of_pages(sentence, urls) for sentence, urls in self._sentences.items()]
        rest = len(warnings) - MAX_WARNINGS
        return (*warnings[:MAX_WARNINGS], f"and {rest} more") if rest > 0 else tuple(warnings)

    @property
    def left_s(self) -> float:
        """Seconds for which article pages may still be read."""
        return self.until - asyncio.get_running_loop().time()

    @property
    def time_is_up(self) -> bool:
        return self.left_s < 0


def _of_pages(sentence: str, urls: Sequence[str]) -> str:
    if not urls:
        return sentence
    if len(urls) == 1:
        return f"article page {urls[0]}: {sentence}"
    return f"{len(urls)} article pages, such as {urls[0]}: {sentence}"


def new_notes(first_success_at: datetime | None = None) -> Notes:
    """Begin the notes of a round. Use one object for the whole round: it holds the deadline."""
    until = asyncio.get_running_loop().time() + READING_TIME_S
    return Notes(until=until, archive_before=first_success_at)


def listing_until(notes: Notes) -> float:
    """Return the deadline for list pages and sitemaps: a third of the time that is left."""
    now = asyncio.get_running_loop().time()
    return now + (notes.until - now) / 3


class RoundFailed(SyndicatorError):
    """The main document of a round could not be fetched."""

    def __init__(self, failed: FetchFailed) -> None:
        super().__init__(f"{failed.code}: {failed.detail}")
        self.failed = failed


def fetched(result: FetchResult) -> Fetched:
    """Return the document of an unconditional request; raise RoundFailed or NotReadable without one."""
    match result:
        case Fetched():
            return result
        case FetchFailed():
            raise RoundFailed(result)
        case NotModified():
            raise NotReadable("malformed", "the server says that nothing changed, though we did not ask that")


async def body_hash(fetched: Fetched) -> str:
    """Return the digest of a document, 16 bytes in hex."""
    if len(fetched.body) <= _HASHED_HERE_BYTES:
        return _digest(fetched.body)
    return await asyncio.to_thread(_digest, fetched.body)


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def is_wanted_later(result: FetchResult) -> bool:
    """Return whether a failed request is worth another try soon."""
    return isinstance(result, FetchFailed) and (passes(result) or not counts_against(result))


def word(result: object) -> str:
    """Return the reason code of a failure; with its detail where robots.txt forbids the page."""
    if isinstance(result, FetchFailed) and result.reason is Reason.ROBOTS:
        return f"{result.code}: {result.detail}"
    return result.code if isinstance(result, FetchFailed) else "no document"


def with_known(counts: Round, known: int) -> Round:
    """Add to the unchanged articles those that were listed, known, and not examined again."""
    return replace(counts, unchanged=counts.unchanged + known)


def address(source: Source, state: SourceState) -> str:
    """Return the address that a round requests: the configured one, or the one it has moved to for good."""
    return to_ask(source.url, state.move, private=bool(source.headers))
