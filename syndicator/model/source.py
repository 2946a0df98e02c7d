"""What to gather, from where, when and how politely; and what is known of the last time."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.ids import SourceId


class SourceKind(StrEnum):
    """How a source is read."""

    FEED = "feed"
    """RSS, Atom or JSON Feed; which of them is seen from the document."""
    PAGE = "page"
    """An HTML list page, its article pages and its box of popular articles, by CSS selectors."""


class Every(Struct, frozen=True, kw_only=True, tag="every"):
    """Due again a fixed time after the last round began, moved by up to `jitter_s` either way."""

    interval_s: float
    jitter_s: float = 0.0


class Cron(Struct, frozen=True, kw_only=True, tag="cron"):
    """Due by a five-field cron expression, read in a zone of its own."""

    expression: str
    timezone: str
    jitter_s: float = 0.0


Schedule = Every | Cron


class FetchLimits(Struct, frozen=True, kw_only=True):
    """What one request may cost us."""

    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    max_body_bytes: int = 10 * 1024 * 1024
    """After decompression."""
    max_redirects: int = 5


class ListRule(Struct, frozen=True, kw_only=True):
    """Where a list page keeps its articles. CSS selectors; `selector@attribute` takes an attribute.

    All but `item` and `next` are looked up inside one item. `url` without an attribute means `@href`,
    `image` means `@src`.
    """

    item: str
    url: str = "a"
    title: str | None = None
    date: str | None = None
    section: str | None = None
    image: str | None = None
    next: str | None = None


class ArticleRule(Struct, frozen=True, kw_only=True):
    """Where an article page keeps its parts. CSS selectors; `selector@attribute` takes an attribute.

    `remove` names what is cut out before anything is read. `related` names links: those inside `body`
    are inline (and leave the body), the others boxed.
    """

    title: str
    body: str
    date: str | None = None
    authors: str | None = None
    lead: str | None = None
    quote: str | None = None
    photo: str | None = None
    caption: str | None = None
    credit: str | None = None
    section: str | None = None
    tags: str | None = None
    related: str | None = None
    views: str | None = None
    remove: str | None = None


class PopularRule(Struct, frozen=True, kw_only=True):
    """Where a page keeps its box of popular articles. Rank is the order of the items.

    `url` is the page that holds the box: None means the list page of the source.
    """

    item: str
    url: str | None = None
    title: str | None = None
    link: str = "a"
    date: str | None = None
    views: str | None = None
    author: str | None = None


class Source(Struct, frozen=True, kw_only=True):
    """One portal, or one part of it, as the configuration describes it."""

    id: SourceId
    title: str
    kind: SourceKind
    url: str
    schedule: Schedule
    home_url: str | None = None
    """The portal's page for people; None means the origin of `url`."""
    language: str | None = None
    timezone: str = "UTC"
    """Applied to dates that carry no zone of their own."""
    headers: Mapping[str, str] = {}
    limits: FetchLimits = FetchLimits()
    max_pages: int = 10
    """How many list pages one round reads at most."""
    max_articles: int = 200
    """How many article pages one round reads at most, the oldest first; of a feed, how many entries."""
    list: ListRule | None = None
    article: ArticleRule | None = None
    popular: PopularRule | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """Why the last round failed."""

    reason: str
    """One word: `model.fetch.Reason`, or `http_404` and the like."""
    detail: str
    """One sentence for people."""
    at: datetime


class Round(Struct, frozen=True, kw_only=True):
    """What one round of gathering brought."""

    new: int = 0
    changed: int = 0
    duplicate: int = 0
    """Carried here, first admitted from another source."""
    unchanged: int = 0


class SourceState(Struct, frozen=True, kw_only=True):
    """What is remembered of a source between rounds."""

    spec_hash: str | None = None
    """Of the source's description at the last round: after a change nothing below is relied on."""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    """Hex digest of the last body that was parsed: an equal one need not be parsed again."""
    read_at: datetime | None = None
    """When the document was last read, not just found unchanged."""
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_round: Round | None = None
    first_success_at: datetime | None = None
    """None until the first round that worked: that round is a backfill."""
    failures: int = 0
    """In a row."""
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    """What was odd in the last round, a sentence each."""
    next_due_at: datetime | None = None
    due_because: str = "never gathered"
    """The sentence that says why it is due then."""
