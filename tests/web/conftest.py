from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support import ManualClock, new_store
from web.browser import Seen, Shown, open_shown
from web.web_world import OPS, Client, World, client_of

from syndicator.store.store import Store
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import create_app
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import WebOptions


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shown]:
    """A site and a browser for all tests of a module, which only look at it."""
    folder = tmp_path_factory.mktemp("shown")
    async with new_store(redis_url, folder) as store, open_shown(store, ManualClock(), folder) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def seen(shown: Shown) -> AsyncIterator[Seen]:
    """A page of its own in the browser."""
    async with shown.open() as opened:
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
