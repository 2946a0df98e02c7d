"""The log of events: in order, whole, and kept as long as a delivery can refer to it."""

from collections.abc import Sequence
from datetime import timedelta

from store.webhooks.test_deliveries import A, claim, event, names
from support import ManualClock

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Replayed
from syndicator.model.event import Event
from syndicator.store.shared_clock import redis_time
from syndicator.store.store import Store
from syndicator.store.webhooks.event_log import KEPT_EVENTS
from syndicator.store.webhooks.queuing import FanOut


async def logged(store: Store) -> list[str]:
    return [one.event.id for one in await store.events.after("", 100)]


async def log_long_ago(store: Store, events: Sequence[Event], age: timedelta) -> None:
    """Put events into the log as they were put there some time ago."""
    began = await redis_time(store.connection) - age
    await store.events.keep(events)
    log = store.deliveries._keys.events_log()
    await store.connection.call("DEL", log)
    for number, one in enumerate(events):
        await store.connection.call("XADD", log, f"{to_ms(began)}-{number}", "event", one.id)


async def test_an_event_that_happened_before_a_backfill_is_in_the_log(
    store: Store, clock: ManualClock
) -> None:
    news, backfilled = event(1), event(2)
    await store.outbox.append(news)
    await store.events.keep([backfilled])
    pending = await store.outbox.pending(10)
    intent = FanOut(read=pending.cursor, version=pending.version, entries=pending.entries)
    assert await store.queuing.fan_out(intent, clock())
    assert await logged(store) == [backfilled.id, news.id], "replays read what stands here"
    (*_, last) = await store.events.after("", 10)
    swept_at = from_ms(int(last.position.partition("-")[0])) + KEPT_EVENTS + timedelta(seconds=1)
    assert await store.events.sweep(swept_at) == 2
    assert await store.events.get(news.id) is None, "nothing is kept forever"


async def test_what_is_backfilled_again_after_a_month_is_delivered(store: Store) -> None:
    now = await redis_time(store.connection)
    backfilled = event(1)
    await log_long_ago(store, [backfilled], KEPT_EVENTS + timedelta(minutes=1))
    await store.events.keep([backfilled])
    assert await store.requeuing.requeue(A, [backfilled.id], now) == 1
    await store.events.sweep(now)
    (leased,) = await claim(store, ManualClock(now + timedelta(seconds=1)))
    assert leased.delivery.event == backfilled


async def test_what_is_sent_again_on_its_last_day_outlives_the_sweep_of_the_log(store: Store) -> None:
    now = await redis_time(store.connection)
    resent, replayed, old = event(1), event(2), event(3)
    await log_long_ago(store, [resent, replayed, old], KEPT_EVENTS - timedelta(hours=1))
    again = Replayed(id="resend", at=now)
    await store.requeuing.resend(A, [resent], again, now)
    for write in store.requeuing.writes(A, [replayed], again, now, timedelta(0)):
        await store.connection.call(*write)
    await store.queuing.take_over(now)
    tomorrow = now + timedelta(days=1)
    await store.events.sweep(tomorrow)
    assert await store.events.get(old.id) is None
    assert set(names(await claim(store, ManualClock(tomorrow)))) == {resent.id, replayed.id}
    await store.events.sweep(now + KEPT_EVENTS + timedelta(hours=1))
    assert await store.events.get_many([resent.id, replayed.id]) == [None, None], "and not forever"
    assert await store.connection.call("EXISTS", store.deliveries._keys.events_requeued()) == 0
