"""What comes to the top of a popular feed is told once, by one worker, and not before the feed shows it."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from pipeline.popularity.test_ranking import POPULAR, rank, read, step
from pipeline.stories.test_copies_and_stories import admit
from pipeline.webhooks.test_delivery import Partner, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from support import ManualClock, candidate

from syndicator.model.event import Crossed, Event, Measure
from syndicator.model.feed import Announce, FeedSpec
from syndicator.model.ids import ArticleId
from syndicator.store.store import Store

__all__ = ["partner"]

TOP = replace(POPULAR, announce=Announce(top=2))


async def crossed(store: Store) -> list[Event]:
    entries = await store.outbox.after("", 1000)
    return [entry.event for entry in entries if isinstance(entry.event.details, Crossed)]


async def articles(store: Store, clock: ManualClock, count: int) -> list[ArticleId]:
    return await admit(store, clock, *(candidate(n, source=f"s{n}") for n in range(count)))


async def test_an_article_that_comes_to_the_top_is_told_with_how_it_stood(
    store: Store, clock: ManualClock
) -> None:
    ids = await articles(store, clock, 4)
    await read(store, clock, {one: 40 - place for place, one in enumerate(ids)})
    await rank(step(store, clock, TOP), clock)
    first, second = await crossed(store)
    assert [first.article, second.article] == ids[:2]
    details = second.details
    assert isinstance(details, Crossed)
    shown = (await store.feeds.ranking(TOP.id))[1]
    assert (details.rank, details.score, details.measure, details.threshold) == (
        2,
        shown.score,
        Measure.TOP,
        2,
    )
    assert details.feed.json == "https://news.example/feeds/popular.json"


async def test_an_article_that_swings_is_told_once(store: Store, clock: ManualClock) -> None:
    ids = await articles(store, clock, 3)
    ranking = step(store, clock, TOP)
    counts = {ids[0]: 9.0, ids[1]: 8.0, ids[2]: 7.0}
    for turn in range(12):
        counts[ids[1 + turn % 2]] += 4 * (turn + 1)
        await read(store, clock, counts)
        await rank(ranking, clock)
    told = await crossed(store)
    assert sorted(event.subject for event in told) == sorted(ids)
    assert len({event.id for event in told}) == 3


async def test_workers_that_race_tell_once_and_so_does_one_that_comes_later(
    store: Store, clock: ManualClock
) -> None:
    ids = await articles(store, clock, 2)
    await read(store, clock, {ids[0]: 9, ids[1]: 8})
    # The lease is not what keeps them apart here: each has just begun, and goes by its own.
    workers = [step(store, clock, TOP) for _ in range(4)]
    clock.advance(2)
    jobs = [job for worker in workers for job in (await worker.take(1)).jobs]
    await asyncio.gather(*(job() for job in jobs))
    for worker in workers:
        await rank(worker, clock)
    clock.advance(3 * 3600)
    await rank(step(store, clock, TOP), clock)
    assert sorted(event.subject for event in await crossed(store)) == sorted(ids)


async def test_what_another_has_told_meanwhile_is_not_told_again(store: Store, clock: ManualClock) -> None:
    (one,) = await articles(store, clock, 1)

    async def show() -> bool:
        near = [(one, Measure.TOP)]
        return await store.crossings.show(TOP.id, None, events=(), near=near, remembered={}, now=clock())

    assert await show()
    assert not await show()
    known = await store.crossings.remembered(TOP.id, [one], [Measure.TOP])
    assert known == {(one, Measure.TOP): clock()}


async def test_what_is_told_is_shown_already(store: Store, clock: ManualClock) -> None:
    """Its order stays the same here: the numbers alone are others."""
    (one,) = await articles(store, clock, 1)
    spec: FeedSpec = replace(POPULAR, announce=Announce(score=1.0))
    ranking = step(store, clock, spec)
    await read(store, clock, {one: 1})
    await rank(ranking, clock)
    assert await crossed(store) == []
    before = await store.feeds.version(spec.id)
    await read(store, clock, {one: 900})
    await rank(ranking, clock)
    (event,) = await crossed(store)
    assert isinstance(event.details, Crossed)
    assert (await store.feeds.ranking(spec.id))[0].score == event.details.score
    assert (await store.feeds.version(spec.id)).version == before.version + 1


async def test_what_left_is_remembered_no_more(store: Store, clock: ManualClock) -> None:
    ids = await articles(store, clock, 1)
    await read(store, clock, {ids[0]: 9})
    await rank(step(store, clock, TOP), clock)
    clock.advance(100 * 86400)
    assert await store.crossings.remembered(TOP.id, ids, [Measure.TOP])
    await store.articles.sweep(clock(), timedelta(days=90), 100)
    assert not await store.crossings.remembered(TOP.id, ids, [Measure.TOP])


async def test_partners_get_it_with_the_article_where_their_filter_takes_it(partner: Partner) -> None:
    feed = '[feed.popular]\ntitle = "x"\norder = "popular"\nannounce = { top = 5 }\n'
    wants = 'events = ["popularity.crossed"]\nfilter = { section = ["kota"] }\npayload = "summary"'
    async with partner.service_of(feed + endpoint(partner, more=wants)) as service:
        mine = candidate(1, source="s1", section="Kota")
        ids = await admit(service.store, partner.clock, mine, candidate(2, source="s2"))
        await read(service.store, partner.clock, dict.fromkeys(ids, 9.0))
        partner.clock.advance(2)
        for job in (await service.rank_step.take(1)).jobs:
            await job()
        await deliver(service)
    ((headers, body),) = partner.received
    told: dict[str, Any] = json.loads(body)
    assert (told["type"], told["data"]["event_id"]) == ("popularity.crossed", headers["webhook-id"])
    assert told["data"]["article"]["id"] == ids[0]
    assert told["data"]["article"]["content_html"] is None
    assert told["data"]["threshold"] == {"measure": "top", "value": 5.0}
    assert (told["data"]["window"], told["data"]["rank"] in {1, 2}) == ("24h", True)
