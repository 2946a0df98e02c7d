"""The directory of endpoints over a real Redis: registered ones, their sealed secrets, who rests."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from msgspec.structs import replace
from support import NOON, ManualClock

from syndicator.errors import SealError
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import EndpointState, Registration
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.store.access.secret_encryption import KEY_FILE, Sealer
from syndicator.store.connection import Connection
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store
from syndicator.store.webhooks.endpoints import Endpoints

A, B = EndpointId("a"), EndpointId("b")
SECRET = Secret("whsec_" + "c2VjcmV0" * 4)


def endpoint(name: EndpointId = A, **fields: object) -> Endpoint:
    return replace(Endpoint(id=name, url=f"https://{name}.example/in", secrets=(SECRET,)), **fields)


def registration(name: EndpointId = A, **fields: object) -> Registration:
    whole = endpoint(name, headers={"Authorization": "Bearer hidden"})
    return replace(Registration(endpoint=whole, owner="tok_1", created_at=NOON), **fields)


def endpoints_of(store: Store, sealer: Sealer) -> Endpoints:
    """The directory as a process with other keys sees it."""
    return Endpoints(store.connection, store.endpoints._keys, sealer)


async def everything(connection: Connection, keys: Keys) -> bytes:
    return b"".join(await connection.call("HVALS", keys.endpoints()))


async def test_what_was_registered_is_read_as_it_was(store: Store) -> None:
    assert await store.endpoints.register(registration())
    assert not await store.endpoints.register(registration()), "the id is taken"
    assert await store.endpoints.registration(A) == registration(version=1)
    known = await store.endpoints.load()
    assert known.endpoints[A].endpoint == registration().endpoint
    assert not known.endpoints[A].is_trusted, "not before it is verified"
    assert known.version == "1"


async def test_secrets_and_headers_are_not_to_be_read_in_redis(store: Store, tmp_path: Path) -> None:
    await store.endpoints.register(registration())
    await store.endpoints.publish([endpoint(B)], NOON)
    kept = await everything(store.connection, store.endpoints._keys)
    assert b"https://a.example/in" in kept
    assert b"whsec_" not in kept
    assert b"hidden" not in kept
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


async def test_a_lost_key_is_said_with_what_to_do_and_stops_nobody_else(store: Store, tmp_path: Path) -> None:
    await store.endpoints.register(registration())
    await store.endpoints.publish([endpoint(B)], NOON)
    (tmp_path / KEY_FILE).unlink()
    for sealer in (Sealer((), tmp_path), Sealer((Secret(Fernet.generate_key().decode()),), tmp_path)):
        other = endpoints_of(store, sealer)
        with pytest.raises(SealError, match=r"(missing|another key).*seal_key_file"):
            await other.registration(A)
        known = (await other.load()).endpoints
        assert "copy seal.key there from the data folder of a machine" in str(known[A].unreadable)
        assert known[B].unreadable is None


async def test_a_key_is_replaced_without_a_gap(store: Store, tmp_path: Path) -> None:
    old, new = (Secret(Fernet.generate_key().decode()) for _ in range(2))
    await endpoints_of(store, Sealer((old,), tmp_path)).register(registration())
    both = endpoints_of(store, Sealer((new, old), tmp_path))
    found = await both.registration(A)
    assert found is not None
    assert await both.change(found)
    assert (await endpoints_of(store, Sealer((new,), tmp_path)).load()).endpoints[A].unreadable is None


async def test_what_is_sealed_for_one_is_no_others(store: Store, tmp_path: Path) -> None:
    sealer = Sealer((), tmp_path)
    sealed = sealer.seal("a", b"x")
    assert sealer.open("a", sealed) == b"x"
    with pytest.raises(SealError, match="belongs to another"):
        sealer.open("b", sealed)


async def test_of_two_changes_at_once_neither_is_lost(store: Store) -> None:
    await store.endpoints.register(registration())
    first = await store.endpoints.registration(A)
    assert first is not None
    assert await store.endpoints.change(replace(first, verified_at=NOON))
    assert not await store.endpoints.change(replace(first, owner="tok_2"))
    again = await store.endpoints.registration(A)
    assert again is not None
    assert (again.verified_at, again.owner, again.version) == (NOON, "tok_1", 2)


async def test_what_was_removed_is_gone_and_swept(store: Store, clock: ManualClock) -> None:
    await store.endpoints.register(registration())
    await store.endpoints.pause(A, "x", NOON)
    before = await store.endpoints.version()
    assert await store.endpoints.remove(A)
    assert not await store.endpoints.remove(A)
    assert await store.endpoints.version() != before
    assert (await store.endpoints.load()).endpoints == {}
    assert await store.configured.remove_leavers(clock()) == ["endpoint:a"]
    await store.queuing.take_over(clock())
    assert await store.endpoints.state(A) == EndpointState()


async def test_pausing_and_resuming_is_seen_by_all(store: Store, clock: ManualClock) -> None:
    await store.endpoints.publish([endpoint()], NOON)
    version = await store.endpoints.version()
    await store.endpoints.pause(A, "moving house", clock())
    # Who rests already rests for the first reason.
    await store.endpoints.disable(A, "gone", clock.advance(5))
    known = await store.endpoints.load()
    assert known.version != version
    assert known.resting == {A}
    assert await store.endpoints.state(A) == EndpointState(
        standing=EndpointStanding.PAUSED, reason="moving house", since=NOON
    )
    before = await store.endpoints.resume(A, clock())
    assert before.standing is EndpointStanding.PAUSED
    assert (await store.endpoints.load()).resting == set()
    assert await store.endpoints.state(A) == EndpointState()


async def test_publishing_the_same_again_changes_nothing(store: Store) -> None:
    await store.endpoints.publish([endpoint()], NOON)
    version = await store.endpoints.version()
    await store.endpoints.publish([endpoint()], NOON)
    assert await store.endpoints.version() == version
    await store.endpoints.publish([endpoint(max_in_flight=9)], NOON)
    assert await store.endpoints.version() != version


async def test_it_is_kept_since_when_an_endpoint_is_configured(store: Store) -> None:
    later = NOON + timedelta(days=1)
    await store.endpoints.publish([endpoint()], NOON)
    await store.endpoints.publish([endpoint(max_in_flight=9), endpoint(B)], later)
    known = (await store.endpoints.load()).endpoints
    assert {name: one.created_at for name, one in known.items()} == {A: NOON, B: later}
    assert known[A].endpoint.max_in_flight == 9
