"""A dry run: what a source would bring, field by field, with nothing stored."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec import Struct

from syndicator.errors import NotReadable
from syndicator.gather.discovery import PageFindings, read_findings
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.page import ListReading
from syndicator.gather.pool import ParserPool
from syndicator.gather.sniff import DocumentKind, sniff
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.fetch import Fetched, FetchResult, Redirect
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.rounds import RoundFailed, fetched
from syndicator.pipeline.yields import Yield, yields_of

Fetcher = Callable[[Source, str], Awaitable[FetchResult]]
"""Requests an address for a source: live, or from what was kept of an earlier time."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a dry run works with."""

    fetch: Fetcher
    gatherer: Gatherer
    """Reads; it is never asked to fetch."""
    pool: ParserPool


class Preview(Struct, frozen=True, kw_only=True):
    """What one round would read."""

    source: Source
    final_url: str
    redirects: tuple[Redirect, ...] = ()
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
    warnings: tuple[str, ...] = ()


async def preview(desk: Desk, source: Source, *, articles: int) -> Preview:
    """Read a source once; of a page, the first `articles` article pages too.

    Raises RoundFailed or NotReadable where there is nothing to read.
    """
    document = fetched(await desk.fetch(source, source.url))
    if source.kind is SourceKind.PAGE:
        return await _page(desk, source, document, articles)
    reading = await desk.gatherer.read_feed(source, document)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        title=reading.title,
        home_url=reading.home_url,
        language=reading.language,
        candidates=reading.candidates,
        warnings=reading.warnings,
    )


async def _page(desk: Desk, source: Source, document: Fetched, articles: int) -> Preview:
    lists = await desk.gatherer.read_list(source, document)
    findings = await read_page(desk, document)
    warnings = list(lists.warnings)
    popular = lists.popular or await _popular(desk, source, warnings)
    candidates = await _articles(desk, source, lists.items[:articles], warnings)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        canonical_url=findings.canonical_url,
        title=findings.title,
        language=findings.language,
        candidates=tuple(candidates),
        listed=lists.items,
        next_url=lists.next_url,
        popular=popular,
        yields=yields_of(source, _with(lists, popular), candidates),
        warnings=tuple(warnings),
    )


def _with(lists: ListReading, popular: tuple[PopularItem, ...]) -> ListReading:
    return ListReading(items=lists.items, popular=popular, next_url=lists.next_url)


async def read_page(desk: Desk, document: Fetched) -> PageFindings:
    """Read what a document says of itself and of feeds, where it is a page."""
    if sniff(document.body) is not DocumentKind.HTML:
        return PageFindings()
    return await desk.pool.run(read_findings, document)


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


async def _articles(
    desk: Desk, source: Source, items: Sequence[ListedItem], warnings: list[str]
) -> list[Candidate]:
    candidates: list[Candidate] = []
    for item in items:
        try:
            page = fetched(await desk.fetch(source, item.url))
            reading = await desk.gatherer.read_article(source, page, item)
            candidates.append(reading.candidate)
            warnings += [f"article page {item.url}: {warning}" for warning in reading.warnings]
        except RoundFailed as error:
            warnings.append(f"article page {item.url}: {error}")
        except NotReadable as error:
            warnings.append(f"article page {item.url}: {error.detail}")
    return candidates
