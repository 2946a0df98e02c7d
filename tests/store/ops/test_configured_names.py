"""Thousands of sources: what is done with all of them takes few commands, and misses none."""

from datetime import timedelta

from support import NOON, ManualClock

from syndicator.model.feed import Origin
from syndicator.model.ids import SourceId
from syndicator.model.source import SourceState
from syndicator.store.connection import MOST_IN_ONE
from syndicator.store.ops.configured_names import GRACE, IN_USE, MOST_LEAVERS, ConfiguredNames
from syndicator.store.sources.origins import NOTED_AGAIN
from syndicator.store.store import Store

MANY = 2 * MOST_IN_ONE + 300
LEASE = timedelta(seconds=15)


def sources(count: int = MANY) -> list[SourceId]:
    return [SourceId(f"portal-{number}") for number in range(count)]


async def commands(store: Store) -> int:
    """Count what this server has carried out since it began."""
    told = await store.connection.call("INFO", "stats")
    lines = dict(line.split(":", 1) for line in told.decode().splitlines() if ":" in line)
    return int(lines["total_commands_processed"])


async def test_all_become_due(store: Store, clock: ManualClock) -> None:
    before = await commands(store)
    await store.sources.enlist(sources(), sources()[:7], clock())
    assert await commands(store) - before < 20
    claim = await store.sources.claim("one", clock(), LEASE, MANY + 1)
    assert set(claim.items) == set(sources())


async def test_a_renewed_source_is_due_now_and_the_others_as_before(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist(sources(), [], clock())
    await store.sources.claim("one", clock(), timedelta(hours=1), MANY)
    renewed = sources()[-3:]
    await store.sources.enlist(sources(), renewed, clock())
    assert set((await store.sources.claim("two", clock(), LEASE, MANY)).items) == set(renewed)


async def test_states_and_descriptions_come_in_the_order_asked_for(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist(sources(), [], clock())
    await store.sources.claim("one", clock(), LEASE, MANY)
    known = sources()[::400]
    for name in known:
        assert await store.sources.settle(name, "one", SourceState(spec_hash=f"hash of {name}", failures=3))
    states = await store.sources.states(sources())
    assert [name for name, state in zip(sources(), states, strict=True) if state.failures] == known
    described = await store.sources.described(sources())
    assert described == [state.spec_hash for state in states]
    assert described[400] == "hash of portal-400"
    assert await store.sources.states([]) == []
    assert await store.sources.described([]) == []


async def test_names_are_noted_and_those_of_others_are_told(store: Store, clock: ManualClock) -> None:
    before = await commands(store)
    await store.configured.note(ConfiguredNames(sources=tuple(sources())), clock())
    assert await commands(store) - before < 10
    ours = ConfiguredNames(sources=tuple(sources()[2:]))
    told = await store.configured.known_to_others(ours, clock() - timedelta(seconds=1))
    assert told == ["source:portal-0", "source:portal-1"]
    assert await store.configured.known_to_others(ours, clock()) == []
    some = [SourceId("portal-1"), SourceId("nobody")]
    assert await store.configured.unused(some, clock()) == ["nobody"]
    clock.advance(IN_USE.total_seconds())
    assert await store.configured.unused(some, clock()) == some
    assert await store.configured.unused([], clock()) == []


async def test_very_many_that_left_are_removed_some_at_a_time(store: Store, clock: ManualClock) -> None:
    await store.configured.note(ConfiguredNames(sources=tuple(sources(MOST_LEAVERS + 10))), clock())
    await store.sources.enlist(sources(MOST_LEAVERS + 10), [], clock())
    clock.advance(GRACE.total_seconds())
    first = await store.configured.remove_leavers(clock())
    second = await store.configured.remove_leavers(clock())
    assert (len(first), len(second)) == (MOST_LEAVERS, 10)
    assert {*first, *second} == {f"source:{name}" for name in sources(MOST_LEAVERS + 10)}
    assert (await store.sources.claim("one", clock(), LEASE, MANY)).items == ()


async def test_origins_are_written_again_only_when_they_change_or_grow_old(
    store: Store, clock: ManualClock
) -> None:
    def origins(title: str = "Portal") -> list[Origin]:
        return [Origin(id=name, title=title, home_url=f"https://{name}.example/") for name in sources()]

    keep = timedelta(days=10)
    await store.origins.note(origins(), clock(), since=clock() - keep)
    assert len(await store.origins.known()) == MANY
    assert set(await store.origins.known(besides=set(sources()[1:]))) == {"portal-0"}
    clock.advance(NOTED_AGAIN.total_seconds() - 1)
    changed = [*origins()[1:], origins("Another title")[0]]
    await store.origins.note(changed, clock(), since=clock() - keep)
    assert (await store.origins.known())[SourceId("portal-0")].title == "Another title"
    clock.advance((keep + NOTED_AGAIN).total_seconds())
    assert clock() > NOON + keep + NOTED_AGAIN
    await store.origins.note([], clock(), since=clock() - keep)
    assert set(await store.origins.known()) == {"portal-0"}, "the others were noted a day before it"
