"""Layout 2: pauses of former releases have a record, and what nothing reads is gone."""

from datetime import timedelta
from pathlib import Path

from support import NOON

from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.source import SourceState
from syndicator.rules.sources.rests import rested
from syndicator.store.codec import pack
from syndicator.store.connection import Command
from syndicator.store.keys.table import Keys
from syndicator.store.layout import LAYOUT
from syndicator.store.store import Store, StoreOptions, open_store

OLD, NEW, FREE = SourceId("lama"), SourceId("baru"), SourceId("bebas")


async def former(store: Store, keys: Keys) -> None:
    """Make the data what a release with layout 1 left."""
    pause = Pause(scope="source:baru", since=NOON, reason="tutup")
    writes: list[Command] = [
        ("HSET", keys.meta(), "schema", 1),
        ("HDEL", keys.meta(), "schema_release"),
        ("SET", keys.source(OLD), pack(SourceState(paused=True, last_attempt_at=NOON))),
        ("SET", keys.source(NEW), pack(SourceState(paused=True, pause=pause))),
        ("SET", keys.source(FREE), pack(SourceState())),
        ("HSET", keys.pauses(), pause.scope, pack(pause)),
        *(("HSET", keys.prefix + name, "x", 1) for name in ("views", "board:24h", "hub:slow")),
    ]
    await store.connection.batch(writes)


async def test_pauses_of_former_releases_get_a_record(redis_url: str, tmp_path: Path) -> None:
    options = StoreOptions(url=redis_url, namespace="former-pauses", data_dir=tmp_path)
    keys = Keys(options.namespace)
    async with open_store(options) as store:
        await former(store, keys)
    for _ in range(2):  # the second time as after a `kill -9` before the number was written
        async with open_store(options, migrates=True) as store:
            assert (await store.layout.read()).version == LAYOUT
            pauses = {pause.scope: pause for pause in await store.sources.pauses.all(NOON)}
            assert pauses.keys() == {"source:lama", "source:baru"}
            assert (pauses["source:lama"].since, pauses["source:baru"].reason) == (NOON, "tutup")
            assert await store.connection.call("KEYS", f"{keys.prefix}views*") == []
            assert await store.connection.call("KEYS", f"{keys.prefix}board:*") == []
            assert await store.connection.call("KEYS", f"{keys.prefix}hub:slow") == []
            await store.connection.call("HSET", keys.meta(), "schema", 1)


async def test_a_migrated_pause_ends_when_it_is_lifted(store: Store) -> None:
    state = SourceState(paused=True, last_attempt_at=NOON)
    resumed = rested(state, None, NOON + timedelta(hours=1))
    assert (resumed.paused, resumed.next_due_at) == (False, NOON + timedelta(hours=1))
