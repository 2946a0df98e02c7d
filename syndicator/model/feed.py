"""What is published: a feed's description, what is in it now, and its bytes."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.article import Article, Withdrawal
from syndicator.model.clock import EPOCH
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.rights import Content, Rights

ASK_AGAIN_S = 60
"""After this, a reader or a cache asks again: sent as `ttl` and in Cache-Control."""


class Site(Struct, frozen=True, kw_only=True):
    """Who publishes. Every public URL is made here, from configuration, never from a request."""

    title: str
    public_url: str
    """Absolute, without a slash at the end; may carry a path prefix."""
    language: str = "en"
    timezone: str = "UTC"
    contact: str | None = None
    logo_url: str | None = None
    """A picture that stands for the site in readers."""
    news_sitemap: bool = False
    """Whether search engines are invited to our own pages of articles."""
    tag_authority: str = "localhost,2026"
    """Who mints the ids of what we publish, and since when: the beginning of `tag:` URIs (RFC 4151)."""
    serves_hub: bool = False
    """Whether our own hub distributes our feeds."""
    serves_rsscloud: bool = False
    external_hubs: tuple[str, ...] = ()
    """Hubs of others that we notify of news."""

    @property
    def hub_url(self) -> str:
        """Return the address of our own hub."""
        return self.url("/hub")

    @property
    def hubs(self) -> tuple[str, ...]:
        """Return the hubs at which our feeds can be subscribed to, our own first."""
        return ((self.hub_url,) if self.serves_hub else ()) + self.external_hubs

    @property
    def image_url(self) -> str:
        """Return the picture of the site: PNG, JPEG or GIF; where none is given, ours of 144 x 144 pixels."""
        return self.logo_url or self.url("/static/icon.png")

    def url(self, path: str) -> str:
        """Return the absolute URL of one of our paths; `path` begins with a slash."""
        return self.public_url + path


class Filter(Struct, frozen=True, kw_only=True):
    """Which articles: values of one key are alternatives, different keys must all agree; empty means all."""

    source: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    query: str | None = None
    """Words to be found in it: see `rules.search.query`."""
    since: datetime | None = None
    until: datetime | None = None


class Order(StrEnum):
    LATEST = "latest"
    POPULAR = "popular"


class Window(StrEnum):
    """Over which time popularity is counted."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    ALL = "all"


class Per(StrEnum):
    """What an entry of a feed stands for."""

    ARTICLE = "article"
    STORY = "story"
    """The first article of the story; the others are named in it."""


class Announce(Struct, frozen=True, kw_only=True):
    """When `popularity.crossed` is sent for an article of a popular feed; None: not by that."""

    top: int | None = None
    """It stands among so many."""
    score: float | None = None
    views: int | None = None
    """Its portal counts so many."""


class FeedSpec(Struct, frozen=True, kw_only=True):
    """A feed, as the configuration describes it."""

    id: FeedId
    title: str
    description: str = ""
    filter: Filter = Filter()
    order: Order = Order.LATEST
    window: Window = Window.DAY
    size: int = 50
    per: Per = Per.ARTICLE
    content: Content = Content.FULL
    """How much of each article it shows, where the article's portal lets us show as much."""
    count_clicks: bool = False
    """Whether entries lead to their portals by way of us, so that we can count who follows them."""
    announce: Announce | None = None
    """Of a popular feed: which articles at its top are announced."""
    language: str | None = None
    """None means the language of the site."""
    private: bool = False
    """Only for who has a token that opens it; named nowhere in public."""
    former_ids: tuple[FeedId, ...] = ()
    """Its earlier names, and the names of feeds that it took the place of."""

    @property
    def names(self) -> tuple[FeedId, ...]:
        """Return all of its names, its own first."""
        return (self.id, *self.former_ids)


class Format(StrEnum):
    """The value is the ending of the URL."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"
    NINJS = "ninjs"
    """For partners, not for readers."""


READER_FORMATS = (Format.RSS, Format.ATOM, Format.JSON)
"""What feed readers subscribe to."""

FORMS = "|".join(form.value for form in Format)
"""All endings, as the pattern of a route."""

CONTENT_TYPES: Mapping[Format, str] = {
    Format.RSS: "application/rss+xml; charset=utf-8",
    Format.ATOM: "application/atom+xml; charset=utf-8",
    Format.JSON: "application/feed+json; charset=utf-8",
    # No type is registered for ninjs.
    Format.NINJS: "application/json; charset=utf-8",
}


class Origin(Struct, frozen=True, kw_only=True):
    """The portal an entry comes from, for attribution."""

    id: SourceId
    title: str
    home_url: str
    feed_url: str | None = None
    """The portal's own feed, where the source is one."""
    rights: Rights = Rights()
    """What may be shown of its articles: see `rules.articles.rights`."""


class EntryPopularity(Struct, frozen=True, kw_only=True):
    """How an entry stands in a ranking."""

    rank: int
    score: float
    views: int | None = None
    comments: int | None = None


class AlsoAt(Struct, frozen=True, kw_only=True):
    """Another portal's article of the same story."""

    article: Article
    """Without its body."""
    origin: Origin


class FeedEntry(Struct, frozen=True, kw_only=True):
    article: Article
    origin: Origin
    popularity: EntryPopularity | None = None
    also_at: tuple[AlsoAt, ...] = ()
    """In a feed of stories: the other publishers, the first first."""
    updated_at: datetime | None = None
    """When it changed last in this feed, see `rules.feeds.feed_dates`; None: by what it holds."""


class EntryDate(Struct, frozen=True, kw_only=True, array_like=True):
    article: ArticleId
    looks: bytes
    """Digest of what a reader would notice of it."""
    at_s: int
    """When that changed last, seconds since 1970."""


class FeedDates(Struct, frozen=True, kw_only=True, array_like=True):
    """When a document (a feed, or a page of it) and its entries changed last: `rules.feeds.feed_dates`."""

    count: int = 0
    """How often they were written."""
    looks: bytes = b""
    at_s: int = 0
    entries: tuple[EntryDate, ...] = ()
    """Those that are shown, in their order; then those that have left."""
    rule: int = 0
    """Number of the rule that the digests were made by: those of another rule are not comparable."""
    used_s: int = 0
    """When the document was last requested, to ten minutes."""


class FeedVersion(Struct, frozen=True, kw_only=True):
    """Raised by each admission that concerns the feed; `changed_at` never goes back."""

    version: int
    changed_at: datetime


class FeedSnapshot(Struct, frozen=True, kw_only=True):
    """Everything that a renderer needs; the same snapshot always gives the same bytes."""

    spec: FeedSpec
    site: Site
    version: FeedVersion
    entries: tuple[FeedEntry, ...]
    """In the order in which they are shown."""
    withdrawn: tuple[Withdrawal, ...] = ()
    """What is not to be seen any more, the newest first."""
    ttl_s: int = ASK_AGAIN_S
    """How long a reader may wait before it asks again."""
    page_path: str = ""
    """Of a feed that is not configured: where people read it. Its own path is that and `feed_path`."""
    feed_path: str = ""
    asked: str = ""
    """What stands behind the `?` of both."""
    is_topic: bool = False
    """Whether hubs distribute its news."""
    links: tuple[tuple[str, str], ...] = ()
    """Other documents of the same feed: relation (RFC 5005) and what stands behind the feed's own path."""
    is_archive: bool = False
    """Whether the document stays as it is (RFC 5005, 4)."""
    updated_at: datetime | None = None
    """When it changed last, see `rules.feeds.feed_dates`; None: by what it holds."""

    @property
    def is_made_on_request(self) -> bool:
        """Return whether it is none of the configured feeds, which have versions: it is made on request."""
        return bool(self.page_path)

    @property
    def page_url(self) -> str:
        """Return the page for people; of a private feed, which has none, that of the site."""
        return self.site.url("/") if self.spec.private else self.place

    @property
    def place(self) -> str:
        """Return the URL that its formats have in common, whether or not there is a page."""
        return self.site.url(self._path("", ""))

    def feed_url(self, form: Format) -> str:
        """Return the feed's own URL in one format."""
        return self.site.url(self._path(self.feed_path, f".{form.value}"))

    def self_url(self, form: Format) -> str | None:
        """Return the URL that readers may go on with; None for a private feed.

        Theirs may hold a token, which belongs into no document; and one without it would lock them out.
        """
        return None if self.spec.private else self.feed_url(form)

    def related_urls(self, form: Format) -> tuple[tuple[str, str], ...]:
        """Return the other documents of the same feed: relation and URL."""
        own = self.page_path or f"/feeds/{self.spec.id}"
        return tuple((rel, self.site.url(f"{own}{more}.{form.value}")) for rel, more in self.links)

    def _path(self, more: str, ending: str) -> str:
        path = self.page_path or f"/feeds/{self.spec.id}"
        return f"{path}{more}{ending}{'?' if self.asked else ''}{self.asked}"

    @property
    def hubs(self) -> tuple[str, ...]:
        """Return the hubs at which it can be subscribed to."""
        return self.site.hubs if self.is_topic else ()

    @property
    def language(self) -> str:
        return self.spec.language or self.site.language


class RenditionEntry(Struct, frozen=True, kw_only=True, array_like=True):
    """An entry of a rendition: see `rules.feeds.deltas`."""

    article: ArticleId
    looks: bytes
    """Digest of everything that is shown of it."""
    since: int = 0
    """The count of the rendition from which on it looked so."""


class Rendition(Struct, frozen=True, kw_only=True):
    """A feed in one format, as bytes ready to be sent."""

    feed: FeedId
    form: Format
    version: int
    """Of the feed, when these bytes were made."""
    digest: str
    """Hex; the validators of all codings are made from it."""
    last_modified: datetime
    """When the bytes last changed, whole seconds."""
    changed_at: datetime = EPOCH
    """Of the version: a number alone comes again when Redis was emptied or put back."""
    count: int = 0
    """How many other renditions were before it, since the feed was described as it is."""
    before: bytes = b""
    """Of the last of them the digests, shortened, the newest first."""
    shown: tuple[RenditionEntry, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Other documents of the same feed: relation (RFC 5005) and URL."""
    made_by: str = ""
    """Fingerprint of the description (feed, site, portals, program) that the bytes were made by."""
    body: bytes
    gzip: bytes
    brotli: bytes
    zstd: bytes

    def shows(self, version: FeedVersion) -> bool:
        """Return whether these are the bytes of this version."""
        return self.version == version.version and self.changed_at == version.changed_at

    @property
    def size_bytes(self) -> int:
        """Return what it takes in memory, nearly."""
        return len(self.body) + len(self.gzip) + len(self.brotli) + len(self.zstd)
