"""What happened: the unit of the outbox and of pushing."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property

from msgspec import Struct, field

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, EventId, FeedId


class EventType(StrEnum):
    """`subject.verb`: what comes before the dot says what an event's subject is the id of."""

    ARTICLE_CREATED = "article.created"
    ARTICLE_UPDATED = "article.updated"
    ARTICLE_CORRECTED = "article.corrected"
    """Changed, and its portal says that it is a correction: sent in place of `article.updated`."""
    ARTICLE_WITHDRAWN = "article.withdrawn"
    """Not to be shown any more: sent ahead of all else, and in place of what is older."""
    ARTICLE_RESTORED = "article.restored"
    """A withdrawal was taken back."""
    STORY_GROWN = "story.grown"
    """Another owner joins those of a story."""
    POPULARITY_CROSSED = "popularity.crossed"
    """An article (the subject) came to the top of a popular feed, or passed a threshold there."""
    FEED_UPDATED = "feed.updated"
    """The bytes of a configured feed are others."""
    SOURCE_FAILING = "source.failing"
    """A source cannot be read any more."""
    SOURCE_QUIET = "source.quiet"
    """A source can be read, and brings nothing for much longer than usual."""
    SOURCE_RECOVERED = "source.recovered"
    SOURCE_BEHIND = "source.behind"
    """More articles of a source come late than its freshness objective allows."""
    SOURCE_CAUGHT_UP = "source.caught_up"
    """It meets its freshness objective again."""
    ENDPOINT_FAILING = "endpoint.failing"
    """A partner's endpoint takes nothing: attempts are made ever more rarely."""
    ENDPOINT_DISABLED = "endpoint.disabled"
    """Nothing is sent there until it is resumed."""
    ENDPOINT_RECOVERED = "endpoint.recovered"

    @cached_property
    def family(self) -> str:
        """What the subject is: `article`, `story`, …; of `popularity`, an article."""
        return self.value.partition(".")[0]

    @cached_property
    def group(self) -> str:
        """What its revisions are counted in, together with those of other types."""
        return "freshness" if self in _OF_FRESHNESS else self.family


_OF_FRESHNESS = (EventType.SOURCE_BEHIND, EventType.SOURCE_CAUGHT_UP)

ARTICLE_EVENTS = tuple(kind for kind in EventType if kind.family == "article")
"""The types that an endpoint gets by default."""

OPERATORS_EVENTS = tuple(kind for kind in EventType if kind.family in {"source", "endpoint"})
"""About the service itself: for those who run it, not for partners."""


class Measure(StrEnum):
    """By what an article stands out in a popular feed."""

    TOP = "top"
    """Its rank."""
    SCORE = "score"
    VIEWS = "views"


class FeedRef(Struct, frozen=True, kw_only=True):
    """A configured feed, and where it is."""

    id: FeedId
    title: str
    url: str
    """The page for people."""
    rss: str
    atom: str
    json: str
    private: bool = False
    """Sent only to endpoints that name it."""


class Grown(Struct, frozen=True, kw_only=True, tag="story"):
    """The owners and articles of a story now."""

    joined: ArticleId
    """The article by which it grew."""
    owners: int
    """Portals with an article in it; several sources of one registrable domain are one."""
    articles: int


class Crossed(Struct, frozen=True, kw_only=True, tag="popularity"):
    """What an article passed, and how it stood then."""

    feed: FeedRef
    window: Window
    measure: Measure
    threshold: float
    rank: int
    score: float
    views: int | None = None


class Renewed(Struct, frozen=True, kw_only=True, tag="feed"):
    """Which feed shows something else."""

    feed: FeedRef


class SourceNotice(Struct, frozen=True, kw_only=True, tag="source"):
    """How a source stands, for operators."""

    title: str
    standing: str
    """A word of `SourceStanding`, or of `ObjectiveState` where the event is about freshness."""
    why: str
    since: datetime
    """When the last success was; in an event of recovery, when the trouble was announced."""


class EndpointNotice(Struct, frozen=True, kw_only=True, tag="endpoint"):
    """How an endpoint stands."""

    why: str
    """The last reason of a failure, or what disabled it; empty when it recovered."""
    since: datetime
    """When it last took something, or since when it is there."""
    waiting: int = 0
    """Deliveries that are kept for it."""


Details = Grown | Crossed | Renewed | SourceNotice | EndpointNotice


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. The same event has the same id, however often it is sent."""

    id: EventId
    type: EventType
    subject: str = field(name="article")
    """The id of what it happened to. Stored under its first name: events that wait stay readable."""
    revision: int
    """Grows with each event of a `thread`."""
    follows: int | None = None
    """The revision of the event before, where revisions are instants: it cannot be computed."""
    at: datetime
    reason: str | None = None
    """Why an article was withdrawn."""
    details: Details | None = None
    """All but of `article.*`, which carry the article itself."""

    @property
    def article(self) -> ArticleId | None:
        """The article that it is about; None where it is about none."""
        if isinstance(self.details, Grown):
            return self.details.joined
        if self.type.family in {"article", "popularity"}:
            return ArticleId(self.subject)
        return None

    @property
    def trace(self) -> str:
        """Name its trace: that of its article, from the admission on, or one of its own."""
        return self.subject if self.type is EventType.ARTICLE_CREATED else self.id

    @property
    def thread(self) -> str:
        """What revisions are counted in: of two events of one thread, that of the higher one is newer."""
        if isinstance(self.details, Crossed):
            return f"popularity:{self.details.feed.id}:{self.details.measure}:{self.subject}"
        return f"{self.type.group}:{self.subject}"
