"""Signals of popularity: observations, each kind kept apart."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from syndicator.model.ids import ArticleId


class SignalKind(StrEnum):
    VIEWS = "views"
    """How much a portal's own counter grew."""
    BOX = "box"
    """Hours at the top of a portal's box of popular articles; a lower place counts for less."""
    COVERAGE = "coverage"
    """Other owners with an article in the same story; one that only copies counts in part."""
    CLICKS = "clicks"
    """Readers who followed our link to the portal."""
    READS = "reads"
    """Readers that partner sites report."""
    COMMENTS = "comments"
    """How much a feed's own count of comments grew."""


class Signal(Struct, frozen=True, kw_only=True):
    """An observation that is added to what was observed before."""

    article_id: ArticleId
    kind: SignalKind
    at: datetime
    count: float = 1.0
    visitor: str = ""
    """Whose it is, as far as the reporter distinguishes them; empty: it does not."""


class Reporter(Struct, frozen=True, kw_only=True):
    """Who reports signals, and how much of it counts."""

    name: str
    most: int
    """Of one article and kind in a day."""
