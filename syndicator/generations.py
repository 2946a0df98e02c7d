"""The running service: one generation a configuration, each replaced by the next without a pause.

A new generation is built, synchronised and started while the old one still works; then the old one takes no
more work and no more connections, and ends when what it had begun is done. For a moment both run, as two
processes do: what is due, and who works on it, stands in Redis.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address

from syndicator.egress.own_listeners import listeners_of
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.clock import system_clock
from syndicator.observe.logs import get_logger
from syndicator.observe.pauses import collect_all, without_collection
from syndicator.opening import build_service
from syndicator.resources import Foundation
from syndicator.schedule.workers import Workers
from syndicator.service import Service
from syndicator.settings.settings import Settings, listening_url
from syndicator.use_cases import use_cases_of
from syndicator.web.access.sign_in import AreaAccess
from syndicator.web.access.sign_in_links import PartnerLinks, operators_access
from syndicator.web.api.api_table import api_table
from syndicator.web.api.json_api import PublicApi
from syndicator.web.app import SignedInPages, create_app, create_ops_app
from syndicator.web.feeds.private_feeds import PrivateFeeds
from syndicator.web.http.auth import Gate
from syndicator.web.http.options import OpsOptions, WebOptions
from syndicator.web.http.server import serving

DRAIN_S = 3.0
"""How long running jobs may go on after the signal: the whole stop stays under 5 s."""

HTTP_DRAIN_S = 1.0

RETIRED_S = 330.0
"""How long jobs of a replaced generation may go on: longer than any round or delivery."""

RETIRED_HTTP_S = 30.0

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpsListener:
    """What the operators' listener is served on, and who may ask it."""

    listening: socket.socket
    token: str

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return bool(ip_address(self.listening.getsockname()[0]).is_loopback)

    @property
    def address(self) -> str:
        """Return `HOST:PORT`, by which others ask: this host's name where it listens on all addresses."""
        host, port = self.listening.getsockname()[:2]
        name = socket.gethostname() if ip_address(host).is_unspecified else host
        return listening_url(name, port).removeprefix("http://")


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What each generation of this process does."""

    works: bool
    live: LiveConfiguration
    public: socket.socket | None = None
    ops: OpsListener | None = None

    @property
    def sockets(self) -> Sequence[socket.socket]:
        return [
            *([self.public] if self.public else []),
            *([self.ops.listening] if self.ops else []),
        ]


class Generation:
    """One service with its listeners and its workers."""

    def __init__(self, settings: Settings, foundation: Foundation, roles: Roles) -> None:
        self._settings = settings
        self._foundation = foundation
        self._roles = roles
        self._opened = AsyncExitStack()
        self._listening = AsyncExitStack()
        self._http_drain_s = HTTP_DRAIN_S
        self._workers: Workers | None = None

    async def start(self) -> Service:
        """Build the service and begin to work and to answer; where that fails, nothing is left behind."""
        try:
            with without_collection():
                service = await self._opened.enter_async_context(
                    build_service(self._settings, self._foundation)
                )
                await service.configuration_sync.sync()
                if self._roles.live.version:
                    await service.configuration_sync.end_others()
            await self._opened.enter_async_context(service.data_loss.watching())
            listeners = [listener for each in self._roles.sockets for listener in listeners_of(each)]
            await self._opened.enter_async_context(service.listeners.publishing(listeners))
            await self._opened.enter_async_context(service.audience.keeping())
            if self._roles.works:
                self._workers = Workers(service.steps, service.clock, service.metrics_reporter.report)
                self._workers.start()
            if self._roles.sockets:
                await self._listening.enter_async_context(service.queries.standings.keeping_up())
            if self._roles.ops:
                await self._listening.enter_async_context(self._observed(service, self._roles.ops))
            if self._roles.public:
                await self._listening.enter_async_context(self._answering(service, self._roles.public))
        except BaseException:
            await self.end()
            raise
        return service

    async def retire(self) -> None:
        """Take no more work and connections, and end once what was begun is done."""
        self._http_drain_s = RETIRED_HTTP_S
        if self._workers is not None:
            self._workers.retire()
        await self._listening.aclose()
        if self._workers is not None:
            await self._workers.idle(RETIRED_S)
        await self.end()

    async def end(self) -> None:
        """End soon: intake first, then work, which gets `DRAIN_S`, then all else."""
        self._http_drain_s = HTTP_DRAIN_S
        async with self._opened:
            await self._listening.aclose()
            if self._workers is not None:
                await self._workers.stop(DRAIN_S)

    @asynccontextmanager
    async def _answering(self, service: Service, listening: socket.socket) -> AsyncIterator[None]:
        options = WebOptions(
            trusted_proxies=service.settings.server.trusted_proxies,
            unlimited=service.settings.server.unlimited,
            feeds_a_minute=service.settings.server.feeds_per_minute,
            count=service.metrics.counting("public"),
            asked=service.audience.asked,
            configuration=self._roles.live.note,
        )
        gate = Gate(service.access, service.clock, options.trusted_proxies)
        cases = use_cases_of(service, self._roles.live)
        server, store = service.settings.server, service.store
        console = AreaAccess(gate=gate, sessions=store.sessions, trusted=options.trusted_proxies)
        portal = replace(console, links=PartnerLinks(store.portal_links))
        app = create_app(
            service.queries,
            options,
            callbacks=service.hub_callbacks,
            hub=service.hub,
            pictures=service.pictures,
            article_search=service.search,
            any_filter_feeds=service.any_filter_feeds,
            announced=service.news_sitemap,
            keys=PrivateFeeds(gate),
            click_links=service.clicks,
            api=PublicApi(table=api_table(cases), gate=gate),
            signed_in=SignedInPages(
                cases=cases,
                console=console if server.console else None,
                portal=portal if server.portal else None,
            ),
        )
        async with (
            service.store.watch.running(),
            service.publisher.stale_cache.keeping(service.stale_cache_refresh.refresh),
            service.search.keeping_up(),
            serving(app, listening.dup(), shutdown_timeout_s=lambda: self._http_drain_s),
        ):
            yield

    @asynccontextmanager
    async def _observed(self, service: Service, ops: OpsListener) -> AsyncIterator[None]:
        """Serve metrics and pages for operators."""
        access = operators_access(
            ops.token,
            service.access,
            service.store.sessions,
            service.store.used_links,
            system_clock,
            trusted=service.settings.server.trusted_proxies,
        )
        cases = use_cases_of(service, self._roles.live)
        options = OpsOptions(
            metrics=service.metrics.render,
            measure=lambda: service.measurements.measure(self._roles.live.note()),
            count=service.metrics.counting("operators"),
            hosts=(*service.settings.server.ops_hosts, socket.gethostname()),
            is_local=ops.is_local,
            processes=lambda: service.store.configuration.notes(service.clock()),
            configuration=self._roles.live.note,
        )
        app = create_ops_app(cases, options, api_table(cases), access)
        async with serving(app, ops.listening.dup(), shutdown_timeout_s=lambda: self._http_drain_s):
            yield


class Generations:
    """The generation that runs, and those that end."""

    def __init__(self, foundation: Foundation, roles: Roles) -> None:
        self._foundation = foundation
        self._roles = roles
        self._current: Generation | None = None
        self._ending: dict[asyncio.Task[None], Generation] = {}

    async def run(self, settings: Settings) -> Service:
        """Run these settings in place of those that run; where that fails, those go on."""
        following = Generation(settings, self._foundation, self._roles)
        service = await following.start()
        if self._current is not None:
            task = asyncio.create_task(self._current.retire(), name="end a generation")
            self._ending[task] = self._current
            task.add_done_callback(self._ended)
        self._current = following
        return service

    async def end(self) -> None:
        """End all."""
        for task in self._ending:
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        generations = [*self._ending.values(), *([self._current] if self._current else [])]
        await asyncio.gather(*(generation.end() for generation in generations))

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        self._ending.pop(task)
        collect_all()
        if error := task.exception():
            log.error("generation_ended_badly", exc_info=error)
