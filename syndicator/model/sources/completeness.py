"""What a feed lost, as the sitemap of its portal shows it."""

from datetime import datetime

from msgspec import Struct


class CompletenessRule(Struct, frozen=True, kw_only=True):
    """How a feed is compared with a sitemap once a day."""

    sitemap: str | None = None
    """None: the one that the portal's robots.txt names, a news sitemap first."""
    gather: bool = False
    """Whether what the feed lost is gathered from its pages."""


class ComparedDay(Struct, frozen=True, array_like=True):
    """One comparison."""

    at: datetime
    listed: int
    """Articles of a day that the sitemap listed."""
    missing: int
    """Those that the feed never showed."""
    gathered: int


class Completeness(Struct, frozen=True, kw_only=True):
    """The comparisons of the last 30 days."""

    checked_at: datetime | None = None
    sitemap: str | None = None
    """The one that was read last."""
    why: str = ""
    """Why the last comparison was not possible; empty where it was."""
    examples: tuple[str, ...] = ()
    """Addresses that the last comparison found missing."""
    days: tuple[ComparedDay, ...] = ()
    """Oldest first."""
