"""What a source claims (`Candidate`) and what we admitted (`Article`)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import IdentityPolicy, ImagePolicy


class Photo(Struct, frozen=True, kw_only=True):
    """A picture that belongs to an article; `url` is absolute."""

    url: str
    caption: str | None = None
    credit: str | None = None
    media_type: str | None = None
    length_bytes: int | None = None
    width: int | None = None
    height: int | None = None


class Enclosure(Struct, frozen=True, kw_only=True):
    """A file that belongs to an article and is no picture: audio, video, a document; `url` is absolute."""

    url: str
    media_type: str | None = None
    length_bytes: int | None = None


class Placement(StrEnum):
    """Where a page shows a related link."""

    INLINE = "inline"
    """Between the paragraphs of the body ("Baca juga")."""
    BOXED = "boxed"
    """In a box beside or below it ("Berita Terkait")."""


class RelatedLink(Struct, frozen=True, kw_only=True):
    """Another article that the portal itself points to; `url` is absolute."""

    url: str
    title: str
    placement: Placement = Placement.BOXED


class Change(Struct, frozen=True, kw_only=True):
    """What we made of something that a source says. What has no change was taken as it came."""

    field: str
    received: str
    """As it came, at most 200 characters."""
    why: str
    """One sentence: what was done, and by which rule."""


class Provenance(Struct, frozen=True, kw_only=True):
    """Where a candidate came from, and what was changed on the way."""

    source: SourceId
    requested_url: str
    fetched_at: datetime
    status: int = 200
    url: str = ""
    """Where the document finally came from; empty where that is `requested_url`."""
    etag: str | None = None
    last_modified: str | None = None
    rules: str = ""
    """Version of the source's description by which it was read: `rules.identity.identity.spec_hash`."""
    pushed: bool = False
    """Whether a hub brought it; else we asked."""
    images: ImagePolicy = ImagePolicy.LINK
    """How its pictures were handled: the source's policy at that time."""
    claimed_date: str | None = None
    """The date as the source writes it."""
    claimed_at: str | None = None
    """That date as an instant with the offset that the source gives it, or that its zone has
    (`2026-11-05T18:20:00+07:00`); None where it is none."""
    date_rule: str = ""
    """The sentence that says what was made of it."""
    read_from: Mapping[str, str] = {}
    """Of an article page, what each field was read by: `selector`, `json-ld`, `microdata`, `opengraph`,
    `meta`, `h1`, `text density`, `text near the headline`, `figure`, `address`, `words` (its language),
    `list` or `feed`; several, with commas, where one completed another."""
    changes: tuple[Change, ...] = ()
    held_since: datetime | None = None
    """When we first saw it, of what was kept back under an embargo."""
    held_until: datetime | None = None
    """When that embargo ended, or was lifted."""

    def with_changes(self, *changes: Change) -> "Provenance":
        """Return a copy with further changes after its own."""
        return replace(self, changes=(*self.changes, *changes)) if changes else self


class Candidate(Struct, frozen=True, kw_only=True):
    """An article as a source claims it: text cleaned, links absolute, nothing judged yet.

    `title`, `lead`, `quote` and names are plain text; `body_html` is clean HTML (nothing active in it).
    """

    source: SourceId
    url: str
    title: str
    provenance: Provenance
    guid: str | None = None
    """Only where it is an identity of its own (a feed's guid or id)."""
    canonical_url: str | None = None
    """The page's own `rel=canonical`, when it stays on the portal's own host."""
    lead: str = ""
    body_html: str = ""
    quote: str | None = None
    authors: tuple[str, ...] = ()
    photos: tuple[Photo, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    published_at: datetime | None = None
    """As claimed, in UTC; None when the source does not say."""
    is_event: bool = False
    """Whether a date ahead of now is meant: see `Source.future_dates`."""
    is_first_party: bool = False
    """Whether its source is of the portal that its address belongs to: see
    `rules.identity.canonical_trust.is_first_party`."""
    updated_at: datetime | None = None
    related: tuple[RelatedLink, ...] = ()
    views: int | None = None
    """The portal's own absolute counter, when it shows one."""
    comments: int | None = None
    """How many comments the source counts (`slash:comments`, `thr:total`)."""
    embargo_until: datetime | None = None
    """Before this time it must not be published."""
    correction: str | None = None
    """What its source says of a correction beside the text, where it says so."""
    cancelled: str | None = None
    """The word by which its source says that it is not to be shown any more: `canceled`, `retracted`, …"""
    identified_by: IdentityPolicy = IdentityPolicy()
    """By what it is known again."""


class ListedItem(Struct, frozen=True, kw_only=True, gc=False):
    """One line of a list page or a sitemap: enough to know whether the article page must be read."""

    url: str
    title: str | None = None
    published_at: datetime | None = None
    claimed_at: str | None = None
    """The same with the offset that the source gives it: see `Provenance.claimed_at`."""
    updated_at: datetime | None = None
    """When the page last changed, as a sitemap says."""
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    image_url: str | None = None
    embargo_until: datetime | None = None


class PopularItem(Struct, frozen=True, kw_only=True):
    """One line of a portal's box of popular articles."""

    rank: int
    """1 is the most popular."""
    url: str
    title: str
    published_at: datetime | None = None
    claimed_date: str | None = None
    """The date as the box writes it: often a bare day, of which no instant can be made while it goes on."""
    views: int | None = None
    author: str | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """By what an article is known again: see `rules.identity.identity`."""

    keys: tuple[str, ...]
    """The surest first. Each is `u:…` (canonical URL, over all sources), `g:…` (guid of one source), `s:…`
    (its path at any host of one source), or what the source's table declares."""
    article_id: ArticleId
    """The id that the article gets if none of the keys is known."""
    content_hash: str
    """Changes when, and only when, a reader would notice."""
    link: str = ""
    """That of the keys which is the address that the source lists; empty where it identifies nothing."""
    foreign: tuple[str, ...] = ()
    """Those of the keys by which only articles of other sources are recognised."""
    is_first_party: bool = False
    """That of the candidate."""


class Alias(Struct, frozen=True, kw_only=True):
    """Another name under which a known article came."""

    kind: str
    """`guid`, `link` (an address), or `article` (one that was found to be the same)."""
    value: str
    at: datetime
    known_by: str = ""
    """What it was recognised by all the same."""


class ChangeSize(StrEnum):
    """How much a revision changed: see `rules.articles.revision`."""

    MINOR = "minor"
    MAJOR = "major"


class Revised(Struct, frozen=True, kw_only=True):
    """How a revision differs from the one before."""

    size: ChangeSize
    words_changed: float
    """Share of the words, 0 to 1."""
    words_added: int
    words_removed: int
    title_changed: bool
    figures_changed: bool
    """Whether a figure that stood there is gone or another."""
    fields: tuple[str, ...]
    """Which parts differ: title, lead, quote, body, photos, enclosures, authors, section, tags,
    correction."""


class Article(Struct, frozen=True, kw_only=True):
    """An article as we admitted it. `published_at` never moves once it is set."""

    id: ArticleId
    revision: int
    source: SourceId
    url: str
    title: str
    published_at: datetime
    """As claimed, or `first_seen_at` where no believable date was given; not before its embargo ended."""
    first_seen_at: datetime
    updated_at: datetime
    """When a reader last would have noticed a change; equals `published_at` on revision 1."""
    listed_at: datetime
    """Where feeds sort it: see `rules.dates.claimed_dates.listed_at`."""
    provenance: Provenance
    content_hash: str
    is_first_party: bool = True
    """Whether its source is of the portal that its address belongs to; True too where that was not noted."""
    released_at: datetime | None = None
    """When it was admitted, of what was kept back before; None where that was at first sight."""
    guid: str | None = None
    lead: str = ""
    body_html: str = ""
    quote: str | None = None
    authors: tuple[str, ...] = ()
    photos: tuple[Photo, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    related: tuple[RelatedLink, ...] = ()
    correction: str | None = None
    """The sentence by which it says that it was corrected: see `rules.articles.correction`."""
    revised: Revised | None = None
    """How it differs from the revision before; None for the first."""
    earlier: tuple[str, ...] = ()
    """`content_hash` of the versions before, the newest last; a few."""
    returns: int = 0
    """How often it went back to one of them."""
    restored_at: datetime | None = None
    """When an operator took a withdrawal of it back."""

    @property
    def shown_since(self) -> datetime:
        """Since when readers may have seen it."""
        return self.released_at or self.first_seen_at


class WithdrawnBy(StrEnum):
    """Whose word it was that an article is to be withdrawn."""

    OPERATOR = "operator"
    PAGE = "page"
    """Its page is gone (404, 410), in two rounds."""
    FEED = "feed"
    """Its feed says that the entry was deleted (RFC 6721)."""
    STATUS = "status"
    """Its source says that it is cancelled or retracted."""


class Withdrawal(Struct, frozen=True, kw_only=True):
    """An article that is not to be seen any more."""

    article: Article
    """As it was, with its body: it can be restored."""
    revision: int
    """Of the withdrawal itself."""
    at: datetime
    by: WithdrawnBy
    reason: str
