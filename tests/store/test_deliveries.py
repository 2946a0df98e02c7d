"""Queues of deliveries over a real Redis: fan-out, leases, retries, the dead."""

from datetime import timedelta

from support import NOON, ManualClock, candidate

from syndicator.model.delivery import Dead, Delivered, Delivery, RetryAt
from syndicator.model.ids import EndpointId
from syndicator.model.status import QueueCounts
from syndicator.pipeline.admitting import Admitter
from syndicator.store.store import Store

A, B = EndpointId("a"), EndpointId("b")
CAPS = {A: 2, B: 2}
LEASE = timedelta(seconds=30)


async def fan_out(store: Store, clock: ManualClock, articles: int) -> None:
    await Admitter(store.articles, (), clock).admit([candidate(number) for number in range(articles)])
    cursor = await store.outbox.cursor()
    entries = await store.outbox.after(cursor, 100)
    deliveries = [Delivery(endpoint=name, event=entry.event) for entry in entries for name in (A, B)]
    assert await store.deliveries.fan_out(
        deliveries, read=cursor, done=entries[-1].position, version="", now=clock()
    )


async def test_fan_out_moves_the_outbox_on_once(store: Store, clock: ManualClock) -> None:
    await Admitter(store.articles, (), clock).admit([candidate(1)])
    (entry,) = await store.outbox.after("", 10)
    one = [Delivery(endpoint=A, event=entry.event)]
    assert await store.deliveries.fan_out(one, read="", done=entry.position, version="", now=clock())
    assert not await store.deliveries.fan_out(one, read="", done=entry.position, version="", now=clock())
    assert await store.outbox.cursor() == entry.position
    assert await store.outbox.waiting() == 0
    assert await store.deliveries.counts(A, clock()) == QueueCounts(ready=1)


async def test_each_endpoint_has_its_own_share_in_flight(store: Store, clock: ManualClock) -> None:
    await fan_out(store, clock, 5)
    first = await store.deliveries.claim(CAPS, clock(), LEASE, 100)
    assert sorted(leased.delivery.endpoint for leased in first) == [A, A, B, B]
    assert await store.deliveries.claim(CAPS, clock(), LEASE, 100) == []
    assert await store.deliveries.counts(A, clock()) == QueueCounts(ready=3, in_flight=2)
    done = next(leased for leased in first if leased.delivery.endpoint == A)
    assert await store.deliveries.settle(done, Delivered(status=204, duration_ms=3), clock())
    (following,) = await store.deliveries.claim(CAPS, clock(), LEASE, 100)
    assert following.delivery.endpoint == A
    assert (await store.deliveries.counts(A, clock())).delivered == 1


async def test_a_retry_waits_for_its_time(store: Store, clock: ManualClock) -> None:
    await fan_out(store, clock, 1)
    leased = await store.deliveries.claim({A: 1}, clock(), LEASE, 100)
    retry = RetryAt(at=NOON + timedelta(seconds=5), reason="http_503", duration_ms=3)
    assert await store.deliveries.settle(leased[0], retry, clock())
    assert await store.deliveries.claim({A: 1}, clock(), LEASE, 100) == []
    assert await store.deliveries.next_due_at([A]) == NOON + timedelta(seconds=5)
    assert await store.deliveries.counts(A, clock()) == QueueCounts(delayed=1)
    assert await store.deliveries.last_failure(A) == "http_503"
    clock.advance(5)
    (again,) = await store.deliveries.claim({A: 1}, clock(), LEASE, 100)
    assert (again.delivery.attempts, again.delivery.last_reason) == (1, "http_503")
    assert again.delivery.event.id == leased[0].delivery.event.id


async def test_a_dead_workers_delivery_is_taken_over_and_its_word_refused(
    store: Store, clock: ManualClock
) -> None:
    await fan_out(store, clock, 1)
    (dead,) = await store.deliveries.claim({A: 1}, clock(), LEASE, 100)
    clock.advance(31)
    (alive,) = await store.deliveries.claim({A: 1}, clock(), LEASE, 100)
    assert alive.delivery == dead.delivery
    assert not await store.deliveries.settle(dead, Delivered(status=200, duration_ms=1), clock())
    assert await store.deliveries.settle(alive, Delivered(status=200, duration_ms=1), clock())
    assert await store.deliveries.counts(A, clock()) == QueueCounts(delivered=1)


async def test_leases_that_ran_out_before_a_backlog_are_taken_over(store: Store, clock: ManualClock) -> None:
    await fan_out(store, clock, 20)
    dead = {leased.delivery.event.id for leased in await store.deliveries.claim({A: 4}, clock(), LEASE, 8)}
    assert len(dead) == 4
    clock.advance(31)
    alive = await store.deliveries.claim({A: 4}, clock(), LEASE, 8)
    assert {leased.delivery.event.id for leased in alive} == dead
    clock.advance(31)
    assert len(await store.deliveries.claim({A: 6}, clock(), LEASE, 3)) == 3, "never more than asked for"
    assert len(await store.deliveries.claim({A: 6}, clock(), LEASE, 100)) == 3, "never more than may be"


async def test_a_full_queue_wakes_when_its_first_lease_runs_out(store: Store, clock: ManualClock) -> None:
    await fan_out(store, clock, 5)
    await store.deliveries.claim({A: 2}, clock(), LEASE, 1)
    clock.advance(10)
    await store.deliveries.claim({A: 2}, clock(), LEASE, 1)
    assert await store.deliveries.next_due_at([A]) == NOON + LEASE


async def test_what_is_given_up_is_kept_two_weeks_with_its_reason(store: Store, clock: ManualClock) -> None:
    await fan_out(store, clock, 1)
    (leased,) = await store.deliveries.claim({A: 1}, clock(), LEASE, 100)
    await store.deliveries.settle(leased, Dead(reason="gone", duration_ms=1), clock())
    assert await store.deliveries.counts(A, clock()) == QueueCounts(dead=1)
    assert await store.deliveries.last_failure(A) == "dead gone"
    assert await store.deliveries.sweep(A, clock()) == 0
    clock.advance(15 * 86400)
    assert await store.deliveries.sweep(A, clock()) == 1
    assert await store.deliveries.counts(A, clock()) == QueueCounts()


async def test_endpoints_of_another_configuration_are_left_to_those_who_know_them(
    store: Store, clock: ManualClock
) -> None:
    await fan_out(store, clock, 1)
    leased = await store.deliveries.claim({B: 1}, clock(), LEASE, 1)
    assert [one.delivery.endpoint for one in leased] == [B]
    assert await store.deliveries.claim({B: 1}, clock(), LEASE, 1) == []
    assert await store.deliveries.next_due_at([B]) == NOON + LEASE, "A's deliveries wake nobody in vain"
    leased = await store.deliveries.claim(CAPS, clock(), LEASE, 100)
    assert [one.delivery.endpoint for one in leased] == [A]
