"""Which articles pass a filter, when they are here without their bodies.

Only a query needs bodies. What was judged once is remembered, so that a feed that is made anew reads those
of new articles only.
"""

import asyncio
from collections.abc import Sequence

from syndicator.model.article import Article
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId
from syndicator.rules.filter_matching import matches, matches_keys
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.store import Store

REMEMBERED = 50_000
"""Verdicts; the oldest leave."""
BATCH = 50
"""Bodies that are read and judged at once: about 10 ms of the event loop."""

_Verdict = tuple[str, ArticleId, int]


class Filtering:
    """Judges articles by filters, and reads what it needs for that."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._verdicts = LeastRecent[_Verdict, bool](REMEMBERED)

    async def passing(self, wanted: Filter, heads: Sequence[Article]) -> list[Article]:
        """Return those that pass a filter, in their order."""
        found = [head for head in heads if matches_keys(wanted, head)]
        query = wanted.query
        if query is None:
            return found
        verdicts = {head.id: self._verdicts.peek((query, head.id, head.revision)) for head in found}
        unknown = [head for head in found if verdicts[head.id] is None]
        for at in range(0, len(unknown), BATCH):
            verdicts |= await self._judged(wanted, query, unknown[at : at + BATCH])
        return [head for head in found if verdicts[head.id]]

    async def _judged(
        self, wanted: Filter, query: str, heads: Sequence[Article]
    ) -> dict[ArticleId, bool | None]:
        read = await self._store.articles.get_many([head.id for head in heads])
        verdicts: dict[ArticleId, bool | None] = {}
        for head, article in zip(heads, read, strict=True):
            verdicts[head.id] = article is not None and matches(wanted, article)
            if article is not None:
                self._verdicts.put((query, article.id, article.revision), bool(verdicts[head.id]))
        await asyncio.sleep(0)
        return verdicts
