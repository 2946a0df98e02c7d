"""Every process refuses to ask the listeners of all processes of the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

from egress.raw_server import reply, saying, serving
from pipeline.conftest import OpenService
from support import ManualClock

from syndicator.egress.own_listeners import Listener, OwnListeners
from syndicator.model.fetch import Fetched, FetchFailed, Reason
from syndicator.pipeline.ops.listener_registry import ListenerRegistry
from syndicator.store.ops.listeners import KEPT
from syndicator.store.store import Store

LOOPBACK = ip_address("127.0.0.1")
CONFIG = '[server]\nport = 18080\nops_port = 18089\n[feed.latest]\ntitle = "x"\n'


def registry(
    store: Store, clock: ManualClock, *configured: Listener
) -> tuple[ListenerRegistry, OwnListeners]:
    own = OwnListeners()
    return ListenerRegistry(store.listeners, own, configured, clock), own


async def test_other_processes_learn_where_one_listens(store: Store, clock: ManualClock) -> None:
    serve, at_serve = registry(store, clock)
    work, at_work = registry(store, clock)
    async with serve.publishing([Listener("127.0.0.1", 41234)]):
        assert at_serve.hold(LOOPBACK, 41234)
        assert not at_work.hold(LOOPBACK, 41234)
        await work.refresh()
        assert at_work.hold(LOOPBACK, 41234)


async def test_a_process_that_is_gone_is_forgotten_and_one_that_lives_is_not(
    store: Store, clock: ManualClock
) -> None:
    gone, _ = registry(store, clock)
    async with gone.publishing([Listener("127.0.0.1", 41234)]):
        pass
    alive, _ = registry(store, clock)
    work, at_work = registry(store, clock, Listener("127.0.0.1", 8089))
    async with alive.publishing([Listener("127.0.0.1", 41235)]):
        clock.advance(KEPT.total_seconds() + 1)
        await alive.refresh()
        await work.refresh()
    assert not at_work.hold(LOOPBACK, 41234)
    assert at_work.hold(LOOPBACK, 41235)
    assert at_work.hold(LOOPBACK, 8089), "the configuration names it"


@asynccontextmanager
async def listening_service(open_service: OpenService) -> AsyncIterator[int]:
    """Play another process of the service: it listens on a free port, which no configuration names."""
    async with (
        serving(saying(reply(b"inside"))) as listener,
        open_service(CONFIG) as service,
        service.listeners.publishing([Listener("127.0.0.1", listener.port)]),
    ):
        yield listener.port
        assert listener.connections == 0


async def test_a_command_beside_running_processes_asks_none_of_them(service_of: OpenService) -> None:
    async with listening_service(service_of) as port, service_of(CONFIG) as command:
        for closed in (port, 18080, 18089):
            result = await command.egress.fetch(f"http://localhost:{closed}/api/v1/tokens")
            assert isinstance(result, FetchFailed)
            assert result.reason is Reason.BLOCKED
        async with serving(saying(reply(b"portal"))) as portal:
            assert isinstance(await command.egress.fetch(portal.url()), Fetched)
