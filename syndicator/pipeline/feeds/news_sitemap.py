"""Selects the article pages for the news sitemap."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from syndicator.model.article import Article
from syndicator.model.clock import Clock, to_ms
from syndicator.model.feed import Filter, Per
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.representatives import Representatives
from syndicator.render.news_sitemap import Announced
from syndicator.store.store import Store

NEWS_FOR = timedelta(days=2)
"""A news sitemap holds nothing older."""
PER_SITEMAP = 1000
MOST = 20 * PER_SITEMAP
KEPT_FOR_S = 60.0
_AT_ONCE = 100
"""Articles that are read at once: about 2 ms, so that other requests go on."""


class AnnouncedPages:
    """Selects pages for the news sitemap, and keeps the selection for a minute."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._monotonic = monotonic
        self._choosing = asyncio.Lock()
        self._kept: tuple[Announced, ...] = ()
        self._kept_until = monotonic()

    async def newest(self) -> tuple[Announced, ...]:
        """Return the pages of two days, newest first, without copies and pages that must not be indexed."""
        async with self._choosing:
            if self._monotonic() >= self._kept_until:
                self._kept = await self._choose()
                self._kept_until = self._monotonic() + KEPT_FOR_S
            return self._kept

    async def _choose(self) -> tuple[Announced, ...]:
        now = self._clock()
        representatives = Representatives(self._store, Filtering(self._store), Filter(), Per.ARTICLE)
        announced: list[Announced] = []
        async for page in self._listed(now - NEWS_FOR):
            articles = [article for article in page if now - NEWS_FOR <= article.published_at <= now]
            articles = [article for article in articles if self._publisher.rights_of(article).index]
            announced += [_announced(entry.article) for entry in await representatives.entries(articles)]
            if len(announced) >= MOST:
                break
        return tuple(announced[:MOST])

    async def _listed(self, since: datetime) -> AsyncIterator[list[Article]]:
        """Yield the articles listed since then, newest first; none is listed before its publication."""
        until_ms, skip = None, 0
        while True:
            page = await self._store.changes.listed(until_ms, skip, _AT_ONCE)
            ids = [listed.article_id for listed in page if listed.listed_ms >= to_ms(since)]
            heads = await self._store.articles.get_many(ids, bodies=False)
            yield [head for head in heads if head]
            if len(ids) < _AT_ONCE:
                return
            last_ms = page[-1].listed_ms
            ties = sum(listed.listed_ms == last_ms for listed in page)
            skip = skip + ties if last_ms == until_ms else ties
            until_ms = last_ms


def _announced(article: Article) -> Announced:
    return Announced(
        article_id=article.id,
        title=article.title,
        published_at=article.published_at,
        language=article.language,
    )
