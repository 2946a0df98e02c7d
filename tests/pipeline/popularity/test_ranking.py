"""Ranking over a real Redis: who stands where, and that one worker does it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from pipeline.conftest import OpenService
from pipeline.stories.test_copies_and_stories import FIRE, admit, telling, text
from support import NOON, SITE, ManualClock, candidate

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import FeedSpec, Filter, Order, Per, Window
from syndicator.model.ids import ArticleId, FeedId, SourceId, StoryId
from syndicator.model.schedule import Every
from syndicator.model.signal import Signal, SignalKind
from syndicator.model.source import Source, SourceKind
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.popularity.ranking import NOTED_EVERY, RankStep
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.rules.stories.owners import owners_of
from syndicator.store.feeds.feeds import Ranked
from syndicator.store.popularity.portal_counters import CounterReading
from syndicator.store.store import Store

POPULAR = FeedSpec(id=FeedId("popular"), title="x", order=Order.POPULAR, size=10)


def step(store: Store, clock: ManualClock, *specs: FeedSpec) -> RankStep:
    return RankStep(store, specs or [POPULAR], Scoring(store, PopularityPolicy()), SITE, clock)


async def rank(ranking: RankStep, clock: ManualClock) -> int:
    """Rank once more; give how many jobs had something to tell."""
    clock.advance(2)
    reports = [await job() for job in (await ranking.take(1)).jobs]
    return sum(report is not None for report in reports)


async def listed(store: Store, feed: str = "popular") -> list[ArticleId]:
    return [place.article_id for place in await store.feeds.ranking(FeedId(feed))]


async def read(store: Store, clock: ManualClock, counts: Mapping[ArticleId, float]) -> None:
    await store.signals.add(
        [
            Signal(article_id=one, kind=SignalKind.READS, at=clock(), count=count)
            for one, count in counts.items()
        ],
        clock(),
    )


async def test_a_list_is_in_the_order_of_scores(store: Store, clock: ManualClock) -> None:
    ids = await admit(store, clock, *(candidate(n, source=f"s{n}") for n in range(4)))
    await read(store, clock, {ids[0]: 5, ids[1]: 50, ids[3]: 20})
    assert await rank(step(store, clock), clock) == 1
    assert await listed(store) == [ids[1], ids[3], ids[0]]
    assert await rank(step(store, clock), clock) == 0


async def test_a_list_tells_the_portals_own_counts(store: Store, clock: ManualClock) -> None:
    a, b = await admit(store, clock, *(candidate(n, source=f"s{n}") for n in range(2)))
    for kind, counts in ((SignalKind.VIEWS, {a: 90}), (SignalKind.COMMENTS, {a: 7, b: 3})):
        readings = [
            CounterReading(article_id=one, source=SourceId("s"), count=count, published_at=NOON)
            for one, count in counts.items()
        ]
        await store.popularity.record(readings, clock(), kind)
    await read(store, clock, {a: 5, b: 1})
    await rank(step(store, clock), clock)
    ranking = await store.feeds.ranking(FeedId("popular"))
    assert [(place.article_id, place.views, place.comments) for place in ranking] == [
        (a, 90, 7),
        (b, None, 3),
    ]


async def test_a_filter_finds_what_no_board_names(store: Store, clock: ManualClock) -> None:
    rare = (await admit(store, clock, candidate(0, section="Langka", source="s0")))[0]
    crowd = await admit(store, clock, *(candidate(n, source=f"s{n}") for n in range(1, 260)))
    await read(store, clock, {rare: 1, **dict.fromkeys(crowd, 9)})
    wanted = FeedSpec(
        id=FeedId("rare"), title="x", order=Order.POPULAR, filter=Filter(section=("langka",)), size=3
    )
    await rank(step(store, clock, wanted), clock)
    assert rare not in await store.signals.top(SignalKind.READS, Window.DAY, 200)
    assert await listed(store, "rare") == [rare]


async def test_what_others_take_up_is_popular_and_copies_count_less(store: Store, clock: ManualClock) -> None:
    first, second = await admit(
        store, clock, telling(1, "wire", FIRE, text(1)), telling(2, "city", "Banjir Rendam Kampung", text(9))
    )
    clock.advance(60)
    (copy,) = await admit(store, clock, telling(3, "copyist", FIRE, text(1)))
    assert (await store.stories.places([copy]))[0].copy_of == first
    ranking = step(store, clock)
    await rank(ranking, clock)
    # The copy is not listed beside its original, which nothing but the copy tells for.
    assert await listed(store) == [first]
    (sums,) = (await store.signals.sums([first], [Window.ALL], clock()))[Window.ALL]
    assert sums == {SignalKind.COVERAGE: 0.3}
    # It was published five minutes before noon, and counts since then.
    (sums,) = (await store.signals.sums([first], [Window.HOUR], NOON + timedelta(minutes=25)))[Window.HOUR]
    assert sums == {SignalKind.COVERAGE: pytest.approx(0.15)}
    await read(store, clock, {second: 9, copy: 1000})
    await rank(ranking, clock)
    assert await listed(store) == [second, first]


async def test_a_story_stands_once_and_by_its_best_telling(store: Store, clock: ManualClock) -> None:
    body = text(4, 60)
    (first,) = await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {body}"))
    clock.advance(60)
    (second,) = await admit(
        store, clock, telling(2, "city", FIRE.replace("Ratusan", "Seratus"), f"{FIRE} {FIRE} {text(8, 20)}")
    )
    (other,) = await admit(store, clock, telling(3, "third", "Banjir Rendam Kampung", text(9)))
    assert (await store.stories.places([second]))[0].story == StoryId(first)
    await read(store, clock, {other: 20, second: 500})
    per_story = FeedSpec(id=FeedId("stories"), title="x", order=Order.POPULAR, per=Per.STORY)
    await rank(step(store, clock, per_story, POPULAR), clock)
    assert await listed(store, "stories") == [first, other]
    assert await listed(store) == [second, other, first]


async def test_taken_out_of_a_story_an_article_keeps_none_of_its_coverage(
    store: Store, clock: ManualClock
) -> None:
    (first,) = await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {text(4, 60)}"))
    await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {FIRE} {text(8, 20)}"))
    ranking = step(store, clock)
    await rank(ranking, clock)
    assert first in await listed(store)
    record = await store.stories.record(first)
    assert record is not None
    assert await store.stories.regroup([record], [[one] for one in record.members], clock())
    await rank(ranking, clock)
    assert await listed(store) == []


async def test_sources_of_one_portal_do_not_fill_a_list_together(store: Store, clock: ManualClock) -> None:
    portal = [candidate(n, source=f"desk{n}", url=f"https://desk{n}.kabar.example/{n}") for n in range(1, 4)]
    *desks, other = await admit(
        store, clock, *portal, candidate(4, source="wire", url="https://wire.example/4")
    )
    await read(store, clock, {desks[0]: 90, desks[1]: 80, desks[2]: 70, other: 1})
    await rank(step(store, clock), clock)
    assert await listed(store) == [desks[0], desks[1], other, desks[2]]


async def test_what_one_owner_publishes_is_no_coverage_and_does_not_fill_a_list(
    store: Store, clock: ManualClock
) -> None:
    group = [
        Source(
            id=SourceId(name), title=name, kind=SourceKind.FEED, url=f"https://{name}.example/rss",
            schedule=Every(interval_s=300), owner=owner,
        )
        for name, owner in (("wire", "Grup Harian"), ("city", "grup harian"))
    ]  # fmt: skip
    scoring = Scoring(store, PopularityPolicy(), owners_of(group))
    (first,) = await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {text(4, 60)}"))
    await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {FIRE} {text(8, 20)}"))
    record = await store.stories.record(first)
    assert record is not None
    (members,) = (await count_coverage(store, [StoryId(first)], scoring.owners)).values()
    assert {member.publisher.owner for member in members} == {"owner:grup harian"}
    await rank(RankStep(store, [POPULAR], scoring, SITE, clock), clock)
    assert await listed(store) == []
    await rank(step(store, clock), clock)
    assert first in await listed(store), "by themselves they would be two publishers"


async def test_coverage_leaves_and_comes_back_with_who_gave_it(store: Store, clock: ManualClock) -> None:
    (first,) = await admit(store, clock, telling(1, "wire", FIRE, text(1)))
    clock.advance(60)
    (copy,) = await admit(store, clock, telling(2, "copyist", FIRE, text(1)))
    ranking, withdrawer = (
        step(store, clock),
        Withdrawer(store, [POPULAR], open_metrics(), clock, count_coverage),
    )
    await rank(ranking, clock)
    assert await listed(store) == [first]
    assert await withdrawer.withdraw(copy, WithdrawnBy.OPERATOR, "asked")
    await rank(ranking, clock)
    assert await listed(store) == []
    assert await withdrawer.restore(copy)
    await rank(ranking, clock)
    assert await listed(store) == [first]


async def test_one_worker_ranks_and_another_takes_over(store: Store, clock: ManualClock) -> None:
    (one,) = await admit(store, clock, candidate(1))
    await read(store, clock, {one: 1})
    workers = [step(store, clock) for _ in range(3)]
    for worker in workers:  # each has just begun, and ranks once whatever the others did
        await rank(worker, clock)
    clock.advance(2)
    jobs = [job for worker in workers for job in (await worker.take(1)).jobs]
    before = await store.feeds.version(POPULAR.id)
    (two,) = await admit(store, clock, candidate(2, source="wire"))
    await read(store, clock, {two: 5})
    reports = await asyncio.gather(*(job() for job in jobs))
    assert sum(report is not None for report in reports) == 1
    assert (await store.feeds.version(POPULAR.id)).version == before.version + 1
    # One that died with the lease is waited for, but not for long.
    until = clock() + timedelta(seconds=10)
    assert await store.popularity.lease("dead", clock() + timedelta(seconds=2), until, clock())
    await read(store, clock, {one: 50})
    assert await rank(workers[0], clock) == 0
    clock.advance(10)
    assert await rank(workers[0], clock) == 1
    assert await listed(store) == [one, two]


async def test_an_articles_ranks_are_remembered_and_bounded(store: Store, clock: ManualClock) -> None:
    one, two = await admit(store, clock, candidate(1), candidate(2, source="wire"))
    await read(store, clock, {one: 9, two: 5})
    ranking = step(store, clock)
    await rank(ranking, clock)
    await read(store, clock, {two: 90})
    await rank(step(store, clock), clock)
    clock.advance(NOTED_EVERY.total_seconds())
    await rank(ranking, clock)
    assert [note.rank for note in await store.popularity.ranks(two)] == [2, 1]
    for _ in range(310):
        await store.popularity.note_ranks(
            POPULAR.id, [Ranked(article_id=two, score=1.5)], clock.advance(1), unless_since=clock()
        )
    assert len(await store.popularity.ranks(two)) == 300


async def test_a_score_is_told_with_its_shares(store: Store, clock: ManualClock) -> None:
    (one,) = await admit(store, clock, candidate(1))
    await read(store, clock, {one: 10})
    clock.advance(12 * 3600)
    told = await Scoring(store, PopularityPolicy()).explained(one, clock())
    assert set(told) == set(Window)
    assert round(told[Window.DAY].counted[SignalKind.READS], 6) == 5
    assert told[Window.DAY].total == sum(told[Window.DAY].shares.values())
    assert await Scoring(store, PopularityPolicy()).explained(ArticleId("gone"), clock()) == {}


async def test_a_popular_feed_of_stories_names_all_who_tell_each(
    service_of: OpenService, clock: ManualClock
) -> None:
    config = '[feed.stories]\ntitle = "x"\norder = "popular"\nper = "story"\nfilter = { language = ["id"] }\n'
    async with service_of(config) as service:
        store = service.store
        (first,) = await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {text(4, 60)}"))
        clock.advance(60)
        (second,) = await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {FIRE} {text(8, 20)}"))
        await read(store, clock, {second: 500})
        await rank(service.rank_step, clock)
        (entry,) = (await service.publisher.snapshot(FeedId("stories"))).entries
        assert entry.article.id == first
        assert [other.article.id for other in entry.also_at] == [second]
        assert entry.popularity is not None
        assert entry.popularity.rank == 1
