"""Turns of scopes, shared by all workers over one Redis."""

from datetime import timedelta

from support import ManualClock

from syndicator.store.sources.request_slots import HeldSlot, HoldOff, Pace, SlotAnswer, Wanted, Why
from syndicator.store.store import Store

LEASE = timedelta(seconds=15)
TAKEN = SlotAnswer(why=Why.TAKEN, wait_s=0.0)


def wanted(token: str, *, scope: str = "host:a:80", most: int = 2, every_s: float | None = None) -> Wanted:
    paces = (Pace(name="minute", interval_s=every_s),) if every_s else ()
    return Wanted(scope=scope, token=token, max_in_flight=most, paces=paces)


async def take(store: Store, clock: ManualClock, *turns: Wanted) -> list[SlotAnswer]:
    return await store.request_slots.exchange(turns, now=clock(), lease=LEASE)


async def test_no_more_are_in_flight_than_may_be(store: Store, clock: ManualClock) -> None:
    first = await take(store, clock, wanted("1"), wanted("2"), wanted("3"))
    assert first == [TAKEN, TAKEN, SlotAnswer(why=Why.IN_FLIGHT, wait_s=15.0)]
    given_back = HeldSlot(scope="host:a:80", token="1")
    assert await store.request_slots.exchange(
        [wanted("3"), wanted("4")], now=clock(), lease=LEASE, returned=[given_back]
    ) == [TAKEN, SlotAnswer(why=Why.IN_FLIGHT, wait_s=15.0)]


async def test_scopes_do_not_wait_for_each_other(store: Store, clock: ManualClock) -> None:
    turns = [wanted(str(number), scope=f"domain:portal-{number}.example", most=1) for number in range(50)]
    assert await take(store, clock, *turns) == [TAKEN] * 50


async def test_a_dead_workers_turn_runs_out(store: Store, clock: ManualClock) -> None:
    await take(store, clock, wanted("dead", most=1))
    clock.advance(10)
    assert await take(store, clock, wanted("next", most=1)) == [SlotAnswer(why=Why.IN_FLIGHT, wait_s=5.0)]
    clock.advance(5)
    assert await take(store, clock, wanted("next", most=1)) == [TAKEN]


async def test_a_long_request_keeps_its_turn_and_a_lapsed_one_does_not_get_it_again(
    store: Store, clock: ManualClock
) -> None:
    long, lapsed = HeldSlot(scope="host:a:80", token="long"), HeldSlot(scope="host:a:80", token="lapsed")
    await take(store, clock, wanted("long", most=2), wanted("lapsed", most=2))
    clock.advance(10)
    await store.request_slots.exchange(now=clock(), lease=LEASE, extended=[long])
    clock.advance(10)
    assert await take(store, clock, wanted("next", most=2)) == [TAKEN]
    await store.request_slots.exchange(now=clock(), lease=LEASE, extended=[long, lapsed])
    assert (await take(store, clock, wanted("more", most=2)))[0].why is Why.IN_FLIGHT
    assert (await take(store, clock, wanted("more", most=3)))[0].why is Why.TAKEN


async def test_starts_are_spread_evenly_among_those_that_share_the_pace(
    store: Store, clock: ManualClock
) -> None:
    assert await take(store, clock, wanted("1", most=9, every_s=6), wanted("2", most=9, every_s=6)) == [
        TAKEN,
        SlotAnswer(why=Why.PACE, wait_s=6.0),
    ]
    # One that asks for no pace neither waits for it nor moves it.
    assert await take(store, clock, wanted("free", most=9)) == [TAKEN]
    clock.advance(5.5)
    assert await take(store, clock, wanted("2", most=9, every_s=6)) == [SlotAnswer(why=Why.PACE, wait_s=0.5)]
    clock.advance(0.5)
    assert await take(store, clock, wanted("2", most=9, every_s=6)) == [TAKEN]


async def test_a_taking_whose_reply_was_lost_takes_nothing_more(store: Store, clock: ManualClock) -> None:
    once = wanted("1", most=1, every_s=60)
    assert await take(store, clock, once) == [TAKEN]
    assert await take(store, clock, once) == [TAKEN]
    await store.request_slots.exchange(now=clock(), lease=LEASE, returned=[once])
    clock.advance(60)
    assert await take(store, clock, wanted("2", most=1, every_s=60)) == [TAKEN]


async def test_a_scope_is_held_off_as_long_as_the_longest_that_was_asked(
    store: Store, clock: ManualClock
) -> None:
    longest = HoldOff(scope="host:a:80", until=clock() + timedelta(seconds=90))
    shorter = HoldOff(scope="host:a:80", until=clock() + timedelta(seconds=30))
    past = HoldOff(scope="host:b:80", until=clock() - timedelta(seconds=1))
    held = await store.request_slots.exchange(
        [wanted("1")], now=clock(), lease=LEASE, held_off=[longest, shorter, past]
    )
    assert held == [SlotAnswer(why=Why.HELD_OFF, wait_s=90.0)]
    assert await take(store, clock, wanted("1", scope="host:b:80")) == [TAKEN]
    clock.advance(90)
    assert await take(store, clock, wanted("1")) == [TAKEN]


async def test_nothing_stays_in_redis(store: Store, clock: ManualClock) -> None:
    scope = "host:a:80"
    hold = HoldOff(scope=scope, until=clock() + timedelta(seconds=90))
    turn = wanted("1", every_s=6)
    await take(store, clock, turn)
    await store.request_slots.exchange(now=clock(), lease=LEASE, held_off=[hold])
    keys = store.request_slots._keys
    lives = await store.connection.batch(
        [
            ("PTTL", key)
            for key in (keys.turns(scope), keys.turns_pace(scope, "minute"), keys.turns_held(scope))
        ]
    )
    assert [0 < life <= most for life, most in zip(lives, (3_600_000, 6000, 90_000), strict=True)] == [
        True
    ] * 3
    await store.request_slots.exchange(now=clock(), lease=LEASE, returned=[turn])
    assert await store.connection.call("EXISTS", keys.turns(scope)) == 0
