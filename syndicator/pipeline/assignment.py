"""Assigns admitted articles to stories, in the order of their admission, and thereby shows them.

    take the right, what waits, the log ─▶ what is near? ─▶ read it ─▶ judge one by one ─▶ write and show

One process at a time does it, any of them. Whoever has admitted something takes the right if it is free,
and keeps it until nothing waits. A process that finds it taken need not wait: the holder looks once more
before it gives the right back. So nothing is judged twice, and nothing fails because others admit as well.
What a process knows of recent articles comes from the log of decisions, which all of them follow.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.clock import Clock, to_ms
from syndicator.model.ids import ArticleId, FeedId, StoryId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.near_articles import NearArticles, entry_of_known
from syndicator.pipeline.telling import MEMBERS
from syndicator.rules.assignment import (
    Assignment,
    Newcomer,
    Surroundings,
    after,
    newcomer,
    surroundings,
    texts_wanted,
)
from syndicator.rules.copies import Text
from syndicator.rules.placement import (
    Neighbour,
    Placement,
    ShownIn,
    StoriesPolicy,
    alone,
)
from syndicator.rules.recent import Recent
from syndicator.rules.selection import FeedIndex, story_feeds
from syndicator.rules.stories import WINDOW, Story
from syndicator.store.assignments import Decision, Held, Place, Turn, Waiting, Written, entry_of
from syndicator.store.owners import is_dead, new_token
from syndicator.store.store import Store

LEASE = timedelta(seconds=5)
"""How long a process that stopped in the middle keeps others from assigning."""

BATCH = 100
"""Articles judged and written at once: 4 ms of Redis' time, 15 ms of ours."""

_LOG_ENTRIES = 1000
_TEXTS_KEPT = 1_000
"""At about 15 KB each, and at most twice as many."""

_FINISH_S = 3.0
_LOOK_AGAIN_S = 0.02
"""While another process assigns."""

_NOWHERE: Place = (0, 0)

_FRUITLESS_MOST = 20
"""Turns without a decision that held: somebody edits stories as fast as we decide, or something is broken."""

log = get_logger(__name__)


@dataclass(slots=True)
class _Caller:
    """Somebody who waits until articles are assigned."""

    done: asyncio.Future[None]
    last: Place | None = None
    """The last entry that it waits for; None: the queue has not been looked at since it came."""


class Assigner:
    """Assigns what waits while it has the right to; one in a process."""

    def __init__(
        self, store: Store, specs: FeedIndex, policy: StoriesPolicy, clock: Clock, near: NearArticles
    ) -> None:
        self._store = store
        self._specs = specs
        self._policy = policy
        self._clock = clock
        self._near = near
        self._token = new_token()
        self._texts = Recent[tuple[ArticleId, str], Text](_TEXTS_KEPT)
        self._admitted = Recent[tuple[ArticleId, str], Story](_TEXTS_KEPT)
        self._callers: list[_Caller] = []
        self._running: asyncio.Task[None] | None = None
        self._has_right = False
        self._is_ending = False

    def remember(self, article: ArticleId, content_hash: str, text: Text, own: Story) -> None:
        """Keep what is compared of an article that this process admits, so that it need not be read again."""
        self._texts.keep((article, content_hash), text)
        self._admitted.keep((article, content_hash), own)

    async def assign(self) -> None:
        """Return when all that waits now is assigned, by this process or another.

        Articles go on waiting where Redis fails, or where another process has stopped in the middle: then
        this returns after `assign_within`, and `AssignStep` tries again.
        """
        caller = _Caller(asyncio.get_running_loop().create_future())
        self._callers.append(caller)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="assign stories")
        await asyncio.wait({caller.done}, timeout=self._policy.assign_within.total_seconds())
        if not caller.done.done():
            self._callers.remove(caller)

    async def prepare(self) -> None:
        """Read the log of assignments into the index."""
        await self._near.follow(self._clock())

    async def drain(self, within_s: float) -> int:
        """Assign until nothing waits, or the time is up; return how many articles still wait."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while True:
            await self.assign()
            left = await self._store.assignments.count()
            if not left or loop.time() > until_s:
                return left
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def finish(self) -> None:
        """End after the turn that is under way, and let another process have the right."""
        self._is_ending = True
        if self._running is not None and not self._running.done():
            _, late = await asyncio.wait({self._running}, timeout=_FINISH_S)
            for task in late:
                task.cancel()
                await asyncio.wait({task})
        if self._has_right:  # else there is nothing to say, also where Redis is away
            with suppress(StoreError):
                await self._store.assignments.give_back(self._token)

    async def _run(self) -> None:
        try:
            await self._turns()
        except StoreUnavailable as error:
            log.warning("assignment_waits", reason=str(error))
        except Exception:  # nobody awaits this task; what waits is taken up again by `AssignStep`
            log.exception("assignment_failed")
        finally:
            for caller in self._callers:
                if not caller.done.done():
                    caller.done.set_result(None)
            self._callers.clear()

    async def _turns(self) -> None:
        if not len(self._near):
            await self._near.follow(self._clock())  # may take seconds: best before others are kept waiting
        fruitless = 0
        while fruitless < _FRUITLESS_MOST and not self._is_ending:
            turn = await self._look()
            if isinstance(turn, Held):
                if not self._callers:
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)
            elif turn.waiting and turn.is_read and not turn.is_filled:
                await self._fill_log()
            elif turn.waiting and turn.is_read:
                written = await self._carry_out(turn)
                if written and written.first is None and not self._callers:
                    return  # the right was given back with the last decision
                fruitless = 0 if written and any(written.done) else fruitless + 1
            elif turn.is_read and not self._callers:
                return
        if not self._is_ending:
            log.warning("assignment_contended", turns=fruitless)

    async def _look(self) -> Turn | Held:
        """Take the right, if it is free; note what callers wait for, and let those go on that need not."""
        asking = [caller for caller in self._callers if caller.last is None]
        turn = await self._take()
        self._has_right = isinstance(turn, Turn) and bool(turn.waiting)
        for caller in asking:  # who came meanwhile may have written after the queue was read
            caller.last = turn.queue.last or _NOWHERE
        self._release(turn.queue.first)
        return turn

    async def _fill_log(self) -> None:
        """Write into the log where those articles of the last days stand that it does not hold.

        So new articles find those that an older version has grouped. Done once; what was cut short is gone on
        with.
        """
        origin = self._near.origin
        recent = self._near.without_known(await self._store.articles.shown_since(self._clock() - WINDOW))
        for start in range(0, len(recent), BATCH):
            standing = await self._store.stories.standing(recent[start : start + BATCH])
            texts = await self._store.stories.texts(list(standing))
            await self._store.assignments.append(
                [entry_of_known(one, found, texts.get(one)) for one, found in standing.items()]
            )
            if isinstance(await self._take(), Held):  # it extends the lease, where we still have it
                return
        await self._store.assignments.note_filled(origin)
        if recent:
            log.info("assignment_log_filled", articles=len(recent))

    def _release(self, first: Place | None) -> None:
        """Let those go on whose articles all stand before the first that waits; None: nothing waits."""
        for caller in list(self._callers):
            if caller.last is not None and (first is None or caller.last < first):
                self._callers.remove(caller)
                if not caller.done.done():
                    caller.done.set_result(None)

    async def _take(self) -> Turn | Held:
        """Take the right, if it is free, and bring the index up to date."""
        dead = ""
        while True:
            now, since = self._clock(), self._near.position
            turn = await self._store.assignments.take(
                self._token, now, LEASE, since, limit=BATCH, log_limit=_LOG_ENTRIES, dead=dead
            )
            if isinstance(turn, Held):
                if dead or not is_dead(turn.token):
                    return turn
                dead = turn.token
            elif self._near.check_origin(turn.origin):
                self._near.take_in(turn.log, since, turn.position, now)
                # Else another task has read on meanwhile, but perhaps not as far.
                return replace(turn, is_read=turn.is_read and self._near.position == turn.position)
            else:  # Redis was emptied, or this is the first turn of this process
                await self._near.follow(now)

    async def _carry_out(self, turn: Turn) -> Written | None:
        """Judge and write what waits; None when the right was lost."""
        newest = {one.article: one for one in turn.waiting}
        outdated = [one for one in turn.waiting if newest[one.article] is not one]
        decisions = await self._decide_or_part(list(newest.values()))
        now = self._clock()
        try:
            written = await self._store.assignments.write(
                turn.fence, decisions, now, LEASE, outdated=outdated
            )
        except StoreError as error:
            if isinstance(error, StoreUnavailable) or len(decisions) == 1:
                raise
            return await self._write_apart(turn, decisions)
        if written is None:
            log.warning("assignment_right_lost", articles=len(decisions))
            return None
        done = [one for one, is_done in zip(decisions, written.done, strict=True) if is_done]
        if written.since == turn.position:
            # Nobody wrote into the log in between: what we wrote need not be read.
            entries = [entry_of(decision, to_ms(now)) for decision in done]
            self._near.take_in(entries, written.since, written.position, now)
            for decision in done:
                self._near.note_story(replace(after(decision.placement), shown_in=decision.shown_in))
        for decision, is_done in zip(decisions, written.done, strict=True):
            if not is_done:
                self._near.forget_story(decision.placement.story.id)
        self._release(written.first)
        self._has_right = written.first is not None
        return written

    async def _write_apart(self, turn: Turn, decisions: Sequence[Decision]) -> Written | None:
        """Write decisions one by one: something is wrong with one of them, which keeps no other back."""
        written = None
        for decision in decisions:
            try:
                written = await self._store.assignments.write(turn.fence, [decision], self._clock(), LEASE)
            except StoreUnavailable:
                raise
            except StoreError:
                log.exception("assignment_refused", article=decision.waiting.article)
            self._near.forget_story(decision.placement.story.id)
        return written

    async def _decide_or_part(self, waiting: Sequence[Waiting]) -> list[Decision]:
        """Decide; where something unforeseen is wrong with a batch, each article is a story of its own."""
        try:
            return await self._decide(waiting)
        except StoreUnavailable:
            raise
        except Exception:  # else all that is behind it would never be shown
            log.exception("assignment_broke", articles=len(waiting))
        return [
            Decision(
                waiting=one,
                terms=b"",
                placement=alone(self._own(one), "it could not be judged: the log says why"),
                shown_in=one.shown_in,
            )
            for one in waiting
        ]

    def _own(self, waiting: Waiting) -> Story:
        try:
            return self._admitted.recall((waiting.article, waiting.content_hash)) or waiting.own()
        except StoreError:
            log.exception("assignment_entry_damaged", article=waiting.article)
            now = self._clock()
            return Story(
                id=StoryId(waiting.article),
                title="",
                first_seen_at=now,
                told_since=now,
                published_at=now,
                latest_at=now,
                centroid={},
            )

    async def _decide(self, waiting: Sequence[Waiting]) -> list[Decision]:
        newcomers = [newcomer(self._own(one), one.runs) for one in waiting]
        around = surroundings(newcomers, self._near.near([(one.runs, one.terms) for one in newcomers]))
        stories = await self._near.stories(story for one in around for story in one.stories)
        wanted = texts_wanted(newcomers, around)
        hashes = {one.article: one.content_hash for one in waiting if one.article in wanted}
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
        self, waiting: Sequence[Waiting], newcomers: Sequence[Newcomer], placements: Sequence[Placement]
    ) -> list[Decision]:
        """Add to each decision which feeds of stories may show what has become of its story."""
        nothing = ShownIn(self._specs.digest, ())
        own = {one.article: one.shown_in for one in waiting}
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
            if placement.outdone is not None:  # it may be hidden in any feed now
                feeds = tuple(spec.id for spec in self._specs)
            decisions.append(
                Decision(waiting=one, terms=new.terms, placement=placement, shown_in=shown, feeds=feeds)
            )
        return decisions

    async def _shown_before(self, placements: Sequence[Placement]) -> dict[StoryId, ShownIn]:
        """Return which feeds may show the stories that are joined; read from members where needed."""
        joined = {one.joins.story.id: one.joins for one in placements if one.joins and one.joins.shown_in}
        founded = {one.story.id for one in placements if one.joins is None}
        known = {
            story: joins.shown_in
            for story, joins in joined.items()
            if joins.shown_in and joins.shown_in.specs == self._specs.digest
        }
        names = {one.joins.story.id for one in placements if one.joins} - known.keys() - founded
        members = await self._store.stories.members(sorted(names), MEMBERS)
        ids = {story: found or [ArticleId(story)] for story, found in members.items()}
        every = list(dict.fromkeys(one for found in ids.values() for one in found))
        heads = dict(zip(every, await self._store.articles.get_many(every, bodies=False), strict=True))
        for story, found in ids.items():
            articles = [head for one in found if (head := heads[one])]
            known[story] = ShownIn(self._specs.digest, story_feeds(self._specs, articles))
        return known


def _placed(assignment: Assignment, new: Newcomer, near: Surroundings) -> Placement:
    try:
        return assignment.place(new, near)
    except Exception:  # a fault of ours must not keep an article, and all behind it, from being shown
        log.exception("assignment_broke", article=new.id)
        placement = alone(new.own, "it could not be judged: the log says why")
        assignment.note(placement)
        return placement
