"""Coverage: who else tells the stories that grew."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syndicator.model.article import Article
from syndicator.model.clock import to_ms
from syndicator.model.ids import ArticleId, StoryId
from syndicator.model.signal import SignalKind
from syndicator.model.source import SourceScope
from syndicator.pipeline.stories.growth import GrowthMember, tell_growth
from syndicator.pipeline.stories.representatives import MEMBERS
from syndicator.rules.bounded_dict import Recent
from syndicator.rules.politeness_scope import scope_key
from syndicator.rules.popularity.popularity_score import HALF_LIVES, StoryPublisher, coverage
from syndicator.store.store import Store

STORIES = 50
"""Stories that are looked at in one turn; more have theirs in the next."""

_LOOKED_BACK_MS = 5000
"""Writers' clocks may differ by so much."""

_CURSOR = "coverage"

_REMEMBERED = 1000
"""Stories."""


class Coverage:
    """Counts who tells each story, as stories grow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted = Recent[StoryId, tuple[ArticleId, ...]](_REMEMBERED)
        """The first articles of each story, when it was last counted here."""

    async def note(self, now: datetime) -> int:
        """Count anew who tells each story that grew since the last time; say how many were looked at.

        Who joined is told to partners. Counting anew is the same however often it is done: a turn cut short,
        or done twice, harms nothing.
        """
        store = self._store
        since_ms = await store.signals.cursor(_CURSOR)
        grown = await store.stories.grown(since_ms, STORIES)
        if not grown:
            return 0
        firsts = await self._others([story for story, _ in grown])
        if firsts:
            await tell_growth(store, await count_coverage(store, list(firsts)), now)
        for story, members in firsts.items():
            self._counted.keep(story, members)
        last_ms = grown[-1][1]
        if len(grown) == STORIES:  # goes on where it stopped, also where more than these grew in one instant
            reached_ms = max(last_ms, since_ms + 1)
        else:
            reached_ms = max(since_ms, min(last_ms + 1, to_ms(now) - _LOOKED_BACK_MS))
        await store.signals.move_cursor(_CURSOR, reached_ms)
        return len(grown)

    async def _others(self, stories: Sequence[StoryId]) -> dict[StoryId, tuple[ArticleId, ...]]:
        """Return the first articles of those stories in which they are others than when they were counted.

        Of a large story, they stay the same.
        """
        members = await self._store.stories.members(stories, MEMBERS)
        firsts = {story: tuple(found) for story, found in members.items()}
        return {
            story: found
            for story, found in firsts.items()
            if len(found) < MEMBERS or self._counted.recall(story) != found
        }


async def count_coverage(
    store: Store, stories: Sequence[StoryId]
) -> Mapping[StoryId, Sequence[GrowthMember]]:
    """Count anew for each article of some stories who else tells it. Give who does, the first first."""
    members = await store.stories.members(stories, MEMBERS)
    ids = list(dict.fromkeys(one for found in members.values() for one in found))
    heads = await store.articles.get_many(ids, bodies=False)
    places = await store.stories.places(ids)
    known = {
        one: GrowthMember(
            article=one,
            teller=_teller(head, copies=place.copy_of is not None),
            is_quiet=place.is_quiet,
        )
        for one, head, place in zip(ids, heads, places, strict=True)
        if head
    }
    fields = {story: [known[one] for one in found if one in known] for story, found in members.items()}
    logs: dict[ArticleId, tuple[float, ...] | None] = {}
    for tellings in fields.values():
        tellers = [one.teller for one in tellings]
        for one in tellings:
            logs[one.article] = _logs(coverage(tellers, one.teller.owner))
    await store.signals.replace(SignalKind.COVERAGE, logs)
    return fields


def owner_of(article: Article) -> str:
    """Return the portal of an article: several sources of one registrable domain are one."""
    return scope_key(SourceScope.DOMAIN, article.url)


def _teller(head: Article, *, copies: bool) -> StoryPublisher:
    return StoryPublisher(owner=owner_of(head), at=min(head.first_seen_at, head.listed_at), copies=copies)


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
