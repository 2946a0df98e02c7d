"""An entry of a feed as its format has it, before anything is cleaned: what all feed parsers produce."""

from msgspec import Struct, field

from syndicator.model.source import FeedHints


class Picture(Struct, kw_only=True):
    """A picture as announced: nothing resolved, numbers as written."""

    url: str
    media_type: str = ""
    length: str = ""
    width: str = ""
    height: str = ""
    caption: str = ""
    credit: str = ""


class Attachment(Struct, kw_only=True):
    """A file that is no picture, as announced: nothing resolved, numbers as written."""

    url: str
    media_type: str = ""
    length: str = ""


class Entry(Struct, kw_only=True):
    """One entry. Texts may hold markup, links may be relative to `base`; empty means not given."""

    base: str
    link: str = ""
    link_base: str = ""
    """What the link is relative to, where that is not `base`."""
    guid: str = ""
    guid_is_link: bool = False
    """The guid may stand in for a missing link."""
    title: str = ""
    title_is_plain: bool = False
    summary: str = ""
    content: str = ""
    """HTML."""
    summary_is_plain: bool = False
    content_is_plain: bool = False
    authors: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    section: str = ""
    language: str = ""
    published: str = ""
    updated: str = ""
    pictures: list[Picture] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    comments: str = ""
    """How many there are."""
    views: str = ""
    """How often it was looked at, by the feed's own count."""
    embargo: str = ""
    """The date until which it is to be held."""
    status: str = ""
    """Of its publication, as news wires have it: `usable`, `canceled`, …"""


class Deleted(Struct, kw_only=True):
    """An entry that the feed says was deleted (RFC 6721)."""

    guid: str
    when: str = ""
    comment: str = ""


class Channel(Struct, kw_only=True):
    """What a feed says of itself, and its entries in its own order."""

    title: str = ""
    home_url: str = ""
    language: str = ""
    hints: FeedHints = field(default_factory=FeedHints)
    hubs: list[str] = field(default_factory=list)
    """WebSub hubs; like `self_url` as written."""
    self_url: str = ""
    earlier_url: str = ""
    """The document with earlier entries: `prev-archive` or `next` (RFC 5005, 4 and 3), `next_url` in JSON."""
    generator: str = ""
    entries: list[Entry] = field(default_factory=list)
    deleted: list[Deleted] = field(default_factory=list)
    left_out: int = 0
    """How many more entries the document has than were asked for."""
    warnings: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    """The warnings about the document itself, for all its entries."""
    is_in_its_language: bool = False
    """Whether the language that it says was judged by entries that are not among these (`known_entries`)."""
