"""The index of recent articles of this process, kept up by the log of assignments."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.bounded_dict import Recent
from syndicator.rules.stories.clustering import KnownStory
from syndicator.rules.stories.near_duplicates import Text
from syndicator.rules.stories.near_index import IndexEntry, Nearby, NearIndex, packed_keys, term_keys
from syndicator.rules.stories.shingles import sample
from syndicator.store.outbox import BEGINNING
from syndicator.store.stories.assignments import Assignments
from syndicator.store.stories.stories import Stories, StoryPosition

_ENTRIES = 500
"""Read of the log at once: 2 ms of the event loop."""

_STORIES_KEPT = 5_000
"""At about 4 KB each, and at most twice as many."""


class NearArticles:
    """Finds recent articles that share words with others, and their stories; one in a process."""

    def __init__(self, assignments: Assignments, stories: Stories) -> None:
        self._assignments = assignments
        self._stories = stories
        self._following = asyncio.Lock()
        self._known = Recent[StoryId, KnownStory](_STORIES_KEPT)
        self._index = NearIndex()
        self._origin = ""
        self._position = BEGINNING

    def __len__(self) -> int:
        return len(self._index)

    @property
    def origin(self) -> str:
        """The origin of the data that was read."""
        return self._origin

    def without_known(self, articles: Sequence[ArticleId]) -> list[ArticleId]:
        """Return the articles that are not in the log."""
        return self._index.without_known(articles)

    @property
    def position(self) -> str:
        """The position up to which the log was read."""
        return self._position

    async def follow(self, now: datetime) -> None:
        """Read the log to its end; from the beginning after a loss of data."""
        async with self._following:
            self.check_origin(await self._assignments.origin())
            while True:
                since = self._position
                entries, position = await self._assignments.log(since, _ENTRIES)
                self.add(entries, since, position, now)
                if len(entries) < _ENTRIES:
                    return
                await asyncio.sleep(0)

    def check_origin(self, origin: str) -> bool:
        """Return whether the data is the same as before; otherwise begin with an empty index."""
        is_same = origin == self._origin
        if not is_same:
            self._begin(origin)
        return is_same

    def add(self, entries: Sequence[IndexEntry], since: str, position: str, now: datetime) -> None:
        """Add the entries between two positions, unless another task has read on meanwhile."""
        if since != self._position:
            return
        self._position = position
        for is_new, following in groupby(entries, lambda entry: entry.is_new):
            run = list(following)
            for entry in run:
                self._known.forget(entry.story)
            if is_new:
                self._index.add(run)
                continue
            for entry in run:
                before = self._index.move(entry.article, entry.story)
                if before is not None:
                    self._known.forget(before)
        self._index.drop_old(to_ms(now))

    def near(self, articles: Sequence[tuple[bytes, bytes]]) -> list[Nearby]:
        """Return for each article, given as keys of (runs, terms), what shares most with it."""
        return self._index.near(articles)

    async def stories(self, ids: Iterable[StoryId]) -> dict[StoryId, KnownStory]:
        """Return stories as they are stored; without those that are gone."""
        found, unknown = {}, []
        for one in dict.fromkeys(ids):
            known = self._known.recall(one)
            if known is None:
                unknown.append(one)
            else:
                found[one] = known
        position = self._position
        for one, read in zip(unknown, await self._stories.known(unknown), strict=True):
            if read is None:
                continue
            found[one] = read
            if position == self._position:  # else it may have been read before it changed
                self._known.keep(one, read)
        return found

    def note_story(self, known: KnownStory) -> None:
        """Keep a story as this process has just written it."""
        self._known.keep(known.story.id, known)

    def forget_story(self, story: StoryId) -> None:
        """Read a story anew when it is asked for again."""
        self._known.forget(story)

    def _begin(self, origin: str) -> None:
        self._origin = origin
        self._index = NearIndex()
        self._known = Recent(_STORIES_KEPT)
        self._position = BEGINNING


def entry_of_known(article: ArticleId, found: StoryPosition, text: Text | None) -> IndexEntry:
    """Return the log entry of an article that was assigned before there was a log."""
    runs = sample(text.shingles) if text is not None and text.plain and found.copy_of is None else ()
    return IndexEntry(
        article=article,
        story=found.story,
        at_ms=0,
        runs=packed_keys(runs),
        terms=term_keys(found.own),
    )
