"""The past of a source, gathered on request: what is asked for, and how far that is."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.model.ops.states import BackfillStatus


class BackfillPath(StrEnum):
    """Where the older articles of a source are listed."""

    ARCHIVES = "archives"
    """Earlier documents of its feed: RFC 5005, `next_url` of JSON Feed, numbered pages of WordPress."""
    PAGES = "pages"
    """The list pages that follow each other, as `list.next` finds them."""
    SITEMAP = "sitemap"
    """Its sitemap, or the sitemaps of an index."""


class BackfillWish(Struct, frozen=True, kw_only=True):
    """How much of the past an operator wants."""

    since: datetime | None = None
    """Only what was published then or later."""
    articles: int = 500
    """New articles, at most."""
    requests: int = 2000
    """Documents and article pages that are requested, at most."""
    path: BackfillPath | None = None
    """None: the first that the source offers."""
    announce: bool = False
    """Whether endpoints hear of the articles; in feeds they stand at their own dates in any case."""


class BackfillProgress(Struct, frozen=True, kw_only=True):
    """How far a back-fill is, for people and programs."""

    source: SourceId
    status: BackfillStatus
    reason: str
    """What a running one waits for, or why it ended; empty while it works."""
    path: BackfillPath | None
    """Where the articles are listed; None until that was found out."""
    since: datetime | None
    articles: int
    requests: int
    announce: bool
    new: int
    known: int
    """Articles in its span that were admitted before."""
    failed: int
    """Documents and article pages that could not be read."""
    requested: int
    oldest: datetime | None
    """The date of the oldest article that was admitted."""
    created_at: datetime
    by: str
    ended_at: datetime | None


class BackfillWalk(Struct, frozen=True, kw_only=True):
    """A walk through the older documents of a source, one portion at a time."""

    source: SourceId
    created_at: datetime
    by: str
    wish: BackfillWish
    path: BackfillPath | None = None
    """None until the first document was read."""
    documents: tuple[str, ...] = ()
    """Addresses that are still to be read, the next one first."""
    seen: frozenset[str] = frozenset()
    """Digests of the addresses that were read or are to be, so that none is read in a circle."""
    step: int = 0
    """Raised by each write: what is written must be of the step that was read."""
    read: int = 0
    """Documents that were read to their end."""
    requested: int = 0
    """Documents and article pages that were requested."""
    new: int = 0
    known: int = 0
    """Articles that were admitted before, from this source or another."""
    failed: int = 0
    """Documents and article pages that could not be read."""
    is_begun: bool = False
    """Whether the next document was read in part."""
    tries: int = 0
    """Failed attempts in a row at the next document."""
    oldest: datetime | None = None
    """The date of the oldest article that was admitted."""
    status: BackfillStatus = BackfillStatus.RUNNING
    reason: str = ""
    """What a running one waits for, or why it ended."""
    ended_at: datetime | None = None

    @property
    def progress(self) -> BackfillProgress:
        return BackfillProgress(
            source=self.source,
            status=self.status,
            reason=self.reason,
            path=self.path,
            since=self.wish.since,
            articles=self.wish.articles,
            requests=self.wish.requests,
            announce=self.wish.announce,
            new=self.new,
            known=self.known,
            failed=self.failed,
            requested=self.requested,
            oldest=self.oldest,
            created_at=self.created_at,
            by=self.by,
            ended_at=self.ended_at,
        )
