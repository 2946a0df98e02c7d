"""What the rounds of all kinds of source share."""

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
from syndicator.model.source import FeedHints, IdentityPolicy, PagesTried, Round, Source, SourceState
from syndicator.pipeline.articles.admission import Admitted
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.identity.guid_trust import GuidEvidence
from syndicator.rules.sources.cadence import counts_against, passes
from syndicator.rules.sources.redirect_tracking import to_ask
from syndicator.rules.sources.rhythm import Poll

READING_TIME_S = 200.0
"""So long a round goes on to article pages; what is left is still listed, and unknown, in the next."""


MAX_WARNINGS = 30
_HASHED_HERE_BYTES = 1024 * 1024
"""In 1 ms; the event loop does not wait for more."""


class ListedCount(Struct, frozen=True, kw_only=True):
    """What a document listed: of how many articles, and which of them were known before the round."""

    total: int
    ids: tuple[ArticleId, ...] = ()
    keys: tuple[str, ...] = ()
    """Identity keys of known ones besides, the newest first."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What a round that worked brought, and what to remember for the next."""

    round: Round = Round()
    not_modified: bool = False
    warnings: tuple[str, ...] = ()
    """What was odd in the document, or the pages that it names."""
    of_pushes: tuple[str, ...] = ()
    """The same of what a hub pushed: it comes once, and says nothing of the document."""
    etag: str | None = None
    last_modified: str | None = None
    validators_of: str | None = None
    """See `SourceState.validators_of`."""
    body_hash: str | None = None
    read_whole: bool = False
    """Whether the document itself was read, not just found unchanged."""
    cut_short: bool = False
    """Whether something that lists articles, or one of these, is still to be read."""
    headers: Mapping[str, str] = {}
    """Of the answer: they say when the server wants to be asked again."""
    hints: FeedHints | None = None
    """What the document says of that; None where it was not read."""
    poll: Poll = Poll()
    """What the rhythm learns from."""
    moved_to: str | None = None
    """Where permanent redirects led."""
    looked_back: bool = False
    """Whether the configured address was asked, or tried, before the one that the source has moved to."""
    from_configured: bool = False
    """Whether it was the configured address that was asked though the source has moved."""
    listed: ListedCount | None = None
    """None where no document was read."""
    overlap: bool | None = None
    """Whether the document is that of the same source; None where that was not asked, or cannot be told."""
    held_news: bool | None = None
    """Of a document that was said to be unchanged and fetched all the same: whether it held anything new."""
    guids: GuidEvidence = GuidEvidence()
    """What the document shows of the source's guids."""
    found: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    """Configured selectors that found something, or nothing, on any page of the round."""
    pages: PagesTried = PagesTried()
    archive_before: datetime | None = None
    """What a first round found to be archive from then on (`rules.sources.archive`)."""
    hub_delivers: bool = False
    only_pushed: bool = False
    """Whether only what a hub had brought was taken in, and the source itself was not asked."""


class KindOfRound(Protocol):
    """How sources of one kind are gathered."""

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        """Gather once; raise RoundFailed or NotReadable where there is nothing to read."""


@dataclass(slots=True)
class Notes:
    """What is noticed in the course of one round."""

    until: float
    """When no further article page is begun, on the clock of the event loop."""
    archive_before: datetime | None = None
    """What is dated before is no late find, but comes from the archive: it is listed by its own date."""
    identified_by: IdentityPolicy | None = None
    """By what its articles are known; None: as the source's table says."""
    back: bool = False
    """Whether the source is gathered again after a long pause (`rules.sources.announcement`)."""
    found: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    pages_read: int = 0
    pages_failed_first: int = 0
    """Unknown article pages that could not be read, and never had been tried before."""
    unfinished: bool = False
    """Whether a document names something that is still to be read: its validators are not to be kept then,
    for an answer that nothing has changed would hide it."""
    lists_cut: bool = False
    """Whether a later list page, or a sitemap of an index, could not be had, and may be soon."""
    _failures: Counter[str] = field(default_factory=Counter)
    """Why unknown article pages could not be read, and how often."""
    _sentences: dict[str, list[str]] = field(default_factory=dict)
    """Each with the article pages that it was said of; none for what is said of the round."""

    def warn(self, *sentences: str) -> None:
        """Note what is odd in this round."""
        for sentence in sentences:
            self._sentences.setdefault(sentence, [])

    def warn_of_page(self, url: str, *sentences: str) -> None:
        """Note what is odd on an article page."""
        for sentence in sentences:
            self._sentences.setdefault(sentence, []).append(url)

    def page_failed(self, why: str) -> None:
        """Count an unknown article page that was asked for and could not be read."""
        self._failures[why] += 1

    @property
    def pages(self) -> PagesTried:
        """What became of the article pages so far."""
        return PagesTried(
            read=self.pages_read,
            failed=self._failures.total(),
            failed_first=self.pages_failed_first,
            why=self._failures.most_common(1)[0][0] if self._failures else "",
        )

    def leave(self, count: int) -> None:
        """Note that so many articles of a document wait for the next round."""
        if count:
            self.unfinished = True
            self.warn(f"articles left for the next round: {count}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd, each sentence once: a fault of a whole portal is one fault."""
        chosen = [_of_pages(sentence, urls) for sentence, urls in self._sentences.items()]
        rest = len(chosen) - MAX_WARNINGS
        return (*chosen[:MAX_WARNINGS], f"and {rest} more") if rest > 0 else tuple(chosen)

    @property
    def left_s(self) -> float:
        """How long article pages may still be read."""
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
    """Begin the notes of a round: one for all that it does, for its time is one."""
    until = asyncio.get_running_loop().time() + READING_TIME_S
    return Notes(until=until, archive_before=first_success_at)


def listing_until(notes: Notes) -> float:
    """Return when no further list page or sitemap is begun: a third of the time that is left is theirs."""
    now = asyncio.get_running_loop().time()
    return now + (notes.until - now) / 3


class RoundFailed(SyndicatorError):
    """The document that a round stands on could not be had."""

    def __init__(self, failed: FetchFailed) -> None:
        super().__init__(f"{failed.code}: {failed.detail}")
        self.failed = failed


def fetched(result: FetchResult) -> Fetched:
    """Return the document that was asked for without conditions; raise RoundFailed where there is none."""
    match result:
        case Fetched():
            return result
        case FetchFailed():
            raise RoundFailed(result)
        case NotModified():
            raise NotReadable("malformed", "the server says that nothing changed, though we did not ask that")


async def body_hash(fetched: Fetched) -> str:
    """Return the digest of a document: an equal one need not be read again."""
    if len(fetched.body) <= _HASHED_HERE_BYTES:
        return _digest(fetched.body)
    return await asyncio.to_thread(_digest, fetched.body)


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def poll_of(admitted: Sequence[Admitted], *, known: int = 0, backfill: bool, pushed: bool = False) -> Poll:
    """Return what a document held.

    The new with their dates, and how much was known (`known` beside these).
    """
    new = [one.candidate for one in admitted if one.verdict is AdmissionVerdict.NEW]
    return Poll(
        new=len(new),
        known=known + len(admitted) - len(new),
        published=tuple(one.published_at for one in new if one.published_at),
        backfill=backfill,
        pushed=pushed,
    )


def is_wanted_later(result: FetchResult) -> bool:
    """Return whether what could not be had is worth another try soon: that says nothing of the document."""
    return isinstance(result, FetchFailed) and (passes(result) or not counts_against(result))


def word(result: object) -> str:
    """Return what came in place of a document; of what robots.txt forbids with the remedy."""
    if isinstance(result, FetchFailed) and result.reason is Reason.ROBOTS:
        return f"{result.code}: {result.detail}"
    return result.code if isinstance(result, FetchFailed) else "no document"


def with_known(counts: Round, known: int) -> Round:
    """Add what was listed, known, and not looked at again."""
    return replace(counts, unchanged=counts.unchanged + known)


def address(source: Source, state: SourceState) -> str:
    """Return the address that a round asks: the configured one, or where it has moved for good."""
    return to_ask(source.url, state.move, private=bool(source.headers))
