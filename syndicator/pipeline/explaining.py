"""Where an article comes from, and what became of it on the way."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.ids import ArticleId, SourceId
from syndicator.store.store import Store


class Explained(Struct, frozen=True, kw_only=True):
    """An article and its history. `article.provenance` tells the document it was read from."""

    article: Article
    views: int | None
    carried: Mapping[SourceId, datetime]
    """Every source that carried it, and when it was first seen there; the first first."""


async def explain(store: Store, article_id: ArticleId, sources: Sequence[SourceId]) -> Explained | None:
    """Tell all that is known of an article; None where there is none."""
    found = await store.articles.get(article_id)
    if found is None:
        return None
    (views,) = await store.popularity.views([found.id])
    # Its own source may have left the configuration: it is still where the article comes from.
    asked = tuple(dict.fromkeys((*sources, found.source)))
    return Explained(article=found, views=views, carried=await store.articles.carriers(found.id, asked))
