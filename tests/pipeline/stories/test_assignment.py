"""Assignment of admitted articles to stories: exactly once, in order, whoever stops in the middle."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace
from pipeline.stories.test_copies_and_stories import BY_ARTICLE, BY_STORY, FIRE, shown, telling, text
from support import ManualClock, assigner_of, grouping_admitter

from bench.stories.grouped import grouping_of
from syndicator.model.article import Candidate
from syndicator.model.event import EventType
from syndicator.model.feed import Per
from syndicator.model.ids import ArticleId, StoryId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.stories.assignment import LEASE, Assigner
from syndicator.pipeline.stories.assignment_step import AssignStep
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.rules.filter_matching import FeedIndex
from syndicator.rules.stories.batch_assignment import Assignment, Newcomer, Surroundings
from syndicator.rules.stories.clustering import StoriesPolicy, StoryDecision, alone
from syndicator.store.store import Store
from syndicator.store.stories.assignments import AssignedElsewhere, Decision, Turn

SPECS = [BY_STORY, BY_ARTICLE]
NEVER = timedelta(days=1)


class Stopped(Assigner):
    """The assigner of a process that stops right after it has admitted."""

    async def assign(self) -> None:
        return


def stopping(store: Store, clock: ManualClock) -> Admitter:
    """Return what admits and does not assign, as a process that is killed in between."""
    near = NearArticles(store.assignments, store.stories)
    stopped = Stopped(store, FeedIndex(SPECS), StoriesPolicy(), clock, near)
    return Admitter(store.articles, SPECS, clock, grouping_of(store, clock, SPECS, stopped))


def fire(number: int, source: str) -> Candidate:
    return telling(number, source, FIRE, f"{FIRE} {text(number, 5)}")


async def take(store: Store, token: str, clock: ManualClock) -> Turn | AssignedElsewhere:
    return await store.assignments.take(token, clock(), LEASE, "0-0", limit=100, log_limit=1000)


async def created(store: Store) -> list[str]:
    return [
        one.event.subject
        for one in await store.outbox.after("", 1000)
        if one.event.type is EventType.ARTICLE_CREATED
    ]


def decided(turn: Turn) -> Sequence[Decision]:
    """Return the decision that each article is a story of its own."""
    return [
        Decision(waiting=one, terms=b"", placement=alone(one.own(), ""), shown_in=one.shown_in)
        for one in turn.waiting
    ]


async def test_nothing_of_an_article_is_seen_before_it_is_assigned(store: Store, clock: ManualClock) -> None:
    (one,) = await stopping(store, clock).admit([fire(1, "wire")])
    assert await store.articles.get(one.article_id) is None
    assert await shown(store, Per.ARTICLE) == []
    assert await store.articles.count() == 0
    assert await created(store) == []
    assert (await store.feeds.version(BY_ARTICLE.id)).version == 0
    assert await store.changes.newest(10) == []
    (again,) = await stopping(store, clock).admit([fire(1, "wire")])
    assert (again.article_id, again.verdict.value) == (one.article_id, "unchanged")


async def test_another_process_assigns_what_a_killed_one_has_admitted(
    store: Store, clock: ManualClock
) -> None:
    await stopping(store, clock).admit([fire(1, "wire"), fire(2, "city")])
    await assigner_of(store, SPECS, clock).assign()
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    assert len(await created(store)) == 2
    assert await store.assignments.count() == 0


async def test_a_process_that_died_with_the_right_does_not_keep_it(store: Store, clock: ManualClock) -> None:
    await stopping(store, clock).admit([fire(1, "wire")])
    turn = await take(store, "elsewhere.1.x", clock)
    assert isinstance(turn, Turn)
    assert isinstance(await take(store, "elsewhere.2.x", clock), AssignedElsewhere)
    clock.advance(LEASE.total_seconds() + 1)
    await assigner_of(store, SPECS, clock).assign()
    assert await shown(store, Per.STORY) == [("wire", [])]


async def test_what_a_frozen_process_decided_is_not_written_when_it_wakes(
    store: Store, clock: ManualClock
) -> None:
    await stopping(store, clock).admit([fire(1, "wire"), fire(2, "city")])
    frozen = await take(store, "elsewhere.1.x", clock)
    assert isinstance(frozen, Turn)
    clock.advance(LEASE.total_seconds() + 1)
    await assigner_of(store, SPECS, clock).assign()
    version = (await store.feeds.version(BY_STORY.id)).version
    assert await store.assignments.write(frozen.fence, decided(frozen), clock(), LEASE) is None
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    assert (await store.feeds.version(BY_STORY.id)).version == version
    assert len(await created(store)) == 2


async def test_a_decision_that_is_written_twice_counts_once(store: Store, clock: ManualClock) -> None:
    await stopping(store, clock).admit([fire(1, "wire")])
    turn = await take(store, "elsewhere.1.x", clock)
    assert isinstance(turn, Turn)
    for _ in range(2):  # the reply of the first was lost
        assert await store.assignments.write(turn.fence, decided(turn), clock(), LEASE) is not None
    assert len(await created(store)) == 1
    entries, _ = await store.assignments.log("0-0", 10)
    assert len(entries) == 1


async def test_what_nobody_assigns_in_time_is_shown_and_joins_its_story_later(
    store: Store, clock: ManualClock
) -> None:
    await grouping_admitter(store, SPECS, clock).admit([fire(1, "wire")])
    clock.advance(60)
    await stopping(store, clock).admit([fire(2, "city")])
    assert await store.assignments.show_overdue(clock(), NEVER) == 0
    assert await store.assignments.show_overdue(clock(), timedelta()) == 1
    assert await store.assignments.show_overdue(clock(), timedelta()) == 0, "each is shown once"
    assert sorted(await shown(store, Per.STORY)) == [("city", []), ("wire", [])]
    assert len(await created(store)) == 2
    before = await store.feeds.versions([one.id for one in SPECS])
    await assigner_of(store, SPECS, clock).assign()
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    assert len(await created(store)) == 2, "it is announced once"
    after = await store.feeds.versions([one.id for one in SPECS])
    assert after[BY_STORY.id].version > before[BY_STORY.id].version


async def test_a_text_that_is_corrected_before_it_is_shown_takes_the_place_of_the_first(
    store: Store, clock: ManualClock
) -> None:
    admitter = stopping(store, clock)
    await admitter.admit([fire(1, "wire")])
    turn = await take(store, "elsewhere.1.x", clock)
    assert isinstance(turn, Turn)
    corrected = replace(fire(1, "wire"), title=f"{FIRE} (lengkap)")
    (one,) = await admitter.admit([corrected])
    assert one.verdict.value == "changed"
    written = await store.assignments.write(turn.fence, decided(turn), clock(), LEASE)
    assert written is not None
    assert list(written.done) == [False], "that decision was about another text"
    assert await store.articles.get(one.article_id) is None
    clock.advance(LEASE.total_seconds() + 1)
    await assigner_of(store, SPECS, clock).assign()
    article = await store.articles.get(one.article_id)
    assert article is not None
    assert (article.title, article.revision) == (corrected.title, 1)
    assert await created(store) == [one.article_id]


async def test_an_article_that_cannot_be_judged_keeps_no_other_from_being_shown(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Assignment.place

    def breaking(self: Assignment, newcomer: Newcomer, around: Surroundings) -> StoryDecision:
        if "city" in broken[newcomer.id]:
            raise ValueError("x")
        return judge(self, newcomer, around)

    broken: dict[ArticleId, str] = {}
    admitted = await stopping(store, clock).admit([fire(1, "wire"), fire(2, "city"), fire(3, "post")])
    broken.update({one.article_id: one.candidate.source for one in admitted})
    monkeypatch.setattr(Assignment, "place", breaking)
    await assigner_of(store, SPECS, clock).assign()
    stories = [{source, *others} for source, others in await shown(store, Per.STORY)]
    assert len(stories) == 2
    assert set.union(*stories) == {"wire", "city", "post"}


async def test_a_story_that_an_operator_changes_meanwhile_is_read_again(
    store: Store, clock: ManualClock
) -> None:
    first, second = await grouping_admitter(store, SPECS, clock).admit([fire(1, "wire"), fire(2, "city")])
    grouping = grouping_of(store, clock, SPECS)
    await grouping.assigner.assign()
    record = await store.stories.record(first.article_id)
    assert record is not None
    assert await store.stories.regroup([record], [[one] for one in record.members], clock())
    (third,) = await Admitter(store.articles, SPECS, clock, grouping).admit([fire(3, "post")])
    (place,) = await store.stories.places([third.article_id])
    assert place.story in {StoryId(first.article_id), StoryId(second.article_id)}
    members = (await store.stories.members([place.story]))[place.story]
    assert len(members) == 2


async def test_an_emptied_redis_leaves_no_trace_in_the_index(store: Store, clock: ManualClock) -> None:
    admitter = grouping_admitter(store, SPECS, clock)
    await admitter.admit([fire(1, "wire"), fire(2, "city")])
    names = await store.connection.call(
        "KEYS", store.connection._routes.anchor.anchor.rpartition(":")[0] + ":*"
    )
    await store.connection.call("DEL", *names)
    await store.marks.begin(clock.now + timedelta(seconds=1))
    await admitter.admit([fire(3, "post")])
    assert await shown(store, Per.STORY) == [("post", [])]
    await admitter.admit([fire(1, "wire")])
    assert await shown(store, Per.STORY) == [("post", ["wire"])]


async def test_many_rounds_on_one_matter_at_once_are_all_admitted(store: Store, clock: ManualClock) -> None:
    admitters = [grouping_admitter(store, SPECS, clock) for _ in range(2)]
    rounds = [
        admitters[number % 2].admit([fire(20 * number + item, f"portal{number}") for item in range(20)])
        for number in range(32)
    ]
    done = await asyncio.gather(*rounds)
    ids = {one.article_id for admitted in done for one in admitted}
    assert len(ids) == 640
    assert await store.articles.count() == 640
    assert sorted(await created(store)) == sorted(ids)
    places = await store.stories.places(sorted(ids))
    assert len({place.story for place in places}) == 1
    (story,) = {place.story for place in places}
    assert story is not None
    assert len((await store.stories.members([story]))[story]) == 640


async def test_the_step_assigns_what_was_left(store: Store, clock: ManualClock) -> None:
    step = AssignStep(store, assigner_of(store, SPECS, clock), clock, timedelta(seconds=2))
    (prepare,) = (await step.take(1)).jobs
    await prepare()
    assert (await step.take(1)).jobs == ()
    await stopping(store, clock).admit([fire(1, "wire")])
    (job,) = (await step.take(1)).jobs
    assert await job() is None
    assert await shown(store, Per.STORY) == [("wire", [])]


async def test_the_step_shows_what_waits_while_another_process_is_stuck(
    store: Store, clock: ManualClock
) -> None:
    step = AssignStep(store, assigner_of(store, SPECS, clock), clock, timedelta(milliseconds=50))
    await stopping(store, clock).admit([fire(1, "wire")])
    assert isinstance(await take(store, "elsewhere.1.x", clock), Turn)
    await asyncio.sleep(0.1)  # entries bear the time of Redis
    await step.take(1)
    (job,) = (await step.take(1)).jobs
    report = await job()
    assert report is not None
    assert report.brought_news
    assert await shown(store, Per.STORY) == [("wire", [])]


async def test_new_articles_find_those_that_an_older_version_has_grouped(
    store: Store, clock: ManualClock
) -> None:
    original = telling(1, "wire", FIRE, text(1))
    await grouping_admitter(store, SPECS, clock).admit([original, fire(2, "city")])
    keys = store.stories._keys
    await store.connection.call("DEL", keys.assigned(), keys.assignment())  # it had no log
    clock.advance(60)
    (copy, _) = await grouping_admitter(store, SPECS, clock).admit(
        [telling(3, "post", FIRE, text(1)), fire(4, "radio")]
    )
    (place,) = await store.stories.places([copy.article_id])
    assert place.copy_of is not None
    assert [{source, *others} for source, others in await shown(store, Per.STORY)] == [
        {"wire", "city", "post", "radio"}
    ]
