"""Articles of any filter, as a page and as feeds: `/articles.rss?section=olahraga&sort=popular`."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiohttp import web
from msgspec.structs import replace

from syndicator.model.feed import FORMS, Format
from syndicator.model.ids import SourceId
from syndicator.pipeline.concurrency_limits import TooMany
from syndicator.pipeline.feeds.any_filter_feeds import PATH, AnyFilterFeeds, NoSuchStory
from syndicator.pipeline.queries import Queries
from syndicator.pipeline.search.article_search import TooManySearches
from syndicator.render.items import prepare_entry
from syndicator.rules.feeds.any_filter_feeds import AdHoc, ad_hoc_from
from syndicator.rules.filter_language import FilterError
from syndicator.web.feeds.feed_headers import preflight
from syndicator.web.feeds.feed_routes import TOO_MANY, FeedRoutes, send_rendition
from syndicator.web.http.client_limits import Clients, ThingLimit
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import ProblemRaised, not_found, unavailable
from syndicator.web.http.query_parameters import called_now, refused, values_of
from syndicator.web.http.responses import respond_with
from syndicator.web.pages.feed_addresses import addresses
from syndicator.web.pages.feed_pages import FeedRow
from syndicator.web.pages.templates import Drawing, page_headers

ON_PAGE = 30
_ROBOTS = {"X-Robots-Tag": "noindex"}
"""One address of very many that say the same: for readers, not for search engines."""


class ArticleFeedRoutes:
    """Handlers of `/articles` and `/articles.{form}`."""

    def __init__(
        self,
        any_filter_feeds: AnyFilterFeeds,
        reading: Queries,
        drawing: Drawing,
        feeds: FeedRoutes,
        options: WebOptions,
    ) -> None:
        self._any_filter_feeds = any_filter_feeds
        self._site = reading.site
        self._sources = reading.publisher.sources
        self._page_details = reading.page_details
        self._drawing = drawing
        self._feeds = feeds
        self._clients = Clients(options.trusted_proxies, options.unlimited)
        self._limit = ThingLimit.a_minute(options.feeds_a_minute, time.monotonic)
        self._page_lifetime = f"public, max-age={options.page_max_age_s}"

    def routes(self) -> list[web.RouteDef]:
        feed = f"{PATH}.{{form:{FORMS}}}"
        return [web.get(PATH, self.page), web.get(feed, self.feed), web.options(feed, preflight)]

    async def page(self, request: web.Request) -> web.Response:
        """Show what passes a filter, and where to subscribe to it."""
        asked = read_asked(request, self._sources)
        with _problems_raised():
            client = self._clients.name(request)
            snapshot = await self._any_filter_feeds.snapshot(
                replace(asked, size=min(asked.size, ON_PAGE)), client
            )
        title = snapshot.spec.title.removesuffix(self._site.title).removesuffix(" – ") or self._site.title
        say, spelled = self._drawing.wording(request), asked.spelled()
        body = self._drawing.draw(
            "articles.html",
            say,
            canonical=self._any_filter_feeds.outline(asked).page_url,
            feed=FeedRow(
                spec=replace(snapshot.spec, title=title),
                addresses=addresses(self._site, PATH, spelled),
                items=tuple(prepare_entry(one, self._site, with_html=False) for one in snapshot.entries),
                stories=await self._page_details.story_marks([one.article.id for one in snapshot.entries]),
            ),
        )
        return respond_with(request, body, page_headers(say, cache_control=self._page_lifetime) | _ROBOTS)

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """Send what passes a filter, in one format, also while the store is away."""
        asked, form = read_asked(request, self._sources), Format(request.match_info["form"])
        with _problems_raised():
            rendition, age_s = await self._any_filter_feeds.rendition(
                asked, form, self._clients.name(request)
            )
        headers = self._feeds.headers_of(self._any_filter_feeds.outline(asked), form) | _ROBOTS
        answer = send_rendition(request, rendition, headers, age_s)
        self._clients.check_answer(request, answer, self._limit, rendition.feed)
        return answer


@contextmanager
def _problems_raised() -> Iterator[None]:
    """Raise refusals of the body as problems."""
    try:
        yield
    except NoSuchStory:
        raise not_found("No article with this id is kept here.") from None
    except (TooMany, TooManySearches):
        raise ProblemRaised(unavailable(TOO_MANY)) from None


def read_asked(request: web.Request, sources: Mapping[SourceId, SourceId]) -> AdHoc:
    """Read what an address asks for. Raise a 400 that names the parameter, and says what to write."""
    try:
        asked = ad_hoc_from(values_of(request))
        asked = replace(asked, filter=called_now(asked.filter, sources))
    except FilterError as error:
        raise refused(error) from error
    return asked
