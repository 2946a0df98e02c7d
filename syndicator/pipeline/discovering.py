"""What there is to gather at an address: feeds first, then sitemaps, then the structure of the page itself.

itself → announced in head and header → linked on the page → well-known paths → sitemaps → selectors
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import NotReadable
from syndicator.gather.candidates import FeedReading
from syndicator.gather.discovery import (
    How,
    PageFindings,
    Pointer,
    RobotsVerdict,
    ask_robots,
    well_known_feeds,
)
from syndicator.gather.html import same_site
from syndicator.gather.sniff import DocumentKind, sniff
from syndicator.model.fetch import Fetched, FetchFailed, Reason, Redirect
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.previewing import Desk, Preview, preview, read_page
from syndicator.pipeline.rounds import RoundFailed, fetched

MAX_TRIED = 10
"""Feeds that are tried of those which a page names, and again of the well-known paths."""


class Found(Struct, frozen=True, kw_only=True):
    """Something that could be gathered, or seemed so."""

    kind: SourceKind
    url: str
    how: How
    title: str | None = None
    entries: int = 0
    newest: datetime | None = None
    problem: str | None = None
    """Why it is of no use; None where it is."""


class Discovery(Struct, frozen=True, kw_only=True):
    """What was found at an address, and a look at the best of it."""

    requested_url: str
    final_url: str
    redirects: tuple[Redirect, ...] = ()
    canonical_url: str | None = None
    """Where the page says that it belongs, when that is another host."""
    robots: RobotsVerdict | None = None
    """Of the address asked for; None where the file could not be read."""
    found: tuple[Found, ...]
    """The surest first."""
    preview: Preview


class NothingFound(NotReadable):
    """The address leads to a document that nothing can be gathered from; `found` tells what was tried."""

    def __init__(self, reason: str, detail: str, found: tuple[Found, ...] = ()) -> None:
        super().__init__(reason, detail)
        self.found = found


async def discover(
    desk: Desk, draft: Source, *, user_agent: str, wanted: SourceKind | None = None, articles: int = 3
) -> Discovery:
    """Find what can be gathered at the address of `draft`, and look at the best of it.

    `draft` says how to ask and in which zone dates are; `wanted` leaves out the other kinds. One request at
    a time, about thirty at most. Raises RoundFailed where the address gives no document, NothingFound where
    nothing can be gathered.
    """
    document = fetched(await desk.fetch(draft, draft.url))
    search = _Search(desk, draft, document, user_agent)
    await search.look(wanted)
    chosen = search.best()
    if chosen is None:
        raise NothingFound(Reason.NOT_A_FEED, _nothing(document, search.found, wanted), tuple(search.found))
    shown = await preview(desk, chosen, articles=articles)
    canonical = search.findings.canonical_url
    return Discovery(
        requested_url=document.requested_url,
        final_url=document.url,
        redirects=document.redirects,
        canonical_url=canonical if canonical and not same_site(canonical, document.url) else None,
        robots=search.robots,
        found=tuple(search.found),
        preview=shown,
    )


class _Search:
    """One search: what was found so far, and what each find is as a source."""

    def __init__(self, desk: Desk, draft: Source, document: Fetched, user_agent: str) -> None:
        self._desk = desk
        self._draft = draft
        self._document = document
        self._user_agent = user_agent
        self.found: list[Found] = []
        self.findings = PageFindings()
        self.robots: RobotsVerdict | None = None
        self._sources: dict[str, Source] = {}

    async def look(self, wanted: SourceKind | None) -> None:
        """Look for one kind after the other until there is something."""
        is_page = sniff(self._document.body) is DocumentKind.HTML
        if wanted in {None, SourceKind.FEED} and not is_page:
            await self._try_feed(Pointer(url=self._document.requested_url, how=How.ITSELF))
        if self._sources or not is_page:
            return
        self.findings = await read_page(self._desk, self._document)
        self.robots = await self._ask_robots()
        if wanted in {None, SourceKind.FEED}:
            await self._try_feeds(self.findings.feeds)
            if not self._sources:
                await self._try_feeds(well_known_feeds(self._document.url))

    def best(self) -> Source | None:
        """Give the surest find of use: one of comments, or without an entry, only where there is no other."""
        useful = [one for one in self.found if one.problem is None]
        ranked = sorted(useful, key=lambda one: (_is_of_comments(one), not one.entries))
        return self._sources[ranked[0].url] if ranked else None

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
            self._note(pointer, SourceKind.FEED, problem=error.failed.code)
        except NotReadable as error:
            self._note(pointer, SourceKind.FEED, problem=error.detail)
        else:
            self._take(pointer, source, document, reading)

    def _take(self, pointer: Pointer, source: Source, document: Fetched, reading: FeedReading) -> None:
        if any(one.url == document.url for one in self._sources.values()):
            return  # another address of a feed that was found before
        self._note(
            pointer,
            SourceKind.FEED,
            title=reading.title or pointer.title,
            entries=len(reading.candidates),
            newest=max((one.published_at for one in reading.candidates if one.published_at), default=None),
        )
        self._sources[pointer.url] = replace(
            source,
            url=document.url,
            title=reading.title or self.findings.title or source.title,
            language=reading.language or self.findings.language,
        )

    def _note(
        self,
        pointer: Pointer,
        kind: SourceKind,
        *,
        title: str | None = None,
        entries: int = 0,
        newest: datetime | None = None,
        problem: str | None = None,
    ) -> None:
        # That most well-known paths lead nowhere is no news.
        if problem is None or pointer.how is not How.WELL_KNOWN:
            self.found.append(
                Found(
                    kind=kind,
                    url=pointer.url,
                    how=pointer.how,
                    title=title or pointer.title,
                    entries=entries,
                    newest=newest,
                    problem=problem,
                )
            )

    async def _ask_robots(self) -> RobotsVerdict | None:
        """Ask robots.txt about the address; without the file all is allowed (RFC 9309, 2.3.1.3)."""
        url = urljoin(self._document.url, "/robots.txt")
        result = await self._desk.fetch(self._draft, url)
        if isinstance(result, Fetched) and sniff(result.body) is not DocumentKind.HTML:
            return ask_robots(result.body, self._document.url, self._user_agent)
        missing = isinstance(result, Fetched) or (isinstance(result, FetchFailed) and _is_missing(result))
        return RobotsVerdict() if missing else None


def _is_missing(failed: FetchFailed) -> bool:
    return failed.status is not None and 400 <= failed.status < 500  # noqa: PLR2004  the classes of HTTP


def _check_host(pointer: Pointer, document: Fetched) -> None:
    """Refuse a guessed path that leads to another host: what stands there is not this portal's to offer."""
    if pointer.how is How.WELL_KNOWN and not same_site(pointer.url, document.url):
        raise NotReadable(Reason.REDIRECT, f"it leads to {urlsplit(document.url).hostname}")


def _is_of_comments(found: Found) -> bool:
    told = f"{found.url} {found.title or ''}".lower()
    return "comment" in told or "komentar" in told


def _nothing(document: Fetched, found: Sequence[Found], wanted: SourceKind | None) -> str:
    what = {None: "a feed", SourceKind.FEED: "a feed"}.get(wanted, "what was asked for")
    tried = f" ({len(found)} addresses were tried)" if found else ""
    return f"nothing at {document.url} is {what}{tried}"
