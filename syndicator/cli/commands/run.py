"""Commands that stay: run, serve, work, sample."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from syndicator.background import meanwhile
from syndicator.cli.banner import (
    OpsAddresses,
    print_banner,
    print_first_admin,
    print_sample_banner,
)
from syndicator.cli.context import Invocation, invocation
from syndicator.cli.demo import DEMO_FOLDER, demo_call
from syndicator.cli.event_loop import run_loop
from syndicator.cli.service_manager import Notify, notifier
from syndicator.cli.signals import reload_signal, stop_signal
from syndicator.cli.supervisor import supervise
from syndicator.errors import StoreError, StoreUnavailable, SyndicatorError
from syndicator.generations import HTTP_DRAIN_S, Generations, OpsListener, Roles
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.clock import system_clock
from syndicator.observe.logs import get_logger
from syndicator.observe.pauses import collect_briefly, without_collection
from syndicator.observe.trace_export import exporting
from syndicator.resources import Foundation, open_foundation, stale_cache
from syndicator.rules.stories.rarity import load_frequencies
from syndicator.sample.server import SAMPLE_SECRET, SampleOptions, open_sample
from syndicator.settings import Settings
from syndicator.settings.advice import advice
from syndicator.settings.environment import take_notify_socket
from syndicator.settings.settings import listening_url
from syndicator.store.access.admin_token_file import keep_admin_token
from syndicator.store.access.operators_token import operators_token
from syndicator.store.files.data_folder import make_private
from syndicator.store.lease_owners import own_name
from syndicator.store.store import Store
from syndicator.web.access.sign_in_links import sign_in_path
from syndicator.web.app import create_waiting_app
from syndicator.web.http.options import WebOptions
from syndicator.web.http.server import open_socket, port_of, serving

_MOST_WARNINGS = 20
"""Of warnings about the configuration, as `check` prints them."""

_MOST_PROCESSES = 64
"""Whose operators' ports follow each other on one machine."""

_RETRY_S = 1.0
"""Between two tries to reach Redis at the start."""

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ProcessRoles:
    """What one process does."""

    serve: bool = False
    work: bool = False
    sample: bool = False
    banner: bool = False
    share_port: bool = False
    """Whether other processes listen on the same port."""


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="run", epilog="Example: syndicator run --demo")(_run)
    app.command(name="serve", epilog="Example: syndicator serve")(_serve)
    app.command(name="work", epilog="Example: syndicator work")(_work)
    app.command(name="sample", epilog="Example: syndicator sample")(_sample)


def _run(
    context: typer.Context,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Show it with invented portals, in a folder of their own.")
    ] = False,
    demo_folder: Annotated[
        Path, typer.Option("--demo-folder", help="Where --demo keeps its configuration and data.")
    ] = DEMO_FOLDER,
) -> None:
    """Start everything: web server and workers, and the sample portals where they are enabled."""
    call = demo_call(invocation(context), demo_folder) if demo else invocation(context)
    settings = call.settings()
    servers, workers = settings.server.processes, settings.work.processes
    roles = ProcessRoles(serve=True, work=True, sample=settings.sample.enabled, banner=True)
    if servers == workers == 1:
        _run_until_stopped(call, roles)
        return
    # This process works and serves too; it owns the embedded Redis, so it stays while its children do.
    shared = ProcessRoles(
        serve=True, work=True, sample=settings.sample.enabled, banner=True, share_port=servers > 1
    )
    children = [("serve", "--share-port")] * (servers - 1) + [("work",)] * (workers - 1)
    _run_until_stopped(call, shared, supervise(call.options(), children))


def _serve(
    context: typer.Context,
    share_port: Annotated[
        bool, typer.Option("--share-port", help="Let other processes listen on the same port.")
    ] = False,
) -> None:
    """Run only the web server; any number of them, against one Redis."""
    _run_until_stopped(invocation(context), ProcessRoles(serve=True, share_port=share_port))


def _work(context: typer.Context) -> None:
    """Run only the workers: gather, publish, deliver; any number of them, against one Redis."""
    _run_until_stopped(invocation(context), ProcessRoles(work=True))


def _sample(context: typer.Context) -> None:
    """Run only the sample portals and the partner that receives their news."""
    settings = invocation(context).settings()

    async def stay() -> None:
        stopped = stop_signal()
        async with open_sample(_sample_options(settings), system_clock) as sample:
            print_sample_banner(sample)
            await stopped.wait()

    run_loop(stay())


def _run_until_stopped(
    call: Invocation, roles: ProcessRoles, others: AbstractAsyncContextManager[None] | None = None
) -> None:
    with exporting(call.environ, process=own_name()):
        run_loop(_stay(call, roles, others))


async def _stay(
    call: Invocation, roles: ProcessRoles, others: AbstractAsyncContextManager[None] | None = None
) -> None:
    """Do what the roles say until SIGINT or SIGTERM: intake ends first, then work, then Redis.

    `others` keeps further processes that do so too.
    """
    settings = call.settings()
    notify = notifier(take_notify_socket())
    stopped = stop_signal()
    reloading = reload_signal(stopped)
    async with AsyncExitStack() as stack:
        if others is not None:
            await stack.enter_async_context(others)
        _close_data_folder(settings)
        public = stack.enter_context(_bound(settings, roles)) if roles.serve else None
        sample = None
        if roles.sample:
            sample = await stack.enter_async_context(open_sample(_sample_options(settings), system_clock))
        foundation = await _opened(stack, settings, public, stopped, notify)
        if foundation is None:
            return
        excluded = _end_when_excluded(foundation.store, stopped)
        await stack.enter_async_context(meanwhile(excluded, "notice a newer layout"))
        ops = await asyncio.to_thread(_open_ops, settings)
        if ops is not None:
            stack.callback(ops.listening.close)
        live = LiveConfiguration(
            call.local(),
            foundation.store,
            foundation.clock,
            process=own_name(),
            operators=ops.address if ops is not None else "",
            reloading=reloading,
        )
        settings = _with_port(await live.begin(), public)
        what = Roles(works=roles.work, public=public, ops=ops, live=live)
        generations = Generations(foundation, what)
        stack.push_async_callback(generations.end)
        service = await generations.run(settings)
        for one in advice(settings)[:_MOST_WARNINGS]:
            log.warning("configuration_warning", key=one.key, reason=one.reason, remedy=one.remedy)

        async def apply(following: Settings) -> None:
            await generations.run(_with_port(following, public))

        await stack.enter_async_context(live.followed(apply))
        if roles.banner:
            print_banner(settings, _ops_addresses(settings, ops), sample)
        first = await service.access.first_admin() if roles.serve else None
        del service  # it is replaced with the configuration
        await asyncio.to_thread(load_frequencies)
        collect_briefly()
        log.info("ready", **_addresses(settings, public), **({"operators": ops.address} if ops else {}))
        notify("READY=1\nSTATUS=")
        if first is not None:
            _show_first_admin(first.value, settings)
        await stopped.wait()
        notify("STOPPING=1")
        log.info("stopping")


async def _opened(
    stack: AsyncExitStack,
    settings: Settings,
    listening: socket.socket | None,
    stopped: asyncio.Event,
    notify: Notify,
) -> Foundation | None:
    """Open Redis; where it is away, serve what is on disk until it is there. None: stopped."""
    async with AsyncExitStack() as meanwhile:
        is_waiting = False
        while not stopped.is_set():
            try:
                with without_collection():
                    async with _cancelled_by(stopped):
                        return await stack.enter_async_context(
                            open_foundation(settings, None, system_clock, migrates=True)
                        )
            except StoreUnavailable as error:
                if not is_waiting:
                    last_good = _serving_last_good(_with_port(settings, listening), listening, error)
                    await meanwhile.enter_async_context(last_good)
                    notify("READY=1\nSTATUS=Serving feeds as they were last: Redis does not answer")
                    is_waiting = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _RETRY_S)
    return None


async def _end_when_excluded(store: Store, stopped: asyncio.Event) -> None:
    """End this process once the data is migrated to a layout that it must not touch; raise why."""
    error = await store.layout.until_excluded()
    log.error("store_layout_too_new", reason=str(error))
    await store.connection.close()
    stopped.set()
    raise error


@asynccontextmanager
async def _cancelled_by(stopped: asyncio.Event) -> AsyncIterator[None]:
    """Cancel the body once `stopped` is set, and go on after it: Redis may load for minutes."""
    limit = asyncio.timeout(None)

    async def end() -> None:
        await stopped.wait()
        limit.reschedule(asyncio.get_running_loop().time())

    waiting = asyncio.create_task(end(), name="end the start")
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
    finally:
        waiting.cancel()


@asynccontextmanager
async def _serving_last_good(
    settings: Settings, listening: socket.socket | None, error: StoreUnavailable
) -> AsyncIterator[None]:
    """Serve feeds as they were last; raise the error where there are none."""
    cache = stale_cache(settings)
    if listening is None or not await cache.look():
        raise error
    where = _addresses(settings, listening)
    log.warning("serving_stale_feeds", reason=str(error), **where)
    app = create_waiting_app(settings.site, settings.feeds, cache, WebOptions())
    async with serving(app, listening.dup(), shutdown_timeout_s=HTTP_DRAIN_S):
        yield


def _show_first_admin(value: str, settings: Settings) -> None:
    """Print the token of the first administrator, and keep it in the data folder."""
    try:
        kept = keep_admin_token(settings.store.data_dir, value)
    except OSError as error:
        log.warning("admin_token_not_kept", reason=error.strerror)
        kept = None
    print_first_admin(value, kept)


def _addresses(settings: Settings, listening: socket.socket | None) -> dict[str, str]:
    if listening is None:
        return {}
    address = listening_url(settings.server.host, port_of(listening))
    public = settings.site.public_url
    return {"url": public} if public == address else {"url": public, "listening": address}


@contextmanager
def _bound(settings: Settings, roles: ProcessRoles) -> Iterator[socket.socket]:
    """Take the port of the web server."""
    host, port = settings.server.host, settings.server.port
    try:
        listening = open_socket(host, port, reuse_port=roles.share_port)
    except OSError as error:
        raise SyndicatorError(
            f"cannot listen on {host}:{port}: {error.strerror}; [server] port chooses another one"
        ) from error
    with listening:
        yield listening


def _with_port(settings: Settings, listening: socket.socket | None) -> Settings:
    return settings if listening is None else settings.with_port(port_of(listening))


def _close_data_folder(settings: Settings) -> None:
    folder = settings.store.data_dir
    if not make_private(folder):
        log.warning(
            "data_folder_open",
            folder=str(folder.resolve()),
            reason="it holds secrets, and all users of this machine can open it",
            remedy="chown it to the user of the service, and chmod 700 it; or change [store] data_dir",
        )


def _open_ops(settings: Settings) -> OpsListener | None:
    """Take the operators' port, or the next free one where other processes have it, and make their token."""
    host, port = settings.server.ops_host, settings.server.ops_port
    try:
        token = operators_token(settings.store.data_dir, making=True)
        return OpsListener(listening=_next_free(host, port), token=token)
    except StoreError as error:
        log.warning("status_page_unavailable", reason=str(error))
    except OSError as error:
        log.warning(
            "status_page_unavailable",
            address=f"{host}:{port}",
            reason=error.strerror,
            remedy="choose another address with [server] ops_host and ops_port",
        )
    return None


def _next_free(host: str, port: int) -> socket.socket:
    """Take a port, or the first behind it that is free."""
    for offset in range(_MOST_PROCESSES if port else 1):
        with suppress(OSError):
            return open_socket(host, port + offset)
    return open_socket(host, port)  # with the reason


def _ops_addresses(settings: Settings, ops: OpsListener | None) -> OpsAddresses | None:
    if ops is None:
        return None
    base = listening_url(settings.server.ops_host, port_of(ops.listening))
    return OpsAddresses(base=base, sign_in=base + sign_in_path(ops.token, system_clock()))


def _sample_options(settings: Settings) -> SampleOptions:
    return SampleOptions(
        host="127.0.0.1",
        ports=settings.sample.ports,
        interval_s=settings.sample.interval.total_seconds(),
        seed=settings.sample.seed,
        folder=settings.store.data_dir / "sample",
        secret=_partner_secret(settings),
    )


def _partner_secret(settings: Settings) -> str:
    """Find the endpoint that is the sample's partner: the sink checks signatures with its secret."""
    port = settings.sample.ports[2]
    for endpoint in settings.endpoints.values():
        if urlsplit(endpoint.url).port == port:
            return endpoint.secrets[0].reveal()
    return SAMPLE_SECRET
