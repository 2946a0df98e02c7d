"""Records of subscriptions: changed by several at once without losing anything; documents that wait."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
import redis
from msgspec.structs import replace
from support import NOON, ManualClock

from syndicator.errors import StoreError
from syndicator.model.ids import SourceId
from syndicator.model.source import SourceState
from syndicator.model.subscription import Grant, Pushed, Subscription
from syndicator.rules.websub import subscription as rules
from syndicator.store.codec import pack
from syndicator.store.keys.table import Keys
from syndicator.store.ops.configured_names import GRACE, ConfiguredNames
from syndicator.store.store import Store
from syndicator.store.websub.subscriptions import KEPT

CITY = SourceId("kota")
LEASE = timedelta(seconds=30)


def keys_of(store: Store) -> Keys:
    return store.subscriptions._keys


def document(number: int, size: int = 10) -> Pushed:
    return Pushed(
        id=f"d{number}",
        topic="https://kota.example/rss",
        content_type="application/rss+xml",
        body=b"x" * size,
        received_at=NOON + timedelta(seconds=number),
    )


async def push(store: Store, one: Pushed) -> Subscription:
    return await store.subscriptions.update(CITY, lambda sub: rules.pushed(sub, one), document=one)


async def test_nothing_is_known_of_a_source_that_was_never_seen(store: Store) -> None:
    assert await store.subscriptions.get(CITY) == Subscription()
    assert (await store.subscriptions.due(NOON, 10)).sources == ()


async def test_changes_made_at_once_are_all_kept(store: Store) -> None:
    def count(sub: Subscription) -> Subscription:
        return replace(sub, refused=sub.refused + 1)

    await asyncio.gather(*(store.subscriptions.update(CITY, count) for _ in range(12)))
    assert (await store.subscriptions.get(CITY)).refused == 12


async def test_a_change_that_changes_nothing_writes_nothing(store: Store) -> None:
    await store.subscriptions.update(CITY, lambda sub: sub)
    assert await store.connection.call("EXISTS", keys_of(store).subscription(CITY)) == 0


def somebody_at(url: str) -> redis.Redis | redis.RedisCluster:
    """Return a client that others use: it waits for its answer, so it can write between our read and our write."""
    if url.startswith("cluster://"):
        host, _, port = url.removeprefix("cluster://").split(",")[0].partition(":")
        return redis.RedisCluster(host=host, port=int(port))
    return redis.Redis.from_url(url)


async def test_a_record_that_never_holds_still_is_a_fault_not_a_loop(store: Store, redis_url: str) -> None:
    with somebody_at(redis_url) as somebody:

        def change(sub: Subscription) -> Subscription:
            somebody.hset(
                keys_of(store).subscription(CITY), mapping={"record": pack(sub), "token": uuid4().hex}
            )
            return replace(sub, refused=1)

        with pytest.raises(StoreError, match="faster"):
            await store.subscriptions.update(CITY, change)


async def test_pushed_documents_wait_in_order_until_they_are_settled(store: Store) -> None:
    for number in (1, 2, 3):
        await push(store, document(number))
    sub = await store.subscriptions.get(CITY)
    assert [one.id for one in sub.waiting] == ["d1", "d2", "d3"]
    assert [one.body for one in await store.subscriptions.documents(CITY, ["d1", "d3"])] == [b"x" * 10] * 2
    await store.subscriptions.update(
        CITY, lambda sub: rules.settled(sub, ["d1", "d2"], new=4, changed=0, now=NOON)
    )
    assert await store.subscriptions.documents(CITY, ["d1", "d2", "d3"]) == [document(3)]
    assert (await store.subscriptions.get(CITY)).articles_by_push == 4


async def test_a_document_pushed_twice_waits_once(store: Store) -> None:
    await push(store, document(1))
    sub = await push(store, document(1))
    assert len(sub.waiting) == 1
    assert sub.pushes == 2
    assert await store.connection.call("HLEN", keys_of(store).pushed(CITY)) == 1


async def test_everything_ends_by_itself(store: Store) -> None:
    await push(store, document(1))
    keys = keys_of(store)
    assert 0 < await store.connection.call("TTL", keys.pushed(CITY)) <= 86400
    assert 0 < await store.connection.call("TTL", keys.subscription(CITY)) <= KEPT.total_seconds()


async def test_an_empty_record_is_forgotten_with_all_that_belongs_to_it(store: Store) -> None:
    await push(store, document(1))
    await store.subscriptions.update(CITY, lambda _: Subscription())
    keys = keys_of(store)
    assert await store.connection.call("EXISTS", keys.subscription(CITY), keys.pushed(CITY)) == 0
    assert await store.connection.call("ZCARD", keys.subscriptions_due()) == 0


async def test_a_source_that_left_the_configuration_leaves_no_subscription(
    store: Store, clock: ManualClock
) -> None:
    await store.configured.note(ConfiguredNames(sources=(CITY,)), clock())
    await push(store, document(1))
    await store.configured.remove_leavers(clock() + GRACE)
    keys = keys_of(store)
    assert await store.connection.call("EXISTS", keys.subscription(CITY), keys.pushed(CITY)) == 0
    assert await store.connection.call("ZCARD", keys.subscriptions_due()) == 0


async def test_attention_is_given_in_time_and_in_order(store: Store) -> None:
    for number, name in enumerate(("a", "b", "c")):
        at = NOON + timedelta(minutes=number)
        await store.subscriptions.update(SourceId(name), lambda sub, at=at: replace(sub, attend_at=at))  # type: ignore[misc]  # a default binds it
    found = await store.subscriptions.due(NOON + timedelta(minutes=1), 10)
    assert found.sources == ("a", "b")
    assert found.next_at == NOON + timedelta(minutes=2)
    assert (await store.subscriptions.due(NOON + timedelta(minutes=9), 2)).sources == ("a", "b")
    await store.subscriptions.attend_all(NOON)
    assert set((await store.subscriptions.due(NOON, 10)).sources) == {"a", "b", "c"}


def test_no_secret_is_shown_where_a_grant_is() -> None:
    grant = Grant(
        callback_id="rahasia1", callback="https://we.example/rahasia1", hub="https://hub.example/",
        topic="t", secret="rahasia2", requested_at=NOON,
    )  # fmt: skip
    for shown in (repr(grant), str(grant), f"{Subscription(active=grant)}"):
        assert "rahasia" not in shown


async def test_waking_makes_a_source_due_now(store: Store, clock: ManualClock) -> None:
    await store.sources.enlist([CITY], [], clock())
    await store.sources.claim("t", clock(), LEASE, 1)
    later = SourceState(next_due_at=clock() + timedelta(hours=3))
    await store.sources.settle(CITY, "t", later)
    assert (await store.sources.claim("u", clock(), LEASE, 1)).items == ()
    await store.sources.wake(CITY, clock())
    assert (await store.sources.claim("u", clock(), LEASE, 1)).items == (CITY,)


async def test_waking_amid_a_round_takes_nobodys_lease_and_is_not_lost(
    store: Store, clock: ManualClock
) -> None:
    await store.sources.enlist([CITY], [], clock())
    await store.sources.claim("t", clock(), LEASE, 1)
    await store.sources.wake(CITY, clock())
    assert (await store.sources.claim("u", clock(), LEASE, 1)).items == ()
    assert await store.sources.settle(CITY, "t", SourceState(next_due_at=clock() + timedelta(hours=3)))
    assert (await store.sources.claim("u", clock(), LEASE, 1)).items == (CITY,)
    assert await store.sources.settle(CITY, "u", SourceState(next_due_at=clock() + timedelta(hours=3)))
    assert (await store.sources.claim("v", clock(), LEASE, 1)).items == (), "woken once, not for ever"


async def test_waking_enlists_no_stranger(store: Store, clock: ManualClock) -> None:
    await store.sources.wake(SourceId("stranger"), clock())
    assert (await store.sources.claim("t", clock(), LEASE, 1)).items == ()
