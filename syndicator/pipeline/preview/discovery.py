"""What there is to gather at an address: feeds first, then news sitemaps, then the structure of the page.

itself → announced in head and header → linked on the page → well-known paths → sitemaps → selectors
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.errors import NotReadable
from syndicator.gather.articles.claim_merge import language_code
from syndicator.gather.documents.html import same_site, to_text
from syndicator.gather.documents.sniff import DocumentKind, sniff
from syndicator.gather.language import MAX_CHARS, language_of
from syndicator.gather.proposals.discovery import (
    How,
    PageFindings,
    Pointer,
    well_known_feeds,
    well_known_sitemaps,
)
from syndicator.gather.proposals.selector_inference import propose_for_articles, propose_for_list
from syndicator.gather.robots import Robots
from syndicator.model.article import Candidate
from syndicator.model.fetch import Fetched, FetchFailed, FetchResult, Reason
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.dry_run_context import (
    Desk,
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
    is_bare,
    of_pointer,
    rank,
    way_of,
)
from syndicator.pipeline.preview.preview import Preview, elsewhere, preview, read_page, read_sitemaps
from syndicator.pipeline.sources.round_result import RoundFailed, fetched
from syndicator.rules.dates.claimed_dates import MAX_AHEAD

MAX_TRIED = 10
"""Feeds that are tried of those which a page names, and again of the well-known paths."""
MAX_SITEMAPS = 3
_MIN_TEXT = 200
"""Characters of HTML: what is shorter is a lead."""
_TEXTS = 10
"""Articles whose words tell the language."""
PROPOSED_FROM = 3
"""Article pages from which selectors are made."""


async def discover(
    desk: Desk, draft: Source, *, wanted: SourceKind | None = None, articles: int = 3
) -> Discovery:
    """Find what can be gathered at the address of `draft`, and look at the best of it.

    `draft` says how to ask and in which zone dates are; `wanted` leaves out the other kinds. One request at
    a time, thirty at most. Raises RoundFailed where the address gives no document, NothingFound where
    nothing can be gathered.
    """
    desk = dataclasses.replace(desk, fetch=_remembering(desk.fetch))
    document = fetched(await desk.fetch(draft, draft.url))
    search = _Search(desk, draft, document)
    await search.look(wanted)
    chosen = search.best()
    if chosen is None:
        raise NothingFound(search.why, search.nothing(wanted), tuple(search.found))
    shown, notes = await _looked_at(desk, chosen, articles)
    shown, in_words = await _in_its_language(desk, shown, articles)
    return Discovery(
        requested_url=document.requested_url,
        final_url=document.url,
        redirects=document.redirects,
        canonical_url=elsewhere(search.findings.canonical_url, document.url),
        robots=verdict(search.robots, document.url),
        found=search.ranked(),
        notes=(
            *search.ways,
            *(search.notes if chosen.kind is SourceKind.PAGE else ()),
            *search.of_dates(chosen),
            *notes,
            *in_words,
        ),
        preview=shown,
    )


async def _in_its_language(desk: Desk, shown: Preview, articles: int) -> tuple[Preview, list[str]]:
    """Believe the words of the articles rather than what feed or page claim of their language."""
    texts = [
        f"{one.title}\n{one.lead}\n{to_text(one.body_html, MAX_CHARS)}" for one in shown.candidates[:_TEXTS]
    ]
    found = language_of("\n".join(texts), MAX_CHARS * _TEXTS)
    claimed = shown.source.language
    if found is None or found == (claimed or "").partition("-")[0]:
        return shown, []
    again = await preview(desk, replace(shown.source, language=found), articles=articles)
    text = f'language = "{found}": that is what the articles are written in, though "{claimed}" is claimed'
    return again, [text] if claimed else []


async def _looked_at(desk: Desk, chosen: Source, articles: int) -> tuple[Preview, list[str]]:
    """Look at the best find; where it brings no texts, at its article pages too, which may."""
    shown = await preview(desk, chosen, articles=articles)
    first = shown.candidates[:PROPOSED_FROM]
    if chosen.kind is SourceKind.PAGE or chosen.full_text or not first or any(map(_has_text, first)):
        return shown, []
    full = replace(chosen, full_text=True)
    try:
        richer = await preview(desk, full, articles=min(articles, PROPOSED_FROM))
    except (RoundFailed, NotReadable):
        return shown, []
    texts = sum(_has_text(one) for one in richer.candidates if one.provenance.read_from)
    if not texts:
        new = [each for each in richer.warnings if each not in shown.warnings]
        return shown, [f"article pages bring no more: {each}" for each in new[:1]]
    of = min(articles, PROPOSED_FROM, len(richer.listed or richer.candidates))
    return richer, [f"full_text = true: it brings no texts itself, the pages of {texts} of {of} articles do"]


def _has_text(candidate: Candidate) -> bool:
    return len(candidate.body_html) > max(_MIN_TEXT, len(candidate.lead))


def _remembering(fetch: Fetcher) -> Fetcher:
    """Ask for no address twice."""
    answers: dict[str, FetchResult] = {}

    async def ask(source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        if url not in answers:
            answers[url] = await fetch(source, url, gate=gate)
        return answers[url]

    return ask


class _Search:
    """One search: what was found so far, and what each find is as a source."""

    def __init__(self, desk: Desk, draft: Source, document: Fetched) -> None:
        self._desk = desk
        self._draft = draft
        self._document = document
        self.found: list[DiscoveredSource] = []
        self.notes: list[str] = []
        self.findings = PageFindings()
        self.robots: Robots | None = None
        self.why = Reason.NOT_A_FEED
        self.ways: list[str] = []
        """By which redirects each find was come to."""
        self._sources: dict[str, Source] = {}
        """By the address at which they were found."""
        self._read: set[str] = set()

    async def look(self, wanted: SourceKind | None) -> None:
        """Look for one kind after the other until there is something."""
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
        if wanted is SourceKind.SITEMAP or (wanted is None and not self._sources):
            await self._try_sitemaps(self._sitemaps())
        if wanted is SourceKind.PAGE or (wanted is None and not self._is_news()):
            await self._try_page()

    def ranked(self) -> tuple[DiscoveredSource, ...]:
        """Return all finds, the best first."""
        return tuple(sorted(self.found, key=rank))

    def best(self) -> Source | None:
        """Return the best find of use; one of comments, or without an entry, only where there is no other."""
        first = next(iter(self.ranked()), None)
        return self._sources.get(first.url) if first else None

    def of_dates(self, chosen: Source) -> tuple[str, ...]:
        """Return why dates ahead are taken as meant."""
        why = "future_dates = true: most dates are ahead, as those of events are; without it none is kept"
        return (why,) if chosen.future_dates else ()

    def nothing(self, wanted: SourceKind | None) -> str:
        """Return a sentence that says that there is nothing."""
        tried = [one for one in self.found if one.how in {How.STRUCTURE, How.ITSELF} and one.problem]
        problem = tried[0].problem if tried else None
        what = {
            None: "neither a feed nor a sitemap nor a list of articles",
            SourceKind.PAGE: "no list of articles",
        }
        if self.why is Reason.ROBOTS:
            return f"{self._document.url}: {problem}"
        result = what.get(wanted, f"no {wanted}")
        way = f" ({way_of(self._document)})" if self._document.redirects else ""
        return f"there is {result} at {self._document.url}{way}" + (f": {problem}" if problem else "")

    def _is_news(self) -> bool:
        """Whether something was found that brings headlines by itself."""
        return any(one.problem is None and one.entries and not is_bare(one) for one in self.found)

    async def _look_at_itself(self, wanted: SourceKind | None) -> None:
        pointer = Pointer(url=self._document.requested_url, how=How.ITSELF)
        if wanted in {None, SourceKind.FEED}:
            await self._try_feed(pointer)
        if wanted in {None, SourceKind.SITEMAP} and not self._sources:
            await self._try_sitemap(pointer)
        if self._sources:  # what it is tells what it is not
            self.found = [one for one in self.found if one.problem is None]

    async def _try_feeds(self, pointers: Iterable[Pointer]) -> None:
        tried = {one.url for one in self.found}
        for pointer in [each for each in pointers if each.url not in tried][:MAX_TRIED]:
            await self._try_feed(pointer)

    async def _try_feed(self, pointer: Pointer) -> None:
        source = replace(self._draft, kind=SourceKind.FEED, url=pointer.url)
        try:
            document = fetched(await self._desk.fetch(source, pointer.url))
            _check_host(pointer, document)
            reading = await self._desk.gatherer.read_feed(source, document)
        except RoundFailed as error:
            self._note(
                DiscoveredSource(kind=SourceKind.FEED, problem=error.failed.code, **of_pointer(pointer))
            )
        except NotReadable as error:
            self._note(DiscoveredSource(kind=SourceKind.FEED, problem=error.detail, **of_pointer(pointer)))
        else:
            if document.url in self._read:
                return  # another address of a feed that was found before
            self._note_way(document)
            dates = [one.published_at for one in reading.candidates if one.published_at]
            title = reading.title or pointer.title
            self._note(
                DiscoveredSource(
                    kind=SourceKind.FEED,
                    entries=len(reading.candidates),
                    newest=max(dates, default=None),
                    **of_pointer(pointer, title),
                )
            )
            ahead = sum(one > document.fetched_at + MAX_AHEAD for one in dates)
            events = replace(source, future_dates=2 * ahead > len(dates))
            self._keep(pointer, events, document, title, reading.language)

    async def _try_sitemaps(self, pointers: Sequence[Pointer]) -> None:
        for pointer in pointers[:MAX_SITEMAPS]:
            await self._try_sitemap(pointer)
            if self._is_news():
                break

    async def _try_sitemap(self, pointer: Pointer) -> None:
        source = replace(self._draft, kind=SourceKind.SITEMAP, url=pointer.url)
        try:
            document = fetched(await self._desk.fetch(source, pointer.url))
            _check_host(pointer, document)
            items, _, listing = await read_sitemaps(self._desk, source, document)
        except RoundFailed as error:
            self._note(
                DiscoveredSource(kind=SourceKind.SITEMAP, problem=error.failed.code, **of_pointer(pointer))
            )
        except NotReadable as error:
            self._note(DiscoveredSource(kind=SourceKind.SITEMAP, problem=error.detail, **of_pointer(pointer)))
        else:
            self._note_way(document)
            result = sum(item.title is not None for item in items)
            if result and listing is not document and not _ROTATING.search(urlsplit(listing.url).path):
                pointer, document = Pointer(url=listing.requested_url, how=pointer.how), listing
            title = None if result else BARE
            dates = [item.published_at for item in items if item.published_at]
            self._note(
                DiscoveredSource(
                    kind=SourceKind.SITEMAP,
                    entries=len(items),
                    newest=max(dates, default=None),
                    **of_pointer(pointer, title),
                )
            )
            full = replace(source, full_text=not result)
            language = next((item.language for item in items if item.language), None)
            self._keep(pointer, full, document, None, language)

    def _sitemaps(self) -> list[Pointer]:
        """Return those of robots.txt, those of news first, else those at well-known paths."""
        named = self.robots.sitemaps if self.robots else ()
        pointers = [Pointer(url=url, how=How.ROBOTS) for url in named if url.startswith("http")]
        pointers.sort(key=lambda pointer: "news" not in pointer.url.lower())
        return pointers or list(well_known_sitemaps(self._document.url))

    async def _try_page(self) -> None:
        """Propose selectors for the page and the articles that it lists."""
        source = replace(self._draft, kind=SourceKind.PAGE, url=_lasting(self._document))
        pointer = Pointer(url=self._document.url, how=How.STRUCTURE, title=self.findings.title)
        try:
            proposal = await self._desk.pool.run(propose_for_list, source, self._document)
            pages = await self._article_pages(source, proposal.urls)
            articles = await self._desk.pool.run(propose_for_articles, source, pages, proposal.dates)
        except NotReadable as error:
            self._note(DiscoveredSource(kind=SourceKind.PAGE, problem=error.detail, **of_pointer(pointer)))
            return
        self.notes += (*proposal.notes, *articles.notes)
        if self.findings.article:
            self.notes.append("the page calls itself one article: a page that lists articles is better")
        self._note(DiscoveredSource(kind=SourceKind.PAGE, entries=len(proposal.urls), **of_pointer(pointer)))
        proposed = replace(source, list=proposal.list, article=articles.article, popular=proposal.popular)
        self._keep(pointer, proposed, self._document, self.findings.title, None)

    async def _article_pages(self, source: Source, urls: Sequence[str]) -> list[Fetched]:
        """Read the first few pages that robots.txt allows."""
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
        self._sources[pointer.url] = replace(
            source,
            url=_lasting(document),
            title=title or self.findings.title or self._title_of_feeds() or _host(document) or source.title,
            language=language_code(language or self.findings.language or "") or None,
        )

    def _title_of_feeds(self) -> str | None:
        return next((one.title for one in self.found if one.kind is SourceKind.FEED and one.title), None)

    def _note_way(self, document: Fetched) -> None:
        if document is not self._document and document.redirects:
            self.ways.append(way_of(document))

    def _note(self, found: DiscoveredSource) -> None:
        # That most well-known paths lead nowhere is no news.
        if found.problem is None or found.how is not How.WELL_KNOWN:
            self.found.append(found)


_ROTATING = re.compile(r"\d{3}|\d{1,2}[./-]|-\d{1,2}$")
"""A sitemap with a number in its name is one of a row: tomorrow's news may be in the next one."""


def _host(document: Fetched) -> str | None:
    return urlsplit(document.url).hostname


def _lasting(document: Fetched) -> str:
    """Return the address to keep: where it has moved for good; a redirect for now is followed each time."""
    return document.moved_to or (document.requested_url if document.redirects else document.url)


def _check_host(pointer: Pointer, document: Fetched) -> None:
    """Refuse a guessed path that leads to another host: what stands there is not this portal's to offer."""
    if pointer.how is How.WELL_KNOWN and not same_site(pointer.url, document.url):
        raise NotReadable(Reason.REDIRECT, f"it leads to {urlsplit(document.url).hostname}")
