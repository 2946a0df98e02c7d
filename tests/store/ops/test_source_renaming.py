"""Renaming a source, key by key."""

import inspect

from msgspec.structs import replace
from store.articles.test_embargo import waiting
from support import NOON, candidate

from syndicator.model.ids import SourceId
from syndicator.model.source import SourceState
from syndicator.rules.identity.identity import identify
from syndicator.store.articles.pictures import KnownPicture
from syndicator.store.keys.table import Keys
from syndicator.store.ops.configured_names import ConfiguredNames
from syndicator.store.store import Store

OLD, NEW = SourceId("kota-lama"), SourceId("kota-baru")

MOVED_WHOLE = {"source", "round_history", "delays", "backfill", "subscription", "pushed", "unreadable"}
MERGED = {"carried", "recheck"}
RECORD_BY_RECORD = {
    "article", "revisions", "withdrawn", "timeline", "pictures", "picture", "held", "held_due", "held_owners",
}  # fmt: skip
FIELD_BY_FIELD = {
    "configured", "origins", "scopes", "sources_due", "sources_owners", "sources_woken", "subscriptions_due", "portals", "pauses",
    "backfills_due",
}  # fmt: skip
STAYS = {
    "identities": "the word stands for whoever lists it; names inside a source keep their scope",
    "robots": "by address",
    "configuration_added": "its table stands under the id that it was added by, until it is changed",
    "entries": "all are read once, then it is kept under the new id; the former one runs out in two days",
    "unassigned": "compared with the reserved article, which stays as it is until it is shown",
    "endpoints": "filters are read by what sources are called now",
}


def test_of_each_key_that_has_to_do_with_sources_it_is_said_what_becomes_of_it() -> None:
    tables = Keys.__mro__[:-1]
    methods = {name: one for table in tables for name, one in vars(table).items() if inspect.isfunction(one)}
    of_sources = {
        name
        for name, one in methods.items()
        if not name.startswith("_")
        and ("source" in (one.__doc__ or "") or SourceId in inspect.get_annotations(one).values())
    }
    decided = MOVED_WHOLE | MERGED | RECORD_BY_RECORD | FIELD_BY_FIELD | STAYS.keys()
    assert of_sources <= decided
    assert decided <= methods.keys()


READS = {b"string": ("GET",), b"hash": ("HGETALL",), b"zset": ("ZRANGE", 0, -1), b"list": ("LRANGE", 0, -1)}


async def words(store: Store, keys: Keys) -> dict[str, bytes]:
    """Give everything that is kept, by key."""
    call = store.connection.call
    found: dict[str, bytes] = {}
    for name in await call("KEYS", keys.meta().replace("meta", "*")):
        command, *span = READS[await call("TYPE", name.decode())]
        reply = await call(command, name.decode(), *span)
        found[name.decode()] = b"\n".join([name, *(reply if isinstance(reply, list) else [reply])])
    return found


async def fill(store: Store, keys: Keys, source: SourceId) -> None:
    """Write something of a source under every key that moves."""
    call = store.connection.call
    await store.configured.note(ConfiguredNames(sources=(source,)), NOON)
    await store.sources.enlist([source], [], NOON)
    await call("SET", keys.source(source), b"\x80")
    await call("SET", keys.round_history(source), b"x")
    await call("SET", keys.delays(source), b"x")
    for key in (
        keys.backfill(source), keys.subscription(source), keys.pushed(source), keys.unreadable(source)
    ):  # fmt: skip
        await call("HSET", key, "of", "it")
    for key in (keys.carried(source), keys.recheck(source)):
        await call("ZADD", key, 5, "a1")
    for key in (keys.sources_woken(), keys.sources_owners(), keys.origins()):
        await call("HSET", key, source, "1")
    await call("ZADD", keys.subscriptions_due(), 7, source)
    await call("ZADD", keys.backfills_due(), 8, source)
    await call("HSET", keys.pauses(), f"source:{source}", "1")
    for part in ("", " box", " read"):
        await call("HSET", keys.portals(), f"{source}{part}", "1:2:3")
    given = candidate(guid="g1", source=source)
    await store.held.put(replace(waiting(given), candidate=given))
    picture = KnownPicture(url="https://city.example/a.jpg", source=source, link="")
    await store.pictures.put([picture, replace(picture, url="https://city.example/b.jpg", served=True)], NOON)


async def test_nothing_is_left_under_the_former_id_and_all_of_it_is_under_the_new_one(store: Store) -> None:
    keys = Keys(store.again.namespace)
    await fill(store, keys, OLD)
    before = await words(store, keys)
    held = [one for key, one in before.items() if OLD.encode() in one]
    assert len(held) >= len(MOVED_WHOLE | MERGED | FIELD_BY_FIELD) - 1  # scopes are of renamed ones only
    await store.renaming.rename(OLD, NEW, OLD)
    after = await words(store, keys)
    scopes, item = keys.scopes(), keys.held(NEW)
    assert [key for key, one in after.items() if OLD.encode() in one] == sorted(
        {scopes, item}, key=list(after).index
    )
    assert await store.connection.call("HGET", scopes, NEW) == OLD.encode()
    expected = {key.replace(OLD, NEW) for key in before} - {keys.configured(), keys.origins()} | {scopes}
    assert expected <= after.keys()
    assert await store.connection.call("ZSCORE", keys.subscriptions_due(), NEW) == b"7"
    (due,) = (await store.held.claim("a.1", waiting(candidate()).until, NOON - NOON, 5)).items
    found = await store.held.get(due)
    assert found is not None
    assert (found.candidate.source, identify([found.candidate])[0].keys) == (NEW, found.identity.keys)


async def test_who_does_it_again_changes_nothing(store: Store) -> None:
    keys = Keys(store.again.namespace)
    await fill(store, keys, OLD)
    await store.renaming.rename(OLD, NEW, OLD)
    after = await words(store, keys)
    await store.renaming.rename(OLD, NEW, OLD)
    assert await words(store, keys) == after


async def test_what_a_worker_with_the_older_configuration_leaves_is_added(store: Store) -> None:
    keys, call = Keys(store.again.namespace), store.connection.call
    await fill(store, keys, OLD)
    await store.renaming.rename(OLD, NEW, OLD)
    token = "a.1"
    assert not await store.sources.settle(OLD, token, SourceState())
    await call("HDEL", keys.sources_owners(), NEW)
    await call("ZADD", keys.carried(OLD), 3, "a1", 9, "a2")
    await store.configured.note(ConfiguredNames(sources=(OLD,)), NOON)
    await store.renaming.rename(OLD, NEW, OLD)
    assert await call("ZRANGE", keys.carried(NEW), 0, -1, "WITHSCORES") == [b"a1", b"3", b"a2", b"9"]
    assert await call("HGET", keys.sources_owners(), NEW) is None  # no lease comes back
    assert await call("EXISTS", keys.carried(OLD)) == 0


async def test_names_inside_a_source_are_kept_under_the_first_id_that_it_had(store: Store) -> None:
    keys, call, newest = Keys(store.again.namespace), store.connection.call, SourceId("kota")
    assert await store.renaming.scopes({NEW: (OLD,)}) == {}  # nothing is kept of the old one here
    await call("HSET", keys.origins(), OLD, "1")
    assert await store.renaming.scopes({NEW: (OLD,), SourceId("other"): ()}) == {NEW: OLD}
    await store.renaming.rename(OLD, NEW, OLD)
    await call("HSET", keys.origins(), NEW, "1")
    assert await store.renaming.scopes({NEW: ()}) == {
        NEW: OLD
    }  # also once the former id is not told any more
    assert await store.renaming.scopes({newest: (OLD, NEW)}) == {newest: OLD}
    await store.renaming.rename(NEW, newest, OLD)
    await call("HSET", keys.origins(), newest, "1")
    assert await store.renaming.scopes({OLD: (newest,)}) == {}  # it has its first id again
