"""Finds what is related to an article: by the portal's links, by shared tags, by rare words."""

from collections.abc import Mapping

from syndicator.model.article import Article
from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.rules.filter_matching import fold
from syndicator.rules.identity.identity import url_key
from syndicator.rules.stories.near_index import term_keys
from syndicator.rules.stories.related import Lead, related
from syndicator.rules.stories.terms import similarity
from syndicator.store.store import Store

_TAGS, _OF_TAG, _LINKS = 5, 20, 20
"""How much of each is looked at: one request of a reader must stay cheap."""


class RelatedArticles:
    """Answers "what else?" for one article at a time, in a handful of round trips."""

    def __init__(self, store: Store, articles: NearArticles, clock: Clock) -> None:
        self._store = store
        self._articles = articles
        self._clock = clock

    async def related(self, article: Article) -> list[Article]:
        """Return what is related, the nearest first.

        Without bodies, copies, and articles of the same story.
        """
        near = await self._near(article)
        linked = await self._linked(article)
        wanted = list(dict.fromkeys((*linked, *near, *await self._tagged(article))))
        heads = await self._store.articles.get_many(wanted, bodies=False)
        places = await self._store.stories.places([article.id, *wanted])
        own = places[0].story or article.id
        leads = [
            Lead(article=head, similarity=near.get(head.id, 0.0), linked=head.id in linked)
            for head, place in zip(heads, places[1:], strict=True)
            if head and place.copy_of is None and (place.story or head.id) != own
        ]
        return related(article, leads, self._clock())

    async def _near(self, article: Article) -> Mapping[ArticleId, float]:
        """Return the first article of each story of late that shares terms, and how similar it is."""
        mine = await self._store.stories.own(article.id)
        if mine is None or not mine.centroid:
            return {}
        await self._articles.follow(self._clock())
        (near,) = self._articles.index.near([(b"", term_keys(mine))])
        found = await self._articles.stories(near.stories)
        return {
            ArticleId(story): similarity(mine.centroid, known.story.centroid)
            for story, known in found.items()
        }

    async def _linked(self, article: Article) -> list[ArticleId]:
        keys = [url_key(link.url) for link in article.related[:_LINKS]]
        return [one.article_id for one in await self._store.articles.resolve(keys) if one]

    async def _tagged(self, article: Article) -> list[ArticleId]:
        facets = [f"tag:{fold(tag)}" for tag in article.tags[:_TAGS]]
        if not facets:
            return []
        listed, _ = await self._store.articles.timeline(facets, _OF_TAG)
        return [place.article_id for place in listed]
