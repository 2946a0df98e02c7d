"""Partners that receive events of many numbers, and a store into which events are written without articles."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from aiohttp import web
from support import answering

from syndicator.model.event import Event, EventType, SourceNotice
from syndicator.model.ids import EndpointId
from syndicator.rules.identity.identity import new_event
from syndicator.settings import load
from syndicator.store.keys.partitions import Spread
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import append_event
from syndicator.store.store import Store, StoreOptions, open_store

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SOURCE = (
    '[source.idle]\ntitle = "x"\nkind = "feed"\nurl = "http://127.0.0.1:9/"\nschedule = { every = "30d" }\n'
)
NAMESPACE = "many"


class Partners:
    """Receivers that take everything, a little slowly, and keep what came and when."""

    def __init__(self) -> None:
        self.came = Counter[tuple[str, str]]()
        """Endpoint and `webhook-id` of what was accepted."""
        self.came_at = dict[tuple[str, str], float]()
        """When it was accepted first, by `time.time()`."""
        self.down, self.hung = set[str](), set[str]()
        """Endpoints that answer 503, and those that do not answer."""
        self.refused = 0
        self.url = ""
        self._back = asyncio.Event()

    def come_back(self) -> None:
        """Have those that hung answer all that they were sent."""
        self.hung.clear()
        self._back.set()

    async def hook(self, request: web.Request) -> web.Response:
        await request.read()
        name = request.match_info["name"]
        if name in self.hung:
            await self._back.wait()
        await asyncio.sleep(0.005)
        if name in self.down:
            self.refused += 1
            return web.Response(status=503)
        found = (name, request.headers["webhook-id"])
        self.came[found] += 1
        self.came_at.setdefault(found, time.time())
        return web.Response(status=204)

    @property
    def repeated(self) -> int:
        return sum(self.came.values()) - len(self.came)

    def ids(self, name: str) -> set[str]:
        """Return the ids of the events that came to an endpoint."""
        return {event for endpoint, event in self.came if endpoint == name}


@asynccontextmanager
async def open_partners() -> AsyncIterator[Partners]:
    """Have partners receive while the context is open."""
    partners = Partners()
    async with answering(partners.hook, "/{name}") as partners.url:
        yield partners
        partners.come_back()  # the server waits for its handlers


def configure(
    folder: Path,
    url: str,
    partners: Partners,
    names: Iterable[str],
    *,
    partitions: int = 1,
    of_endpoint: str = "max_in_flight = 4",
    of_one: Mapping[str, str] | None = None,
    sources: str = SOURCE,
) -> Path:
    """Write a configuration of endpoints of these names; return its folder.

    `of_endpoint`: more lines of each endpoint that wants what `publish` brings; `of_one`: all those of others.
    """
    config = folder / "config"
    config.mkdir()
    delays = ", ".join(['"1s"'] * 20)
    others = of_one or {}
    usual = f'events = ["source.recovered"]\n{of_endpoint}'
    endpoints = "".join(
        f'[endpoint.{name}]\nurl = "{partners.url}/{name}"\nsecret = "{SECRET}"\n'
        f"retry = {{ delays = [{delays}] }}\n{others.get(name, usual)}\n"
        for name in [*names, *others]
    )
    (config / "all.toml").write_text(
        f'[server]\nport = 0\nops_port = 0\n[store]\nurl = "{url}"\nnamespace = "{NAMESPACE}"\n'
        f'data_dir = "{folder / "data"}"\n[store.partitions]\nendpoints = {partitions}\n'
        f'[egress]\nallow = ["127.0.0.0/8"]\nallow_callbacks = ["127.0.0.0/8"]\n{sources}{endpoints}',
        "utf-8",
    )
    return config


@asynccontextmanager
async def store_of(config: Path) -> AsyncIterator[Store]:
    """Open the store of a configuration beside the processes that use it."""
    known = load(config, {}).store
    options = StoreOptions(
        url=known.redis_url,
        namespace=known.namespace,
        data_dir=known.data_dir,
        partitions=Spread(**known.partitions.model_dump()),
    )
    async with open_store(options, migrates=True) as store:
        yield store


def event(number: int, kind: EventType = EventType.SOURCE_RECOVERED) -> Event:
    """Return one of many events, which are about different sources."""
    now = datetime.now(UTC)
    details = SourceNotice(title="x", standing="ok", why="", since=now)
    return new_event(kind, f"s{number}", 1, now, details=details)


async def publish(
    store: Store, numbers: range, kind: EventType = EventType.SOURCE_RECOVERED, *, at_once: int = 500
) -> set[str]:
    """Write events into the outbox; return their ids."""
    events = [event(number, kind) for number in numbers]
    for first in range(0, len(events), at_once):
        part = events[first : first + at_once]
        await store.connection.batch([append_event(store.articles._keys, one) for one in part])
    return {one.id for one in events}


def names_in(partition: int, partitions: int, count: int) -> list[EndpointId]:
    """Return names of endpoints whose keys are in one of several partitions."""
    of = Keys(NAMESPACE, Spread(endpoints=partitions)).partitions.of
    names = (EndpointId(f"e{number}") for number in range(10_000))
    return list(islice((name for name in names if of(name) == partition), count))
