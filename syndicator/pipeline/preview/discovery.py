"""Finds what can be gathered at an address: feeds first, then news sitemaps, then the structure of the page.

itself → announced in head and header → linked on the page → well-known paths → sitemaps → selectors
"""

import asyncio
import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.errors import NotReadable
from syndicator.gather.articles.claim_merge import language_code
from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.sniff import DocumentKind, sniff
from syndicator.gather.language import MAX_CHARS, language_of
from syndicator.gather.proposals.discovery import (
    How,
    PageFindings,
    Pointer,
    agreed_name,
    well_known_feeds,
    well_known_sitemaps,
)
from syndicator.gather.proposals.selector_inference import propose_for_articles, propose_for_list
from syndicator.gather.robots import Robots
from syndicator.model.article import Candidate
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.dry_run_context import (
    DryRunContext,
    Fetcher,
    fetch_page,
    left_out,
    read_robots_of,
    verdict,
)
from syndicator.pipeline.preview.finds import (
    BARE,
    DiscoveredSource,
    Discovery,
    NothingFound,
    check_host,
    has_headlines,
    lasting_url,
    of_pointer,
    rank,
    way_of,
)
from syndicator.pipeline.preview.preview import Preview, elsewhere, preview, read_page, read_sitemaps
from syndicator.pipeline.preview.zone_of_dates import in_its_zone
from syndicator.pipeline.sources.round_result import RoundFailed, fetched
from syndicator.rules.dates.claimed_dates import MAX_AHEAD

MAX_TRIED = 10
"""Most feeds that are tried of those that a page links to, and again of the well-known paths."""
MAX_SITEMAPS = 3
_MIN_TEXT = 200
"""Characters of HTML; a shorter body is only a lead."""
_TEXTS = 10
"""Articles from which the language is detected."""
PROPOSED_FROM = 3
"""Article pages from which selectors are inferred."""


async def discover(
    context: DryRunContext,
    draft: Source,
    *,
    wanted: SourceKind | None = None,
    articles: int = 3,
    whole_within_s: float | None = None,
) -> Discovery:
    """Return what can be gathered at the address of `draft`, with a preview of the best find.

    `draft`: headers, limits and time zone for the requests. `wanted`: search for this kind only.
    `whole_within_s`: search for sitemaps and the structure of the page also where feeds were found, until so
    much time has passed since the first request began. Sends one request at a time, at most thirty, or forty
    in a whole search. Raises RoundFailed where the address has no document, NothingFound where nothing can be
    gathered, TimeoutError where nothing was found in time.
    """
    context = dataclasses.replace(context, fetch=_remembering(context.fetch))
    search = None
    try:
        async with asyncio.timeout(whole_within_s):
            document = fetched(await context.fetch(draft, draft.url))
            search = _Search(context, draft, document, whole=whole_within_s is not None)
            await search.look(wanted)
    except TimeoutError:
        if search is None or search.best() is None:
            raise
        search.ways.append(f"the search ended after {whole_within_s:g} s: there may be more")
    best = search.best()
    if best is None:
        raise NothingFound(search.why, search.nothing(wanted), tuple(search.found))
    shown, notes = await _previewed(context, best, articles)
    shown, language_notes = await _in_its_language(context, shown, articles)
    shown, zone_notes = in_its_zone(shown)
    return Discovery(
        requested_url=document.requested_url,
        final_url=document.url,
        redirects=document.redirects,
        canonical_url=elsewhere(search.findings.canonical_url, document.url),
        robots=verdict(search.robots, document.url),
        found=search.ranked(),
        notes=(
            *search.ways,
            *(search.notes if best.kind is SourceKind.PAGE else ()),
            *search.of_dates(best),
            *notes,
            *language_notes,
            *zone_notes,
        ),
        preview=shown,
    )


async def _in_its_language(
    context: DryRunContext, shown: Preview, articles: int
) -> tuple[Preview, list[str]]:
    """Return the preview with the language detected from the texts, where the claimed one differs."""
    texts = [
        f"{article.title}\n{article.lead}\n{to_text(article.body_html, MAX_CHARS)}"
        for article in shown.candidates[:_TEXTS]
    ]
    found = language_of("\n".join(texts), MAX_CHARS * _TEXTS)
    claimed = shown.source.language
    if found is None or found == (claimed or "").partition("-")[0]:
        return shown, []
    again = await preview(context, replace(shown.source, language=found), articles=articles)
    text = f'language = "{found}": that is what the articles are written in, though "{claimed}" is claimed'
    return again, [text] if claimed else []


async def _previewed(context: DryRunContext, source: Source, articles: int) -> tuple[Preview, list[str]]:
    """Return a preview of a source; with article pages (`full_text`) where only those have texts."""
    shown = await preview(context, source, articles=articles)
    first = shown.candidates[:PROPOSED_FROM]
    if source.kind is SourceKind.PAGE or source.full_text or not first or any(map(_has_text, first)):
        return shown, []
    full = replace(source, full_text=True)
    try:
        richer = await preview(context, full, articles=min(articles, PROPOSED_FROM))
    except (RoundFailed, NotReadable):
        return shown, []
    texts = sum(_has_text(article) for article in richer.candidates if article.provenance.read_from)
    if not texts:
        new = [each for each in richer.warnings if each not in shown.warnings]
        return shown, [f"article pages bring no more: {each}" for each in new[:1]]
    of = min(articles, PROPOSED_FROM, len(richer.listed or richer.candidates))
    return richer, [f"full_text = true: it brings no texts itself, the pages of {texts} of {of} articles do"]


def _has_text(candidate: Candidate) -> bool:
    return len(candidate.body_html) > max(_MIN_TEXT, len(candidate.lead))


def _remembering(fetch: Fetcher) -> Fetcher:
    """Return a fetcher that requests no address twice."""
    answers: dict[str, FetchResult] = {}

    async def ask(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        if url not in answers:
            answers[url] = await fetch(source, url, gate=gate)
        return answers[url]

    return ask


class _Search:
    """The state of one search."""

    def __init__(self, context: DryRunContext, draft: Source, document: Fetched, *, whole: bool) -> None:
        self._desk = context
        self._whole = whole
        self._draft = draft
        self._document = document
        self.found: list[DiscoveredSource] = []
        self.notes: list[str] = []
        self.findings = PageFindings()
        self.robots: Robots | None = None
        self.why = Reason.NOT_A_FEED
        self.ways: list[str] = []
        """Sentences about the redirects to each find."""
        self._sources: dict[str, Source] = {}
        """The finds as sources, by address."""
        self._read: set[str] = set()

    async def look(self, wanted: SourceKind | None) -> None:
        """Search for one kind of source after the other: until one is found, or for all."""
        is_page = sniff(self._document.body) is DocumentKind.HTML
        if not is_page:
            await self._look_at_itself(wanted)
            return
        self.findings = await read_page(self._desk, self._document)
        self.robots = await read_robots_of(self._desk, self._draft, self._document.url)
        if wanted in {None, SourceKind.FEED}:
            await self._try_feeds(self.findings.feeds)
            if not self._sources:
                await self._try_feeds(well_known_feeds(self._document.url))
        if wanted is SourceKind.SITEMAP or (wanted is None and (self._whole or not self._sources)):
            await self._try_sitemaps(self._sitemaps())
        if wanted is SourceKind.PAGE or (wanted is None and (self._whole or not self._is_news())):
            await self._try_page()

    def ranked(self) -> tuple[DiscoveredSource, ...]:
        """Return all finds, best first."""
        return tuple(sorted(self.found, key=rank))

    def best(self) -> Source | None:
        """Return the best usable find; None without one."""
        first = next(iter(self.ranked()), None)
        return self._sources.get(first.url) if first else None

    def of_dates(self, source: Source) -> tuple[str, ...]:
        """Return the note on why a source accepts future dates, if it does."""
        why = "future_dates = true: most dates are ahead, as those of events are; without it none is kept"
        return (why,) if source.future_dates else ()

    def nothing(self, wanted: SourceKind | None) -> str:
        """Return the sentence for a search without a find."""
        tried = [find for find in self.found if find.how in {How.STRUCTURE, How.ITSELF} and find.problem]
        problem = tried[0].problem if tried else None
        what = {
            None: "neither a feed nor a sitemap nor a list of articles",
            SourceKind.PAGE: "no list of articles",
        }
        if self.why is Reason.ROBOTS:
            return f"{self._document.url}: {problem}"
        missing = what.get(wanted, f"no {wanted}")
        way = f" ({way_of(self._document)})" if self._document.redirects else ""
        return f"there is {missing} at {self._document.url}{way}" + (f": {problem}" if problem else "")

    def _is_news(self, kinds: Collection[SourceKind] = tuple(SourceKind)) -> bool:
        """Return whether a find of one of these kinds lists articles with headlines."""
        return any(has_headlines(find) and find.kind in kinds for find in self.found)

    async def _look_at_itself(self, wanted: SourceKind | None) -> None:
        pointer = Pointer(url=self._document.requested_url, how=How.ITSELF)
        if wanted in {None, SourceKind.FEED}:
            await self._try_feed(pointer)
        if wanted in {None, SourceKind.SITEMAP} and not self._sources:
            await self._try_sitemap(pointer)
        if self._sources:  # a feed is no sitemap, and the other way round: that failure is of no interest
            self.found = [find for find in self.found if find.problem is None]

    async def _try_feeds(self, pointers: Iterable[Pointer]) -> None:
        tried = {find.url for find in self.found}
        for pointer in [each for each in pointers if each.url not in tried][:MAX_TRIED]:
            await self._try_feed(pointer)

    async def _try_feed(self, pointer: Pointer) -> None:
        source = replace(self._draft, kind=SourceKind.FEED, url=pointer.url)
        with self._noting_failure(SourceKind.FEED, pointer):
            document = fetched(await self._desk.fetch(source, pointer.url))
            check_host(pointer, document)
            reading = await self._desk.gatherer.read_feed(source, document)
            if document.url in self._read:
                return  # another address of a feed that was found before
            self._note_way(document)
            dates = [entry.published_at for entry in reading.candidates if entry.published_at]
            title = reading.title or pointer.title
            self._note(
                DiscoveredSource(
                    kind=SourceKind.FEED,
                    entries=len(reading.candidates),
                    newest=max(dates, default=None),
                    **of_pointer(pointer, title),
                )
            )
            ahead = sum(date > document.fetched_at + MAX_AHEAD for date in dates)
            events = replace(source, future_dates=2 * ahead > len(dates))
            self._keep(pointer, events, document, title, reading.language)

    async def _try_sitemaps(self, pointers: Sequence[Pointer]) -> None:
        for pointer in pointers[:MAX_SITEMAPS]:
            await self._try_sitemap(pointer)
            if self._is_news((SourceKind.SITEMAP,)):
                break

    async def _try_sitemap(self, pointer: Pointer) -> None:
        source = replace(self._draft, kind=SourceKind.SITEMAP, url=pointer.url)
        with self._noting_failure(SourceKind.SITEMAP, pointer):
            document = fetched(await self._desk.fetch(source, pointer.url))
            check_host(pointer, document)
            items, _, listing = await read_sitemaps(self._desk, source, document)
            self._note_way(document)
            titled = sum(item.title is not None for item in items)
            if titled and listing is not document and not _ROTATING.search(urlsplit(listing.url).path):
                pointer, document = Pointer(url=listing.requested_url, how=pointer.how), listing
            title = None if titled else BARE
            dates = [item.published_at for item in items if item.published_at]
            self._note(
                DiscoveredSource(
                    kind=SourceKind.SITEMAP,
                    entries=len(items),
                    newest=max(dates, default=None),
                    **of_pointer(pointer, title),
                )
            )
            full = replace(source, full_text=not titled)
            language = next((item.language for item in items if item.language), None)
            self._keep(pointer, full, document, None, language)

    def _sitemaps(self) -> list[Pointer]:
        """Return the sitemaps of robots.txt, news sitemaps first; without any, the well-known paths."""
        urls = self.robots.sitemaps if self.robots else ()
        pointers = [Pointer(url=url, how=How.ROBOTS) for url in urls if url.startswith("http")]
        pointers.sort(key=lambda pointer: "news" not in pointer.url.lower())
        return pointers or list(well_known_sitemaps(self._document.url))

    async def _try_page(self) -> None:
        """Infer selectors for the page and for the articles that it lists."""
        source = replace(self._draft, kind=SourceKind.PAGE, url=lasting_url(self._document))
        pointer = Pointer(url=self._document.url, how=How.STRUCTURE, title=self.findings.title)
        with self._noting_failure(SourceKind.PAGE, pointer):
            proposal = await self._desk.pool.run(propose_for_list, source, self._document)
            pages = await self._article_pages(source, proposal.urls)
            articles = await self._desk.pool.run(propose_for_articles, source, pages, proposal.dates)
            name = await self._desk.pool.run(agreed_name, self.findings.names, pages)
            pointer = replace(pointer, title=name or pointer.title)
            self.notes += (*proposal.notes, *articles.notes)
            if self.findings.article:
                self.notes.append("the page calls itself one article: a page that lists articles is better")
            self._note(
                DiscoveredSource(
                    kind=SourceKind.PAGE,
                    entries=len(proposal.urls),
                    newest=max(proposal.dates.values(), default=None),
                    **of_pointer(pointer),
                )
            )
            proposed = replace(source, list=proposal.list, article=articles.article, popular=proposal.popular)
            self._keep(pointer, proposed, self._document, pointer.title, None)

    async def _article_pages(self, source: Source, urls: Sequence[str]) -> list[Fetched]:
        """Return the first article pages that robots.txt allows, at most PROPOSED_FROM."""
        pages: list[Fetched] = []
        refused: list[str] = []
        for url in urls[: 2 * PROPOSED_FROM]:
            if len(pages) == PROPOSED_FROM:
                break
            if (why := await left_out(self._desk, source, url)) is not None:
                refused.append(f"{url}: {why}")
                continue
            result = await fetch_page(self._desk, source, url)
            if isinstance(result, FetchFailed) and result.reason is Reason.ROBOTS:
                refused.append(f"{url}: {result.detail}")
            if isinstance(result, Fetched) and sniff(result.body) is DocumentKind.HTML:
                pages.append(result)
        if refused and not pages:
            self.why = Reason.ROBOTS
            raise NotReadable(Reason.ROBOTS, f"it lists articles whose pages may not be read: {refused[0]}")
        self.notes += refused
        if not pages:
            raise NotReadable(Reason.EMPTY, "none of the article pages that it lists could be read")
        return pages

    def _keep(
        self, pointer: Pointer, source: Source, document: Fetched, title: str | None, language: str | None
    ) -> None:
        self._read.add(document.url)
        of_feeds = next(
            (find.title for find in self.found if find.kind is SourceKind.FEED and find.title), None
        )
        self._sources[pointer.url] = replace(
            source,
            url=lasting_url(document),
            title=title or self.findings.title or of_feeds or urlsplit(document.url).hostname or source.title,
            language=language_code(language or self.findings.language or "") or None,
        )

    def _note_way(self, document: Fetched) -> None:
        if document is not self._document and document.redirects:
            self.ways.append(way_of(document))

    @contextmanager
    def _noting_failure(self, kind: SourceKind, pointer: Pointer) -> Iterator[None]:
        try:
            yield
        except (RoundFailed, NotReadable) as error:
            problem = error.failed.code if isinstance(error, RoundFailed) else error.detail
            self._note(DiscoveredSource(kind=kind, problem=problem, **of_pointer(pointer)))

    def _note(self, find: DiscoveredSource) -> None:
        # Most well-known paths do not exist: leave those failures out.
        if find.problem is None or find.how is not How.WELL_KNOWN:
            self.found.append(find)


_ROTATING = re.compile(r"\d{3}|\d{1,2}[./-]|-\d{1,2}$")
"""A sitemap with a number in its name is one of a series: tomorrow's news may be in the next one."""
