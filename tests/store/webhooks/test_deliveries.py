"""Queues of deliveries over a real Redis: fan-out, leases, retries, what supersedes, the dead."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from support import NOON, ManualClock, forget_events

from syndicator.model.clock import to_ms
from syndicator.model.delivery import Dead, Delivered, Endpoint, Rate, RetryAt, Secret
from syndicator.model.event import Event, EventType
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.status import QueueCounts
from syndicator.store.store import Store
from syndicator.store.webhooks.attempts import AttemptQuery
from syndicator.store.webhooks.backlog import Undelivered
from syndicator.store.webhooks.deliveries import Leased
from syndicator.store.webhooks.event_log import KEPT_EVENTS
from syndicator.store.webhooks.queuing import FanOut, Queued

A, B, C = EndpointId("a"), EndpointId("b"), EndpointId("c")
LEASE = timedelta(seconds=30)
DONE = Delivered(status=204, duration_ms=3)


def event(number: int, *, revision: int = 1, kind: EventType = EventType.ARTICLE_CREATED) -> Event:
    return Event(
        id=EventId(f"evt_{number:04}_{revision}"),
        type=kind,
        subject=f"article-{number}",
        revision=revision,
        at=NOON,
    )


async def know(store: Store, *names: EndpointId, **fields: object) -> None:
    endpoints = [
        replace(Endpoint(id=name, url="https://x.example/", secrets=(Secret("whsec_x"),)), **fields)
        for name in names
    ]
    await store.endpoints.publish(endpoints, NOON)


async def queue(
    store: Store,
    events: Sequence[Event],
    names: Sequence[EndpointId] = (A,),
    *,
    now: datetime = NOON,
    older: Sequence[Event] = (),
    urgent: bool = False,
    cancelled: Sequence[EndpointId] = (),
) -> bool:
    """Fan events out as the pipeline does."""
    for one in events:
        await store.outbox.append(one)
    pending = await store.outbox.pending(1000)
    read, entries = pending.cursor, pending.entries
    closed = tuple((one.id, one.subject, one.type.value) for one in older)
    intent = FanOut(
        read=read,
        version=await store.endpoints.version(),
        entries=tuple(entries),
        queued=tuple(
            Queued(
                endpoint=name,
                event=entry.event.id,
                due_at=now,
                urgent=urgent,
                hold=timedelta(seconds=17),
                older=closed,
            )
            for entry in entries
            for name in names
        ),
        cancelled=tuple(
            Queued(endpoint=name, event=entries[-1].event.id, due_at=now, older=closed) for name in cancelled
        ),
    )
    is_written = await store.queuing.fan_out(intent, now)
    await store.queuing.take_over(now)
    return is_written


async def claim(
    store: Store, clock: ManualClock, limit: int = 100, *, others: Sequence[EndpointId] = ()
) -> list[Leased]:
    return list((await store.deliveries.claim(clock(), LEASE, limit, others=others)).leased)


def names(leased: Sequence[Leased]) -> list[str]:
    return [one.delivery.event.id for one in leased]


def retry(clock: ManualClock, seconds: float = 5) -> RetryAt:
    return RetryAt(at=clock() + timedelta(seconds=seconds), reason="http_503", duration_ms=3)


async def test_fan_out_moves_the_outbox_on_once(store: Store, clock: ManualClock) -> None:
    one = event(1)
    await store.outbox.append(one)
    pending = await store.outbox.pending(10)
    read, entries = pending.cursor, pending.entries
    intent = FanOut(
        read=read,
        version="",
        entries=tuple(entries),
        queued=(Queued(endpoint=A, event=one.id, due_at=NOON),),
    )
    assert not await store.queuing.fan_out(replace(intent, version="7"), clock()), "the directory has changed"
    assert await store.queuing.fan_out(intent, clock())
    assert not await store.queuing.fan_out(intent, clock())
    await store.queuing.take_over(clock())
    await store.queuing.take_over(clock())
    assert await store.outbox.waiting() == 0
    assert (await store.deliveries.counts(A, clock())).ready == 1
    assert await store.events.get(one.id) == one
    assert [logged.event for logged in await store.events.after("", 10)] == [one]


async def test_each_endpoint_has_its_own_share_in_flight(store: Store, clock: ManualClock) -> None:
    await know(store, A, B, max_in_flight=2)
    await queue(store, [event(n) for n in range(5)], [A, B])
    first = await claim(store, clock)
    assert sorted(one.delivery.endpoint for one in first) == [A, A, B, B]
    assert await claim(store, clock) == []
    assert await store.deliveries.counts(A, clock()) == QueueCounts(ready=3, in_flight=2)
    done = next(one for one in first if one.delivery.endpoint == A)
    assert (await store.deliveries.settle(done, DONE, clock())).written
    (following,) = await claim(store, clock)
    assert following.delivery.endpoint == A
    assert (await store.deliveries.counts(A, clock())).delivered == 1


@pytest.mark.parametrize("store", [1], indirect=True)
async def test_few_places_are_shared_fairly_and_in_turn(store: Store, clock: ManualClock) -> None:
    await know(store, A, B, C, max_in_flight=100)
    await queue(store, [event(n) for n in range(50)], [A])
    clock.advance(1)
    await queue(store, [event(n) for n in range(60, 63)], [B, C], now=clock())
    six = await claim(store, clock, 6)
    assert sorted(one.delivery.endpoint for one in six) == [A, A, B, B, C, C]
    clock.advance(1)
    # One place at a time: whoever has a long backlog gets no more turns than the others.
    turns = []
    for _ in range(3):
        clock.advance(0.01)
        turns += [one.delivery.endpoint for one in await claim(store, clock, 1)]
    assert sorted(turns) == [A, B, C]


async def test_what_one_leaves_of_its_share_others_take(store: Store, clock: ManualClock) -> None:
    await know(store, A, B, max_in_flight=100)
    await queue(store, [event(n) for n in range(20)], [A])
    await queue(store, [event(30)], [B])
    taken = await claim(store, clock, 10)
    assert sorted(one.delivery.endpoint for one in taken) == [A] * 9 + [B]


async def test_a_retry_waits_for_its_time(store: Store, clock: ManualClock) -> None:
    await queue(store, [event(1)])
    (leased,) = await claim(store, clock)
    assert (await store.deliveries.settle(leased, retry(clock), clock())).written
    claimed = await store.deliveries.claim(clock(), LEASE, 100)
    assert (claimed.leased, claimed.next_due_at) == ((), NOON + timedelta(seconds=5))
    assert await store.deliveries.counts(A, clock()) == QueueCounts(delayed=1)
    clock.advance(5)
    (again,) = await claim(store, clock)
    assert (again.delivery.attempts, again.delivery.last_reason) == (1, "http_503")
    assert again.delivery.event == leased.delivery.event


async def test_a_dead_workers_delivery_is_taken_over_and_its_word_refused(
    store: Store, clock: ManualClock
) -> None:
    await queue(store, [event(1)])
    (dead,) = await claim(store, clock)
    clock.advance(31)
    (alive,) = await claim(store, clock)
    assert alive.delivery == dead.delivery
    assert not (await store.deliveries.settle(dead, DONE, clock())).written
    assert (await store.deliveries.settle(alive, DONE, clock())).written
    assert await store.deliveries.counts(A, clock()) == QueueCounts(delivered=1)


async def test_a_lease_is_lengthened_while_it_is_held(store: Store, clock: ManualClock) -> None:
    await queue(store, [event(1)])
    (leased,) = await claim(store, clock)
    clock.advance(29)
    assert await store.deliveries.extend([leased], clock() + LEASE) == [True]
    clock.advance(29)
    assert await claim(store, clock) == []
    clock.advance(2)
    (taken,) = await claim(store, clock)
    assert await store.deliveries.extend([leased, taken], clock() + LEASE) == [False, True]


async def test_leases_that_ran_out_before_a_backlog_are_taken_over(store: Store, clock: ManualClock) -> None:
    await know(store, A, max_in_flight=4)
    await queue(store, [event(n) for n in range(20)])
    dead = set(names(await claim(store, clock, 8)))
    assert len(dead) == 4
    clock.advance(31)
    assert set(names(await claim(store, clock, 8))) == dead
    clock.advance(31)
    await know(store, A, max_in_flight=6)
    assert len(await claim(store, clock, 3)) == 3, "never more than asked for"
    assert len(await claim(store, clock)) == 3, "never more than may be"


@pytest.mark.parametrize("store", [1], indirect=True)
async def test_a_full_queue_wakes_when_its_first_lease_runs_out(store: Store, clock: ManualClock) -> None:
    await know(store, A, max_in_flight=2)
    await queue(store, [event(n) for n in range(5)])
    await claim(store, clock, 1)
    clock.advance(10)
    claimed = await store.deliveries.claim(clock(), LEASE, 1)
    assert claimed.next_due_at == NOON + LEASE


async def test_a_rate_spreads_what_goes_out(store: Store, clock: ManualClock) -> None:
    await know(store, A, max_in_flight=100, rate=Rate(count=5, per_s=1))
    await queue(store, [event(n) for n in range(20)])
    went = []
    for _ in range(30):
        claimed = await store.deliveries.claim(clock(), LEASE, 100)
        went.append(len(claimed.leased))
        for one in claimed.leased:
            await store.deliveries.settle(one, DONE, clock())
        clock.advance(0.1)
    assert went[0] == 5, "a second's worth at once"
    assert sum(went) == 5 + 14
    assert all(count <= 1 for count in went[1:])
    slow = await store.deliveries.claim(clock(), LEASE, 100)
    assert slow.next_due_at is None or slow.next_due_at > clock() - timedelta(seconds=1)


async def test_who_rests_or_is_held_gets_nothing(store: Store, clock: ManualClock) -> None:
    await know(store, A)
    await queue(store, [event(1)])
    await store.endpoints.pause(A, "x", clock())
    assert await claim(store, clock) == []
    await queue(store, [event(2)])
    assert (await store.deliveries.claim(clock(), LEASE, 9)).next_due_at is None, "nobody wakes in vain"
    await store.endpoints.resume(A, clock())
    assert len(await claim(store, clock)) == 2


async def test_what_is_given_up_is_kept_two_weeks_with_its_reason(store: Store, clock: ManualClock) -> None:
    await queue(store, [event(1)])
    (leased,) = await claim(store, clock)
    await store.deliveries.settle(leased, Dead(reason="gone", duration_ms=1), clock())
    assert await store.deliveries.counts(A, clock()) == QueueCounts(dead=1)
    (dead,) = await store.backlog.list(A, 10, clock())
    assert (dead.status, dead.delivery.last_reason, dead.delivery.attempts) == ("dead", "gone", 1)
    assert await store.deliveries.sweep(A, clock()) == 0
    clock.advance(15 * 86400)
    assert await store.deliveries.sweep(A, clock()) == 1
    assert await store.deliveries.counts(A, clock()) == QueueCounts()
    assert await store.connection.call("EXISTS", store.deliveries._keys.tries(A)) == 0


async def test_endpoints_of_another_configuration_are_left_to_those_who_know_them(
    store: Store, clock: ManualClock
) -> None:
    await queue(store, [event(1)], [A, B])
    leased = await claim(store, clock, others=[A])
    assert [one.delivery.endpoint for one in leased] == [B]
    claimed = await store.deliveries.claim(clock(), LEASE, 1, others=[A])
    assert (claimed.leased, claimed.next_due_at) == ((), NOON + LEASE), "A's deliveries wake nobody in vain"
    assert [one.delivery.endpoint for one in await claim(store, clock)] == [A]


async def test_a_newer_revision_closes_the_older_and_the_log_says_so(
    store: Store, clock: ManualClock
) -> None:
    old, new = event(1), event(1, revision=2, kind=EventType.ARTICLE_UPDATED)
    await queue(store, [old, event(2)])
    for one in await claim(store, clock):
        await store.deliveries.settle(one, retry(clock), clock())
    await queue(store, [new], older=[old])
    waiting = await store.backlog.list(A, 0, clock())
    assert {one.delivery.event.id for one in waiting} == {event(2).id, new.id}
    (logged, first) = await store.attempts.find(A, AttemptQuery(event=old.id), 10)
    assert (logged.result, logged.reason, logged.attempt) == ("superseded", new.id, 1)
    assert (first.result, first.reason, first.subject) == ("retry", "http_503", "article-1")


@pytest.mark.parametrize("delivered", [True, False])
async def test_a_newer_revision_waits_for_an_older_that_is_on_its_way(
    store: Store, clock: ManualClock, delivered: bool
) -> None:
    old, new = event(1), event(1, revision=2, kind=EventType.ARTICLE_UPDATED)
    await queue(store, [old])
    (flying,) = await claim(store, clock)
    await queue(store, [new], older=[old])
    assert await claim(store, clock) == [], "the older could arrive after it"
    outcome = DONE if delivered else retry(clock)
    assert (await store.deliveries.settle(flying, outcome, clock())).written
    (following,) = await claim(store, clock)
    assert following.delivery.event == new
    await store.deliveries.settle(following, DONE, clock())
    clock.advance(3600)
    assert await claim(store, clock) == [], "the older is never tried again"
    assert await store.connection.call("EXISTS", store.deliveries._keys.behind(A)) == 0


async def test_a_newer_revision_waits_no_longer_than_the_older_can_last(
    store: Store, clock: ManualClock
) -> None:
    old, new = event(1), event(1, revision=2, kind=EventType.ARTICLE_UPDATED)
    await queue(store, [old])
    await claim(store, clock)
    await queue(store, [new], older=[old])
    clock.advance(17)
    (following,) = await claim(store, clock)
    assert following.delivery.event == new
    # Whoever had the older died: what it left is closed, not sent after the newer.
    clock.advance(20)
    assert old.id not in names(await claim(store, clock))
    (logged,) = await store.attempts.find(A, AttemptQuery(event=old.id), 1)
    assert (logged.result, logged.reason) == ("superseded", new.id)


@pytest.mark.parametrize("older_settles", [True, False])
async def test_a_newer_revision_that_is_under_way_keeps_its_lease_when_the_older_ends(
    store: Store, clock: ManualClock, older_settles: bool
) -> None:
    old, new = event(1), event(1, revision=2, kind=EventType.ARTICLE_UPDATED)
    await queue(store, [old])
    (flying,) = await claim(store, clock)
    await queue(store, [new], older=[old])
    clock.advance(17)
    (following,) = await claim(store, clock)
    if older_settles:
        assert (await store.deliveries.settle(flying, DONE, clock())).written
    clock.advance(14)
    assert await claim(store, clock) == [], "the newer one is being sent"
    assert (await store.deliveries.settle(following, DONE, clock())).written


async def test_what_is_urgent_goes_ahead_also_when_it_is_tried_again(
    store: Store, clock: ManualClock
) -> None:
    await know(store, A, max_in_flight=1)
    await queue(store, [event(n) for n in range(5)])
    clock.advance(1)
    kill = event(9, revision=2, kind=EventType.ARTICLE_WITHDRAWN)
    await queue(store, [kill], urgent=True, now=clock())
    (first,) = await claim(store, clock)
    assert first.delivery.event == kill
    await store.deliveries.settle(first, retry(clock), clock())
    (second,) = await claim(store, clock)
    assert second.delivery.event == event(0)
    await store.deliveries.settle(second, DONE, clock())
    clock.advance(5)
    (third,) = await claim(store, clock)
    assert third.delivery.event == kill
    await store.deliveries.settle(third, DONE, clock())
    assert await store.connection.call("EXISTS", store.deliveries._keys.urgent(A)) == 0


async def test_a_withdrawal_closes_the_older_also_for_who_does_not_ask_for_it(
    store: Store, clock: ManualClock
) -> None:
    old, kill = event(1), event(1, revision=2, kind=EventType.ARTICLE_WITHDRAWN)
    await queue(store, [old], [A, B])
    await queue(store, [kill], [A], older=[old], cancelled=[B], urgent=True)
    assert [(one.delivery.endpoint, one.delivery.event) for one in await claim(store, clock)] == [(A, kill)]


async def test_many_that_settle_at_once_are_all_kept(store: Store, clock: ManualClock) -> None:
    await know(store, A, max_in_flight=1000)
    await queue(store, [event(n) for n in range(600)])
    leased = await claim(store, clock, 1000)
    settled = await asyncio.gather(*(store.deliveries.settle(one, DONE, clock()) for one in leased))
    assert all(one.written for one in settled)
    assert await store.deliveries.counts(A, clock()) == QueueCounts(delivered=600)


async def test_the_first_success_after_failures_is_told(store: Store, clock: ManualClock) -> None:
    await know(store, A)
    await queue(store, [event(1), event(2)])
    one, other = await claim(store, clock)
    assert not (await store.deliveries.settle(one, DONE, clock())).recovered
    await store.connection.call("HSET", store.endpoints._keys.standing(A), "failures", 3)
    assert (await store.deliveries.settle(other, DONE, clock())).recovered
    assert (await store.endpoints.state(A)).failures == 0
    assert (await store.endpoints.state(A)).last_success_at == NOON


async def test_who_has_been_left_with_a_dead_worker_is_freed_at_the_next_start(
    store: Store, clock: ManualClock
) -> None:
    await queue(store, [event(1)])
    (leased,) = await claim(store, clock)
    place, _, rest = leased.token.partition(".")
    dead = f"{place}.999999999.{rest}"
    await store.connection.call("HSET", store.deliveries._keys.queue_owners(A), event(1).id, dead)
    await store.deliveries.enlist([A], clock())
    assert len(await claim(store, clock)) == 1


async def test_a_queue_that_holds_no_event_is_mended(store: Store, clock: ManualClock) -> None:
    await queue(store, [event(1)])
    await forget_events(store)
    claimed = await store.deliveries.claim(clock(), LEASE, 9)
    assert (claimed.leased, claimed.lost) == ((), ((A, event(1).id),))
    assert await store.deliveries.counts(A, clock()) == QueueCounts()


async def test_what_waits_too_long_falls_off_and_is_counted(store: Store, clock: ManualClock) -> None:
    await know(store, A)
    kill = event(9, revision=2, kind=EventType.ARTICLE_WITHDRAWN)
    await queue(store, [kill], urgent=True)
    await queue(store, [event(n) for n in range(3)])
    clock.advance(3600)
    await queue(store, [event(5)], now=clock())
    assert await store.deliveries.shed(A, NOON + timedelta(seconds=60)) == 3
    assert (await store.endpoints.state(A)).dropped == 3
    waiting = {one.delivery.event.id for one in await store.backlog.list(A, 0, clock())}
    assert waiting == {kill.id, event(5).id}, "what was withdrawn is told however late"


async def test_events_are_kept_as_long_as_anything_can_refer_to_them(store: Store) -> None:
    await queue(store, [event(1)])
    (logged,) = await store.events.after("", 10)
    written = int(logged.position.partition("-")[0])
    at = NOON + timedelta(milliseconds=written - to_ms(NOON))
    assert await store.events.sweep(at + KEPT_EVENTS - timedelta(seconds=1)) == 0
    assert await store.events.sweep(at + KEPT_EVENTS + timedelta(seconds=1)) == 1
    assert await store.events.get(event(1).id) is None
    assert await store.events.count() == 0


async def test_the_newest_dead_of_several_endpoints(store: Store, clock: ManualClock) -> None:
    await know(store, A, B, C, max_in_flight=10)
    await queue(store, [event(number) for number in range(4)], [A, B])
    died: list[tuple[str, str]] = []
    for leased in sorted(await claim(store, clock), key=lambda one: one.delivery.event.id):
        clock.advance(1)
        await store.deliveries.settle(leased, Dead(reason="gone", duration_ms=1), clock())
        died.append((leased.delivery.endpoint, leased.delivery.event.id))
    for limit in (0, 1, 3, 5, 20):
        found = await store.backlog.newest_dead([A, B, C], limit)
        assert [(one.delivery.endpoint, one.delivery.event.id) for one in found] == died[::-1][:limit]
    assert {(one.status, one.delivery.attempts, one.delivery.last_reason) for one in found} == {
        ("dead", 1, "gone")
    }
    assert found == [one for one in found if one in (*await listed(store, A), *await listed(store, B))]


async def listed(store: Store, endpoint: EndpointId) -> Sequence[Undelivered]:
    return await store.backlog.list(endpoint, 0, NOON + timedelta(hours=1))
