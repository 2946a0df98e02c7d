"""The audit log: who changed what, newest first, in pieces, without secrets, and not for ever."""

from datetime import timedelta

from syndicator.observe.actor import acting
from syndicator.store.connection import Transaction
from syndicator.store.ops import audit
from syndicator.store.ops.audit import KEPT_ENTRIES
from syndicator.store.shared_clock import redis_time
from syndicator.store.store import Store


async def test_an_entry_says_who_changed_what_and_only_what_is_other(store: Store) -> None:
    with acting("ops-token"):
        await store.audit.append(
            "source.changed",
            "kota",
            before={"every": "5m", "title": "Kota"},
            after={"every": "10m", "title": "Kota"},
        )
    ((entry,), more) = await store.audit.list(10)
    assert (entry.who, entry.what, entry.name, more) == ("ops-token", "source.changed", "kota", None)
    assert (entry.before, entry.after) == ({"every": "5m"}, {"every": "10m"})
    assert abs(entry.at - await redis_time(store.connection)) < timedelta(minutes=5)


async def test_what_nobody_asked_for_was_done_by_the_service(store: Store) -> None:
    await store.audit.append("configuration.published", "7")
    ((entry,), _) = await store.audit.list(10)
    assert entry.who == "service"


async def test_secrets_stay_out(store: Store) -> None:
    await store.audit.append(
        "endpoint.changed",
        "koran",
        before={"url": "https://user:geheim@koran.example/hook", "secret": "whsec_geheim"},
        after={"url": "https://koran.example/hook?token=geheim", "headers": {"Authorization": "geheim"}},
    )
    ((entry,), _) = await store.audit.list(10)
    assert "geheim" not in str(entry)
    assert entry.before["url"] == "https://[hidden]@koran.example/hook"


async def test_the_list_is_read_in_pieces(store: Store) -> None:
    for number in range(5):
        await store.audit.append("source.paused", str(number))
    names, place = [], None
    for _ in range(3):
        piece, place = await store.audit.list(2, place)
        names.append([entry.name for entry in piece])
    assert names == [["4", "3"], ["2", "1"], ["0"]]
    assert place is None
    assert len((await store.audit.list(0))[0]) == 5


async def test_an_entry_stands_or_falls_with_its_transaction(store: Store) -> None:
    entry = store.audit.command("token.revoked", "koran")
    refused = Transaction(expects=(("nowhere", "field", "value"),), writes=(entry,))
    assert await store.connection.commit([refused]) == [False]
    assert await store.audit.list(10) == ([], None)


async def test_the_log_is_bounded(store: Store) -> None:
    commands = [store.audit.command("source.paused", str(number)) for number in range(KEPT_ENTRIES + 500)]
    await store.connection.batch(commands)
    entries, _ = await store.audit.list(0)
    assert KEPT_ENTRIES <= len(entries) < KEPT_ENTRIES + 500
    assert entries[0].name == str(KEPT_ENTRIES + 499)


def test_places_of_entries_are_told_from_other_words() -> None:
    assert audit.PLACE.fullmatch("1760000000000-0")
    assert not audit.PLACE.fullmatch("1760000000000-0 X")
