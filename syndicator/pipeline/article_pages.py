"""Article pages of a source: which are worth reading, what they bring, and when they are read again."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.article_page import ArticleReading
from syndicator.gather.gatherer import Gatherer
from syndicator.model.article import Article, Candidate, ListedItem, PopularItem
from syndicator.model.clock import Clock
from syndicator.model.fetch import Fetched, Reason
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.admitting import Admitted
from syndicator.pipeline.holding import Held
from syndicator.pipeline.intake import Intake
from syndicator.pipeline.rounds import Notes, word
from syndicator.pipeline.visiting import Visitor
from syndicator.rules.admission import next_recheck
from syndicator.rules.identity import url_key
from syndicator.store.store import Store

RECHECKS = 10
"""Known article pages that one round reads again at most."""

CHUNK = 10
"""Article pages between two admissions: what is read is soon safe, and soon shown."""


class ArticlePages:
    """Reads what a list, a feed or a sitemap names."""

    def __init__(
        self,
        *,
        store: Store,
        visitor: Visitor,
        gatherer: Gatherer,
        intake: Intake,
        held: Held,
        clock: Clock,
    ) -> None:
        self._store = store
        self._visitor = visitor
        self._gatherer = gatherer
        self._intake = intake
        self._held = held
        self._clock = clock

    async def unknown(self, source: Source, items: Sequence[ListedItem]) -> list[ListedItem]:
        """Give the items whose pages are to be read: not known, not held, and not just found unreadable."""
        now = self._clock()
        keys = [url_key(item.url) for item in items]
        known = await self._store.articles.are_known(keys, source.id, now)
        fresh = {key: item for key, item, is_known in zip(keys, items, known, strict=True) if not is_known}
        waiting = await self._store.unreadable.waiting(source.id, list(fresh), now)
        held = await self._held.read_lately(source.id, [item.url for item in fresh.values()], now)
        return [item for key, item in fresh.items() if key not in waiting and item.url not in held]

    async def take_in(
        self,
        source: Source,
        items: Sequence[ListedItem],
        notes: Notes,
        *,
        backfill: bool,
        told: Mapping[str, Candidate] | None = None,
    ) -> list[Admitted]:
        """Read the pages of items, the oldest first, and admit what they hold.

        `told`: what a feed says of them, by their URL: it stands where the page cannot be read.
        """
        told = told or {}
        admitted: list[Admitted] = []
        for start in range(0, len(items), CHUNK):
            if notes.time_is_up:
                notes.warn(f"articles left for the next round: {len(items) - start}")
                break
            chunk = items[start : start + CHUNK]
            pages = await asyncio.gather(*(self._read(source, item.url, item, notes) for item in chunk))
            read = [_together(page, told.get(item.url)) for item, page in zip(chunk, pages, strict=True)]
            failed = [url_key(item.url) for item, one in zip(chunk, read, strict=True) if one is None]
            await self._store.unreadable.failed(source.id, failed, self._clock())
            candidates = [one for one in read if one is not None]
            admitted += await self._intake.take_in(
                source, candidates, notes, backfill=backfill, rechecked=True
            )
        return admitted

    async def recheck(self, source: Source, notes: Notes) -> list[Admitted]:
        """Read again what is young: portals correct their articles."""
        now = self._clock()
        due = await self._store.articles.due_for_recheck(source.id, now, RECHECKS)
        found = await self._store.articles.get_many(due, bodies=False)
        for article_id, head in zip(due, found, strict=True):
            # Whatever its page brings, or fails to bring, each has its next turn, or none any more.
            later = next_recheck(head.published_at, now) if head else None
            await self._store.articles.set_recheck(source.id, article_id, later)
        heads = [head for head in found if head]
        if notes.time_is_up:
            return []
        pages = await asyncio.gather(*(self._read(source, head.url, None, notes) for head in heads))
        candidates = [
            page if source.kind is SourceKind.PAGE else _filled(page, head)
            for head, page in zip(heads, pages, strict=True)
            if page is not None
        ]
        return await self._intake.take_in(source, candidates, notes, rechecked=True)

    async def popular(self, source: Source, url: str, notes: Notes) -> tuple[PopularItem, ...]:
        """Read the page that holds the box of popular articles; that it cannot be read costs nothing else."""
        result = await self._visitor.fetch(source, url, page=True)
        if not isinstance(result, Fetched):
            notes.warn(f"the page of popular articles could not be read: {word(result)}")
            return ()
        try:
            return await self._gatherer.read_popular(source, result)
        except NotReadable as error:
            notes.warn(f"the page of popular articles could not be read: {error.detail}")
            return ()

    async def _read(
        self, source: Source, url: str, listed: ListedItem | None, notes: Notes
    ) -> Candidate | None:
        """Read one page; None, and a warning, where that fails: it costs the others nothing."""
        result = await self._visitor.fetch(source, url, page=True)
        if not isinstance(result, Fetched):
            notes.warn_of_page(url, word(result))
            return None
        try:
            reading: ArticleReading = await self._gatherer.read_article(source, result, listed)
        except NotReadable as error:
            notes.warn_of_page(url, error.detail)
            if error.reason == Reason.EMPTY:
                notes.missing |= {"article.title", "article.body"} & _configured(source)
            return None
        notes.found.update(reading.found)
        notes.missing.update(reading.missing)
        notes.warn_of_page(url, *reading.warnings)
        return reading.candidate


def _configured(source: Source) -> set[str]:
    rule = source.article
    return {f"article.{name}" for name in ("title", "body") if rule and getattr(rule, name)}


def _together(page: Candidate | None, told: Candidate | None) -> Candidate | None:
    """Join what a page and a feed say of one article: the page has the text, the feed the identity."""
    if page is None or told is None:
        return page or told
    return replace(
        _filled(page, told),
        url=told.url,
        title=page.title or told.title,
        published_at=told.published_at or page.published_at,
        updated_at=page.updated_at or told.updated_at,
        comments=told.comments,
        embargo_until=page.embargo_until or told.embargo_until,
    )


def _filled(page: Candidate, other: Candidate | Article) -> Candidate:
    """Give a page's candidate with what only a feed said of it, so that each reading says the same."""
    return replace(
        page,
        guid=other.guid,
        lead=page.lead or other.lead,
        body_html=page.body_html or other.body_html,
        authors=page.authors or other.authors,
        photos=page.photos or other.photos,
        section=page.section or other.section,
        tags=page.tags or other.tags,
        language=page.language or other.language,
    )
