"""Several workers that visit one portal, on a clock that runs only while nobody works."""

import asyncio
import heapq
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import web
from egress.raw_server import egress_on
from pipeline.conftest import on_all_hosts
from support import ManualClock

from syndicator.egress.client import Egress
from syndicator.egress.slots import ConnectionLimits
from syndicator.gather.documents.parser_pool import ParserPool, open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed
from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import FetchLimits, Politeness, Source, SourceKind
from syndicator.pipeline.sources.polite_client import PoliteClient, _RequestChain, open_polite_client
from syndicator.store.servers.route import Route
from syndicator.store.store import Store

UNLIMITED = ConnectionLimits(total=1000, per_host=0, wait_s=60.0)
"""Of the client: so that nothing but the shared budget bounds anything."""


class Scripted:
    """A portal: paths and what they answer; what was asked is kept."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.gate: asyncio.Event | None = None
        """Where there is one, documents wait for it."""
        self.port = 0
        self.in_flight = 0
        self.most = 0

    def say(self, path: str, body: bytes | str = b"", *, status: int = 200, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.answers[path] = (
            status,
            data,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def times(self, path: str) -> int:
        return self.asked.count(path)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        if self.gate is not None and request.path != "/robots.txt":
            await self.gate.wait()
        elif request.path == "/slow":
            await asyncio.sleep(0.02)
        self.in_flight -= 1
        status, body, headers = self.answers.get(request.path, (404, b"", {}))
        return web.Response(status=status, body=body, headers=headers)


@asynccontextmanager
async def scripted() -> AsyncIterator[Scripted]:
    portal = Scripted()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", portal.answer)
    async with on_all_hosts(app) as portal.port:
        yield portal


class WatchedClient(PoliteClient):
    """Counts the requests under way together with the others, and notes when each began."""

    workers: "Workers"

    @asynccontextmanager
    async def _pass(self, chain: _RequestChain, url: str) -> AsyncIterator[FetchFailed | None]:
        async with super()._pass(chain, url) as refusal:
            if refusal is not None:
                yield refusal
                return
            self.workers.began.append(self._clock().timestamp())
            self.workers.in_flight += 1
            self.workers.most = max(self.workers.most, self.workers.in_flight)
            try:
                yield None
            finally:
                self.workers.in_flight -= 1


class Workers:
    """Several visitors, as of several processes, over one Redis."""

    def __init__(
        self, egress: Egress, pool: ParserPool, store: Store, clock: ManualClock, number: int
    ) -> None:
        self.in_flight = self.most = self._asking = 0
        self.began: list[float] = []
        self._clock = clock
        self._ask = store.connection._ask
        store.connection._ask = self._counted  # type: ignore[method-assign]
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = count()
        self.visitors = [
            WatchedClient(
                egress,
                Gatherer(pool),
                store,
                clock,
                random.Random(each),
                user_agent="syndicator/1 (test)",
                pause=self._pause,
            )
            for each in range(number)
        ]
        for visitor in self.visitors:
            visitor.workers = self

    def __getitem__(self, number: int) -> PoliteClient:
        return self.visitors[number % len(self.visitors)]

    async def _pause(self, freed: asyncio.Event, seconds: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._clock().timestamp() + seconds, next(self._numbers), woken))
        waiting = [asyncio.create_task(event.wait()) for event in (freed, woken)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.set()
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _counted(self, question: Callable[[], Awaitable[Any]], route: Route) -> Any:
        """Have Redis answer, and count it as work: on a busy machine that takes a while."""
        self._asking += 1
        try:
            return await self._ask(question, route)
        finally:
            self._asking -= 1

    def _idle(self) -> bool:
        if (
            self.in_flight
            or self._asking
            or any(polite_client._slots._returning for polite_client in self.visitors)
        ):
            return False
        exchanging = (polite_client._slots._exchanges._asking for polite_client in self.visitors)
        return all(task is None or task.done() for task in exchanging)

    async def run_clock(self) -> None:
        """Let time pass while nobody works: to the moment for which the first of those who wait, waits."""
        idle = 0
        while True:
            await asyncio.sleep(0.001)
            idle = idle + 1 if self._idle() else 0
            self._sleepers = [one for one in self._sleepers if not one[2].is_set()]
            heapq.heapify(self._sleepers)
            # Once is not enough: a task that was just given a slot has not begun yet, or asks for robots.txt.
            if self._sleepers and idle > 12:
                idle = 0
                at, _, woken = heapq.heappop(self._sleepers)
                self._clock.advance(max(at - self._clock().timestamp(), 0))
                woken.set()


@asynccontextmanager
async def workers(store: Store, clock: ManualClock, number: int = 2) -> AsyncIterator[Workers]:
    async with (
        egress_on("127.0.0.0/8", clock=clock, source_limits=UNLIMITED) as egress,
        open_pool(workers=1) as pool,
    ):
        all_of_them = Workers(egress, pool, store, clock, number)
        running = asyncio.create_task(all_of_them.run_clock())
        yield all_of_them
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for polite_client in all_of_them.visitors:
            await polite_client.close()


@asynccontextmanager
async def visiting(egress: Egress, store: Store, clock: Clock) -> AsyncIterator[PoliteClient]:
    """Give a polite_client as the service has it."""
    async with (
        open_pool(workers=1) as pool,
        open_polite_client(
            egress, Gatherer(pool), store, clock, random.Random(1), user_agent="syndicator/1 (test)"
        ) as polite_client,
    ):
        yield polite_client


def source(url: str, **politeness: Any) -> Source:
    return Source(
        id=SourceId("city"),
        title="City",
        kind=SourceKind.PAGE,
        url=url,
        schedule=Every(interval_s=60),
        limits=FetchLimits(timeout_s=10.0, connect_timeout_s=2.0),
        headers={"Authorization": "Bearer secret"},
        politeness=Politeness(**politeness),
    )
