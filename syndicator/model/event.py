"""What happened to an article: the unit of the outbox and of pushing."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.ids import ArticleId, EventId


class EventType(StrEnum):
    ARTICLE_CREATED = "article.created"
    ARTICLE_UPDATED = "article.updated"
    ARTICLE_CORRECTED = "article.corrected"
    """Changed, and its portal says that it is a correction: told in place of `article.updated`."""
    ARTICLE_WITHDRAWN = "article.withdrawn"
    """Not to be shown any more: sent ahead of all else, and in place of what is older."""
    ARTICLE_RESTORED = "article.restored"
    """A withdrawal was taken back."""


class Event(Struct, frozen=True, kw_only=True):
    """One change of one article. The same change has the same id, however often it is told."""

    id: EventId
    type: EventType
    article: ArticleId
    revision: int
    at: datetime
    reason: str | None = None
    """Why an article was withdrawn."""
