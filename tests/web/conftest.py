from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support import ManualClock
from web.browser import Seen, open_seen
from web.web_world import OPS, Client, World, client_of

from syndicator.store.store import Store
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions


@pytest.fixture
async def seen(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Seen]:
    """Open every page of a site in a browser."""
    async with open_seen(store, clock, tmp_path) as opened:
        yield opened


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    """An empty site; a module whose site is another one has a fixture of this name, too."""
    return World(store, clock)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    """Anybody, at the public pages and feeds."""
    async with client_of(create_app(world.reading, WebOptions())) as opened:
        yield opened


@pytest.fixture
async def api(world: World) -> AsyncIterator[Client]:
    """Whoever holds a token, at the public server with its API."""
    public = PublicApi(table=world.table, gate=Gate(world.access, world.clock))
    async with client_of(create_app(world.reading, WebOptions(), api=public)) as opened:
        yield opened


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Client]:
    """Who runs the service, at the operators' listener."""
    async with client_of(world.ops_app(), OPS) as opened:
        yield opened
