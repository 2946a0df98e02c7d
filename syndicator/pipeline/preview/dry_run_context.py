"""Requests of dry runs: within the limits of robots.txt, without the store."""

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
"""Longest pause between two requests to one host, because a person waits. Gathering keeps the full delay."""
_MINUTE_S = 60.0


class Fetcher(Protocol):
    """Requests an address for a source: over the network, or from a snapshot."""

    async def __call__(self, source: Source, url: str, /, *, gate: Gate = open_gate) -> FetchResult:
        """Return the answer; `gate` is entered before each step of a request over the network."""


@dataclass(frozen=True, kw_only=True)
class DryRunContext:
    """The tools and the robots.txt cache of one dry run."""

    fetch: Fetcher
    gatherer: Gatherer
    pool: ParserPool
    user_agent: str
    """The agent whose rules in robots.txt apply."""
    pauses_s: dict[str, float] = field(default_factory=dict)
    """Crawl delays of the robots.txt files read so far, by host and port."""
    robots: dict[str, Robots | None] = field(default_factory=dict)
    """The robots.txt files requested so far, by address; None where unreadable."""


def paced(
    fetch: Fetcher, pauses_s: dict[str, float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Fetcher:
    """Return a fetcher that keeps `per_minute` and the crawl delay, at most `MAX_PAUSE_S` a request."""
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
    """Whether robots.txt allows a page."""

    allowed: bool = True
    url: str = ""
    """The address of the page."""
    rule: str = ""
    """The line that forbids it: `Disallow: /news/search`."""
    crawl_delay_s: float | None = None


async def read_robots_of(context: DryRunContext, source: Source, url: str) -> Robots | None:
    """Return the robots.txt of a page's origin; a missing file allows all pages (RFC 9309, 2.3.1.3).

    None where it cannot be read: then no page is allowed (2.3.1.4).
    """
    address = robots_url(url)
    if address in context.robots:
        return context.robots[address]
    robots, agent = None, product_token(context.user_agent)
    # The headers of a source (a password, a cookie) are meant for its documents only.
    result = await context.fetch(replace(source, headers={}), address)
    if isinstance(result, Fetched):
        body = b"" if sniff(result.body) is DocumentKind.HTML else result.body
        robots = await context.gatherer.read_robots(body, agent)
        context.pauses_s[urlsplit(address).netloc] = robots.crawl_delay_s or 0.0
    elif isinstance(result, FetchFailed) and is_missing(result):
        robots = await context.gatherer.read_robots(b"", agent)
    context.robots[address] = robots
    return robots


def verdict(robots: Robots | None, url: str) -> RobotsVerdict | None:
    """Return whether robots.txt allows a page; None where the file could not be read."""
    if robots is None:
        return None
    rule = robots.forbidding(url)
    return RobotsVerdict(allowed=not rule, url=url, rule=rule, crawl_delay_s=robots.crawl_delay_s)


def forbidden(refusal: RobotsVerdict) -> str:
    """Return the sentence that names the rule, and its file, that disallows a page."""
    return f"{robots_url(refusal.url)} asks programs not to read it ({refusal.rule})"


async def left_out(context: DryRunContext, source: Source, url: str, *further: str) -> str | None:
    """Return why robots.txt disallows a page or one of its redirect targets; None where it allows them."""
    for step in (url, *further):
        if not source.politeness.robots or not step.startswith("http"):
            continue
        robots_verdict = verdict(await read_robots_of(context, source, step), step)
        led = f"it leads to {step}: " if step != url else ""
        if robots_verdict is None:
            return f"{led}{robots_url(step)} could not be had, and until it can no page there is read"
        if not robots_verdict.allowed:
            return led + forbidden(robots_verdict)
    return None


async def fetch_page(context: DryRunContext, source: Source, url: str) -> FetchResult:
    """Request a page; stop with FetchFailed(ROBOTS) at a redirect to a disallowed page."""
    return await context.fetch(source, url, gate=partial(_pass, context, source, url))


@asynccontextmanager
async def _pass(
    context: DryRunContext, source: Source, url: str, step: str
) -> AsyncIterator[FetchFailed | None]:
    why = await left_out(context, source, url, step)
    yield (
        FetchFailed(requested_url=url, reason=Reason.ROBOTS, detail=why, fetched_at=system_clock())
        if why
        else None
    )


async def verdict_of(context: DryRunContext, source: Source, url: str) -> RobotsVerdict | None:
    """Return the verdict of robots.txt on a page; None where the source ignores it, or it is unreadable."""
    if not source.politeness.robots or not url.startswith("http"):
        return None
    return verdict(await read_robots_of(context, source, url), url)
