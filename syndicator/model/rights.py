"""What may be shown of an article: by its portal's leave, and by a feed's own choice."""

from enum import StrEnum

from msgspec import Struct


class Content(StrEnum):
    """How much of an article's text is shown, the least first."""

    HEADLINE = "headline"
    """No text, and no picture."""
    SUMMARY = "summary"
    """The lead, and the pictures beside it."""
    FULL = "full"


class Rights(Struct, frozen=True, kw_only=True):
    """What a portal lets us show of its articles, and what it says of that."""

    content: Content = Content.FULL
    excerpt: int | None = None
    """How many characters of text a summary may have; None sets no bound."""
    images: bool = True
    """Whether its pictures may be shown."""
    index: bool = True
    """Whether search engines may take up our pages of its articles."""
    mining: bool = True
    """Whether text and data may be mined from what we show of it."""
    statement: str | None = None
    """What it says of its rights, a line for people."""
    license_url: str | None = None
    """Where its licence stands."""
