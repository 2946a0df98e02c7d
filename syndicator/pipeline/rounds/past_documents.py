"""Reads the documents in which a source lists its older articles, and admits what is unknown."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.listings.sitemap import sitemap_candidate
from syndicator.model.article import Candidate, ListedItem
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import Source, SourceKind
from syndicator.model.sources.backfill import BackfillPath
from syndicator.pipeline.articles.admission import Admitted
from syndicator.pipeline.articles.article_pages import ArticlePages
from syndicator.pipeline.articles.candidate_pipeline import CandidatePipeline
from syndicator.pipeline.articles.feed_page_merge import as_listed
from syndicator.pipeline.sources.polite_client import PoliteClient
from syndicator.pipeline.sources.request_slots import NoSlot
from syndicator.pipeline.sources.round_result import Notes, fetched
from syndicator.rules.sources.archive import listed_date
from syndicator.rules.sources.backfill import is_in_span, is_past_span

MOST_ENTRIES = 1000
"""Entries of one document of a feed that are read."""
LOOKED_UP = 500
"""Entries of a sitemap that are looked up in one call."""
_NO_SITEMAP = "robots.txt names no sitemap: where there is one, set completeness = { sitemap = … }"


class Portion(Struct, frozen=True, kw_only=True):
    """What one reading of a document brought."""

    admitted: list[Admitted]
    known: int
    """Articles in the span that were known before."""
    following: tuple[str, ...] = ()
    """Documents to read after this one."""
    is_left: bool = False
    """Whether the document lists more unknown articles, for another reading."""


class _Listed(Struct, frozen=True, kw_only=True):
    """What a document lists in the span."""

    items: list[ListedItem]
    """The newest first."""
    following: tuple[str, ...] = ()
    entries: dict[str, Candidate] = {}
    """By URL, where the document holds the articles themselves."""
    bare: list[Candidate] = []
    """Entries without a URL."""
    reads_pages: bool = True


class PastDocuments:
    """One document of a source's past: fetch → read → unknown articles → article pages → admit."""

    def __init__(
        self,
        polite_client: PoliteClient,
        gatherer: Gatherer,
        candidate_pipeline: CandidatePipeline,
        pages: ArticlePages,
    ) -> None:
        self._polite_client = polite_client
        self._gatherer = gatherer
        self._candidate_pipeline = candidate_pipeline
        self._pages = pages

    async def begin(self, source: Source, path: BackfillPath) -> Sequence[str]:
        """Return the first documents of a path.

        Raises NotReadable where the source does not offer it, RoundFailed where that cannot be read, and
        NoSlot.
        """
        if path is BackfillPath.PAGES:
            return [source.url]
        if path is BackfillPath.ARCHIVES:
            reading = await self._gatherer.read_feed(source, await self._document(source, source.url))
            if reading.earlier_url is None:
                raise NotReadable(Reason.EMPTY, "its feed names no document with earlier entries")
            return [reading.earlier_url]
        if source.kind is SourceKind.SITEMAP:
            return [source.url]
        named = await self._polite_client.sitemaps(source)
        if not named:
            raise NotReadable(Reason.EMPTY, _NO_SITEMAP)
        # A news sitemap holds two days, which rounds have read.
        return sorted(named, key=lambda url: "news" in url.lower())

    async def read(self, source: Source, path: BackfillPath, url: str, notes: Notes, *, most: int) -> Portion:
        """Read one document and admit its newest unknown articles, at most `most`.

        Raises RoundFailed and NotReadable where the document cannot be read, and NoSlot.
        """
        document = await self._document(source, url, page=path is BackfillPath.PAGES)
        match path:
            case BackfillPath.ARCHIVES:
                listed = await self._archive(source, document, notes.since)
            case BackfillPath.PAGES:
                listed = await self._list_page(source, document, notes.since)
            case BackfillPath.SITEMAP:
                listed = await self._sitemap(source, document, notes.since)
        fresh, looked_at = await self._unknown(source, listed.items, most)
        chosen = fresh[:most][::-1]
        if listed.reads_pages:
            admitted = await self._pages.read_and_admit(
                source, chosen, notes, backfill=True, from_feed=listed.entries
            )
        else:
            candidates = [listed.entries[item.url] for item in chosen]
            admitted = await self._candidate_pipeline.admit(source, candidates, notes, backfill=True)
        if listed.bare:
            admitted += await self._candidate_pipeline.admit(source, listed.bare, notes, backfill=True)
        failed = notes.pages.failed
        if chosen and listed.reads_pages and not (admitted or failed or notes.pages_read):
            raise NoSlot(source.url)  # no page was requested: the server is busy, or asked to be left alone
        # Pages that were read and brought nothing are older than the span, and so is what comes after them.
        # What failed is not tried again soon: another reading goes on behind it.
        is_past = bool(chosen) and not admitted and not failed
        is_left = len(fresh) > most or looked_at < len(listed.items) or notes.time_is_up
        return Portion(
            admitted=admitted,
            known=looked_at - len(fresh),
            following=() if is_past else listed.following,
            is_left=is_left and not is_past,
        )

    async def _document(self, source: Source, url: str, *, page: bool = False) -> Fetched:
        return fetched(await self._polite_client.fetch(source, url, page=page, patient=False))

    async def _archive(self, source: Source, document: Fetched, since: datetime | None) -> _Listed:
        reading = await self._gatherer.read_feed(replace(source, max_articles=MOST_ENTRIES), document)
        wanted = [each for each in reading.candidates if is_in_span(each.published_at, since)]
        is_past = is_past_span([each.published_at for each in reading.candidates], since)
        entries = {candidate.url: candidate for candidate in wanted if candidate.url}
        return _Listed(
            items=[as_listed(candidate) for candidate in entries.values()],
            entries=entries,
            bare=[candidate for candidate in wanted if not candidate.url][::-1],
            following=_following(None if is_past else reading.earlier_url),
            reads_pages=source.full_text,
        )

    async def _list_page(self, source: Source, document: Fetched, since: datetime | None) -> _Listed:
        reading = await self._gatherer.read_list(source, document)
        is_past = is_past_span([item.published_at for item in reading.items], since)
        return _Listed(
            items=_in_span(reading.items, since), following=_following(None if is_past else reading.next_url)
        )

    async def _sitemap(self, source: Source, document: Fetched, since: datetime | None) -> _Listed:
        reading = await self._gatherer.read_sitemap(source, document)
        children = [child.url for child in reading.children if is_in_span(child.modified_at, since)]
        items = _in_span(reading.items, since)
        if source.full_text or source.kind is not SourceKind.SITEMAP:
            return _Listed(items=items, following=tuple(children))
        made = {item.url: sitemap_candidate(source, document, item) for item in items}
        entries = {url: candidate for url, candidate in made.items() if candidate is not None}
        return _Listed(
            items=[item for item in items if item.url in entries],
            entries=entries,
            following=tuple(children),
            reads_pages=False,
        )

    async def _unknown(
        self, source: Source, items: Sequence[ListedItem], most: int
    ) -> tuple[list[ListedItem], int]:
        """Return unknown items, the newest first, until they are more than `most`, and the number seen."""
        fresh: list[ListedItem] = []
        looked_at = 0
        while looked_at < len(items) and len(fresh) <= most:
            fresh += await self._pages.unknown(source, items[looked_at : looked_at + LOOKED_UP])
            looked_at = min(looked_at + LOOKED_UP, len(items))
        return fresh, looked_at


def _in_span(items: Sequence[ListedItem], since: datetime | None) -> list[ListedItem]:
    return [item for item in items if is_in_span(listed_date(item), since)]


def _following(url: str | None) -> tuple[str, ...]:
    return () if url is None else (url,)
