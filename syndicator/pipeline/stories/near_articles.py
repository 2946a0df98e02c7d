"""The index of recent articles of this process, kept up by the log of assignments."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.rules.least_recent import Recent
from syndicator.rules.stories.clustering import KnownStory
from syndicator.rules.stories.near_duplicates import Text
from syndicator.rules.stories.near_index import IndexEntry, NearIndex, packed_keys, term_keys
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
        self.known = Recent[StoryId, KnownStory](_STORIES_KEPT)
        """Stories as they are stored; to be forgotten when they may have changed."""
        self.index = NearIndex()
        self.origin = ""
        """The origin of the data that was read."""
        self.position = BEGINNING
        """The position up to which the log was read."""

    async def follow(self, now: datetime) -> None:
        """Read the log to its end; from the beginning after a loss of data."""
        async with self._following:
            self.check_origin(await self._assignments.origin())
            while True:
                since = self.position
                entries, position = await self._assignments.log(since, _ENTRIES)
                self.add(entries, since, position, now)
                if len(entries) < _ENTRIES:
                    return
                await asyncio.sleep(0)

    def check_origin(self, origin: str) -> bool:
        """Return whether the data is the same as before; otherwise begin with an empty index."""
        if origin == self.origin:
            return True
        self.origin, self.position = origin, BEGINNING
        self.index, self.known = NearIndex(), Recent(_STORIES_KEPT)
        return False

    def add(self, entries: Sequence[IndexEntry], since: str, position: str, now: datetime) -> None:
        """Add the entries between two positions, unless another task has read on meanwhile."""
        if since != self.position:
            return
        self.position = position
        for is_new, following in groupby(entries, lambda entry: entry.is_new):
            run = list(following)
            for entry in run:
                self.known.forget(entry.story)
            if is_new:
                self.index.add(run)
                continue
            for entry in run:
                before = self.index.move(entry.article, entry.story)
                if before is not None:
                    self.known.forget(before)
        self.index.drop_old(to_ms(now))

    async def stories(self, ids: Iterable[StoryId]) -> dict[StoryId, KnownStory]:
        """Return stories as they are stored; without those that are gone."""
        found, unknown = {}, []
        for one in dict.fromkeys(ids):
            known = self.known.recall(one)
            if known is None:
                unknown.append(one)
            else:
                found[one] = known
        position = self.position
        for one, read in zip(unknown, await self._stories.known(unknown), strict=True):
            if read is None:
                continue
            found[one] = read
            if position == self.position:  # else it may have been read before it changed
                self.known.keep(one, read)
        return found


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
