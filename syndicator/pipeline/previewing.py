"""A dry run: what a source would bring, field by field, with nothing stored."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
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
from syndicator.pipeline.rounds import RoundFailed, fetched
from syndicator.pipeline.yields import Yield, nameless, yields_of

MAX_CHILDREN = 3
"""Sitemaps of an index that are read."""

MAX_PAUSE_S = 5.0
"""Between two requests to one host, whatever it asks for: somebody waits. Gathering keeps the whole of it."""
_MINUTE_S = 60.0

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
    candidates: tuple[Candidate, ...]
    """Of a feed all entries, of a page or sitemap the article pages that were read."""
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
    read = _Read()
    robots = None
    if source.full_text:
        listed = [_listed(one) for one in candidates[:articles] if one.url]
        robots = await _robots_for(desk, source, listed)
        read = await _articles(desk, source, listed, robots=robots)
        pages = {one.url: one for one in read.candidates}
        # What the feed says stands where the page cannot be read.
        candidates = [pages.get(one.url, one) for one in candidates[:articles]]
    popular = await _popular(desk, source, read.warnings)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=_verdict_of(robots, candidates),
        title=reading.title,
        home_url=reading.home_url,
        language=reading.language,
        candidates=tuple(candidates),
        popular=popular,
        yields=(yields := yields_of(source, ListReading(items=(), popular=popular), read.candidates)),
        missing=read.missed(yields),
        warnings=(*reading.warnings, *read.warnings, *nameless(yields, read.missing)),
    )


def _listed(told: Candidate) -> ListedItem:
    return ListedItem(
        url=told.url,
        title=told.title,
        published_at=told.published_at,
        claimed_at=told.provenance.claimed_at,
        section=told.section,
        tags=told.tags,
    )


async def _sitemap(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    items, warnings, _ = await read_sitemaps(desk, source, document)
    robots = await read_robots_of(desk, source, document.url) if source.politeness.robots else None
    read = _Read(warnings=warnings)
    if source.full_text:
        asked = await _robots_for(desk, source, items[:articles])
        read = await _articles(desk, source, items[:articles], read, robots=asked)
    else:
        made = (sitemap_candidate(source, document, item) for item in items)
        read.candidates += [one for one in made if one is not None]
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=verdict(robots, document.url),
        candidates=tuple(read.candidates),
        listed=tuple(items),
        yields=(yields := yields_of(source, ListReading(items=()), read.candidates)),
        missing=read.missed(yields),
        warnings=(*read.warnings, *nameless(yields, read.missing)),
    )


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
    return items, warnings, listing


async def _page(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    lists = await desk.gatherer.read_list(source, document)
    findings = await read_page(desk, document)
    robots = await read_robots_of(desk, source, document.url) if source.politeness.robots else None
    read = await _articles(
        desk, source, lists.items[:articles], _Read(warnings=list(lists.warnings)), robots=robots
    )
    popular = lists.popular or await _popular(desk, source, read.warnings)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=verdict(robots, document.url),
        canonical_url=elsewhere(findings.canonical_url, document.url),
        title=findings.title,
        language=findings.language,
        candidates=tuple(read.candidates),
        listed=lists.items,
        next_url=lists.next_url,
        popular=popular,
        yields=(yields := yields_of(source, replace(lists, popular=popular), read.candidates)),
        missing=read.missed(yields),
        warnings=(*read.warnings, *nameless(yields, read.missing)),
    )


async def read_page(desk: Desk, document: Fetched) -> PageFindings:
    """Read what a document says of itself and of feeds, where it is a page."""
    if sniff(document.body) is not DocumentKind.HTML:
        return PageFindings()
    return await desk.pool.run(read_findings, document)


async def read_robots_of(desk: Desk, source: Source, url: str) -> Robots | None:
    """Read the robots.txt that counts for a page; without the file all is allowed (RFC 9309, 2.3.1.3)."""
    agent = product_token(desk.user_agent)
    result = await desk.fetch(source, robots_url(url))
    if isinstance(result, Fetched) and sniff(result.body) is not DocumentKind.HTML:
        robots = await desk.gatherer.read_robots(result.body, agent)
        desk.pauses_s[urlsplit(url).netloc] = robots.crawl_delay_s or 0.0
        return robots
    status = result.status if isinstance(result, Fetched | FetchFailed) else None
    missing = isinstance(result, Fetched) or (status is not None and 400 <= status < 500)  # noqa: PLR2004  4xx
    return await desk.gatherer.read_robots(b"", agent) if missing else None


def verdict(robots: Robots | None, url: str) -> RobotsVerdict | None:
    """Say whether a page may be asked for."""
    if robots is None:
        return None
    return RobotsVerdict(allowed=robots.allows(url), crawl_delay_s=robots.crawl_delay_s)


def elsewhere(canonical: str | None, url: str) -> str | None:
    """Give what a page names as its own address where that is another host's."""
    return canonical if canonical and not same_site(canonical, url) else None


async def _popular(desk: Desk, source: Source, warnings: list[str]) -> tuple[PopularItem, ...]:
    """Read the box of popular articles where it stands on a page of its own."""
    if source.popular is None or source.popular.url is None:
        return ()
    try:
        document = fetched(await desk.fetch(source, source.popular.url))
        return (await desk.gatherer.read_popular(source, document)).items
    except RoundFailed as error:
        warnings.append(f"the page of popular articles: {error}")
    except NotReadable as error:
        warnings.append(error.detail)
    return ()


@dataclass
class _Read:
    """Article pages as they were read, and what was odd about them."""

    candidates: list[Candidate] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def missed(self, yields: Sequence[Yield]) -> tuple[str, ...]:
        """Give the selectors that found nothing; a date without a time is found."""
        found = {one.key for one in yields if one.found}
        return tuple(name for name in dict.fromkeys(self.missing) if name not in found)


async def _robots_for(desk: Desk, source: Source, items: Sequence[ListedItem]) -> Robots | None:
    """Read the robots.txt of the article pages, as far as it is heeded."""
    if not items or not source.politeness.robots:
        return None
    return await read_robots_of(desk, source, items[0].url)


def _verdict_of(robots: Robots | None, candidates: Sequence[Candidate]) -> RobotsVerdict | None:
    return verdict(robots, candidates[0].url) if candidates else None


async def _articles(
    desk: Desk,
    source: Source,
    items: Sequence[ListedItem],
    read: _Read | None = None,
    *,
    robots: Robots | None,
) -> _Read:
    read = read or _Read()
    found: set[str] = set()
    for item in items:
        if robots is not None and not robots.allows(item.url):
            read.warnings.append(f"robots.txt asks programs not to read {item.url}")
            continue
        try:
            page = fetched(await desk.fetch(source, item.url))
            reading = await desk.gatherer.read_article(source, page, item)
        except RoundFailed as error:
            read.warnings.append(f"article page {item.url}: {error}")
        except NotReadable as error:
            read.warnings.append(f"article page {item.url}: {error.detail}")
        else:
            read.candidates.append(reading.candidate)
            read.missing += reading.missing
            read.warnings += (f"{item.url}: {warning}" for warning in reading.warnings)
            found |= set(reading.found)
    read.missing = [name for name in read.missing if name not in found]
    return read
