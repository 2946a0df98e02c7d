"""Coverage: counts which other publishers have the stories that grew."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.signal import SignalKind
from syndicator.pipeline.stories.growth import GrowthMember, announce_growth
from syndicator.pipeline.stories.representatives import MEMBERS
from syndicator.rules.least_recent import Recent
from syndicator.rules.popularity.popularity_score import HALF_LIVES, StoryPublisher, coverage
from syndicator.rules.stories.owners import UNNAMED, Owners, owner_of
from syndicator.store.store import Store

STORIES = 50
"""Most stories that one call counts; the next call counts the others."""

_LOOKED_BACK_MS = 5000
"""Largest difference between the clocks of writers."""

_CURSOR = "coverage"

_REMEMBERED = 1000


class Coverage:
    """Counts the publishers of each story, as stories grow."""

    def __init__(self, store: Store, owners: Owners) -> None:
        self._store = store
        self._owners = owners
        self._counted = Recent[StoryId, tuple[ArticleId, ...]](_REMEMBERED)
        """The first articles of each story, when it was last counted here."""

    async def note(self, now: datetime) -> int:
        """Count the publishers of each story that grew since the last call; return the number of stories.

        New publishers are announced. Counting is idempotent: an interrupted or repeated call does no harm.
        """
        store = self._store
        since_ms = await store.signals.cursor(_CURSOR)
        grown = await store.stories.grown(since_ms, STORIES)
        if not grown:
            return 0
        firsts = await self._changed([story for story, _ in grown])
        if firsts:
            await announce_growth(store, await count_coverage(store, list(firsts), self._owners), now)
        for story, members in firsts.items():
            self._counted.keep(story, members)
        last_ms = grown[-1][1]
        if len(grown) == STORIES:  # continue there, also where more stories grew in the same millisecond
            reached_ms = max(last_ms, since_ms + 1)
        else:
            reached_ms = max(since_ms, min(last_ms + 1, to_ms(now) - _LOOKED_BACK_MS))
        await store.signals.move_cursor(_CURSOR, reached_ms)
        return len(grown)

    async def _changed(self, stories: Sequence[StoryId]) -> dict[StoryId, tuple[ArticleId, ...]]:
        """Return the first articles of the stories in which they have changed since the last count.

        In a story of more than MEMBERS articles, they seldom change.
        """
        members = await self._store.stories.members(stories, MEMBERS)
        firsts = {story: tuple(articles) for story, articles in members.items()}
        return {
            story: articles
            for story, articles in firsts.items()
            if len(articles) < MEMBERS or self._counted.recall(story) != articles
        }


async def count_coverage(
    store: Store, stories: Sequence[StoryId], owners: Owners = UNNAMED
) -> Mapping[StoryId, Sequence[GrowthMember]]:
    """Store the coverage of each article of the stories; return the members of each story, oldest first."""
    listed = await store.stories.members(stories, MEMBERS)
    ids = list(dict.fromkeys(article for articles in listed.values() for article in articles))
    heads = await store.articles.get_many(ids, bodies=False)
    places = await store.stories.places(ids)
    known = {
        article: GrowthMember(
            article=article,
            publisher=StoryPublisher(
                owner=owner_of(head.url, owners),
                at=min(head.first_seen_at, head.listed_at),
                copies=place.copy_of is not None,
            ),
            is_quiet=place.is_quiet,
        )
        for article, head, place in zip(ids, heads, places, strict=True)
        if head
    }
    members = {
        story: [known[article] for article in articles if article in known]
        for story, articles in listed.items()
    }
    logs: dict[ArticleId, tuple[float, ...] | None] = {}
    for of_story in members.values():
        publishers = [member.publisher for member in of_story]
        for member in of_story:
            logs[member.article] = _logs(coverage(publishers, member.publisher.owner))
    await store.signals.replace(SignalKind.COVERAGE, logs)
    return members


def _logs(others: Sequence[tuple[datetime, float]]) -> tuple[float, ...] | None:
    if not others:
        return None
    newest = max(at for at, _ in others)
    logs = []
    for half in HALF_LIVES.values():
        if half is not None:
            total = math.fsum(weight * 2 ** (-((newest - at) / half)) for at, weight in others)
            logs.append(math.log2(total) + to_ms(newest) / (half / timedelta(milliseconds=1)))
    return (*logs, math.fsum(weight for _, weight in others))
