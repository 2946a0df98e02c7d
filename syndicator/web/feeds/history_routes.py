"""Older documents of feeds (RFC 5005): `/feeds/{feed}/before/…` pages, `/feeds/{feed}/archive/…` archives."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from syndicator.model.feed import FORMS, Format, Rendition
from syndicator.model.ids import FeedId
from syndicator.pipeline.concurrency_limits import TooMany
from syndicator.pipeline.feeds.history import History
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.web.feeds.feed_headers import FeedHeaders, preflight
from syndicator.web.feeds.feed_routes import send_rendition
from syndicator.web.feeds.moved_feeds import moved
from syndicator.web.http.client_limits import Clients, ThingLimit
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import ProblemRaised, not_found, unavailable

_STAYS = "public, max-age=86400, stale-if-error=604800"
"""A day: what is withdrawn has to leave caches."""

_BUSY = "Many documents are being made right now. Try again in a moment."

_Read = Callable[[FeedId, str, Format, str], Awaitable[tuple[Rendition, int | None] | None]]


class HistoryRoutes:
    """Handlers of both."""

    def __init__(self, history: History, publisher: Publisher, options: WebOptions) -> None:
        self._history = history
        self._publisher = publisher
        self._headers = FeedHeaders(publisher.site, options)
        self._clients = Clients(options.trusted_proxies, options.unlimited)
        self._limit = ThingLimit.a_minute(options.feeds_a_minute, time.monotonic)

    def routes(self) -> list[web.RouteDef]:
        page = "/feeds/{feed}/before/{name}.{form:" + FORMS + "}"
        archive = "/feeds/{feed}/archive/{name}.{form:" + FORMS + "}"
        return [
            web.get(page, self.page),
            web.options(page, preflight),
            web.get(archive, self.archive),
            web.options(archive, preflight),
        ]

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Send what a feed held before a place in it."""
        return await self._send(request, "before", self._history.page)

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """Send what a feed lists in a span of time that is over."""
        return await self._send(request, "archive", self._history.archive)

    async def _send(self, request: web.Request, kind: str, read: _Read) -> web.StreamResponse:
        feed, name = FeedId(request.match_info["feed"]), request.match_info["name"]
        form = Format(request.match_info["form"])
        if feed not in self._publisher.public:
            return moved(request, self._publisher, feed, f"/{kind}/{name}.{form.value}")
        try:
            found = await read(feed, name, form, self._clients.name(request))
        except TooMany:
            raise ProblemRaised(unavailable(_BUSY)) from None
        if found is None:
            raise not_found("This feed has no such document.")
        rendition, age_s = found
        own = self._publisher.site.url(f"/feeds/{feed}/{kind}/{name}.{form.value}")
        page = self._publisher.site.url(f"/feeds/{feed}")
        headers = self._headers.named(own, page, form, (), rendition.links)
        if kind == "archive":
            headers[hdrs.CACHE_CONTROL] = _STAYS
        answer = send_rendition(request, rendition, headers, age_s)
        self._clients.check_answer(request, answer, self._limit, feed)
        return answer
