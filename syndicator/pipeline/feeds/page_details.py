"""Details that pages show beside entries: the story of an article, and its ranks over time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import Clock
from syndicator.model.feed import FeedEntry, Order
from syndicator.model.ids import ArticleId, FeedId, StoryId
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.popularity.ranking import NOTED_EVERY
from syndicator.pipeline.stories.representatives import MEMBERS
from syndicator.rules.popularity.rank_history import Point, best_at_each_instant, stretches
from syndicator.store.popularity.portal_counters import RankNote
from syndicator.store.store import Store

SHOWN_FOR = timedelta(hours=24)
"""Time span of the rank histories beside the entries of a popular feed."""

_LONGEST_GAP = 2.5 * NOTED_EVERY
_NOTES = 3000
"""Most rank notes read for all articles of a story. Ten articles have no more."""
_POINTS = 432
"""Most points in the rank history of a story: three days of notes."""


class StoryMark(Struct, frozen=True, kw_only=True):
    """The story of an article that has others."""

    id: StoryId
    reports: int
    """Number of its articles, at most `MEMBERS`."""


class RankHistory(Struct, frozen=True, kw_only=True):
    """The history of ranks in a popular feed, earliest first.

    A new stretch begins after each absence from the list.
    """

    feed: FeedId
    ranks: tuple[tuple[Point, ...], ...] = ()
    scores: tuple[tuple[Point, ...], ...] = ()


class FeedPreview(Struct, frozen=True, kw_only=True):
    """The first entries of a feed, with the details shown beside them."""

    entries: tuple[FeedEntry, ...]
    stories: Mapping[ArticleId, StoryMark]
    rank_histories: Mapping[ArticleId, RankHistory]
    """Of a popular feed; else empty."""


class MemberRow(Struct, frozen=True, kw_only=True):
    """An article of a story. The entry is without its body."""

    entry: FeedEntry
    copy_of: ArticleId | None = None


class StoryShown(Struct, frozen=True, kw_only=True):
    """A story as its page shows it."""

    id: StoryId
    reports: tuple[MemberRow, ...]
    """Oldest first."""
    is_whole: bool
    """False where the story has more articles than are shown."""
    rank_history: RankHistory | None
    """Rank of its best article over time, without scores. None where no popular feed listed it recently."""


class PageDetails:
    """Reads the details of pages that are no feeds."""

    def __init__(self, store: Store, publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock

    async def preview(self, feed: FeedId, most: int) -> FeedPreview:
        """Return the first entries of a configured feed."""
        entries = await self._publisher.first(feed, most)
        ids = [entry.article.id for entry in entries]
        ranks = self._publisher.specs[feed].order is Order.POPULAR
        return FeedPreview(
            entries=entries,
            stories=await self.story_marks(ids),
            rank_histories=await self._rank_histories(feed, ids) if ranks else {},
        )

    async def story_marks(self, ids: Sequence[ArticleId]) -> Mapping[ArticleId, StoryMark]:
        """Return the story of each article whose story has other articles too."""
        places = await self._store.stories.places(ids)
        stories = {article: place.story for article, place in zip(ids, places, strict=True) if place.story}
        members = await self._store.stories.members(list(dict.fromkeys(stories.values())), MEMBERS)
        return {
            article: StoryMark(id=story, reports=len(members[story]))
            for article, story in stories.items()
            if len(members[story]) > 1
        }

    async def story_name(self, name: ArticleId) -> StoryId:
        """Return the current story of an article; a missing article may have given a story its id."""
        name = await self._store.articles.led_by(name) or name
        (place,) = await self._store.stories.places([name])
        return place.story or StoryId(name)

    async def story(self, story: StoryId, wanted: FeedId | None) -> StoryShown | None:
        """Return a story with its ranks, in the feed `wanted` if that listed it; None without any article."""
        members = (await self._store.stories.members([story], MEMBERS + 1))[story]
        entries = await self._publisher.listed(members[:MEMBERS] or [ArticleId(story)])
        if not entries:
            return None
        ids = [entry.article.id for entry in entries]
        places = await self._store.stories.places(ids)
        return StoryShown(
            id=story,
            reports=tuple(
                MemberRow(entry=entry, copy_of=place.copy_of)
                for entry, place in zip(entries, places, strict=True)
            ),
            is_whole=len(members) <= MEMBERS,
            rank_history=await self._story_rank_history(ids, wanted),
        )

    async def _rank_histories(
        self, feed: FeedId, ids: Sequence[ArticleId]
    ) -> Mapping[ArticleId, RankHistory]:
        now = self._clock()
        notes = await self._store.popularity.ranks_of(ids)
        current = await self._current(feed, now)
        return {
            article: _rank_history(
                feed,
                [
                    note
                    for note in (*notes[article], *current.get(article, ()))
                    if note.feed == feed and note.at >= now - SHOWN_FOR
                ],
            )
            for article in ids
        }

    async def _story_rank_history(
        self, ids: Sequence[ArticleId], wanted: FeedId | None
    ) -> RankHistory | None:
        found = await self._store.popularity.ranks_of(ids, _NOTES // len(ids))
        notes = [note for row in found.values() for note in row if note.feed in self._publisher.public]
        listed = Counter(note.feed for note in notes)
        if not listed:
            return None
        feed = wanted if wanted and listed[wanted] else max(listed, key=lambda name: (listed[name], name))
        current = await self._current(feed, self._clock())
        notes += [note for article in ids for note in current.get(article, ())]
        best = best_at_each_instant(_ranks(note for note in notes if note.feed == feed))
        return RankHistory(feed=feed, ranks=stretches(best[-_POINTS:], _LONGEST_GAP))

    async def _current(self, feed: FeedId, now: datetime) -> Mapping[ArticleId, tuple[RankNote]]:
        """Return the current ranks of a feed as rank notes of now."""
        ranking = await self._store.feeds.ranking(feed)
        return {
            place.article_id: (RankNote(at=now, feed=feed, rank=rank, score=place.score),)
            for rank, place in enumerate(ranking, 1)
        }


def _rank_history(feed: FeedId, notes: Sequence[RankNote]) -> RankHistory:
    ordered = sorted(notes, key=lambda note: note.at)
    scores = [Point(at=note.at, value=note.score) for note in ordered if note.score is not None]
    return RankHistory(
        feed=feed,
        ranks=stretches(_ranks(ordered), _LONGEST_GAP),
        scores=stretches(scores, _LONGEST_GAP),
    )


def _ranks(notes: Iterable[RankNote]) -> list[Point]:
    return [Point(at=note.at, value=note.rank) for note in notes]
