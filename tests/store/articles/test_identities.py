"""What is known of identity keys, and for how long."""

from datetime import timedelta

from support import NOON, ManualClock, candidate, count_identities

from syndicator.model.article import Candidate
from syndicator.model.clock import to_ms
from syndicator.pipeline.articles.admission import Admitter
from syndicator.rules.identity.identity import identify
from syndicator.store.articles.identities import BUCKETS, bucket_of
from syndicator.store.store import Store

KEPT = timedelta(days=180)
DAY_S = 86400.0


async def admit(store: Store, clock: ManualClock, given: Candidate) -> None:
    await Admitter(store.articles, (), clock).admit([given])


def test_hashes_are_found_for_ever() -> None:
    """What is stored was put where this says."""
    assert BUCKETS == 4096
    assert [bucket_of(key) for key in ("u:aaaaaaaaaaaaaaaa", "g:7qyr6kbwoxjjjjxn")] == [3516, 461]


async def test_owners_are_found_by_their_keys(store: Store, clock: ManualClock) -> None:
    await admit(store, clock, candidate(1, guid="g-1"))
    [identity] = identify([candidate(1, guid="g-1")])
    owners = await store.articles.identities.owners([*identity.keys, "u:unknown"])
    assert owners == [identity.article_id] * len(identity.keys) + [None]
    assert await store.articles.identities.owners([]) == []


async def test_what_is_listed_on_is_kept_and_what_is_not_is_forgotten(
    store: Store, clock: ManualClock
) -> None:
    await admit(store, clock, candidate(1))
    await admit(store, clock, candidate(2))
    known = await count_identities(store)
    for _ in range(10):
        clock.advance(20 * DAY_S)
        await admit(store, clock, candidate(1))
        await store.articles.identities.sweep(clock(), KEPT)
    assert await count_identities(store) == known // 2
    left = await store.articles.identities.owners(
        [key for number in (1, 2) for key in identify([candidate(number)])[0].keys]
    )
    assert left.count(None) == known // 2
    assert left[0] is not None


async def test_listing_alone_renews_what_was_not_seen_for_a_day(store: Store, clock: ManualClock) -> None:
    await admit(store, clock, candidate(1))
    keys = identify([candidate(1)])[0].keys
    later = NOON + timedelta(days=170)
    identities = store.articles.identities
    await identities.owners(keys, aged_ms=to_ms(NOON - timedelta(days=1)), now_ms=to_ms(later))
    assert await identities.sweep(NOON + timedelta(days=180), timedelta(days=180)) == len(keys), (
        "it was new enough"
    )
    await admit(store, clock, candidate(2))
    keys = identify([candidate(2)])[0].keys
    await identities.owners(keys, aged_ms=to_ms(NOON + timedelta(days=1)), now_ms=to_ms(later))
    assert await identities.sweep(NOON + timedelta(days=181), KEPT) == 0
    assert await identities.sweep(later + KEPT, KEPT) == len(keys)


async def test_identities_are_packed(store: Store, clock: ManualClock) -> None:
    await Admitter(store.articles, (), clock).admit([candidate(number) for number in range(50)])
    names = [name async for some in store.connection.names(store.articles.identities.prefix) for name in some]
    encodings = await store.connection.batch([("OBJECT", "ENCODING", name) for name in names])
    assert set(encodings) == {b"listpack"}
