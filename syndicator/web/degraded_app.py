"""What is answered while Redis has not been reached since the start: feeds as they were last, and no more."""

from collections.abc import Collection

from aiohttp import hdrs, web

from syndicator.model.feed import FORMS, Format, Site
from syndicator.model.ids import FeedId
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.web.feeds.feed_headers import FeedHeaders, preflight
from syndicator.web.feeds.feed_routes import kept_of, send_rendition
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import ProblemRaised, unavailable
from syndicator.web.ops.health import HealthRoutes


class WaitingRoutes:
    """Handlers of `/feeds/{feed}.{form}` and of all else."""

    def __init__(
        self, site: Site, feeds: Collection[FeedId], stale_cache: StaleCache, options: WebOptions
    ) -> None:
        self._feeds = frozenset(feeds)
        self._stale_cache = stale_cache
        self._headers = FeedHeaders(site, options)
        self._health = HealthRoutes(None, feeds, stale_cache)

    def routes(self) -> list[web.RouteDef]:
        feed = "/feeds/{feed}.{form:" + FORMS + "}"
        return [
            web.get(feed, self.feed),
            web.options(feed, preflight),
            *self._health.routes(),
            web.get("/", self.anything),
            web.route(hdrs.METH_ANY, "/{path:.*}", self.anything),
        ]

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """Send a feed as it was last."""
        feed, form = FeedId(request.match_info["feed"]), Format(request.match_info["form"])
        if feed not in self._feeds:  # unknown, or private: the answer is the same
            return await self.anything(request)
        rendition, age_s = await kept_of(self._stale_cache, feed, form)
        return send_rendition(request, rendition, self._headers.of(rendition), age_s)

    async def anything(self, request: web.Request) -> web.StreamResponse:
        """Return the answer that there is nothing but feeds."""
        del request
        raise ProblemRaised(unavailable("Nothing can be read from the store right now."))
