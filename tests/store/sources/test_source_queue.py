"""Leases and due times of sources, over a real Redis."""

import subprocess
import sys
from datetime import timedelta

from msgspec.structs import replace
from support import NOON, ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.source import SourceState
from syndicator.store.lease_owners import new_token
from syndicator.store.store import Store

A, B, C = SourceId("a"), SourceId("b"), SourceId("c")
LEASE = timedelta(seconds=15)


async def test_a_source_is_leased_to_one_worker(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A, B], [], clock())
    first = await store.sources.claim("one", clock(), LEASE, 1)
    second = await store.sources.claim("two", clock(), LEASE, 9)
    assert sorted((*first.items, *second.items)) == ["a", "b"]
    assert (await store.sources.claim("three", clock(), LEASE, 9)).items == ()


async def test_a_claim_whose_reply_was_lost_leases_nothing_more(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A, B, C], [], clock())
    lost = await store.sources.claim("one", clock(), LEASE, 2)
    again = await store.sources.claim("one", clock(), LEASE, 2)
    assert sorted(again.items) == sorted(lost.items)
    assert len((await store.sources.claim("two", clock(), LEASE, 9)).items) == 1


async def test_settling_keeps_the_state_and_the_next_due_time(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A], [], clock())
    await store.sources.claim("one", clock(), LEASE, 1)
    state = SourceState(etag='"x"', next_due_at=NOON + timedelta(minutes=5), due_because="every 5m")
    assert await store.sources.settle(A, "one", state)
    assert await store.sources.state(A) == state
    idle = await store.sources.claim("one", clock(), LEASE, 1)
    assert (idle.items, idle.next_due_at) == ((), NOON + timedelta(minutes=5))
    clock.advance(300)
    assert (await store.sources.claim("one", clock(), LEASE, 1)).items == ("a",)


async def test_a_dead_workers_lease_runs_out_and_its_settling_is_refused(
    store: Store, clock: ManualClock
) -> None:
    await store.sources.enlist([A], [], clock())
    await store.sources.claim("dead", clock(), LEASE, 1)
    clock.advance(16)
    assert (await store.sources.claim("alive", clock(), LEASE, 1)).items == ("a",)
    late = SourceState(etag="late", next_due_at=clock())
    assert not await store.sources.settle(A, "dead", late)
    assert await store.sources.extend([(A, "dead")], clock(), LEASE) == [False]
    assert (await store.sources.state(A)).etag is None
    assert await store.sources.settle(A, "alive", replace(late, etag="alive"))


async def test_an_extended_lease_holds(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A], [], clock())
    await store.sources.claim("one", clock(), LEASE, 1)
    clock.advance(10)
    assert await store.sources.extend([(A, "one")], clock(), LEASE) == [True]
    clock.advance(10)
    assert (await store.sources.claim("two", clock(), LEASE, 1)).items == ()


async def test_a_source_is_taken_off_the_list_by_who_has_leased_it(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A, B, C], [], clock())
    await store.sources.claim("one", clock(), LEASE, 9)
    await store.sources.delist([A], "two")
    await store.sources.delist([B], "one")
    assert not await store.sources.settle(B, "one", SourceState(next_due_at=clock()))
    clock.advance(16)
    assert (await store.sources.claim("two", clock(), LEASE, 9)).items == ("a", "c")


async def test_a_configuration_takes_nothing_of_another_off_the_list(
    store: Store, clock: ManualClock
) -> None:
    await store.sources.enlist([A, B], [], clock())
    await store.sources.enlist([B, C], [], clock())
    assert sorted((await store.sources.claim("one", clock(), LEASE, 9)).items) == ["a", "b", "c"]


async def test_a_changed_source_is_due_at_once(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A], [], clock())
    await store.sources.claim("one", clock(), LEASE, 1)
    await store.sources.settle(A, "one", SourceState(next_due_at=NOON + timedelta(days=1)))
    await store.sources.enlist([A], [], clock())
    assert (await store.sources.claim("one", clock(), LEASE, 1)).items == ()
    await store.sources.enlist([A], [A], clock())
    assert (await store.sources.claim("one", clock(), LEASE, 1)).items == ("a",)


async def test_one_source_can_be_leased_before_it_is_due(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A], [], clock())
    await store.sources.claim("one", clock(), LEASE, 1)
    assert not await store.sources.lease(A, "two", clock(), LEASE)
    await store.sources.settle(A, "one", SourceState(next_due_at=NOON + timedelta(days=1)))
    assert await store.sources.lease(A, "two", clock(), LEASE)
    assert not await store.sources.lease(A, "three", clock(), LEASE)
    clock.advance(16)
    assert await store.sources.lease(A, "three", clock(), LEASE)


async def test_the_lease_of_a_killed_process_is_free_at_the_next_start(
    store: Store, clock: ManualClock
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", "from syndicator.store.lease_owners import new_token; print(new_token())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    await store.sources.enlist([A, B], [], clock())
    await store.sources.claim(killed, clock(), LEASE, 1)
    await store.sources.claim(new_token(), clock(), LEASE, 1)
    await store.sources.enlist([A, B], [], clock())
    freed = await store.sources.claim(new_token(), clock(), LEASE, 9)
    assert freed.items == ("a",), "the lease of a living process is left alone"


async def test_a_lease_is_given_back_by_its_owner_only(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([A], [], clock())
    await store.sources.claim("one", clock(), LEASE, 1)
    assert not await store.sources.release(A, "two", clock())
    assert await store.sources.release(A, "one", clock())
    assert (await store.sources.claim("two", clock(), LEASE, 1)).items == ("a",)
