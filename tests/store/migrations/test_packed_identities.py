"""Layout 6: what former releases knew is known, and since when."""

from datetime import timedelta
from pathlib import Path

from support import NOON, ManualClock, candidate, count_identities

from syndicator.model.clock import to_ms
from syndicator.pipeline.articles.admission import Admitter
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.identity.identity import identify
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.store import Store, StoreOptions, open_store

KEPT = timedelta(days=180)


async def former(store: Store, keys: Keys, clock: ManualClock) -> int:
    """Store two articles as a release with layout 5 left them; return how many identity keys they have."""
    candidates = [candidate(number, guid=f"g-{number}") for number in (1, 2)]
    done = await Admitter(store.articles, (), clock).admit(candidates)
    known, writes = list[str](), list[Command]()
    for one, identity, days in zip(done, identify(candidates), (0, 100), strict=True):
        seen_ms = to_ms(NOON + timedelta(days=days))
        for key in identity.keys:
            known.append(key)
            writes.append(("HSET", keys.prefix + "identities", key, one.article_id))
            writes.append(("ZADD", keys.prefix + "identities:seen", seen_ms, key))
    packed = [
        name async for names in store.connection.names(store.articles.identities.prefix) for name in names
    ]
    await store.connection.call("DEL", *packed)
    await store.connection.batch([*writes, ("HSET", keys.meta(), "schema", 5)])
    return len(known)


async def test_what_was_known_is_known(redis_url: str, tmp_path: Path, clock: ManualClock) -> None:
    options = StoreOptions(url=redis_url, namespace="former-identities", data_dir=tmp_path)
    keys = Keys(options.namespace)
    async with open_store(options) as store:
        count = await former(store, keys, clock)
        assert count == 6
    for _ in range(2):  # the second time as after a `kill -9` before the number was written
        async with open_store(options, migrates=True) as store:
            assert (await store.layout.read()).version == LAYOUT
            assert await count_identities(store) == count
            assert (
                await store.connection.call(
                    "EXISTS", keys.prefix + "identities", keys.prefix + "identities:seen"
                )
                == 0
            )
            await store.connection.call("HSET", keys.meta(), "schema", 5)
    async with open_store(options, migrates=True) as store:
        clock.advance(200 * 86400)
        assert await store.articles.identities.sweep(clock(), KEPT) == 3, "those that were last seen first"
        admitter = Admitter(store.articles, (), clock)
        again = await admitter.admit([candidate(2, guid="g-2"), candidate(1, guid="g-1")])
        assert next(one.verdict for one in again) is AdmissionVerdict.UNCHANGED
