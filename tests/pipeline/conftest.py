"""A portal whose documents the test writes, and a whole service that gathers from it."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support import ManualClock, answering

from syndicator.live_configuration import LiveConfiguration
from syndicator.opening import open_service
from syndicator.service import Service
from syndicator.settings import load
from syndicator.settings.shared_files import LocalConfiguration
from syndicator.use_cases import use_cases_of
from syndicator.web.api.api_table import api_table
from syndicator.web.api.json_api import ApiRoute

OpenService = Callable[..., AbstractAsyncContextManager[Service]]


class Portal:
    """The outside world: paths and what stands there; what was asked is kept."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.status: dict[str, int] = {}
        self.etags: dict[str, str] = {}
        self.asked: list[str] = []
        self.conditions: list[str | None] = []
        """What was sent as If-None-Match."""
        self.url = ""
        self.service_of: OpenService
        self.clock: ManualClock

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path_qs
        self.asked.append(path)
        self.conditions.append(request.headers.get("If-None-Match"))
        if path in self.status:
            return web.Response(status=self.status[path])
        if path not in self.documents:
            return web.Response(status=404)
        etag = self.etags.get(path)
        if etag is not None and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"ETag": etag} if etag else {}
        return web.Response(text=self.documents[path], content_type="text/html", headers=headers)


@pytest.fixture
async def portal(service_of: OpenService, clock: ManualClock) -> AsyncIterator[Portal]:
    played = Portal()
    played.service_of, played.clock = service_of, clock
    async with answering(played.answer) as played.url:
        yield played


@asynccontextmanager
async def on_all_hosts(app: web.Application) -> AsyncIterator[int]:
    """Serve on one port of all addresses of 127.0.0.0/8, each of which is a host of its own; yield the port."""
    everywhere = "0.0.0.0"  # noqa: S104  no narrower address has them all
    async with TestServer(app, host=everywhere) as server:
        assert server.port is not None
        yield server.port


@pytest.fixture
def partitions() -> int:
    """Over how many partitions endpoints, and subscribers of the hub, are spread."""
    return 1


@pytest.fixture
def text_partitions() -> int:
    """Over how many partitions texts are spread."""
    return 1


@pytest.fixture
def service_of(
    redis_url: str, tmp_path: Path, clock: ManualClock, partitions: int, text_partitions: int
) -> OpenService:
    """Open a service over a configuration text, synchronized as at a start unless `synced=False`.

    `store`: more lines of `[store]`; `spread`: over another number of partitions; `into`: another namespace.

    Several over one test share their state.
    """
    namespace = f"test-{uuid.uuid4().hex}"

    @asynccontextmanager
    async def opened(
        config: str, *, synced: bool = True, store: str = "", spread: int = partitions, into: str = namespace
    ) -> AsyncIterator[Service]:
        folder = tmp_path / f"config-{uuid.uuid4().hex}"
        folder.mkdir()
        common = (
            f'[store]\nurl = "{redis_url}"\nnamespace = "{into}"\ndata_dir = "{tmp_path}"\n{store}'
            f"[store.partitions]\nendpoints = {spread}\nhub = {spread}\ntexts = {text_partitions}\n"
            '[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n'
            'allow_subscribers = ["127.0.0.0/8"]\n'
        )
        if "[source." not in config:  # there must be one; here it is never gathered
            common += '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\n'
            common += 'schedule = { every = "30d" }\n'
        (folder / "all.toml").write_text(common + config, "utf-8")
        async with open_service(load(folder, {}), clock, wall=clock) as service:
            if synced:
                await service.sync_configuration()
            yield service

    return opened


def routes_of(service: Service) -> tuple[ApiRoute, ...]:
    """Return the API of a service that follows no files."""
    local = LocalConfiguration(Path("no such folder"), {})
    live = LiveConfiguration(local, service.store, service.clock, process="test")
    return api_table(use_cases_of(service, live))
