"""Finds out which configured feeds show an article, since when, and why others do not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.feed import FeedSpec, Order
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.representatives import Representatives
from syndicator.rules.filter_language import refusal_words
from syndicator.rules.filter_matching import refusing_key
from syndicator.store.popularity.portal_counters import RankNote
from syndicator.store.store import Store

MOST_READ = 100
"""Most feeds whose entries are read for an answer; of further ones only the filter is looked at."""


class FeedTrace(Struct, frozen=True, kw_only=True):
    """Whether a configured feed shows an article."""

    feed: FeedId
    title: str
    private: bool
    shown: bool | None
    """None: its filter takes the article; its entries were not read, because too many feeds take it."""
    reason: str = ""
    """Why not: `filter.` and a key, `copy`, `story`, `size`, `rank`, `withdrawn` or `unassigned`."""
    why: str
    """The same as one sentence."""
    since: datetime | None = None
    """Since when it takes the article, by kept revisions; of a popular feed, when a rank was first noted."""
    shown_as: ArticleId | None = None
    """The article that stands for its story there, where that is another."""
    rank: int | None = None


class FeedTracer:
    """Looks at all configured feeds for one article."""

    def __init__(self, store: Store, specs: Mapping[FeedId, FeedSpec]) -> None:
        self._store = store
        self._specs = specs
        self._filtering = Filtering(store)

    async def trace(
        self, article: Article, revisions: Sequence[Article], *, hidden: str = ""
    ) -> tuple[FeedTrace, ...]:
        """Return for each feed whether it shows an article, those that show it first.

        `revisions`: all kept ones, the newest first. `hidden`: `withdrawn` or `unassigned`, of what no feed
        shows.
        """
        notes = await self._store.popularity.ranks(article.id)
        found: list[FeedTrace] = []
        read = 0
        for spec in self._specs.values():
            key = refusing_key(spec.filter, article)
            if key is not None:
                reason, words = f"filter.{key}", refusal_words(spec.filter, key, article)
                found.append(_absent(spec, reason, f"Its {words}."))
            elif hidden:
                found.append(_absent(spec, hidden, _HIDDEN[hidden]))
            elif read >= MOST_READ:
                found.append(_unread(spec, _since(spec, revisions)))
            else:
                read += 1
                found.append(await self._of(spec, article, revisions, notes))
        return tuple(sorted(found, key=lambda one: one.shown is False))

    async def _of(
        self, spec: FeedSpec, article: Article, revisions: Sequence[Article], notes: Sequence[RankNote]
    ) -> FeedTrace:
        """Return whether a feed shows an article that its filter takes."""
        representatives = Representatives(self._store, self._filtering, spec.filter, spec.per)
        led = await representatives.led([article])
        if not led:
            return _absent(spec, "copy", "It shows another article with the same text.")
        leader = led[0][1].article.id
        if spec.order is Order.POPULAR:
            return await self._ranked(spec, article.id, leader, notes)
        selection = await select(self._store, self._filtering, spec.filter, spec.size, spec.per)
        other = leader if leader != article.id else None
        if all(entry.article.id != leader for entry in selection.entries):
            why = f"It shows its {spec.size} newest entries (size), and this one is older."
            return _absent(spec, "size", why, shown_as=other)
        return FeedTrace(
            feed=spec.id,
            title=spec.title,
            private=spec.private,
            shown=True,
            why=f"It shows the story by its first article, {leader}." if other else "It shows the article.",
            since=_since(spec, revisions),
            shown_as=other,
        )

    async def _ranked(
        self, spec: FeedSpec, article: ArticleId, leader: ArticleId, notes: Sequence[RankNote]
    ) -> FeedTrace:
        ranking = await self._store.feeds.ranking(spec.id)
        ranks = {place.article_id: rank for rank, place in enumerate(ranking[: spec.size], start=1)}
        rank = ranks.get(article, ranks.get(leader))
        if rank is None:
            return _absent(spec, "rank", f"It is not among the {spec.size} most popular ones (size).")
        return FeedTrace(
            feed=spec.id,
            title=spec.title,
            private=spec.private,
            shown=True,
            why=f"It shows the article at rank {rank}.",
            since=next((note.at for note in notes if note.feed == spec.id), None),
            shown_as=leader if article not in ranks else None,
            rank=rank,
        )


_HIDDEN = {
    "withdrawn": "The article is withdrawn.",
    "unassigned": "The article waits to be assigned to a story, and is shown after that.",
}


def _since(spec: FeedSpec, revisions: Iterable[Article]) -> datetime | None:
    """Return since when a feed takes an article, going back over its revisions, the newest first."""
    since = None
    for revision in revisions:
        if refusing_key(spec.filter, revision) is not None:
            return since
        since = revision.updated_at if revision.revised or revision.restored_at else revision.shown_since
    return since


def _absent(spec: FeedSpec, reason: str, why: str, *, shown_as: ArticleId | None = None) -> FeedTrace:
    return FeedTrace(
        feed=spec.id,
        title=spec.title,
        private=spec.private,
        shown=False,
        reason=reason,
        why=why,
        shown_as=shown_as,
    )


def _unread(spec: FeedSpec, since: datetime | None) -> FeedTrace:
    why = "Its filter takes the article; its entries were not read."
    return FeedTrace(feed=spec.id, title=spec.title, private=spec.private, shown=None, why=why, since=since)
