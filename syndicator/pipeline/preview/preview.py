"""Dry run of a source: reads what a round would read, and stores nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.documents.html_cleaning import same_site
from syndicator.gather.documents.sniff import DocumentKind, sniff
from syndicator.gather.listings.list_page import ListReading
from syndicator.gather.listings.sitemap import sitemap_candidate
from syndicator.gather.proposals.discovery import PageFindings, read_findings
from syndicator.model.article import Candidate, ListedItem, PopularItem
from syndicator.model.fetch import Fetched, Redirect
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.articles.feed_page_merge import apart, as_listed, merge, nameless
from syndicator.pipeline.preview.dry_run_context import (
    DryRunContext,
    RobotsVerdict,
    fetch_page,
    forbidden,
    left_out,
    verdict_of,
)
from syndicator.pipeline.preview.dry_run_counts import Counts, as_taken, count_verdicts, permitted
from syndicator.pipeline.preview.selector_coverage import SelectorCoverage, words_without_name, yields_of
from syndicator.pipeline.sources.round_result import Notes, RoundFailed, fetched, new_notes, word
from syndicator.rules.identity.identity import url_key
from syndicator.rules.sources.archive import listed_date

MAX_CHILDREN = 3
"""Most sitemaps of an index that are read."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Preview(Struct, frozen=True, kw_only=True):
    """What one round of a source would read."""

    source: Source
    final_url: str
    redirects: tuple[Redirect, ...] = ()
    robots: RobotsVerdict | None = None
    """The verdict on a list page; None where robots.txt could not be read, or is ignored."""
    canonical_url: str | None = None
    """The canonical address of a list page, where that is on another host."""
    title: str | None = None
    """As the feed or page gives it, like `home_url` and `language`."""
    home_url: str | None = None
    language: str | None = None
    counts: Counts = Counts()
    candidates: tuple[Candidate, ...]
    """As they would enter admission: all entries of a feed, the pages read of a list page or sitemap."""
    listed: tuple[ListedItem, ...] = ()
    next_url: str | None = None
    popular: tuple[PopularItem, ...] = ()
    yields: tuple[SelectorCoverage, ...] = ()
    """The coverage of each selector."""
    missing: tuple[str, ...] = ()
    """Selectors of article pages that matched on none of those read, such as `article.quote`."""
    warnings: tuple[str, ...] = ()


async def preview(context: DryRunContext, source: Source, *, articles: int) -> Preview:
    """Return a preview of a source, with its first `articles` article pages where it reads these.

    Raises RoundFailed or NotReadable where there is nothing to read.
    """
    document = fetched(await context.fetch(source, source.url))
    if source.kind is SourceKind.PAGE:
        return await _page(context, source, document, articles)
    if source.kind is SourceKind.SITEMAP:
        return await _sitemap(context, source, document, articles)
    return await _feed(context, source, document, articles)


async def _feed(context: DryRunContext, source: Source, document: Fetched, articles: int) -> Preview:
    reading = await context.gatherer.read_feed(source, document)
    candidates: Sequence[Candidate] = reading.candidates
    notes = new_notes()
    notes.warn(*reading.warnings)
    pages: dict[str, Candidate] = {}
    repeated = 0
    if source.full_text:
        with_page, bare = apart(candidates)
        listed = [as_listed(entry) for entry in list(with_page.values())[:articles]]
        pages = await _articles(context, source, listed, notes)
        merged = [merge(pages.get(url), entry) for url, entry in with_page.items()]
        repeated = len(candidates) - len(with_page) - len(bare)
        candidates = [*filter(None, merged), *bare]
    taken = as_taken(source, candidates, document.fetched_at)
    popular = await _popular(context, source, notes)
    yields = yields_of(source, ListReading(items=(), popular=popular), list(pages.values()))
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=await verdict_of(context, source, taken[0].url) if source.full_text and taken else None,
        title=reading.title,
        home_url=reading.home_url,
        language=reading.language,
        counts=count_verdicts(taken, document.fetched_at, repeated=repeated),
        candidates=tuple(taken),
        popular=popular,
        **_coverage(notes, yields),
    )


async def _sitemap(context: DryRunContext, source: Source, document: Fetched, articles: int) -> Preview:
    items, warnings, listing = await read_sitemaps(context, source, document)
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
        pages = await _articles(context, source, first[:articles], notes)
        candidates = list(pages.values())
        unread = permitted(source, first[articles:], context.robots)
    else:
        candidates = list(filter(None, (sitemap_candidate(source, listing, item) for item in first)))
    taken = as_taken(source, candidates, document.fetched_at)
    refused = len(items) - len(wanted) + len(first) - len(candidates) - len(unread)
    popular = await _popular(context, source, notes)
    yields = yields_of(source, ListReading(items=(), popular=popular), taken if source.full_text else ())
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=await verdict_of(context, source, document.url),
        counts=count_verdicts(
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
        **_coverage(notes, yields),
    )


async def _page(context: DryRunContext, source: Source, document: Fetched, articles: int) -> Preview:
    lists = await context.gatherer.read_list(source, document)
    findings = await read_page(context, document)
    notes = new_notes()
    notes.warn(*lists.warnings)
    robots = await verdict_of(context, source, document.url)
    is_read = robots is None or robots.allowed
    if robots is not None and not is_read:
        notes.warn(forbidden(robots))
    first = lists.items[: source.max_articles if is_read else 0]
    pages = await _articles(context, source, first[:articles], notes)
    unread = permitted(source, first[articles:], context.robots)
    taken = as_taken(source, list(pages.values()), document.fetched_at)
    popular = lists.popular or await _popular(context, source, notes)
    yields = yields_of(source, replace(lists, popular=popular), taken)
    return Preview(
        source=source,
        final_url=document.url,
        redirects=document.redirects,
        robots=robots,
        canonical_url=elsewhere(findings.canonical_url, document.url),
        title=findings.title,
        language=findings.language,
        counts=count_verdicts(
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
        **_coverage(notes, yields),
    )


def _coverage(notes: Notes, yields: tuple[SelectorCoverage, ...]) -> dict[str, Any]:
    """Return the selector coverage and the warnings, as arguments of Preview."""
    # A date without a time is in `yields` only.
    found = {coverage.key for coverage in yields if coverage.found} | notes.found
    missing = tuple(sorted(notes.missing - found))
    return {
        "yields": yields,
        "missing": missing,
        "warnings": (*notes.warnings, *words_without_name(yields, missing)),
    }


async def read_sitemaps(
    context: DryRunContext, source: Source, document: Fetched
) -> tuple[list[ListedItem], list[str], Fetched]:
    """Return the items of a sitemap, the warnings, and the document that lists the items.

    Of an index, news sitemaps and the freshest are read first, until one lists something. Raises NotReadable
    where the document is no sitemap.
    """
    reading = await context.gatherer.read_sitemap(source, document)
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
            listing = fetched(await context.fetch(source, child.url))
            items += (await context.gatherer.read_sitemap(source, listing)).items
        except RoundFailed as error:
            warnings.append(f"the sitemap {child.url}: {error}")
        except NotReadable as error:
            warnings.append(f"the sitemap {child.url}: {error.detail}")
    items.sort(key=lambda item: listed_date(item) or _LONG_AGO, reverse=True)  # as a round takes them
    return items, warnings, listing


async def read_page(context: DryRunContext, document: Fetched) -> PageFindings:
    """Return the title, language and feed links of a page; nothing of another kind of document."""
    if sniff(document.body) is not DocumentKind.HTML:
        return PageFindings()
    return await context.pool.run(read_findings, document)


def elsewhere(canonical: str | None, url: str) -> str | None:
    """Return the canonical address of a page where it is on another host; else None."""
    return canonical if canonical and not same_site(canonical, url) else None


async def _popular(context: DryRunContext, source: Source, notes: Notes) -> tuple[PopularItem, ...]:
    """Return the box of popular articles where it has a page of its own."""
    if source.popular is None or source.popular.url is None:
        return ()
    if not await _may_read(context, source, source.popular.url, notes):
        return ()
    try:
        document = fetched(await fetch_page(context, source, source.popular.url))
        return (await context.gatherer.read_popular(source, document)).items
    except RoundFailed as error:
        notes.warn(f"the page of popular articles could not be read: {word(error.failed)}")
    except NotReadable as error:
        notes.warn(f"the page of popular articles could not be read: {error.detail}")
    return ()


async def _articles(
    context: DryRunContext, source: Source, items: Sequence[ListedItem], notes: Notes
) -> dict[str, Candidate]:
    """Return the candidates of article pages, by the address at which they are listed."""
    pages: dict[str, Candidate] = {}
    for item in items:
        if not await _may_read(context, source, item.url, notes):
            continue
        try:
            page = fetched(await fetch_page(context, source, item.url))
            reading = await context.gatherer.read_article(source, page, item)
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


async def _may_read(context: DryRunContext, source: Source, url: str, notes: Notes) -> bool:
    """Return whether robots.txt allows a page; note the reason where it does not."""
    if (why := await left_out(context, source, url)) is not None:
        notes.warn_of_page(url, why)
    return why is None
