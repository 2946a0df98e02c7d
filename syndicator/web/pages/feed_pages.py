"""The front page, and the page of each feed: asked for by many, so drawn once for all."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.errors import StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.model.feed import FeedSpec, Order
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.feeds.page_details import FeedPreview, StoryMark
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.render.items import Item, prepare_entry
from syndicator.rules.least_recent import LeastRecent
from syndicator.web.feeds.moved_feeds import moved
from syndicator.web.http.options import WebOptions
from syndicator.web.http.responses import StaticDocument, respond_with
from syndicator.web.i18n import Wording
from syndicator.web.pages.charts import Spark, sparks
from syndicator.web.pages.feed_addresses import Address, addresses
from syndicator.web.pages.templates import Drawing, page_headers

MOST = 256
"""Pages that are kept: some 20 MB, with all codings. The one that was not asked for the longest leaves."""

Key = tuple[str, str]
"""Path and language."""


class KeptPage(NamedTuple):
    """One page, as bytes."""

    document: StaticDocument
    version: object
    drawn_at: datetime


class KeptPages:
    """A page is good for one version of what it shows, and never for longer than caches may keep it.

    (What stands beside the entries, as stories and rank histories, changes without a new version.)
    """

    def __init__(self, lifetime: timedelta, clock: Clock) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._kept = LeastRecent[Key, KeptPage](MOST, lambda _: 1)
        self._drawing = SingleFlight[tuple[Key, object], KeptPage]()

    def last(self, key: Key) -> KeptPage | None:
        """Return the page as it was drawn last, good or not."""
        return self._kept.peek(key)

    async def get(self, key: Key, version: object, draw: Callable[[], Awaitable[bytes]]) -> KeptPage:
        """Return a good page; who asks while it is being drawn waits for the same drawing."""
        kept = self._kept.get(key)
        if kept is not None and kept.version == version and self._is_young(kept):
            return kept
        return await self._drawing.get(
            (key, version), lambda: self._draw(key, version, draw), name=f"draw {key[0]}"
        )

    async def _draw(self, key: Key, version: object, draw: Callable[[], Awaitable[bytes]]) -> KeptPage:
        drawn_at = self._clock()
        page = KeptPage(StaticDocument(await draw()), version, drawn_at)
        self._kept.put(key, page)
        return page

    def _is_young(self, page: KeptPage) -> bool:
        # A clock that was put back makes no page good for longer.
        return page.drawn_at <= self._clock() < page.drawn_at + self._lifetime


_ON_INDEX = 7
_ON_FEED_PAGE = 30
_FAVOURITES = {Order.LATEST: FeedId("latest"), Order.POPULAR: FeedId("popular")}

FeedPreviews = Mapping[FeedId, FeedPreview]
"""Of feeds that are shown; empty where the store could not be asked."""


class FeedRow(Struct, frozen=True, kw_only=True):
    """A feed as a page lists it. `items` is None where the store could not be asked."""

    spec: FeedSpec
    addresses: tuple[Address, ...]
    items: tuple[Item, ...] | None = ()
    stories: Mapping[ArticleId, StoryMark] = {}
    sparks: Mapping[ArticleId, Spark] = {}

    @property
    def title(self) -> str:
        return self.spec.title or self.spec.id


class FeedPages:
    """Handlers of `/`, `/feeds` and `/feeds/{feed}`."""

    def __init__(self, reading: Queries, drawing: Drawing, options: WebOptions) -> None:
        self._page_details = reading.page_details
        self._publisher = reading.publisher
        self._site = reading.site
        self._drawing = drawing
        self._lifetime = f"public, max-age={options.page_max_age_s}"
        self._kept = KeptPages(timedelta(seconds=options.page_max_age_s), reading.clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.index),
            web.get("/feeds", self.list_of_feeds),
            web.get("/feeds/{feed}", self.feed),
            web.get("/feeds/{feed}/", self.feed_with_slash),
        ]

    async def index(self, request: web.Request) -> web.Response:
        """List the feeds, and show what is new and what is read most."""
        specs = self._publisher.public
        newest, popular = (favourite(specs, order) for order in (Order.LATEST, Order.POPULAR))

        def draw(say: Wording, previews: FeedPreviews) -> bytes:
            return self._drawing.draw(
                "index.html",
                say,
                newest=self._listed(newest, previews) if newest else None,
                popular=self._listed(popular, previews) if popular else None,
                feeds=[self._named(spec) for spec in specs.values()],
            )

        return await self._send(request, "/", [one for one in (newest, popular) if one], _ON_INDEX, draw)

    async def list_of_feeds(self, _request: web.Request) -> web.Response:
        """Lead to the list of feeds on the front page, relative to where this was asked."""
        headers: dict[str, str] = {hdrs.LOCATION: "./#feeds", hdrs.CACHE_CONTROL: self._lifetime}
        return web.Response(status=308, headers=headers)

    async def feed(self, request: web.Request) -> web.Response:
        """Show one feed: what it is, where to get it, what is in it."""
        feed = FeedId(request.match_info["feed"])
        spec = self._publisher.public.get(feed)
        if spec is None:
            return moved(request, self._publisher, feed)

        def draw(say: Wording, previews: FeedPreviews) -> bytes:
            return self._drawing.draw("feed.html", say, feed=self._listed(spec, previews))

        return await self._send(request, f"/feeds/{spec.id}", [spec], _ON_FEED_PAGE, draw)

    async def feed_with_slash(self, request: web.Request) -> web.Response:
        """Lead to the page of a feed, relative to where this was asked: right behind every proxy."""
        feed = FeedId(request.match_info["feed"])
        if feed not in self._publisher.public:
            return moved(request, self._publisher, feed)
        headers: dict[str, str] = {hdrs.LOCATION: f"../{feed}", hdrs.CACHE_CONTROL: self._lifetime}
        return web.Response(status=308, headers=headers)

    async def _send(
        self,
        request: web.Request,
        path: str,
        specs: Sequence[FeedSpec],
        most: int,
        draw: Callable[[Wording, FeedPreviews], bytes],
    ) -> web.Response:
        """Answer with the page as of now; while the store is away, as it was last, or without articles."""
        say = self._drawing.wording(request)
        headers = page_headers(say, cache_control=self._lifetime)
        try:
            page = await self._page((path, say.language), specs, most, lambda previews: draw(say, previews))
        except StoreUnavailable:
            last = self._kept.last((path, say.language))
            if last is None:
                return respond_with(request, draw(say, {}), headers)
            page = last
        return page.document.answer(request, headers)

    async def _page(
        self,
        key: tuple[str, str],
        specs: Sequence[FeedSpec],
        most: int,
        draw: Callable[[FeedPreviews], bytes],
    ) -> KeptPage:
        # The versions are read first: what is admitted meanwhile is drawn once more, never missed.
        reads = (self._publisher.version(spec.id, patiently=self._kept.last(key) is None) for spec in specs)
        version = tuple(await asyncio.gather(*reads))

        async def drawn() -> bytes:
            return draw({spec.id: await self._page_details.preview(spec.id, most) for spec in specs})

        return await self._kept.get(key, version, drawn)

    def _named(self, spec: FeedSpec) -> FeedRow:
        return FeedRow(spec=spec, addresses=addresses(self._site, f"/feeds/{spec.id}"))

    def _listed(self, spec: FeedSpec, previews: FeedPreviews) -> FeedRow:
        named, preview = self._named(spec), previews.get(spec.id)
        if preview is None:
            return FeedRow(spec=spec, addresses=named.addresses, items=None)
        return FeedRow(
            spec=spec,
            addresses=named.addresses,
            items=tuple(prepare_entry(entry, self._site, with_html=False) for entry in preview.entries),
            stories=preview.stories,
            sparks=sparks(preview.rank_histories),
        )


def favourite(specs: Mapping[FeedId, FeedSpec], order: Order) -> FeedSpec | None:
    """Return the feed that stands for what is new or popular: by name, else the first of its order."""
    named = specs.get(_FAVOURITES[order])
    if named is not None and named.order is order:
        return named
    return next((spec for spec in specs.values() if spec.order is order), None)
