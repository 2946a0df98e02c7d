"""A dry run: what a source would bring, field by field, with nothing stored."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.discovery import PageFindings, read_findings
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.html import same_site
from syndicator.gather.page import ListReading
from syndicator.gather.pool import ParserPool
from syndicator.gather.robots import Robots, product_token, robots_url
from syndicator.gather.sitemap import sitemap_candidate
from syndicator.gather.sniff import DocumentKind, sniff
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Redirect
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.joining import apart, as_listed, nameless, together
from syndicator.pipeline.permission import is_missing
from syndicator.pipeline.reckoning import Counts, as_taken, permitted, reckon
from syndicator.pipeline.rounds import Notes, RoundFailed, fetched, new_notes, word
from syndicator.pipeline.yields import Yield, words_without_name, yields_of
from syndicator.rules.archive import listed_date
from syndicator.rules.identity import url_key

MAX_CHILDREN = 3
"""Sitemaps of an index that are read."""

MAX_PAUSE_S = 5.0
"""Between two requests to one host, whatever it asks for: somebody waits. Gathering keeps the whole of it."""
_MINUTE_S = 60.0
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Fetcher = Callable[[Source, str], Awaitable[FetchResult]]
"""Requests an address for a source: live, or from what was kept of an earlier time."""


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

    async def ask(source: Source, url: str) -> FetchResult:
        host, per_minute = urlsplit(url).netloc, source.politeness.per_minute
        pause_s = max(pauses_s.get(host, 0.0), _MINUTE_S / per_minute if per_minute else 0.0)
        wait_s = last.get(host, 0.0) + min(pause_s, MAX_PAUSE_S) - time.monotonic()
        if host in last and wait_s > 0:
            await sleep(wait_s)
        last[host] = time.monotonic()
        return await fetch(source, url)

    return ask


class RobotsVerdict(Struct, frozen=True, kw_only=True):
    """What robots.txt says of a page."""

    allowed: bool = True
    url: str = ""
    """Of the page."""
    rule: str = ""
    """The line that forbids it: `Disallow: /news/search`."""
    crawl_delay_s: float | None = None


class Preview(Struct, frozen=True, kw_only=True):
    """What one round would read."""

    source: Source
    final_url: str
    redirects: tuple[Redirect, ...] = ()
    robots: RobotsVerdict | None = None
    """Of a list page; None where the file could not be read, or is not asked."""
    canonical_url: str | None = None
    """What a list page names as its own address, where that is another host's."""
    title: str | None = None
    """The feed's or page's own, as are the next two."""
    home_url: str | None = None
    language: str | None = None
    counts: Counts = Counts()
    candidates: tuple[Candidate, ...]
    """As gathering would take them in: of a feed all entries, of a page or sitemap what was read of it."""
    listed: tuple[ListedItem, ...] = ()
    next_url: str | None = None
    popular: tuple[PopularItem, ...] = ()
    yields: tuple[Yield, ...] = ()
    """What each selector brings."""
    missing: tuple[str, ...] = ()
    """Selectors of article pages that found nothing on any of those read: `article.quote`."""
    warnings: tuple[str, ...] = ()


async def preview(desk: Desk, source: Source, *, articles: int) -> Preview:
    """Read a source once; of a page, the first `articles` article pages too.

    Raises RoundFailed or NotReadable where there is nothing to read.
    """
    document = fetched(await desk.fetch(source, source.url))
    if source.kind is SourceKind.PAGE:
        return await _page(desk, source, document, articles)
    if source.kind is SourceKind.SITEMAP:
        return await _sitemap(desk, source, document, articles)
    return await _feed(desk, source, document, articles)


async def _feed(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    reading = await desk.gatherer.read_feed(source, document)
    candidates: Sequence[Candidate] = reading.candidates
    notes = new_notes()
    notes.warn(*reading.warnings)
    pages: dict[str, Candidate] = {}
    repeated = 0
    if source.full_text:
        with_page, bare = apart(candidates)
        listed = [as_listed(one) for one in list(with_page.values())[:articles]]
        pages = await _articles(desk, source, listed, notes)
        joined = [together(pages.get(url), told) for url, told in with_page.items()]
        repeated = len(candidates) - len(with_page) - len(bare)
        candidates = [*filter(None, joined), *bare]
    taken = as_taken(source, candidates, document.fetched_at)
    popular = await _popular(desk, source, notes)
    yields = yields_of(source, ListReading(items=(), popular=popular), list(pages.values()))
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=await _verdict(desk, source, taken[0].url) if source.full_text and taken else None,
        title=reading.title,
        home_url=reading.home_url,
        language=reading.language,
        counts=reckon(taken, document.fetched_at, repeated=repeated),
        candidates=tuple(taken),
        popular=popular,
        **_told(notes, yields),
    )


async def _sitemap(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    items, warnings, listing = await read_sitemaps(desk, source, document)
    notes = new_notes()
    notes.warn(*warnings)
    wanted = items if source.full_text else [item for item in items if item.title]
    if len(wanted) < len(items):
        notes.warn(nameless(len(items) - len(wanted)))
    by_key: dict[str, ListedItem] = {}
    for item in wanted:
        by_key.setdefault(url_key(item.url), item)
    unique = list(by_key.values())
    first = unique[: source.max_articles]
    unread: list[str] = []
    if source.full_text:
        pages = await _articles(desk, source, first[:articles], notes)
        candidates = list(pages.values())
        unread = permitted(source, first[articles:], desk.robots)
    else:
        candidates = list(filter(None, (sitemap_candidate(source, listing, item) for item in first)))
    taken = as_taken(source, candidates, document.fetched_at)
    refused = len(items) - len(wanted) + len(first) - len(candidates) - len(unread)
    popular = await _popular(desk, source, notes)
    yields = yields_of(source, ListReading(items=(), popular=popular), taken if source.full_text else ())
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=await _verdict(desk, source, document.url),
        counts=reckon(
            taken,
            document.fetched_at,
            unread=unread,
            refused=refused,
            left=len(unique) - len(first),
            repeated=len(wanted) - len(unique),
        ),
        candidates=tuple(taken),
        listed=tuple(items),
        popular=popular,
        **_told(notes, yields),
    )


async def _page(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    lists = await desk.gatherer.read_list(source, document)
    findings = await read_page(desk, document)
    notes = new_notes()
    notes.warn(*lists.warnings)
    robots = await _verdict(desk, source, document.url)
    is_read = robots is None or robots.allowed
    if robots is not None and not is_read:
        notes.warn(forbidden(robots))
    first = lists.items[: source.max_articles if is_read else 0]
    pages = await _articles(desk, source, first[:articles], notes)
    unread = permitted(source, first[articles:], desk.robots)
    taken = as_taken(source, list(pages.values()), document.fetched_at)
    popular = lists.popular or await _popular(desk, source, notes)
    yields = yields_of(source, replace(lists, popular=popular), taken)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=robots,
        canonical_url=elsewhere(findings.canonical_url, document.url),
        title=findings.title,
        language=findings.language,
        counts=reckon(
            taken,
            document.fetched_at,
            unread=unread,
            refused=len(first) - len(taken) - len(unread) if is_read else len(lists.items),
            left=len(lists.items) - len(first) if is_read else 0,
        ),
        candidates=tuple(taken),
        listed=lists.items,
        next_url=lists.next_url,
        popular=popular,
        **_told(notes, yields),
    )


def _told(notes: Notes, yields: tuple[Yield, ...]) -> dict[str, Any]:
    """Give what the selectors brought, and what was odd. A date without a time is found."""
    found = {one.key for one in yields if one.found} | notes.found
    missing = tuple(sorted(notes.missing - found))
    return {
        "yields": yields,
        "missing": missing,
        "warnings": (*notes.warnings, *words_without_name(yields, missing)),
    }


async def read_sitemaps(
    desk: Desk, source: Source, document: Fetched
) -> tuple[list[ListedItem], list[str], Fetched]:
    """Read a sitemap; of an index, those of news and the freshest first, until one of them lists something.

    Gives the items, what was odd, and the document that lists them. Raises NotReadable where it is none.
    """
    reading = await desk.gatherer.read_sitemap(source, document)
    items, warnings = list(reading.items), list(reading.warnings)
    newest_first = sorted(
        reading.children,
        key=lambda child: (
            "news" not in child.url.lower(),
            -(child.modified_at.timestamp() if child.modified_at else 0.0),
        ),
    )
    listing = document
    for child in newest_first[:MAX_CHILDREN]:
        if items:
            break
        try:
            listing = fetched(await desk.fetch(source, child.url))
            items += (await desk.gatherer.read_sitemap(source, listing)).items
        except RoundFailed as error:
            warnings.append(f"the sitemap {child.url}: {error}")
        except NotReadable as error:
            warnings.append(f"the sitemap {child.url}: {error.detail}")
    items.sort(key=lambda item: listed_date(item) or _LONG_AGO, reverse=True)  # as a round takes them
    return items, warnings, listing


async def read_page(desk: Desk, document: Fetched) -> PageFindings:
    """Read what a document says of itself and of feeds, where it is a page."""
    if sniff(document.body) is not DocumentKind.HTML:
        return PageFindings()
    return await desk.pool.run(read_findings, document)


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
    """Say whether a page may be asked for."""
    if robots is None:
        return None
    rule = robots.forbidding(url)
    return RobotsVerdict(allowed=not rule, url=url, rule=rule, crawl_delay_s=robots.crawl_delay_s)


def forbidden(told: RobotsVerdict) -> str:
    """Say by which rule of which file a page may not be read."""
    return f"{robots_url(told.url)} asks programs not to read it ({told.rule})"


async def left_out(desk: Desk, source: Source, url: str, *further: str) -> str | None:
    """Say why gathering does not read a page, by its address or those that it redirects to; else None."""
    for step in (url, *further):
        if not source.politeness.robots or not step.startswith("http"):
            continue
        told = verdict(await read_robots_of(desk, source, step), step)
        led = f"it leads to {step}: " if step != url else ""
        if told is None:
            return f"{led}{robots_url(step)} could not be had, and until it can no page there is read"
        if not told.allowed:
            return led + forbidden(told)
    return None


async def _verdict(desk: Desk, source: Source, url: str) -> RobotsVerdict | None:
    """Give what robots.txt says of a page of a source, as far as that heeds it."""
    if not source.politeness.robots or not url.startswith("http"):
        return None
    return verdict(await read_robots_of(desk, source, url), url)


def elsewhere(canonical: str | None, url: str) -> str | None:
    """Give what a page names as its own address where that is another host's."""
    return canonical if canonical and not same_site(canonical, url) else None


async def _popular(desk: Desk, source: Source, notes: Notes) -> tuple[PopularItem, ...]:
    """Read the box of popular articles where it stands on a page of its own."""
    if source.popular is None or source.popular.url is None:
        return ()
    if not await _may_read(desk, source, source.popular.url, notes):
        return ()
    try:
        document = fetched(await desk.fetch(source, source.popular.url))
        return (await desk.gatherer.read_popular(source, document)).items
    except RoundFailed as error:
        notes.warn(f"the page of popular articles could not be read: {word(error.failed)}")
    except NotReadable as error:
        notes.warn(f"the page of popular articles could not be read: {error.detail}")
    return ()


async def _articles(
    desk: Desk, source: Source, items: Sequence[ListedItem], notes: Notes
) -> dict[str, Candidate]:
    """Read article pages, and give them by the address at which they are listed."""
    pages: dict[str, Candidate] = {}
    for item in items:
        if not await _may_read(desk, source, item.url, notes):
            continue
        try:
            page = fetched(await desk.fetch(source, item.url))
            if not await _may_read(desk, source, item.url, notes, *(step.url for step in page.redirects)):
                continue
            reading = await desk.gatherer.read_article(source, page, item)
        except RoundFailed as error:
            notes.warn_of_page(item.url, word(error.failed))
        except NotReadable as error:
            notes.warn_of_page(item.url, error.detail)
        else:
            pages[item.url] = reading.candidate
            notes.found.update(reading.found)
            notes.missing.update(reading.missing)
            notes.warn_of_page(item.url, *reading.warnings)
    return pages


async def _may_read(desk: Desk, source: Source, url: str, notes: Notes, *further: str) -> bool:
    """Tell whether gathering reads a page; where it does not, note why."""
    if (why := await left_out(desk, source, url, *further)) is not None:
        notes.warn_of_page(url, why)
    return why is None
