"""A dry run: what a source would bring, field by field, with nothing stored."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

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
from syndicator.pipeline.yields import Yield, yields_of

MAX_CHILDREN = 3
"""Sitemaps of an index that are read."""

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
    if source.full_text:
        listed = [_listed(one) for one in candidates[:articles] if one.url]
        read = await _articles(desk, source, listed)
        pages = {one.url: one for one in read.candidates}
        # What the feed says stands where the page cannot be read.
        candidates = [pages.get(one.url, one) for one in candidates[:articles]]
    popular = await _popular(desk, source, read.warnings)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        title=reading.title,
        home_url=reading.home_url,
        language=reading.language,
        candidates=tuple(candidates),
        popular=popular,
        yields=yields_of(source, ListReading(items=(), popular=popular), read.candidates),
        missing=tuple(dict.fromkeys(read.missing)),
        warnings=(*reading.warnings, *read.warnings),
    )


def _listed(told: Candidate) -> ListedItem:
    return ListedItem(
        url=told.url, title=told.title, published_at=told.published_at, section=told.section, tags=told.tags
    )


async def _sitemap(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    items, warnings = await read_sitemaps(desk, source, document)
    read = _Read(warnings=warnings)
    if source.full_text:
        read = await _articles(desk, source, items[:articles], read)
    else:
        made = (sitemap_candidate(source, document, item) for item in items)
        read.candidates += [one for one in made if one is not None]
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        candidates=tuple(read.candidates),
        listed=tuple(items),
        yields=yields_of(source, ListReading(items=()), read.candidates),
        missing=tuple(dict.fromkeys(read.missing)),
        warnings=tuple(read.warnings),
    )


async def read_sitemaps(desk: Desk, source: Source, document: Fetched) -> tuple[list[ListedItem], list[str]]:
    """Read a sitemap; of an index, the sitemaps that it names first, until one of them lists something.

    Raises NotReadable where it is none.
    """
    reading = await desk.gatherer.read_sitemap(source, document)
    items, warnings = list(reading.items), list(reading.warnings)
    newest_first = sorted(reading.children, key=lambda child: "news" not in child.url)
    for child in newest_first[:MAX_CHILDREN]:
        if items:
            break
        try:
            inner = fetched(await desk.fetch(source, child.url))
            items += (await desk.gatherer.read_sitemap(source, inner)).items
        except RoundFailed as error:
            warnings.append(f"the sitemap {child.url}: {error}")
        except NotReadable as error:
            warnings.append(f"the sitemap {child.url}: {error.detail}")
    return items, warnings


async def _page(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    lists = await desk.gatherer.read_list(source, document)
    findings = await read_page(desk, document)
    robots = await read_robots_of(desk, source, document.url) if source.politeness.robots else None
    read = await _articles(desk, source, lists.items[:articles], _Read(warnings=list(lists.warnings)))
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
        yields=yields_of(source, replace(lists, popular=popular), read.candidates),
        missing=tuple(dict.fromkeys(read.missing)),
        warnings=tuple(read.warnings),
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
        return await desk.gatherer.read_robots(result.body, agent)
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
        return await desk.gatherer.read_popular(source, document)
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


async def _articles(
    desk: Desk, source: Source, items: Sequence[ListedItem], read: _Read | None = None
) -> _Read:
    read = read or _Read()
    found: set[str] = set()
    for item in items:
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
