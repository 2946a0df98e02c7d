"""What pages show beside entries: the story that an article tells, and how it stood over time."""

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
"""So far back the courses beside the entries of a popular feed go."""

_LONGEST_GAP = 2.5 * NOTED_EVERY
_NOTES = 3000
"""Of all articles of a story together: as many as one page may cost. Ten articles have no more."""
_POINTS = 432
"""Of a story's course: three days of notes."""


class StoryMark(Struct, frozen=True, kw_only=True):
    """The story that an article tells together with others."""

    id: StoryId
    reports: int
    """Articles that tell it; no more than `MEMBERS` are counted."""


class Course(Struct, frozen=True, kw_only=True):
    """How something stood in a popular feed, the earliest first.

    One stretch ends and another begins where it had left the list.
    """

    feed: FeedId
    ranks: tuple[tuple[Point, ...], ...] = ()
    scores: tuple[tuple[Point, ...], ...] = ()


class Front(Struct, frozen=True, kw_only=True):
    """The first entries of a feed, and what is told beside them."""

    entries: tuple[FeedEntry, ...]
    stories: Mapping[ArticleId, StoryMark]
    courses: Mapping[ArticleId, Course]
    """Of a popular feed; else empty."""


class MemberRow(Struct, frozen=True, kw_only=True):
    """An article of a story. The entry is without its body."""

    entry: FeedEntry
    copy_of: ArticleId | None = None


class StoryShown(Struct, frozen=True, kw_only=True):
    """A story as its page shows it."""

    id: StoryId
    reports: tuple[MemberRow, ...]
    """The first to come in first."""
    is_whole: bool
    """False where more articles tell it than are shown."""
    course: Course | None
    """Of its best article at each instant, without scores. None where no popular feed listed any of late."""


class Browsing:
    """The questions of pages that no feed asks."""

    def __init__(self, store: Store, publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock

    async def front(self, feed: FeedId, most: int) -> Front:
        """Return the first entries of a configured feed."""
        entries = await self._publisher.first(feed, most)
        ids = [entry.article.id for entry in entries]
        ranks = self._publisher.specs[feed].order is Order.POPULAR
        return Front(
            entries=entries,
            stories=await self.story_marks(ids),
            courses=await self._courses(feed, ids) if ranks else {},
        )

    async def story_marks(self, ids: Sequence[ArticleId]) -> Mapping[ArticleId, StoryMark]:
        """Return the story of each article that others tell, too."""
        places = await self._store.stories.places(ids)
        fields = {one: place.story for one, place in zip(ids, places, strict=True) if place.story}
        members = await self._store.stories.members(list(dict.fromkeys(fields.values())), MEMBERS)
        return {
            one: StoryMark(id=story, reports=len(members[story]))
            for one, story in fields.items()
            if len(members[story]) > 1
        }

    async def story_name(self, name: ArticleId) -> StoryId:
        """Return the story that an article tells now.

        One that is not there may have given a story its name.
        """
        name = await self._store.articles.led_by(name) or name
        (place,) = await self._store.stories.places([name])
        return place.story or StoryId(name)

    async def story(self, story: StoryId, wanted: FeedId | None) -> StoryShown | None:
        """Return a story, its course in the wanted feed if that listed it.

        None where nothing is left of it.
        """
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
            course=await self._story_course(ids, wanted),
        )

    async def _courses(self, feed: FeedId, ids: Sequence[ArticleId]) -> Mapping[ArticleId, Course]:
        now = self._clock()
        notes = await self._store.popularity.ranks_of(ids)
        current = await self._current(feed, now)
        return {
            one: _course(
                feed,
                [
                    note
                    for note in (*notes[one], *current.get(one, ()))
                    if note.feed == feed and note.at >= now - SHOWN_FOR
                ],
            )
            for one in ids
        }

    async def _story_course(self, ids: Sequence[ArticleId], wanted: FeedId | None) -> Course | None:
        found = await self._store.popularity.ranks_of(ids, _NOTES // len(ids))
        notes = [note for row in found.values() for note in row if note.feed in self._publisher.public]
        listed = Counter(note.feed for note in notes)
        if not listed:
            return None
        feed = wanted if wanted and listed[wanted] else max(listed, key=lambda one: (listed[one], one))
        current = await self._current(feed, self._clock())
        notes += [note for one in ids for note in current.get(one, ())]
        best = best_at_each_instant(_ranks(note for note in notes if note.feed == feed))
        return Course(feed=feed, ranks=stretches(best[-_POINTS:], _LONGEST_GAP))

    async def _current(self, feed: FeedId, now: datetime) -> Mapping[ArticleId, tuple[RankNote]]:
        """Return how a feed ranks now as if it was noted now."""
        ranking = await self._store.feeds.ranking(feed)
        return {
            place.article_id: (RankNote(at=now, feed=feed, rank=rank, score=place.score),)
            for rank, place in enumerate(ranking, 1)
        }


def _course(feed: FeedId, notes: Sequence[RankNote]) -> Course:
    ordered = sorted(notes, key=lambda note: note.at)
    scores = [Point(at=note.at, value=note.score) for note in ordered if note.score is not None]
    return Course(
        feed=feed,
        ranks=stretches(_ranks(ordered), _LONGEST_GAP),
        scores=stretches(scores, _LONGEST_GAP),
    )


def _ranks(notes: Iterable[RankNote]) -> list[Point]:
    return [Point(at=note.at, value=note.rank) for note in notes]
