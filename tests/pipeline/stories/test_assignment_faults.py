"""What goes wrong around the assignment of stories, and must not keep an article from being shown."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from pipeline.stories.test_assignment import SPECS, fire, stopping, take
from pipeline.stories.test_copies_and_stories import BY_STORY, FIRE, shown, telling, text
from support import ManualClock, assigner_of, grouping_admitter, until

from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.feed import FeedSpec, Filter, Per
from syndicator.model.ids import ArticleId, FeedId
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.ops.measurements import Measurements
from syndicator.pipeline.ops.source_standings import Standings
from syndicator.pipeline.stories import assignment as assignment_module
from syndicator.pipeline.stories.assignment import LEASE, Assigner
from syndicator.pipeline.stories.coverage import Coverage
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.rules.filter_matching import FeedIndex
from syndicator.rules.sources.announcement import Announcing
from syndicator.rules.stories.clustering import StoriesPolicy, alone
from syndicator.rules.stories.owners import UNNAMED
from syndicator.store.connection import Transaction
from syndicator.store.store import Store
from syndicator.store.stories.assignments import Assignments, Decision, Turn
from syndicator.store.stories.stories import Stories

NOBODY = ArticleId("a2b3c4d5e6f7a2b3")


async def rewrite_entry(store: Store, field: bytes, value: bytes) -> None:
    """Put the only entry of the queue back with another value of a field."""
    key = store.stories._keys.unassigned()
    ((_, found),) = await store.connection.call("XRANGE", key, "-", "+")
    words = list(found)
    words[words.index(field) + 1] = value
    await store.connection.call("DEL", key)
    await store.connection.call("XADD", key, "*", *words)


@pytest.mark.parametrize("step", ["take", "write"])
async def test_what_is_admitted_while_a_reply_is_on_its_way_is_assigned_too(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    real = getattr(Assignments, step)
    late: list[asyncio.Task[Any]] = []

    async def slow(self: Assignments, *args: Any, **more: Any) -> Any:
        reply = await real(self, *args, **more)
        if not late:
            late.append(asyncio.create_task(admitter.admit([fire(2, "city")])))
            await until(store.assignments.count, lambda found: found >= (1 if step == "write" else 2))
        return reply

    monkeypatch.setattr(Assignments, step, slow)
    await admitter.admit([fire(1, "wire")])
    await late[0]
    assert await store.assignments.count() == 0
    assert {source for source, _ in await shown(store, Per.ARTICLE)} == {"wire", "city"}


async def test_all_that_waits_too_long_is_shown_however_much_it_is(store: Store, clock: ManualClock) -> None:
    await stopping(store, clock).admit([fire(number, f"p{number}") for number in range(150)])
    assert await store.assignments.show_overdue(clock(), timedelta()) == 150
    assert await store.articles.count() == 150


async def test_what_a_killed_process_left_is_assigned_when_it_is_listed_again(
    store: Store, clock: ManualClock
) -> None:
    await stopping(store, clock).admit([fire(1, "wire")])
    (again,) = await grouping_admitter(store, SPECS, clock).admit([fire(1, "wire")])
    assert again.verdict.value == "unchanged"
    assert await shown(store, Per.STORY) == [("wire", [])]


async def test_an_article_that_another_version_has_queued_is_not_lost(
    store: Store, clock: ManualClock
) -> None:
    (one,) = await stopping(store, clock).admit([fire(1, "wire")])
    await store.connection.call("HSET", store.stories._keys.reserved(one.article_id), "hash", "older")
    await rewrite_entry(store, b"hash", b"older")
    await grouping_admitter(store, SPECS, clock).admit([fire(1, "wire")])
    await assigner_of(store, SPECS, clock).assign()
    assert await store.articles.get(one.article_id) is not None
    assert await store.assignments.count() == 0


@pytest.mark.parametrize("field", [b"sketch", b"shown_in", b"show"])
async def test_a_damaged_entry_is_shown_and_keeps_no_other_back(
    store: Store, clock: ManualClock, field: bytes
) -> None:
    admitter = stopping(store, clock)
    await admitter.admit([fire(1, "wire")])
    await rewrite_entry(store, field, b"\xc1")
    await admitter.admit([fire(2, "city")])
    await assigner_of(store, SPECS, clock).assign()
    assert {source for source, _ in await shown(store, Per.ARTICLE)} == {"wire", "city"}
    assert await store.assignments.count() == 0


async def test_a_fill_of_the_log_that_was_cut_short_is_gone_on_with(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment_module, "BATCH", 2)
    older = [telling(number, f"p{number}", f"{FIRE} {number}", text(number)) for number in range(6)]
    await grouping_admitter(store, SPECS, clock).admit(older)
    keys = store.stories._keys
    await store.connection.call("DEL", keys.assigned(), keys.assignment())
    real, calls = Assignments.append, list[int]()

    async def failing(self: Assignments, entries: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise StoreUnavailable("x")
        await real(self, entries)

    monkeypatch.setattr(Assignments, "append", failing)
    await stopping(store, clock).admit([fire(100, "post")])
    for _ in range(2):
        await assigner_of(store, SPECS, clock).assign()
        clock.advance(LEASE.total_seconds() + 1)
    entries, _ = await store.assignments.log("0-0", 100)
    assert len(entries) == 7
    assert len({entry.article for entry in entries}) == 7


async def test_nobody_waits_longer_for_assignment_than_articles_do(store: Store, clock: ManualClock) -> None:
    await stopping(store, clock).admit([fire(1, "wire")])
    assert isinstance(await take(store, "elsewhere.1.x", clock), Turn)
    near = NearArticles(store.assignments, store.stories)
    policy = StoriesPolicy(assign_within=timedelta(milliseconds=50))
    assigner = Assigner(store, FeedIndex(SPECS), policy, clock, near)
    async with asyncio.timeout(30):
        await assigner.assign()
        await assigner.finish()
    assert await store.assignments.count() == 1


async def test_what_has_left_is_not_brought_back_as_a_shadow_by_a_decision(
    store: Store, clock: ManualClock
) -> None:
    await stopping(store, clock).admit([fire(1, "wire")])
    turn = await take(store, "elsewhere.1.x", clock)
    assert isinstance(turn, Turn)
    (one,) = turn.waiting
    placement = replace(alone(one.own(), ""), superseded_original=NOBODY)
    decision = Decision(waiting=one, terms=b"", placement=placement, shown_in=one.shown_in)
    written = await store.assignments.write(turn.fence, [decision], clock(), LEASE)
    assert written is not None
    assert list(written.done) == [False]
    assert not await store.connection.call("EXISTS", store.stories._keys.article(NOBODY))


@pytest.mark.parametrize("changes", [False, True])
async def test_a_feed_that_a_change_has_brought_a_story_into_hears_that_it_grows(
    store: Store, clock: ManualClock, *, changes: bool
) -> None:
    politics = FeedSpec(id=FeedId("politik"), title="x", per=Per.STORY, filter=Filter(section=("Politik",)))
    admitter = grouping_admitter(store, [BY_STORY, politics], clock)
    first = fire(1, "wire") if changes else replace(fire(1, "wire"), section="Politik")
    await admitter.admit([first, fire(2, "city"), fire(4, "kota")])
    if changes:
        clock.advance(60)
        await admitter.admit([replace(first, section="Politik", title=f"{FIRE} kini")])
    before = (await store.feeds.version(politics.id)).version
    clock.advance(60)
    await admitter.admit([fire(3, "post")])
    assert (await store.feeds.version(politics.id)).version > before


async def test_a_damaged_entry_that_waits_too_long_is_shown_all_the_same(
    store: Store, clock: ManualClock
) -> None:
    await stopping(store, clock).admit([fire(1, "wire")])
    await rewrite_entry(store, b"show", b"\xc1")
    await stopping(store, clock).admit([fire(2, "city")])
    assert await store.assignments.show_overdue(clock(), timedelta()) == 2
    assert {source for source, _ in await shown(store, Per.ARTICLE)} == {"wire", "city"}


@pytest.mark.parametrize("articles", [10, 60])
async def test_growth_that_could_not_be_announced_is_announced_later(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, articles: int
) -> None:
    await grouping_admitter(store, SPECS, clock).admit([fire(n, f"p{n}") for n in range(articles)])
    coverage, real, failures = Coverage(store, UNNAMED), Stories.growths, [1]

    async def failing(self: Stories, ids: Any) -> Any:
        if failures:
            failures.pop()
            raise StoreUnavailable("x")
        return await real(self, ids)

    monkeypatch.setattr(Stories, "growths", failing)
    with pytest.raises(StoreUnavailable):
        await coverage.note(clock())
    await coverage.note(clock())
    assert "story.grown" in {one.event.type.value for one in await store.outbox.after("", 1000)}


async def test_an_article_that_was_quiet_and_is_announced_after_all_counts_as_announced(
    store: Store, clock: ManualClock
) -> None:
    admitter = stopping(store, clock)
    (one,) = await admitter.admit([fire(1, "wire")], announcing=Announcing(since=clock()))
    await admitter.admit([replace(fire(1, "wire"), title=f"{FIRE} kini")])
    await assigner_of(store, SPECS, clock).assign()
    (place,) = await store.stories.places([one.article_id])
    assert not place.is_quiet
    assert len(await store.outbox.after("", 10)) == 1


async def test_a_unit_that_redis_refuses_fails_alone(store: Store) -> None:
    key = store.stories._keys.article(NOBODY)
    units = [("HSET", key, "a", "1"), ("HSET", key, "b", "1"), ("HSET", key)]
    done = await asyncio.gather(
        *(store.connection.commit([Transaction(expects=(), writes=(write,))]) for write in units),
        return_exceptions=True,
    )
    assert done[:2] == [[True], [True]]
    assert isinstance(done[2], StoreError)


async def test_operators_see_how_many_articles_wait(store: Store, clock: ManualClock) -> None:
    await stopping(store, clock).admit([fire(1, "wire"), fire(2, "city")])
    metrics = open_metrics()
    directory = Directory(store.endpoints, {})
    await Measurements(store, directory, Standings(store.sources, [], clock), metrics, clock).measure()
    assert b"syndicator_articles_unassigned 2.0" in metrics.render()
