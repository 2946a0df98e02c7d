"""Stories that grow, feeds that change, sources in trouble: each is told once, to those who ask for it."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from pipeline.conftest import OpenService, Portal
from pipeline.feeds.test_publisher import admit as admit_to_feeds
from pipeline.popularity.test_ranking import rank, step
from pipeline.rounds.test_feed_round import config as feed_config
from pipeline.rounds.test_feed_round import gather, rss
from pipeline.stories.test_copies_and_stories import FIRE, admit, admitter, telling, text
from pipeline.test_endpoint_directory import C, registered
from pipeline.webhooks.test_delivery import Partner, counts, deliver, partner
from pipeline.webhooks.test_delivery import config as endpoint
from support import NOON, ManualClock

from syndicator.model.event import EndpointNotice, Event, EventType, Grown, SourceNotice
from syndicator.model.ids import EndpointId, EventId, FeedId, SourceId
from syndicator.pipeline.feeds.prerender import ANNOUNCED_EVERY
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.rules.identity.identity import event_id
from syndicator.rules.sources.announcement import Announcing
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.service import Service
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event
from syndicator.store.store import Store

__all__ = ["partner"]

LATEST = '[feed.latest]\ntitle = "Terbaru"\nper = "article"\n'


async def told(store: Store, kind: str) -> list[Event]:
    entries = await store.outbox.after("", 1000)
    return [entry.event for entry in entries if entry.event.type.value == kind]


def on_fire(number: int, source: str) -> Any:
    return telling(number, source, FIRE, f"{FIRE} {FIRE} {text(number, 20)}")


async def test_a_story_is_told_to_grow_with_each_owner_once(store: Store, clock: ManualClock) -> None:
    ranking, first = step(store, clock), await admit(store, clock, on_fire(1, "wire"))
    for number, source in enumerate(("city", "post", "city"), 2):
        clock.advance(60)
        await admit(store, clock, on_fire(number, source))
        for _ in range(3):
            await rank(ranking, clock)
    grown = await told(store, "story.grown")
    assert [event.subject for event in grown] == [first[0], first[0]]
    assert [event.details.owners for event in grown if isinstance(event.details, Grown)] == [2, 3]
    assert [event.revision for event in grown] == sorted({event.revision for event in grown})
    assert len({event.id for event in grown}) == 2


async def test_workers_that_race_tell_of_a_story_once(store: Store, clock: ManualClock) -> None:
    await admit(store, clock, on_fire(1, "wire"))
    await admit(store, clock, on_fire(2, "city"))
    workers = [step(store, clock) for _ in range(5)]
    jobs = [job for worker in workers for job in (await worker.take(1)).jobs]
    await asyncio.gather(*(job() for job in jobs))
    for worker in workers:
        await rank(worker, clock)
    assert len(await told(store, "story.grown")) == 1


async def test_what_an_archive_adds_to_a_story_is_not_told(store: Store, clock: ManualClock) -> None:
    await admit(store, clock, on_fire(1, "wire"))
    await admitter(store, clock).admit([on_fire(2, "city")], backfill=True, announcing=Announcing(since=NOON))
    await rank(step(store, clock), clock)
    assert await told(store, "story.grown") == []


async def test_what_an_operator_puts_together_has_not_grown(store: Store, clock: ManualClock) -> None:
    one, other = await admit(store, clock, on_fire(1, "wire"), telling(2, "city", "Panen raya padi", text(9)))
    story_editing = StoryEditing(store, (), StoriesPolicy(), clock)
    await story_editing.join(one, other)
    await rank(step(store, clock), clock)
    assert await told(store, "story.grown") == []
    clock.advance(60)
    await admit(store, clock, on_fire(3, "post"))
    await rank(step(store, clock), clock)
    (event,) = await told(store, "story.grown")
    assert isinstance(event.details, Grown)
    assert event.details.owners == 3


async def warm(service: Service) -> None:
    for job in (await service.publish_step.take(1)).jobs:
        await job()


async def test_a_feed_that_changes_is_told_once_and_not_too_often(partner: Partner) -> None:
    config = LATEST + endpoint(partner, more='events = ["feed.updated"]')
    async with partner.service_of(config) as service, partner.service_of(config) as other:
        store = service.store
        await admit_to_feeds(service, 1)
        await asyncio.gather(warm(service), warm(other))
        assert len(await told(store, "feed.updated")) == 1
        for number in (2, 3, 4):
            partner.clock.advance(1)
            await admit_to_feeds(service, number)
            await asyncio.gather(warm(service), warm(other))
        assert len(await told(store, "feed.updated")) == 1
        partner.clock.advance(ANNOUNCED_EVERY.total_seconds())
        assert (await service.publish_step.take(1)).next_due_at is not None
        await asyncio.gather(warm(service), warm(other))
        first, second = await told(store, "feed.updated")
        assert second.revision > first.revision
        assert (first.follows, second.follows) == (None, first.revision)
        partner.clock.advance(60)
        await warm(service)
        assert (await service.publish_step.take(1)).next_due_at is None
    async with partner.service_of(config) as again:
        await warm(again)
        assert len(await told(again.store, "feed.updated")) == 2, "a start tells nothing"


async def test_of_a_private_feed_only_endpoints_of_operators_are_told_that_name_it(partner: Partner) -> None:
    asks = 'events = ["feed.updated"]'
    named = f'{asks}\nfeeds = ["latest"]'
    both = endpoint(partner, more=named) + endpoint(partner, name="b", more=asks)
    async with partner.service_of(f"{LATEST}private = true\n{both}") as service:
        mine = registered(partner, verified_at=NOON)
        greedy = replace(mine.endpoint, events=(EventType.FEED_UPDATED,), feeds=(FeedId("latest"),))
        await service.store.endpoints.register(replace(mine, endpoint=greedy))
        await admit_to_feeds(service, 1)
        await warm(service)
        await service.deliver_step.event_fan_out.run()
        waiting = [(await counts(service, name)).ready for name in (EndpointId("a"), EndpointId("b"), C)]
        assert waiting == [1, 0, 0]


async def test_what_nobody_asks_for_is_not_told_and_little_is_kept_of_what_is(partner: Partner) -> None:
    async with partner.service_of(LATEST) as service:
        await admit_to_feeds(service, 1)
        await warm(service)
        assert await told(service.store, "feed.updated") == []
    config = LATEST + endpoint(partner, more='events = ["feed.updated"]')
    async with partner.service_of(config) as service:
        for number in range(2, 8):
            partner.clock.advance(60)
            await admit_to_feeds(service, number)
            await warm(service)
            await deliver(service)
        kept = [one.event.type for one in await service.store.events.after("", 100)]
        assert kept.count(EventType.FEED_UPDATED) == 2
    assert len(partner.received) == 6


async def test_a_version_that_shows_the_same_bytes_is_not_told(partner: Partner) -> None:
    async with partner.service_of(LATEST + endpoint(partner, more='events = ["feed.updated"]')) as service:
        await admit_to_feeds(service, 1)
        await warm(service)
        partner.clock.advance(60)
        await service.store.feeds.touch(list(service.publisher.specs), partner.clock())
        await warm(service)
        partner.clock.advance(60)
        await warm(service)
        assert len(await told(service.store, "feed.updated")) == 1


async def test_trouble_with_a_source_comes_to_an_endpoint_like_all_else(
    partner: Partner, portal: Portal, service_of: OpenService, clock: ManualClock
) -> None:
    wants = 'events = ["source.*"]\nfilter = { source = ["city"] }'
    async with service_of(feed_config(portal) + endpoint(partner, more=wants)) as service:
        portal.documents["/rss"] = rss(1)
        await gather(service)
        portal.documents.clear()
        for _ in range(5):
            clock.advance(timedelta(days=1).total_seconds())
            await gather(service)
        await deliver(service)
        bodies = [json.loads(body) for _, body in partner.received]
        assert [body["type"] for body in bodies] == ["source.failing"]
        assert bodies[0]["data"]["source"]["id"] == "city"
        assert "http_404" in bodies[0]["data"]["source"]["why"]
        portal.documents["/rss"] = rss(1)
        clock.advance(timedelta(days=1).total_seconds())
        await gather(service)
        await deliver(service)
    assert [json.loads(body)["type"] for _, body in partner.received] == [
        "source.failing",
        "source.recovered",
    ]


async def test_who_lost_the_lease_tells_nothing(store: Store, clock: ManualClock) -> None:
    source = SourceId("city")
    await store.sources.enlist([source], [], clock())
    state = await store.sources.state(source)
    event = Event(id=EventId("evt_1"), type=EventType.SOURCE_FAILING, subject=source, revision=1, at=clock())
    assert not await store.sources.settle(source, "another's", state, [event])
    assert await told(store, "source.failing") == []


async def test_partners_hear_of_their_own_endpoints_alone(partner: Partner, service_of: OpenService) -> None:
    """Whatever they ask for: what else concerns the service is for its operators."""
    async with service_of(endpoint(partner, path="/ours", more='events = ["*"]')) as service:
        mine = registered(partner, verified_at=NOON)
        greedy = replace(mine.endpoint, events=tuple(EventType))
        await service.store.endpoints.register(replace(mine, endpoint=greedy))
        notice = EndpointNotice(why="http_503", since=NOON)
        trouble = SourceNotice(title="x", standing="failing", why="x", since=NOON)
        for subject, kind, details in (
            ("a", EventType.ENDPOINT_FAILING, notice),
            (C, EventType.ENDPOINT_FAILING, notice),
            ("city", EventType.SOURCE_FAILING, trouble),
        ):
            event = Event(
                id=event_id(subject, 1, kind),
                type=kind,
                subject=subject,
                revision=1,
                at=NOON,
                details=details,
            )
            await service.store.connection.call(*append_event(Keys(service.settings.store.namespace), event))
        await service.deliver_step.event_fan_out.run()
        assert (await counts(service)).ready == 3
        assert (await counts(service, C)).ready == 1
