"""Feeds of any filter: `/articles.rss?section=olahraga&sort=popular`."""

from collections.abc import Collection

from aiohttp import hdrs, web

from syndicator.model.feed import FORMS, Format
from syndicator.model.ids import SourceId
from syndicator.pipeline.ad_hoc import PATH, AdHocFeeds, NoSuchStory
from syndicator.pipeline.places import TooMany
from syndicator.pipeline.searching import TooManySearches
from syndicator.rules.ad_hoc import AdHoc, ad_hoc_from
from syndicator.rules.filters import FilterError
from syndicator.web.asking import check_sources, refused, values_of
from syndicator.web.feed_headers import preflight
from syndicator.web.feeds import FeedRoutes, send_rendition
from syndicator.web.forwarded import client_address
from syndicator.web.options import WebOptions
from syndicator.web.problems import ProblemRaised, not_found, unavailable


class ArticleFeedRoutes:
    """Handlers of `/articles.{form}`."""

    def __init__(
        self, ad_hoc: AdHocFeeds, sources: Collection[SourceId], feeds: FeedRoutes, options: WebOptions
    ) -> None:
        self._ad_hoc = ad_hoc
        self._sources = sources
        self._feeds = feeds
        self._trusted = options.trusted_proxies

    def routes(self) -> list[web.RouteDef]:
        feed = f"{PATH}.{{form:{FORMS}}}"
        return [web.get(feed, self.feed), web.options(feed, preflight)]

    async def feed(self, request: web.Request) -> web.Response:
        """Send what passes a filter, in one format, also while the store is away."""
        asked, form = read_asked(request, self._sources), Format(request.match_info["form"])
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
        client = client_address(request.remote, forwarded, self._trusted)
        try:
            rendition, age_s = await self._ad_hoc.rendition(asked, form, client)
        except NoSuchStory:
            raise not_found("No article with this id is kept here.") from None
        except (TooMany, TooManySearches):
            detail = "Many feeds are being made right now. Try again in a moment."
            raise ProblemRaised(unavailable(detail)) from None
        headers = self._feeds.headers_of(self._ad_hoc.outline(asked), form)
        # One address of very many that say the same: for readers, not for search engines.
        return send_rendition(request, rendition, headers | {"X-Robots-Tag": "noindex"}, age_s)


def read_asked(request: web.Request, sources: Collection[SourceId]) -> AdHoc:
    """Read what an address asks for. Raise a 400 that names the parameter, and says what to write."""
    try:
        asked = ad_hoc_from(values_of(request))
        check_sources(asked.filter, sources)
    except FilterError as error:
        raise refused(error) from error
    return asked
