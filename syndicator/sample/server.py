"""Runs the sample: two portals, a partner, and the task that moves their world."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from msgspec import Struct

from syndicator.background import meanwhile
from syndicator.errors import SyndicatorError
from syndicator.observe.logs import get_logger
from syndicator.sample.inbox import Inbox
from syndicator.sample.newsroom import Clock
from syndicator.sample.partner_app import Partner, is_secret
from syndicator.sample.portals.city_app import CityPortal
from syndicator.sample.portals.wire_app import WirePortal
from syndicator.sample.world import World

_log = get_logger(__name__)

_SHUTDOWN_S = 0.2
_SHORTEST_WAIT_S = 0.005
_LONGEST_WAIT_S = 1.0
"""A clock that was set is noticed after that time."""
SAMPLE_SECRET = "whsec_c2FtcGxlLXBhcnRuZXItb2YtdGhlLWludmVudGVkLWNpdHk="  # noqa: S105 -- of the sample alone, and public
"""The secret that the partner shares with the service when no other is given."""


class SampleError(SyndicatorError):
    """The sample portals could not be started; the message says why and what to do."""


class SampleOptions(Struct, frozen=True, kw_only=True):
    """What the sample is made of. Port 0 takes a free one."""

    host: str = "127.0.0.1"
    ports: tuple[int, int, int] = (0, 0, 0)
    """Of the city's portal, of the wire, of the partner."""
    interval_s: float | None = 5.0
    """How often the city's paper brings an article; None: the world stands still."""
    seed: int = 1
    folder: Path | None = None
    """Where the ledgers are kept; None: in memory."""
    secret: str = SAMPLE_SECRET
    """Of the partner: `whsec_` and base64."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The running sample; URLs have no slash at the end."""

    city_url: str
    wire_url: str
    partner_url: str
    world: World
    inbox: Inbox


@asynccontextmanager
async def open_sample(options: SampleOptions, clock: Clock) -> AsyncIterator[Sample]:
    """Open the sample, and close all of it within a second.

    Raises SampleError when a port is taken, the secret is none, or the folder cannot be used.
    """
    if not is_secret(options.secret):
        raise SampleError("The secret of the sample's partner is 'whsec_' and base64; this one is not.")
    try:
        world = World(clock, seed=options.seed, interval_s=options.interval_s, folder=options.folder)
    except OSError as error:
        raise SampleError(
            f"The folder of the sample, {options.folder}, cannot be used: {error.strerror}"
        ) from error
    partner = Partner(options.secret, clock)
    apps = (CityPortal(world).app(), WirePortal(world).app(), partner.app())
    async with AsyncExitStack() as stack:
        urls = [
            await _serve(stack, app, options.host, port)
            for app, port in zip(apps, options.ports, strict=True)
        ]
        if options.interval_s is not None:
            await stack.enter_async_context(_moving(world))
        yield Sample(
            city_url=urls[0], wire_url=urls[1], partner_url=urls[2], world=world, inbox=partner.inbox
        )


async def _serve(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> str:
    """Serve an app until the stack closes; give its address."""
    runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        raise SampleError(
            f"Port {port} on {host} {reason}: free it, or give the sample portals others in [sample] ports."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{site.port}"


@asynccontextmanager
async def _moving(world: World) -> AsyncIterator[None]:
    async with meanwhile(_move(world), "sample-world"):
        yield


async def _move(world: World) -> None:
    while True:
        wait_s = _LONGEST_WAIT_S
        try:
            world.advance()
            wait_s = min(wait_s, max(_SHORTEST_WAIT_S, world.seconds_to_next()))
        except OSError as error:
            _log.warning("sample_ledger_write_failed", reason=error.strerror)
        await asyncio.sleep(wait_s)
