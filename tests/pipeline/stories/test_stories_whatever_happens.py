"""Random histories, several hands at once: whatever happens, no reader loses an article or has a text twice."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta

import pytest
from pipeline.stories.test_copies_and_stories import BY_ARTICLE, BY_STORY, FIRE, admitter, telling, text
from support import ManualClock

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.filter_matching import Filtering
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.stories.editing import StoryEditing, StoryRefused
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.store.store import Store

HEADLINES = (FIRE, "Persebaya Taklukkan Arema di Kanjuruhan", "Gubernur Resmikan Jembatan Musi Baru")
SPECS = [BY_STORY, BY_ARTICLE]
MOST = 500


class History:
    """What sources and operators do, by chance."""

    def __init__(self, store: Store, clock: ManualClock, seed: int) -> None:
        self._store = store
        self._clock = clock
        self._rng = random.Random(seed)
        self._story_editing = StoryEditing(store, SPECS, StoriesPolicy(), clock)
        self._withdrawer = Withdrawer(store, SPECS, open_metrics(), clock, count_coverage)
        self.ids: set[ArticleId] = set()

    async def go_on(self) -> None:
        steps = [self._news() if self._rng.random() < 0.7 else self._word() for _ in range(4)]
        await asyncio.gather(*steps)
        self._clock.advance(self._rng.choice([1, 60, 3000]))
        await self._store.articles.sweep(self._clock(), timedelta(hours=6), 2)

    async def _news(self) -> None:
        """Bring an article, or a revision of one, now and then in a first round."""
        headline = self._rng.choice(HEADLINES)
        number, source = self._rng.randrange(30), self._rng.choice("abcd")
        body = f"{headline} {text(self._rng.randrange(4), self._rng.choice([5, 120]))}"
        one = telling(number, source, headline, body)
        first = self._rng.random() < 0.3
        done = await admitter(self._store, self._clock).admit([one], backfill=first)
        self.ids.update(admitted.article_id for admitted in done)

    async def _word(self) -> None:
        """Carry out a word of an operator's."""
        ids = sorted(self.ids)
        one, other = self._rng.choice(ids), self._rng.choice(ids)
        word = self._rng.choice(["split", "join", "withdraw", "restore"])
        with suppress(StoryRefused):
            if word == "split":
                await self._story_editing.split(one)
            elif word == "join":
                await self._story_editing.join(one, other)
            elif word == "withdraw":
                await self._withdrawer.withdraw(one, WithdrawnBy.OPERATOR, "x")
            else:
                await self._withdrawer.restore(one)


async def check(store: Store, ids: set[ArticleId], wanted: Filter) -> None:
    known = sorted(ids)
    places = dict(zip(known, await store.stories.places(known), strict=True))
    found = await store.articles.get_many(known, bodies=False)
    mine = [one.id for one in found if one and (not wanted.source or one.source in wanted.source)]
    told = (await select(store, Filtering(store), wanted, MOST, Per.STORY)).entries
    stories = [places[one.article.id].story or one.article.id for one in told]
    assert len(stories) == len(set(stories)), "a story is one entry"
    assert {places[one].story or one for one in mine} == set(stories), "each has one"
    told = (await select(store, Filtering(store), wanted, MOST, Per.ARTICLE)).entries
    shown = {one.article.id for one in told}
    texts = {places[one].copy_of or one for one in shown}
    for one in set(mine) - shown:
        original = places[one].copy_of
        assert original is not None, "only copies are left out"
        assert {original, places[original].copy_of} & texts, "and only where their text is shown"


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_lost_and_nothing_comes_twice(store: Store, clock: ManualClock, seed: int) -> None:
    history = History(store, clock, seed)
    history.ids.update(
        one.article_id for one in await admitter(store, clock).admit([telling(99, "a", FIRE, text(1))])
    )
    for _ in range(15):
        await history.go_on()
        await check(store, history.ids, Filter())
        await check(store, history.ids, Filter(source=("a", "b")))
    keys = store.stories._keys
    for one in history.ids:
        fields = await store.connection.call("HKEYS", keys.article(one))
        assert not fields or b"head" in fields, "what has left leaves nothing behind"
