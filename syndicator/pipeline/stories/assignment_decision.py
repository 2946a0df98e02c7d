"""Decides which stories articles that wait belong to, and reads what that takes.

what is near? ─▶ read it ─▶ judge one by one ─▶ which feeds of stories may show what has become of each?
"""

import asyncio
from collections.abc import Mapping, Sequence

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.model.ids import ArticleId, FeedId, StoryId
from syndicator.model.story import ShownIn, Story
from syndicator.observe.logs import get_logger
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.pipeline.stories.representatives import MEMBERS
from syndicator.rules.filter_matching import FeedIndex, story_feeds
from syndicator.rules.least_recent import Recent
from syndicator.rules.stories.batch_assignment import (
    Assignment,
    Newcomer,
    Surroundings,
    newcomer,
    surroundings,
    texts_wanted,
)
from syndicator.rules.stories.clustering import Neighbour, StoriesPolicy, StoryDecision, alone
from syndicator.rules.stories.near_duplicates import Text
from syndicator.store.store import Store
from syndicator.store.stories.assignments import Decision, UnassignedArticle

_TEXTS_KEPT = 1_000
"""At about 15 KB each, and at most twice as many."""

_UNJUDGED = "it could not be judged: the log says why"

log = get_logger(__name__)


class AssignmentDecision:
    """Judges articles that wait, in their order; writes nothing."""

    def __init__(
        self, store: Store, specs: FeedIndex, policy: StoriesPolicy, clock: Clock, near: NearArticles
    ) -> None:
        self._store = store
        self._specs = specs
        self._policy = policy
        self._clock = clock
        self._near = near
        self._texts = Recent[tuple[ArticleId, str], Text](_TEXTS_KEPT)
        self._admitted = Recent[tuple[ArticleId, str], Story](_TEXTS_KEPT)

    def remember(self, article: ArticleId, content_hash: str, text: Text, own: Story) -> None:
        """Keep what is compared of an article that this process admits, so that it need not be read again."""
        self._texts.keep((article, content_hash), text)
        self._admitted.keep((article, content_hash), own)

    async def decide(self, waiting: Sequence[UnassignedArticle]) -> list[Decision]:
        """Decide; where something unforeseen is wrong with a batch, each article is a story of its own."""
        try:
            return await self._judge(waiting)
        except StoreUnavailable:
            raise
        except Exception:  # else all that is behind it would never be shown
            log.exception("assignment_broke", articles=len(waiting))
        return [
            Decision(
                waiting=unassigned,
                terms=b"",
                placement=alone(self._own(unassigned), _UNJUDGED),
                shown_in=unassigned.shown_in,
            )
            for unassigned in waiting
        ]

    def _own(self, waiting: UnassignedArticle) -> Story:
        try:
            return self._admitted.recall((waiting.article, waiting.content_hash)) or waiting.own()
        except StoreError:
            log.exception("assignment_entry_damaged", article=waiting.article)
            now = self._clock()
            return Story(
                id=StoryId(waiting.article),
                title="",
                first_seen_at=now,
                started_at=now,
                published_at=now,
                latest_at=now,
                centroid={},
            )

    async def _judge(self, waiting: Sequence[UnassignedArticle]) -> list[Decision]:
        newcomers = [newcomer(self._own(one), one.runs) for one in waiting]
        around = surroundings(newcomers, self._near.index.near([(one.runs, one.terms) for one in newcomers]))
        stories = await self._near.stories(story for one in around for story in one.stories)
        wanted = texts_wanted(newcomers, around)
        hashes = {
            unassigned.article: unassigned.content_hash
            for unassigned in waiting
            if unassigned.article in wanted
        }
        standing = await self._store.stories.standing(sorted(wanted - hashes.keys()))
        texts = await self._read_texts(hashes | {one: found.content_hash for one, found in standing.items()})
        neighbours = {
            one: Neighbour(
                article_id=one, text=texts[one], own=found.own, story=found.story, copy_of=found.copy_of
            )
            for one, found in standing.items()
            if one in texts
        }
        assignment = Assignment(stories, neighbours, texts, self._policy)
        placements = []
        for at, (new, near) in enumerate(zip(newcomers, around, strict=True), 1):
            placements.append(_placed(assignment, new, near))
            if at % 16 == 0:
                await asyncio.sleep(0)  # judging takes 0.1 ms an article
        return await self._decisions(waiting, newcomers, placements)

    async def _read_texts(self, hashes: Mapping[ArticleId, str]) -> dict[ArticleId, Text]:
        """Return the texts of articles, given with the digests of their contents."""
        found = {one[0]: text for one in hashes.items() if (text := self._texts.recall(one))}
        read = await self._store.stories.texts(sorted(hashes.keys() - found.keys()))
        for one, text in read.items():
            self._texts.keep((one, hashes[one]), text)
        return found | read

    async def _decisions(
        self,
        waiting: Sequence[UnassignedArticle],
        newcomers: Sequence[Newcomer],
        placements: Sequence[StoryDecision],
    ) -> list[Decision]:
        """Add to each decision which feeds of stories may show what has become of its story."""
        nothing = ShownIn(self._specs.digest, ())
        own = {unassigned.article: unassigned.shown_in for unassigned in waiting}
        before = await self._shown_before(placements) if self._specs.has_stories else {}
        decisions = []
        for one, new, placement in zip(waiting, newcomers, placements, strict=True):
            shown = own[one.article]
            feeds: tuple[FeedId, ...] = ()
            if placement.joins is not None:
                shown = before.get(placement.story.id, nothing)
                feeds = shown.feeds
                shown = ShownIn(shown.specs, tuple(dict.fromkeys((*shown.feeds, *own[one.article].feeds))))
            before[placement.story.id] = shown
            if placement.superseded_original is not None:  # it may be hidden in any feed now
                feeds = tuple(spec.id for spec in self._specs)
            decisions.append(
                Decision(waiting=one, terms=new.terms, placement=placement, shown_in=shown, feeds=feeds)
            )
        return decisions

    async def _shown_before(self, placements: Sequence[StoryDecision]) -> dict[StoryId, ShownIn]:
        """Return which feeds may show the stories that are joined; read from members where needed."""
        known = {
            one.joins.story.id: shown
            for one in placements
            if one.joins and (shown := one.joins.shown_in) and shown.specs == self._specs.digest
        }
        founded = {one.story.id for one in placements if one.joins is None}
        names = {one.joins.story.id for one in placements if one.joins} - known.keys() - founded
        members = await self._store.stories.members(sorted(names), MEMBERS)
        ids = {story: found or [ArticleId(story)] for story, found in members.items()}
        every = list(dict.fromkeys(one for found in ids.values() for one in found))
        heads = dict(zip(every, await self._store.articles.get_many(every, bodies=False), strict=True))
        for story, found in ids.items():
            articles = [head for one in found if (head := heads[one])]
            known[story] = ShownIn(self._specs.digest, story_feeds(self._specs, articles))
        return known


def _placed(assignment: Assignment, new: Newcomer, near: Surroundings) -> StoryDecision:
    try:
        return assignment.place(new, near)
    except Exception:  # a fault of ours must not keep an article, and all behind it, from being shown
        log.exception("assignment_broke", article=new.id)
        placement = alone(new.own, _UNJUDGED)
        assignment.note(placement)
        return placement
