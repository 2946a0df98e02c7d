"""What to gather, from where, when and how politely; and what is known of the last time."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.rights import Rights
from syndicator.model.schedule import ALWAYS_OPEN, Calendar, Schedule
from syndicator.model.sources.alarm import Alarm
from syndicator.model.sources.completeness import Completeness, CompletenessRule
from syndicator.model.sources.freshness import Freshness
from syndicator.model.sources.round_history import RoundLog
from syndicator.model.sources.source_findings import GuidRecord, Honesty, Walled


class SourceKind(StrEnum):
    """How a source is read."""

    FEED = "feed"
    """RSS, Atom or JSON Feed; which of them is seen from the document."""
    SITEMAP = "sitemap"
    """A sitemap, an index of sitemaps or a news sitemap: a list of addresses, with or without headlines."""
    PAGE = "page"
    """An HTML list page, its article pages and its box of popular articles, by CSS selectors."""


class SourceScope(StrEnum):
    """Whose budget a request is charged to: all sources with the same one share it."""

    URL = "url"
    HOST = "host"
    DOMAIN = "domain"
    """The registrable domain: `a.portal.co.id` and `b.portal.co.id` are one, two blogs of a host are not."""


class Politeness(Struct, frozen=True, kw_only=True):
    """How hard all workers together may lean on a server."""

    scope: SourceScope = SourceScope.HOST
    max_in_flight: int = 2
    """Requests under way at once."""
    per_minute: float | None = None
    """Requests begun in a minute, evenly spread; None sets no limit."""
    robots: bool = True
    """Whether `robots.txt` (RFC 9309) is asked before pages are. Feeds and sitemaps are for machines."""


class ImagePolicy(StrEnum):
    """What becomes of a source's pictures."""

    LINK = "link"
    """They stay where they are, once they have been seen to be pictures."""
    NONE = "none"
    """They are left out."""
    CACHE = "cache"
    """They are served by us, re-encoded, from a bounded cache."""


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
    `image` means `@src`. `url` may be `re:` and a regular expression instead: then every link of an item
    whose absolute address it finds itself in is an article.
    """

    item: str
    url: str = "a"
    title: str | None = None
    date: str | None = None
    section: str | None = None
    image: str | None = None
    next: str | None = None


class Replacement(Struct, frozen=True, kw_only=True):
    """Words of a portal that are no news: what is put in their place, in one field of an article."""

    field: str
    """`title`, `lead`, `quote`, `authors`, `section`, `tags`, `caption`, `credit` or `body` (its HTML)."""
    find: str
    by: str = ""
    regex: bool = False
    """Whether `find` is a regular expression (Python's `re`); `by` may then name its groups."""


class ArticleRule(Struct, frozen=True, kw_only=True):
    """Where an article page keeps its parts. CSS selectors; `selector@attribute` takes an attribute.

    `remove` names what is cut out before anything is read. `related` names links: those inside `body`
    are inline (and leave the body), the others boxed. What has no selector, or whose selector finds nothing,
    is taken from what the page says of itself in JSON-LD, microdata or OpenGraph; a body without a selector
    is found by its density of text.
    """

    title: str | None = None
    body: str | None = None
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
    embargo: str | None = None
    """Until when the article is to be held."""
    remove: str | None = None
    replace: tuple[Replacement, ...] = ()


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


class Way(StrEnum):
    """By what the articles of a source are known again; see `rules.identity.identity`."""

    AUTO = "auto"
    """Guid and address; the address alone once its guids name nothing (`rules.identity.guid_trust`)."""
    GUID = "guid"
    LINK = "link"
    PATH = "path"
    """The address without its host."""
    CONTENT = "content"
    """Headline and lead."""
    PATTERN = "pattern"
    """What a regular expression takes out of the address."""


class IdentityPolicy(Struct, frozen=True, kw_only=True):
    """What a source's table declares of it."""

    way: Way = Way.AUTO
    pattern: str = ""
    """For `pattern`: with one group, searched in the address."""
    scope: str = ""
    """Under which id names inside the source are kept: the first that it had; empty: its own."""


class Source(Struct, frozen=True, kw_only=True):
    """One portal, or one part of it, as the configuration describes it."""

    id: SourceId
    title: str
    kind: SourceKind
    url: str
    schedule: Schedule
    calendar: Calendar = ALWAYS_OPEN
    """Windows, holidays, blackouts, bursts and one-off runs, laid over the schedule."""
    group: str | None = None
    """Its `[group.NAME]`, from which it inherits; also a name to choose sources by."""
    tags: tuple[str, ...] = ()
    """Names to choose sources by."""
    owner: str | None = None
    """Who publishes it and others: their reports are not independent (`rules.stories.owners`)."""
    home_url: str | None = None
    """The portal's page for people; None means the origin of `url`."""
    language: str | None = None
    section: str | None = None
    """Of articles that name none."""
    timezone: str = "UTC"
    """Applied to dates that carry no zone of their own."""
    headers: Mapping[str, str] = {}
    limits: FetchLimits = FetchLimits()
    max_pages: int = 10
    """How many list pages one round reads at most."""
    max_articles: int = 200
    """How many article pages one round reads at most, the oldest first; of a feed, how many entries."""
    full_text: bool = False
    """Whether the article page is read too. Of a page source it always is."""
    future_dates: bool = False
    """Whether dates ahead of now are meant, as those of events are."""
    announce_age_s: float = 48 * 3600.0
    """How old an article of a first round may be and still be announced: see `rules.sources.announcement`."""
    fresh_within_s: float | None = None
    """How soon after publication articles are to be shown: see `rules.sources.freshness`."""
    completeness: CompletenessRule | None = None
    """How a feed is compared with a sitemap."""
    identity: IdentityPolicy = IdentityPolicy()
    domains: tuple[str, ...] = ()
    """Other registrable domains of the same portal (`rules.identity.canonical_trust`)."""
    tracking: tuple[str, ...] = ()
    """Parameters of its addresses, in lower case, that choose no page; `*` at the end stands for any."""
    images: ImagePolicy = ImagePolicy.LINK
    rights: Rights = Rights()
    politeness: Politeness = Politeness()
    proxy: str | None = None
    """URL of a forward proxy for all requests of this source; may hold a password."""
    websub: bool = True
    """Whether to have the source's hub push to us, where it names one and we can be reached."""
    list: ListRule | None = None
    article: ArticleRule | None = None
    popular: PopularRule | None = None
    former_ids: tuple[SourceId, ...] = ()


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

    def __add__(self, other: "Round") -> "Round":
        return Round(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            duplicate=self.duplicate + other.duplicate,
            unchanged=self.unchanged + other.unchanged,
        )


class FeedHints(Struct, frozen=True, kw_only=True):
    """What a feed itself says of when to ask again."""

    ttl_s: float | None = None
    """RSS 2.0 `<ttl>`."""
    update_interval_s: float | None = None
    """RSS 1.0 syndication module: the period divided by the frequency."""
    skip_hours: tuple[int, ...] = ()
    """RSS 2.0 `<skipHours>`: 0 to 23, GMT."""
    skip_days: tuple[int, ...] = ()
    """RSS 2.0 `<skipDays>`: Monday is 0, GMT."""


class Move(Struct, frozen=True, kw_only=True):
    """A permanent redirect (301, 308) of a source: see `rules.sources.redirect_tracking`."""

    target: str
    sightings: int = 0
    """Rounds in a row in which it led there and the same articles were found there."""
    first_seen_at: datetime
    adopted_at: datetime | None = None
    """Since when the target is asked in place of the configured address."""
    known_until: datetime | None = None
    """Articles count as known that were first seen before; None stands for `first_seen_at`."""
    looked_back_at: datetime | None = None
    """When the configured address was last asked, of a move that is adopted."""
    given_up_at: datetime | None = None
    """When a target that had been adopted turned out to be another source, or gone."""


class SourceState(Struct, frozen=True, kw_only=True):
    """What is remembered of a source between rounds."""

    spec_hash: str | None = None
    """Of the source's description at the last round: after a change nothing below is relied on."""
    etag: str | None = None
    last_modified: str | None = None
    validators_of: str | None = None
    """Where redirects led to the document that had these two; None where it was at the address asked."""
    body_hash: str | None = None
    """Hex digest of the last body that was parsed: an equal one need not be parsed again."""
    read_at: datetime | None = None
    """When the document was last read, not just found unchanged."""
    cut_short: bool = False
    """Of list pages: the last round left something unread, perhaps on a page behind the first."""
    last_attempt_at: datetime | None = None
    last_success_at: datetime | None = None
    last_round: Round | None = None
    """What the last round brought that worked: where `failure` is set, a later one failed."""
    first_success_at: datetime | None = None
    """None until the first round that worked: that round is a backfill."""
    archive_before: datetime | None = None
    """Of a sitemap: what is dated before the oldest that its first round took is the portal's archive."""
    failures: int = 0
    """In a row."""
    excused: int = 0
    """Failed rounds of that row that do not count against it: asked too often, or the fault was ours."""
    failure: Failure | None = None
    last_failure_at: datetime | None = None
    warnings: tuple[str, ...] = ()
    """What was odd in the last round, a sentence each."""
    own_warnings: tuple[str, ...] = ()
    """Those of them that are of the document: they stay as long as it does."""
    missing: Mapping[str, int] = {}
    """Selectors that ever found something: for how many rounds with pages nothing now, 0 for the others."""
    lacked: Mapping[str, int] = {}
    """In how many rounds in a row a selector found nothing at most before it found something again."""
    walled: Walled = Walled()
    honesty: Honesty = Honesty()
    move: Move | None = None
    guids: GuidRecord = GuidRecord()
    hints: FeedHints = FeedHints()
    interval_s: float | None = None
    """What an adaptive schedule has come to."""
    rhythm: tuple[float, ...] = ()
    """Articles of each hour of the week, from Monday 00 in its zone: 168 numbers, older weeks count less."""
    rhythm_at: datetime | None = None
    """When `rhythm` was last aged."""
    fruitful: bool = False
    """Whether any article was ever taken from it, be it that another source had brought it before."""
    last_new_at: datetime | None = None
    """When something new was last found."""
    gaps: int = 0
    """Rounds whose document held nothing known, so that articles were probably missed between two rounds."""
    last_gap_at: datetime | None = None
    """When the last of them was."""
    alarm: Alarm = Alarm()
    log: RoundLog = RoundLog()
    freshness: Freshness = Freshness()
    completeness: Completeness = Completeness()
    stopped: str | None = None
    """Why the source is not asked any more, until its description changes or it is resumed."""
    paused: bool = False
    """Whether an operator lets it rest: until that ends, whatever else happens."""
    pause: Pause | None = None
    """By which pause it rests."""
    resting_since: datetime | None = None
    """When the pause was ordered that was noticed since the last round that worked; None: none was."""
    next_due_at: datetime | None = None
    due_because: str = "never gathered"
    """The sentence that says why it is due then."""
