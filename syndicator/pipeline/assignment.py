"""Assigns admitted articles to stories, in the order of their admission, and thereby shows them.

    take the right, what waits, the log ─▶ what is near? ─▶ read it ─▶ judge one by one ─▶ write and show

One process at a time does it, any of them. Whoever has admitted something takes the right if it is free,
and keeps it until nothing waits. A process that finds it taken need not wait: the holder looks once more
before it gives the right back. So nothing is judged twice, and nothing fails because others admit as well.
What a process knows of recent articles comes from the log of decisions, which all of them follow.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from msgspec.structs import replace

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock, to_ms
from syndicator.model.ids import ArticleId, FeedId, StoryId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.near_articles import NearArticles
from syndicator.pipeline.steps import Report, Taken
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
from syndicator.rules.near_index import Entry, packed_keys
from syndicator.rules.placement import (
    Neighbour,
    Placement,
    ShownIn,
    StoriesPolicy,
    alone,
)
from syndicator.rules.recent import Recent
from syndicator.rules.selection import FeedIndex, story_feeds
from syndicator.rules.shingles import sample
from syndicator.rules.stories import INDEX_TERMS, WINDOW, Story
from syndicator.rules.terms import strongest
from syndicator.store.assignments import Decision, Held, Place, Turn, Waiting, Written, entry_of
from syndicator.store.owners import is_dead, new_token
from syndicator.store.store import Store
from syndicator.store.stories import Standing

LEASE = timedelta(seconds=5)
"""How long a process that stopped in the middle keeps others from assigning."""

BATCH = 100
"""Articles judged and written at once: 4 ms of Redis' time, 15 ms of ours."""

_LOG_ENTRIES = 1000
_TEXTS_KEPT = 1_000
"""At about 15 KB each, and at most twice as many."""

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
    until_s: float
    """On the clock of the event loop."""
    last: Place | None = None
    """The last entry that it waits for; None: it is not known yet."""


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

    def remember(self, article: ArticleId, content_hash: str, text: Text, own: Story) -> None:
        """Keep what is compared of an article that this process admits, so that it need not be read again."""
        self._texts.keep((article, content_hash), text)
        self._admitted.keep((article, content_hash), own)

    async def assign(self) -> None:
        """Return when all that waits now is assigned, by this process or another.

        Articles go on waiting where Redis fails, or where another process has stopped in the middle: then
        this returns after `assign_within`, and `AssignStep` tries again.
        """
        loop = asyncio.get_running_loop()
        caller = _Caller(loop.create_future(), loop.time() + self._policy.assign_within.total_seconds())
        self._callers.append(caller)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="assign stories")
        await caller.done

    async def prepare(self) -> None:
        """Read the log of assignments into the index."""
        await self._near.follow(self._clock())

    async def finish(self) -> None:
        """Return when no turn of this process is under way."""
        if self._running is not None:
            await asyncio.wait({self._running})

    async def _run(self) -> None:
        try:
            await self._turns()
        except StoreUnavailable as error:
            log.warning("assignment_waits", reason=str(error))
        except Exception:  # nobody awaits this task; what waits is taken up again by `AssignStep`
            log.exception("assignment_failed")
        finally:
            self._release(None)

    async def _turns(self) -> None:
        if not len(self._near):
            await self._near.follow(self._clock())  # may take seconds: best before others are kept waiting
        is_new = not len(self._near)
        fruitless = 0
        while fruitless < _FRUITLESS_MOST:
            turn = await self._take()
            for caller in self._callers:
                caller.last = caller.last or turn.queue.last or _NOWHERE
            self._release(turn.queue.first)
            if isinstance(turn, Held):
                if not self._callers:
                    return
                await asyncio.sleep(_LOOK_AGAIN_S)
            elif turn.waiting and is_new and not len(self._near):
                is_new = False
                await self._relist()
            elif turn.waiting and turn.is_read:
                written = await self._carry_out(turn)
                if written and written.first is None and not self._callers:
                    return  # the right was given back with the last decision
                fruitless = 0 if written and any(written.done) else fruitless + 1
            elif turn.is_read and not self._callers:
                return
        log.warning("assignment_contended", turns=fruitless)

    async def _relist(self) -> None:
        """Write into an empty log where the articles of the last days stand.

        So new articles find those that an older version has grouped, or whose log is lost.
        """
        recent = await self._store.articles.shown_since(self._clock() - WINDOW)
        for start in range(0, len(recent), BATCH):
            standing = await self._store.stories.standing(recent[start : start + BATCH])
            texts = await self._store.stories.texts(list(standing))
            await self._store.assignments.append(
                [_relisted(one, found, texts.get(one)) for one, found in standing.items()]
            )
            await self._take()  # also extends the lease
        if recent:
            log.info("assignment_log_filled", articles=len(recent))

    def _release(self, first: Place | None) -> None:
        """Let those go on whose articles stand before the first that waits, or who waited long enough."""
        now_s = asyncio.get_running_loop().time()
        waiting = []
        for caller in self._callers:
            if first is not None and caller.until_s > now_s and (caller.last or first) >= first:
                waiting.append(caller)
            elif not caller.done.done():
                caller.done.set_result(None)
        self._callers = waiting

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
                return turn
            else:  # Redis was emptied, or this is the first turn of this process
                await self._near.follow(now)

    async def _carry_out(self, turn: Turn) -> Written | None:
        """Judge and write what waits; None when the right was lost."""
        newest = {one.article: one for one in turn.waiting}
        outdated = [one for one in turn.waiting if newest[one.article] is not one]
        decisions = await self._decide(list(newest.values()))
        now = self._clock()
        written = await self._store.assignments.write(turn.fence, decisions, now, LEASE, outdated=outdated)
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
        return written

    async def _decide(self, waiting: Sequence[Waiting]) -> list[Decision]:
        newcomers = [
            newcomer(self._admitted.get((one.article, one.content_hash)) or one.own(), one.runs)
            for one in waiting
        ]
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


def _relisted(article: ArticleId, found: Standing, text: Text | None) -> Entry:
    has_runs = text is not None and bool(text.plain) and found.copy_of is None
    return Entry(
        article=article,
        story=found.story,
        at_ms=0,
        runs=packed_keys(sample(text.shingles)) if text is not None and has_runs else b"",
        terms=packed_keys(strongest(found.own.centroid, INDEX_TERMS)),
    )


def _placed(assignment: Assignment, new: Newcomer, near: Surroundings) -> Placement:
    try:
        return assignment.place(new, near)
    except Exception:  # a fault of ours must not keep an article, and all behind it, from being shown
        log.exception("assignment_broke", article=new.id)
        placement = alone(new.own, "it could not be judged: the log says why")
        assignment.note(placement)
        return placement


class AssignStep:
    """Assigns what waits though nobody is at it: its process was stopped, or Redis was away."""

    name = "assign"

    def __init__(self, store: Store, assigner: Assigner, clock: Clock, within: timedelta) -> None:
        self._store = store
        self._assigner = assigner
        self._clock = clock
        self._within = within
        self._is_prepared = False

    async def take(self, room: int) -> Taken:
        """Return a job where articles wait; at first, one that builds the index of recent articles."""
        if not room:
            return Taken()
        if not self._is_prepared:
            self._is_prepared = True
            return Taken(jobs=(self._prepare,))
        return Taken(jobs=(self._assign,) if await self._store.assignments.count() else ())

    async def _prepare(self) -> None:
        """Build the index before anything waits for it: with 1,000,000 recent articles it takes seconds."""
        await self._assigner.prepare()

    async def _assign(self) -> Report | None:
        shown, assigning = 0, asyncio.ensure_future(self._assigner.assign())
        while not assigning.done():
            await asyncio.wait({assigning}, timeout=self._within.total_seconds())
            shown += await self._store.assignments.show_overdue(self._clock(), self._within, BATCH)
        if not shown:
            return None
        return Report(
            step=self.name, event="shown before they were assigned", fields=(("articles", shown),),
            brought_news=True,
        )  # fmt: skip
