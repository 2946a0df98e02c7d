"""A dry run: what a source would bring, field by field, with nothing stored."""

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.candidates import FeedReading
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.selectors import Page, Selector
from syndicator.gather.sniff import DocumentKind, sniff
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.fetch import Fetched, FetchFailed
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.rounds import RoundFailed, fetched

MAX_ANNOUNCED = 10
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})


class OnlyAPage(NotReadable):
    """A feed was expected and a page for people came; `feeds` are the addresses that it announces."""

    def __init__(self, reason: str, detail: str, feeds: tuple[str, ...] = ()) -> None:
        super().__init__(reason, detail)
        self.feeds = feeds


class Preview(Struct, frozen=True, kw_only=True):
    """What one round would read."""

    source: Source
    final_url: str
    title: str | None = None
    """The feed's own, as are the next two."""
    home_url: str | None = None
    language: str | None = None
    candidates: tuple[Candidate, ...]
    listed: tuple[ListedItem, ...] = ()
    popular: tuple[PopularItem, ...] = ()
    warnings: tuple[str, ...] = ()


async def preview(gatherer: Gatherer, source: Source, *, articles: int) -> Preview:
    """Read a source once; of a page, the first `articles` article pages too.

    Raises RoundFailed or NotReadable where there is nothing to read, OnlyAPage for a page in place of a feed.
    """
    document = fetched(await gatherer.fetch(source, source.url))
    if source.kind is SourceKind.FEED:
        reading = await _feed(gatherer, source, document)
        return Preview(
            source=source,
            final_url=document.url,
            title=reading.title,
            home_url=reading.home_url,
            language=reading.language,
            candidates=reading.candidates,
            warnings=reading.warnings,
        )
    lists = await gatherer.read_list(source, document)
    candidates: list[Candidate] = []
    warnings = list(lists.warnings)
    for item in lists.items[:articles]:
        try:
            page = fetched(await gatherer.fetch(source, item.url))
            candidates.append(await gatherer.read_article(source, page, item))
        except RoundFailed as error:
            warnings.append(f"article page {item.url}: {_word(error.failed)}")
        except NotReadable as error:
            warnings.append(f"article page {item.url}: {error.detail}")
    return Preview(
        source=source,
        final_url=document.url,
        candidates=tuple(candidates),
        listed=lists.items,
        popular=lists.popular,
        warnings=tuple(warnings),
    )


async def _feed(gatherer: Gatherer, source: Source, document: Fetched) -> FeedReading:
    try:
        return await gatherer.read_feed(source, document)
    except NotReadable as error:
        if sniff(document.body) is not DocumentKind.HTML:
            raise
        raise OnlyAPage(error.reason, error.detail, announced_feeds(document)) from error


def announced_feeds(document: Fetched) -> tuple[str, ...]:
    """Give the feeds that a page names in its head: `<link rel="alternate" type="application/rss+xml">`."""
    try:
        page = Page(document)
    except NotReadable:  # no honest page is that heavy
        return ()
    found = []
    for node in page.find(Selector(name="feeds", css="link[href][rel][type]")):
        words = (node.attributes.get("rel") or "").lower().split()
        media_type = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        address = page.link(node, "href")
        if "alternate" in words and media_type in _FEED_TYPES and address:
            found.append(address)
    return tuple(dict.fromkeys(found))[:MAX_ANNOUNCED]


def _word(failed: FetchFailed) -> str:
    return f"{failed.code}: {failed.detail}"
