"""Search as a page, and what is found as a feed to subscribe to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.model.feed import FORMS, FeedSnapshot, Filter, Format, Rendition
from syndicator.model.ids import ArticleId, SourceId
from syndicator.pipeline.feeds.feed_dates import shown_of
from syndicator.pipeline.feeds.page_details import StoryMark
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.search.article_search import MOST, ArticleSearch, SearchResult, TooManySearches
from syndicator.render.items import Item, prepare_entry
from syndicator.rules.filter_language import WORD_KEYS, parts_of, query_of
from syndicator.rules.least_recent import LeastRecent
from syndicator.rules.search.query import MAX_CHARACTERS, QueryError
from syndicator.web.feeds.feed_headers import preflight
from syndicator.web.feeds.feed_routes import FeedRoutes, send_rendition
from syndicator.web.http.forwarded import client_address
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import bad_request, searches_wait
from syndicator.web.http.query_parameters import read_filter, values_of
from syndicator.web.http.responses import respond_with
from syndicator.web.pages.feed_addresses import Address, addresses
from syndicator.web.pages.templates import Drawing, page_headers

ON_PAGE = 20
PAGES = MOST // ON_PAGE
IN_FEED = 30
"""Entries of a feed of what is found: anyone can ask for one, so it has to be cheap."""
_KEPT = 64
"""Feeds in one format, as bytes."""
_DRAWN_AT_ONCE = 4
AT_ONCE_EACH = 4
"""Searches that one address may have waiting: the others are for others."""
_FRESH = "public, max-age=1"
"""Who searches again looks for what is new."""


class SearchQuery(Struct, frozen=True, kw_only=True):
    """What a URL asks for."""

    query: str
    within: Filter
    """The other keys of the filter."""
    best: bool
    page: int

    def spelled(self, page: int = 1) -> str:
        """Write it as the part of a URL behind the `?`, always in the same way."""
        values = [("q", self.query), *self.limits]
        values += [("order", "best")] if self.best else []
        return urlencode([*values, ("page", str(page))] if page > 1 else values)

    @property
    def limits(self) -> list[tuple[str, str]]:
        """Return the other keys as the form sends them along."""
        return parts_of(self.within)


class SearchRoutes:
    """Handlers of `/search` and `/search.{form}`."""

    def __init__(
        self,
        article_search: ArticleSearch,
        reading: Queries,
        drawing: Drawing,
        feeds: FeedRoutes,
        options: WebOptions,
    ) -> None:
        self._article_search = article_search
        self._publisher = reading.publisher
        self._page_details = reading.page_details
        self._drawing = drawing
        self._feeds = feeds
        self._trusted = options.trusted_proxies
        self._waiting: Counter[str] = Counter()
        self._drawn = LeastRecent[tuple[object, ...], Rendition](_KEPT)
        self._drawing_now = 0

    def routes(self) -> list[web.RouteDef]:
        feed = "/search.{form:" + FORMS + "}"
        return [
            web.get("/search", self.page),
            web.get(feed, self.feed),
            web.options(feed, preflight),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Show the form, and what is found by what was written in it."""
        asked = _asked(request, self._publisher.sources)
        found, fault = None, None
        if asked.query:
            try:
                found = await self._search(request, asked)
            except QueryError as error:
                fault = error
        ids = found.ids[(asked.page - 1) * ON_PAGE : asked.page * ON_PAGE] if found else ()
        say = self._drawing.wording(request)
        site = self._publisher.site
        items = [prepare_entry(entry, site, with_html=False) for entry in await self._publisher.listed(ids)]
        body = self._drawing.draw(
            "search.html",
            say,
            asked=asked,
            found=found,
            fault=fault,
            most=MOST,
            longest=MAX_CHARACTERS,
            pages=min(PAGES, -(-len(found.ids) // ON_PAGE)) if found else 0,
            feed=_Listed(
                title=asked.query,
                addresses=addresses(site, "/search", asked.spelled()),
                items=items,
                stories=await self._page_details.story_marks(ids) if ids else {},
            ),
        )
        headers = page_headers(say, cache_control="no-store" if fault else _FRESH)
        headers["X-Robots-Tag"] = "noindex"
        if fault is not None:
            return web.Response(status=400, body=body, headers=headers)
        return respond_with(request, body, headers)

    async def feed(self, request: web.Request) -> web.Response:
        """Send what is found, in one format."""
        asked, form = _asked(request, self._publisher.sources), Format(request.match_info["form"])
        try:
            found = await self._search(request, asked)
        except QueryError as error:
            raise bad_request(f"The query {error}: {error.remedy}.") from error
        title = f"{asked.query} – {self._publisher.site.title}"
        ids = found.ids[:IN_FEED]
        snapshot = await self._publisher.found(title, ids, "/search", asked.spelled())
        headers = self._feeds.headers_of(snapshot, form) | {"X-Robots-Tag": "noindex"}
        rendition = await self._rendition(snapshot, form)
        return send_rendition(request, rendition, headers, None)

    async def _search(self, request: web.Request, asked: SearchQuery) -> SearchResult:
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
        client = client_address(request.remote, forwarded, self._trusted)
        if self._waiting[client] >= AT_ONCE_EACH:
            raise searches_wait()
        self._waiting[client] += 1
        try:
            return await self._article_search.search(asked.query, best=asked.best, within=asked.within)
        except TooManySearches as error:
            raise searches_wait() from error
        finally:
            self._waiting[client] -= 1
            self._waiting += Counter()  # forgets who has none any more

    async def _rendition(self, snapshot: FeedSnapshot, form: Format) -> Rendition:
        """Render what is not at hand; a storm of searches must not keep other feeds from being rendered."""
        key = (snapshot.asked, form, shown_of(snapshot))
        if (kept := self._drawn.get(key)) is not None:
            return kept
        if self._drawing_now >= _DRAWN_AT_ONCE:
            raise searches_wait()
        self._drawing_now += 1
        try:
            drawn = await self._publisher.rendered(snapshot, form)
        finally:
            self._drawing_now -= 1
        self._drawn.put(key, drawn)
        return drawn


class _Listed(Struct, frozen=True, kw_only=True):
    title: str
    addresses: tuple[Address, ...]
    items: Sequence[Item]
    stories: Mapping[ArticleId, StoryMark]


def _asked(request: web.Request, sources: Mapping[SourceId, SourceId]) -> SearchQuery:
    """Read a URL; what is written otherwise but means the same is the same."""
    order, page = request.query.get("order", "newest"), request.query.get("page", "1")
    if order not in {"newest", "best"}:
        raise bad_request("The order is newest or best.")
    if not (
        page.isascii() and page.isdigit() and 1 <= int(page[:4]) <= PAGES and len(page) <= len(str(PAGES))
    ):
        raise bad_request(f"Pages are numbered from 1 to {PAGES}.")
    given = values_of(request)
    return SearchQuery(
        query=query_of(given),
        within=read_filter({key: given.get(key, []) for key in (*WORD_KEYS, "since", "until")}, sources),
        best=order == "best",
        page=int(page),
    )
