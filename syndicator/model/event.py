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


class Event(Struct, frozen=True, kw_only=True):
    """One change of one article. The same change has the same id, however often it is told."""

    id: EventId
    type: EventType
    article: ArticleId
    revision: int
    at: datetime
