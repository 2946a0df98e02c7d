"""All articles that pass a filter, one after the other, in the form that webhooks carry them in."""

from collections.abc import AsyncIterator, Mapping

from syndicator.model.feed import Filter, Origin
from syndicator.model.ids import SourceId
from syndicator.model.rights import Rights
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.filter_matching import Filtering
from syndicator.push.parts import ArticlePart, article_part
from syndicator.rules.filter_matching import facets_for
from syndicator.store.store import Store

AT_ONCE = 200


class ArticleExport:
    """Reads articles a piece at a time, so that any number of them takes little memory."""

    def __init__(self, store: Store, publisher: Publisher, origins: Mapping[SourceId, Origin]) -> None:
        self._store = store
        self._publisher = publisher
        self._rights = {source: origin.rights for source, origin in origins.items()}
        self._filtering = Filtering(store)

    async def articles(self, wanted: Filter) -> AsyncIterator[ArticlePart]:
        """Yield articles, the newest first, without what the rights of their portals do not let us show."""
        position, facets = None, facets_for(wanted)
        while True:
            ids, position = await self._store.lists.articles(facets, position, AT_ONCE)
            found = [article for article in await self._store.articles.get_many(ids) if article]
            passing = await self._filtering.passing(wanted, found)
            places = await self._store.stories.places([article.id for article in passing])
            for article, place in zip(passing, places, strict=True):
                rights = self._rights.get(article.source, Rights())
                yield article_part(self._publisher.shown(article), place.story, rights)
            if position is None:
                return
