"""Articles under embargo as they lie in Redis."""

from datetime import timedelta

from msgspec.structs import replace
from support import NOON, ManualClock, candidate

from syndicator.model.article import Candidate
from syndicator.model.ids import SourceId
from syndicator.rules.identity.identity import identify
from syndicator.store.articles import embargo as held_module
from syndicator.store.articles.embargo import HeldArticle
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.store import Store

CITY = SourceId("city")
LEASE = timedelta(seconds=15)


def waiting(given: Candidate, seconds: float = 60) -> HeldArticle:
    until = NOON + timedelta(seconds=seconds)
    return HeldArticle(
        candidate=replace(given, embargo_until=until), identity=identify([given])[0], until=until
    )


async def test_due_to_the_millisecond_and_never_before(store: Store) -> None:
    given = replace(waiting(candidate()), until=NOON + timedelta(seconds=60, microseconds=500))
    await store.held.put(given)
    early = await store.held.claim("a.1", NOON + timedelta(seconds=60), LEASE, 5)
    assert (early.items, early.next_due_at) == ((), NOON + timedelta(seconds=60, milliseconds=1))
    due = await store.held.claim("a.2", NOON + timedelta(seconds=60, milliseconds=1), LEASE, 5)
    assert [await store.held.get(item) for item in due.items] == [given]


async def test_found_by_each_of_its_keys(store: Store) -> None:
    given = waiting(candidate(guid="tag:1"))
    await store.held.put(given)
    guid_key, link_key, _ = given.identity.keys
    assert await store.held.find(CITY, [[guid_key], ["u:other"], ["u:other", link_key]]) == [
        [given],
        [],
        [given],
    ]
    assert await store.held.find(SourceId("other"), [[guid_key]]) == [[]]


async def test_replaced_in_one_step(store: Store) -> None:
    first, later = waiting(candidate(guid="tag:1")), waiting(candidate(title="Baru"), 120)
    await store.held.put(first)
    await store.held.put(later, [first])
    assert await store.held.count() == 1
    assert await store.held.find(CITY, [first.identity.keys]) == [[later]]
    assert (await store.held.claim("a.1", NOON + timedelta(seconds=60), LEASE, 5)).items == ()


async def test_one_worker_at_a_time_and_again_when_it_died(store: Store) -> None:
    given = waiting(candidate())
    await store.held.put(given)
    now = given.until
    (item,) = (await store.held.claim("a.1", now, LEASE, 5)).items
    assert (await store.held.claim("b.1", now, LEASE, 5)).items == ()
    later = now + LEASE
    assert (await store.held.claim("b.2", later, LEASE, 5)).items == (item,)
    assert not await store.held.settle(item, "a.1", given)
    assert await store.held.settle(item, "b.2", given)
    assert await store.held.count() == 0
    assert not await store.held.holds(CITY)
    assert not await store.held.settle(item, "b.2", given)


async def test_what_was_replaced_while_it_was_released_stays(store: Store) -> None:
    given = waiting(candidate())
    await store.held.put(given)
    (item,) = (await store.held.claim("a.1", given.until, LEASE, 5)).items
    later = waiting(candidate(title="Ditunda lagi"), 600)
    await store.held.put(later, [given])
    assert not await store.held.settle(item, "a.1", given)
    assert await store.held.get(item) == later
    claim = await store.held.claim("a.2", given.until + LEASE, LEASE, 5)
    assert (claim.items, claim.next_due_at) == ((), later.until)


async def test_a_source_has_so_much_room(store: Store) -> None:
    number = 0
    while await store.held.has_room(CITY):
        await store.held.put(waiting(candidate(number)))
        number += 1
    assert number == -(-held_module.MAX_FIELDS // 3)
    assert await store.held.has_room(SourceId("other"))
    assert await store.held.count() == number


async def test_what_a_source_that_left_held_goes_with_it(store: Store, clock: ManualClock) -> None:
    given = waiting(candidate())
    await store.held.put(given)
    await store.configured.note(ConfiguredNames(sources=(CITY,)), clock())
    clock.advance(timedelta(days=8).total_seconds())
    await store.configured.remove_leavers(clock())
    assert not await store.held.holds(CITY)
    (item,) = (await store.held.claim("a.1", clock(), LEASE, 5)).items
    assert await store.held.get(item) is None
    assert await store.held.settle(item, "a.1", None)
    assert await store.held.count() == 0
