"""Assigns admitted articles to stories, in the order of their admission, and thereby shows them.

    take the right, what waits, the log ─▶ decide (`pipeline.stories.assignment_decision`) ─▶ write and show

One process at a time does it, any of them. Whoever has admitted something takes the right if it is free,
and keeps it until nothing waits. A process that finds it taken need not wait: the holder looks once more
before it gives the right back. So nothing is judged twice, and nothing fails because others admit as well.
What a process knows of recent articles comes from the log of decisions, which all of them follow.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.clock import Clock, to_ms
from syndicator.observe.logs import get_logger
from syndicator.observe.tracing import span
from syndicator.pipeline.stories.assignment_decision import AssignmentDecision
from syndicator.pipeline.stories.near_articles import NearArticles, entry_of_known
from syndicator.rules.filter_matching import FeedIndex
from syndicator.rules.stories.batch_assignment import after
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.rules.stories.story_match import WINDOW
from syndicator.store.lease_owners import is_dead, new_token
from syndicator.store.store import Store
from syndicator.store.stories.assignments import AssignedElsewhere, Decision, Place, Turn, Written, entry_of

LEASE = timedelta(seconds=5)
"""How long a process that stopped in the middle keeps others from assigning."""

BATCH = 100
"""Articles judged and written at once: 4 ms of Redis' time, 15 ms of ours."""

_LOG_ENTRIES = 1000
_FINISH_S = 3.0
_LOOK_AGAIN_S = 0.02
"""While another process assigns."""

_NOWHERE: Place = (0, 0)

_FRUITLESS_MOST = 20
"""Attempts without a lasting decision before it gives up: stories are edited too fast, or there is a bug."""

log = get_logger(__name__)


@dataclass(slots=True)
class _Caller:
    """A caller that waits until articles are assigned."""

    done: asyncio.Future[None]
    last: Place | None = None
    """The last entry that it waits for; None: the queue was not read since the call."""


class Assigner:
    """Assigns waiting articles while it holds the lease for it; one per process."""

    def __init__(
        self, store: Store, specs: FeedIndex, policy: StoriesPolicy, clock: Clock, near: NearArticles
    ) -> None:
        self._store = store
        self.assignment_decision = AssignmentDecision(store, specs, policy, clock, near)
        self._within_s = policy.assign_within.total_seconds()
        self._clock = clock
        self._near = near
        self._token = new_token()
        self._callers: list[_Caller] = []
        self._running: asyncio.Task[None] | None = None
        self._has_right = False
        self._is_ending = False

    async def assign(self) -> None:
        """Return when all articles that wait now are assigned, by this process or another.

        Where Redis fails, or another process stops half-way, it returns after `assign_within`, and
        `AssignStep` tries again.
        """
        caller = _Caller(asyncio.get_running_loop().create_future())
        self._callers.append(caller)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="assign stories")
        await asyncio.wait({caller.done}, timeout=self._within_s)
        if not caller.done.done():
            self._callers.remove(caller)

    async def prepare(self) -> None:
        """Read the log into the index, before anything waits: 1,000,000 recent articles take seconds."""
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
        """End after the current batch, so that another process can go on."""
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
        if not len(self._near.index):
            await self._near.follow(self._clock())  # may take seconds: best before others are kept waiting
        fruitless = 0
        while fruitless < _FRUITLESS_MOST and not self._is_ending:
            turn = await self._look()
            if isinstance(turn, AssignedElsewhere):
                if not self._callers:
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)
            elif turn.waiting and turn.is_read and not turn.is_filled:
                await self._fill_log()
            elif turn.waiting and turn.is_read:
                with span("assignment", articles=len(turn.waiting)):
                    written = await self._carry_out(turn)
                if written and written.first is None and not self._callers:
                    return  # the right was given back with the last decision
                fruitless = 0 if written and any(written.done) else fruitless + 1
            elif turn.is_read and not self._callers:
                return
        if not self._is_ending:
            log.warning("assignment_contended", turns=fruitless)

    async def _look(self) -> Turn | AssignedElsewhere:
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
        shown = await self._store.articles.shown_since(self._clock() - WINDOW)
        recent = self._near.index.without_known(shown)
        for start in range(0, len(recent), BATCH):
            standing = await self._store.stories.standing(recent[start : start + BATCH])
            texts = await self._store.stories.texts(list(standing))
            await self._store.assignments.append(
                [entry_of_known(article, found, texts.get(article)) for article, found in standing.items()]
            )
            if isinstance(
                await self._take(), AssignedElsewhere
            ):  # it extends the lease, where we still have it
                return
        await self._store.assignments.note_filled(origin)
        if recent:
            log.info("assignment_log_filled", articles=len(recent))

    def _release(self, first: Place | None) -> None:
        """Release the callers whose articles all come before the first that waits; None: nothing waits."""
        for caller in list(self._callers):
            if caller.last is not None and (first is None or caller.last < first):
                self._callers.remove(caller)
                if not caller.done.done():
                    caller.done.set_result(None)

    async def _take(self) -> Turn | AssignedElsewhere:
        """Take the right, if it is free, and bring the index up to date."""
        dead = ""
        while True:
            now, since = self._clock(), self._near.position
            turn = await self._store.assignments.take(
                self._token, now, LEASE, since, limit=BATCH, log_limit=_LOG_ENTRIES, dead=dead
            )
            if isinstance(turn, AssignedElsewhere):
                if dead or not is_dead(turn.token):
                    return turn
                dead = turn.token
            elif self._near.check_origin(turn.origin):
                self._near.add(turn.log, since, turn.position, now)
                # Else another task has read on meanwhile, but perhaps not as far.
                return replace(turn, is_read=turn.is_read and self._near.position == turn.position)
            else:  # Redis was emptied, or this is the first turn of this process
                await self._near.follow(now)

    async def _carry_out(self, turn: Turn) -> Written | None:
        """Judge and write what waits; None when the right was lost."""
        newest = {entry.article: entry for entry in turn.waiting}
        outdated = [entry for entry in turn.waiting if newest[entry.article] is not entry]
        decisions = await self.assignment_decision.decide(list(newest.values()))
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
        done = [decision for decision, is_done in zip(decisions, written.done, strict=True) if is_done]
        for decision in done:
            article = decision.waiting.article
            with span("article assigned", trace=article, article=article, story=decision.placement.story.id):
                pass
        if written.since == turn.position:
            # Nobody wrote into the log in between: what we wrote need not be read.
            entries = [entry_of(decision, to_ms(now)) for decision in done]
            self._near.add(entries, written.since, written.position, now)
            for decision in done:
                story = replace(after(decision.placement), shown_in=decision.shown_in)
                self._near.known.keep(story.story.id, story)
        for decision, is_done in zip(decisions, written.done, strict=True):
            if not is_done:
                self._near.known.forget(decision.placement.story.id)
        self._release(written.first)
        self._has_right = written.first is not None
        return written

    async def _write_apart(self, turn: Turn, decisions: Sequence[Decision]) -> Written | None:
        """Write decisions one by one, so that a faulty one does not hold back the others."""
        written = None
        for decision in decisions:
            try:
                written = await self._store.assignments.write(turn.fence, [decision], self._clock(), LEASE)
            except StoreUnavailable:
                raise
            except StoreError:
                log.exception("assignment_refused", article=decision.waiting.article)
            self._near.known.forget(decision.placement.story.id)
        return written
