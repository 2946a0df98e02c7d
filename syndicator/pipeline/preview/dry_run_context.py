"""How a dry run asks: as fast as robots.txt lets it, and for no page that this forbids."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.documents.sniff import DocumentKind, sniff
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.robots import Robots, product_token, robots_url
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.source import Source
from syndicator.pipeline.sources.robots_policy import is_missing

MAX_PAUSE_S = 5.0
"""Between two requests to one host, whatever it asks for: somebody waits. Gathering keeps the whole of it."""
_MINUTE_S = 60.0


class Fetcher(Protocol):
    """Requests an address for a source: live, or from what was kept of an earlier time."""

    async def __call__(self, source: Source, url: str, /, *, gate: Gate = open_gate) -> FetchResult:
        """Return what it answers; before each step of a live request `gate` has its say."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a dry run works with."""

    fetch: Fetcher
    gatherer: Gatherer
    """Reads; it is never asked to fetch."""
    pool: ParserPool
    user_agent: str
    """By which robots.txt is read."""
    pauses_s: dict[str, float] = field(default_factory=dict)
    """What robots.txt asks for between two requests, by host and port, as far as it was read."""
    robots: dict[str, Robots | None] = field(default_factory=dict)
    """Each robots.txt that was asked for, by its address; None where it could not be read."""


def paced(
    fetch: Fetcher, pauses_s: dict[str, float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Fetcher:
    """Keep `per_minute` and what robots.txt asks for, up to `MAX_PAUSE_S` for each request."""
    last: dict[str, float] = {}

    async def ask(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        host, per_minute = urlsplit(url).netloc, source.politeness.per_minute
        pause_s = max(pauses_s.get(host, 0.0), _MINUTE_S / per_minute if per_minute else 0.0)
        wait_s = last.get(host, 0.0) + min(pause_s, MAX_PAUSE_S) - time.monotonic()
        if host in last and wait_s > 0:
            await sleep(wait_s)
        last[host] = time.monotonic()
        return await fetch(source, url, gate=gate)

    return ask


class RobotsVerdict(Struct, frozen=True, kw_only=True):
    """What robots.txt says of a page."""

    allowed: bool = True
    url: str = ""
    """Of the page."""
    rule: str = ""
    """The line that forbids it: `Disallow: /news/search`."""
    crawl_delay_s: float | None = None


async def read_robots_of(desk: Desk, source: Source, url: str) -> Robots | None:
    """Read the robots.txt that counts for a page; without the file all is allowed (RFC 9309, 2.3.1.3).

    None where it cannot be had: then nothing is (2.3.1.4).
    """
    address = robots_url(url)
    if address in desk.robots:
        return desk.robots[address]
    robots, agent = None, product_token(desk.user_agent)
    # What a source sends along (a password, a cookie) is for its documents.
    result = await desk.fetch(replace(source, headers={}), address)
    if isinstance(result, Fetched):
        body = b"" if sniff(result.body) is DocumentKind.HTML else result.body
        robots = await desk.gatherer.read_robots(body, agent)
        desk.pauses_s[urlsplit(address).netloc] = robots.crawl_delay_s or 0.0
    elif isinstance(result, FetchFailed) and is_missing(result):
        robots = await desk.gatherer.read_robots(b"", agent)
    desk.robots[address] = robots
    return robots


def verdict(robots: Robots | None, url: str) -> RobotsVerdict | None:
    """Return whether a page may be asked for."""
    if robots is None:
        return None
    rule = robots.forbidding(url)
    return RobotsVerdict(allowed=not rule, url=url, rule=rule, crawl_delay_s=robots.crawl_delay_s)


def forbidden(told: RobotsVerdict) -> str:
    """Return the rule, and its file, by which a page may not be read."""
    return f"{robots_url(told.url)} asks programs not to read it ({told.rule})"


async def left_out(desk: Desk, source: Source, url: str, *further: str) -> str | None:
    """Return why gathering does not read a page, by its address or those that it redirects to; else None."""
    for step in (url, *further):
        if not source.politeness.robots or not step.startswith("http"):
            continue
        result = verdict(await read_robots_of(desk, source, step), step)
        led = f"it leads to {step}: " if step != url else ""
        if result is None:
            return f"{led}{robots_url(step)} could not be had, and until it can no page there is read"
        if not result.allowed:
            return led + forbidden(result)
    return None


async def fetch_page(desk: Desk, source: Source, url: str) -> FetchResult:
    """Request a page that may be read; where it leads to one that may not, that one is not asked for."""
    return await desk.fetch(source, url, gate=partial(_pass, desk, source, url))


@asynccontextmanager
async def _pass(desk: Desk, source: Source, url: str, step: str) -> AsyncIterator[FetchFailed | None]:
    why = await left_out(desk, source, url, step)
    yield (
        FetchFailed(requested_url=url, reason=Reason.ROBOTS, detail=why, fetched_at=system_clock())
        if why
        else None
    )


async def verdict_of(desk: Desk, source: Source, url: str) -> RobotsVerdict | None:
    """Return what robots.txt says of a page of a source, as far as that heeds it."""
    if not source.politeness.robots or not url.startswith("http"):
        return None
    return verdict(await read_robots_of(desk, source, url), url)
