"""How events are stored: packed in small hashes, or as they came; each is found by its id, whichever it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from msgspec.structs import replace
from store.webhooks.test_event_log import log_long_ago, logged
from support import ManualClock, forget_events

from syndicator.errors import UnreadableRecord
from syndicator.model.delivery import Replayed
from syndicator.model.event import Event, EventType, FeedRef, Grown, Renewed
from syndicator.model.ids import ArticleId, EndpointId, EventId, FeedId
from syndicator.rules.hashing import hashed
from syndicator.rules.identity.identity import new_event
from syndicator.store.codec import pack
from syndicator.store.shared_clock import redis_time
from syndicator.store.store import Store
from syndicator.store.webhooks.event_log import KEPT_EVENTS
from syndicator.store.webhooks.event_records import MOST_PACKED, parsed_event, stored_event
from syndicator.store.webhooks.queuing import FanOut

AT = datetime(2026, 11, 5, 12, 0, 0, 123456, UTC)
SUBJECT = hashed("article", "kabar")
A = EndpointId("a")
_FEED = Renewed(feed=FeedRef(id=FeedId("latest"), title="Terbaru", url="u", rss="r", atom="a", json="j"))
GROWN = new_event(
    EventType.STORY_GROWN, SUBJECT, 3, AT, details=Grown(joined=ArticleId(SUBJECT), owners=3, articles=70)
)
WITHDRAWN = new_event(EventType.ARTICLE_WITHDRAWN, SUBJECT, 2, AT, reason="hoaks")
PACKED = [
    new_event(EventType.ARTICLE_CREATED, SUBJECT, 1, AT),
    new_event(EventType.ARTICLE_UPDATED, SUBJECT, 70_000, AT),
    new_event(EventType.ARTICLE_CORRECTED, SUBJECT, 2, AT),
    new_event(EventType.ARTICLE_RESTORED, SUBJECT, 3, AT, follows=1_762_344_000_000),
    new_event(EventType.ARTICLE_CREATED, SUBJECT, 1, AT, "endpoint-1"),
    WITHDRAWN,
    GROWN,
]
PLAIN = [
    replace(WITHDRAWN, reason="atas permintaan keluarga korban, lihat surat nomor 12/2026"),
    new_event(EventType.FEED_UPDATED, "latest", 1_762_344_000_000, AT, follows=1, details=_FEED),
]


def created(number: int) -> Event:
    return new_event(EventType.ARTICLE_CREATED, hashed("article", str(number)), 1, AT)


@pytest.mark.parametrize("event", PACKED, ids=lambda event: event.type)
def test_a_usual_event_is_packed(event: Event) -> None:
    record = stored_event(event)
    assert len(record) <= MOST_PACKED
    assert len(record) < len(pack(event)) / 2
    assert parsed_event(event.id, record) == event


@pytest.mark.parametrize("event", PLAIN, ids=lambda event: event.type)
def test_what_is_too_long_stays_as_it_is(event: Event) -> None:
    assert stored_event(event) == pack(event)
    assert parsed_event(event.id, pack(event)) == event


def test_what_only_a_newer_version_knows_is_kept() -> None:
    record = pack({**msgspec.msgpack.decode(pack(PACKED[0])), "urgency": 3})
    assert stored_event(PACKED[0], record) == record
    assert stored_event(PACKED[0], pack(PACKED[0])) == stored_event(PACKED[0])


@pytest.mark.parametrize(
    "record",
    [b"", b"\xc1", b"\x91\x01", pack((99, "x", 1, 1)), pack((0, "x", 1, 1 << 63)), pack((-9, "x", 1, 1))],
)
def test_damage_is_an_unreadable_record(record: bytes) -> None:
    with pytest.raises(UnreadableRecord):
        parsed_event(EventId("evt_x"), record)


def test_the_numbers_of_types_never_change() -> None:
    kinds = [msgspec.msgpack.decode(stored_event(event))[0] for event in PACKED]
    assert kinds == [0, 1, 2, 4, 0, 3, 5], "stored events are read by them"


async def fan_out(store: Store, events: Sequence[Event], clock: ManualClock) -> None:
    for event in events:
        await store.outbox.append(event)
    pending = await store.outbox.pending(100)
    intent = FanOut(read=pending.cursor, version=pending.version, entries=pending.entries)
    assert await store.queuing.fan_out(intent, clock())


async def test_events_of_all_kinds_are_found_by_their_ids(store: Store, clock: ManualClock) -> None:
    events = [*PACKED, PLAIN[1]]
    await fan_out(store, events, clock)
    assert await logged(store) == [event.id for event in events]
    assert await store.events.get_many([event.id for event in events]) == events
    page = await store.events.page("0-0", "+", 100)
    assert [entry.event for entry in page.entries] == events
    keys = store._keys
    assert await store.connection.call("HLEN", keys.packed_events(0)) == len(PACKED)
    assert await store.connection.call("HLEN", keys.events()) == 1


async def test_an_id_that_no_event_can_have_is_none(store: Store) -> None:
    event = PACKED[0]
    await store.events.keep([event])
    for wrong in (event.id[:-1] + "b", event.id[:-1] + "1", event.id.upper(), event.id + "a", "", "evt_"):
        assert wrong != event.id
        assert await store.events.get(EventId(wrong)) is None


async def test_events_of_a_former_release_are_read_and_stay_one(store: Store, clock: ManualClock) -> None:
    former, new = created(1), created(2)
    keys, call = store._keys, store.connection.call
    await call("HSET", keys.events(), former.id, pack(former))
    await call("XADD", keys.events_log(), "*", "event", former.id)
    await fan_out(store, [former, new], clock)
    assert (await logged(store))[-1] == new.id
    assert set(await logged(store)) == {former.id, new.id}
    assert await store.events.get_many([former.id, new.id]) == [former, new]
    assert await call("HLEN", keys.packed_events(0)) == 1, "it is stored once"
    await store.events.keep([former])
    assert await call("EXISTS", keys.events()) == 0, "what is stored anew is packed"
    assert (
        await store.events.sweep(await redis_time(store.connection) + KEPT_EVENTS + timedelta(seconds=1)) == 2
    )
    assert await store.events.get_many([former.id, new.id]) == [None, None]


async def test_hashes_are_divided_and_each_stays_packed(store: Store) -> None:
    events = [created(number) for number in range(5000)]
    for at in range(0, len(events), 250):
        await store.events.keep(events[at : at + 250])
    keys, redis = store._keys, store.connection
    count = int(await redis.call("GET", keys.event_hashes()))
    names = [keys.packed_events(number) for number in range(count)]
    assert 50 <= count <= 128
    assert sum(await redis.batch([("HLEN", name) for name in names])) == len(events)
    assert set(await redis.batch([("OBJECT", "ENCODING", name) for name in names])) == {b"listpack"}
    wanted = Random(7).sample(events, 2000)
    assert await store.events.get_many([event.id for event in wanted]) == wanted
    assert await store.events.sweep(await redis_time(redis) + KEPT_EVENTS + timedelta(seconds=1)) == 5000
    assert await redis.call("EXISTS", *names, keys.events()) == 0


async def test_what_is_sent_again_outlives_its_place_in_the_log(store: Store) -> None:
    now = await redis_time(store.connection)
    resent, long, old = PACKED[0], PLAIN[1], created(1)
    await log_long_ago(store, [resent, long, old], KEPT_EVENTS - timedelta(hours=1))
    await store.requeuing.resend(A, [resent, long], Replayed(id="resend", at=now), now)
    await store.events.sweep(now + timedelta(days=1))
    assert await store.events.get_many([resent.id, long.id, old.id]) == [resent, long, None]
    await store.events.sweep(now + KEPT_EVENTS + timedelta(hours=1))
    assert await store.events.get_many([resent.id, long.id]) == [None, None]


async def test_without_its_event_nothing_is_found(store: Store) -> None:
    await store.events.keep(PACKED)
    await forget_events(store)
    assert await store.events.get_many([event.id for event in PACKED]) == [None] * len(PACKED)
