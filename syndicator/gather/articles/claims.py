"""What a page says of itself in one of the ways that machines read: as it came, not judged yet."""

from msgspec import Struct

from syndicator.model.article import Photo


class Claims(Struct, frozen=True, kw_only=True):
    """Fields as written; an empty one is not said. Texts are plain, addresses absolute."""

    read_from: str
    """`json-ld`, `microdata`, `opengraph` or `meta`, as `model.article.Provenance.read_from` has it."""
    is_article: bool = False
    """Whether it says that the page is an article, not just what its headline is."""
    title: str = ""
    lead: str = ""
    body: str = ""
    """The whole text: plain, or HTML."""
    authors: tuple[str, ...] = ()
    published: str = ""
    modified: str = ""
    photos: tuple[Photo, ...] = ()
    section: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    embargo: str = ""
    status: str = ""
    """Of its publication: `Published`, `Canceled`, …"""
    correction: str = ""
    """A note of a correction."""
    url: str = ""
    """The page's own address."""
    site: str = ""
    """The name of the portal: no headline ends with it, and it wrote nothing itself."""
    views: int | None = None
    comments: int | None = None
