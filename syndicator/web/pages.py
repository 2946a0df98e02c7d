"""Pages for people. They work without scripts, and while the store is away as far as they can."""

from collections.abc import Mapping

from aiohttp import hdrs, web
from markupsafe import Markup
from msgspec import Struct

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import CONTENT_TYPES, READER_FORMATS, FeedSpec, Format, Order
from syndicator.model.ids import ArticleId, FeedId, is_article_id
from syndicator.pipeline.browsing import StoryMark
from syndicator.pipeline.reading import Reading
from syndicator.render.items import Item, prepare_entry
from syndicator.web.charts import Spark, sparks
from syndicator.web.drawing import Drawing, page_headers
from syndicator.web.options import WebOptions
from syndicator.web.problems import Problem, gone, not_found, problem_headers
from syndicator.web.responses import respond_with
from syndicator.web.sitemaps import PATH as NEWS_SITEMAP
from syndicator.web.texts import TEXTS

FORMAT_NAMES = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}
_ON_INDEX = 7
_ON_FEED_PAGE = 30
_FAVOURITES = {Order.LATEST: FeedId("latest"), Order.POPULAR: FeedId("popular")}


class Address(Struct, frozen=True, kw_only=True):
    """One feed in one format."""

    name: str
    url: str
    path: str
    media_type: str


class Listed(Struct, frozen=True, kw_only=True):
    """A feed as a page lists it. `items` is None where the store could not be asked."""

    spec: FeedSpec
    addresses: tuple[Address, ...]
    items: tuple[Item, ...] | None = ()
    stories: Mapping[ArticleId, StoryMark] = {}
    sparks: Mapping[ArticleId, Spark] = {}

    @property
    def title(self) -> str:
        return self.spec.title or self.spec.id


class PageRoutes:
    """Handlers of `/`, `/feeds/{feed}`, `/articles/{id}` and `/problems/{name}`."""

    def __init__(self, reading: Reading, drawing: Drawing, options: WebOptions) -> None:
        self._reading = reading
        self._publisher = reading.publisher
        self._drawing = drawing
        self._lifetime = f"public, max-age={options.page_max_age_s}"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.index),
            web.get("/feeds/{feed}", self.feed),
            web.get("/feeds/{feed}/", self.feed_with_slash),
            web.get("/robots.txt", self.robots),
            web.get("/articles/{article}", self.article),
            web.get("/problems/{name}", self.problem),
        ]

    async def index(self, request: web.Request) -> web.Response:
        """List the feeds, and show what is new and what is read most."""
        specs = self._publisher.specs
        newest, popular = (favourite(specs, order) for order in (Order.LATEST, Order.POPULAR))
        return self._drawing.page(
            request,
            "index.html",
            cache_control=self._lifetime,
            newest=await self._listed(newest, _ON_INDEX) if newest else None,
            popular=await self._listed(popular, _ON_INDEX) if popular else None,
            feeds=[
                Listed(spec=spec, addresses=self._addresses(f"/feeds/{spec.id}")) for spec in specs.values()
            ],
        )

    async def feed(self, request: web.Request) -> web.Response:
        """Show one feed: what it is, where to get it, what is in it."""
        spec = self._publisher.specs.get(FeedId(request.match_info["feed"]))
        if spec is None:
            raise not_found("No feed has this name.")
        return self._drawing.page(
            request,
            "feed.html",
            cache_control=self._lifetime,
            feed=await self._listed(spec, _ON_FEED_PAGE),
        )

    async def feed_with_slash(self, request: web.Request) -> web.Response:
        """Lead to the page of a feed, relative to where this was asked: right behind every proxy."""
        feed = request.match_info["feed"]
        if feed not in self._publisher.specs:
            raise not_found("No feed has this name.")
        headers: dict[str, str] = {hdrs.LOCATION: f"../{feed}", hdrs.CACHE_CONTROL: self._lifetime}
        return web.Response(status=308, headers=headers)

    async def robots(self, request: web.Request) -> web.Response:
        """Tell robots that they may read everything (RFC 9309); articles say themselves what is not kept."""
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: "text/plain; charset=utf-8",
            hdrs.CACHE_CONTROL: "public, max-age=86400",
        }
        site = self._reading.site
        told = f"\nSitemap: {site.url(NEWS_SITEMAP)}\n" if site.news_sitemap else ""
        return respond_with(request, f"User-agent: *\nAllow: /\n{told}".encode(), headers)

    async def article(self, request: web.Request) -> web.Response:
        """Show one article as we know it; the portal's own page stays the one that counts."""
        name = request.match_info["article"]
        article_id = ArticleId(name) if is_article_id(name) else None
        entry = await self._reading.article(article_id) if article_id else None
        if article_id and entry is None and await self._reading.withdrawal(article_id):
            raise gone("This article was withdrawn.")
        if entry is None:
            raise not_found("No article with this id is kept here.")
        site = self._reading.site
        item = prepare_entry(entry, site)
        more = await self._reading.related(entry.article)
        known = {item.link} | {link.url for link in item.related}
        others = (prepare_entry(one, site, with_html=False) for one in more)
        return self._drawing.page(
            request,
            "article.html",
            cache_control=self._lifetime,
            item=item,
            more=[other for other in others if other.link not in known],
            mark=(await self._reading.browsing.story_marks([entry.article.id])).get(entry.article.id),
            related=self._addresses(f"/articles/{item.article_id}/related"),
            body=Markup(item.parts.html),  # noqa: S704  clean since it was gathered, and the policy runs nothing
        )

    async def problem(self, request: web.Request) -> web.Response:
        """Explain a `type` of problem+json."""
        name = request.match_info["name"]
        if f"problem.{name}.text" not in TEXTS:
            raise not_found("No problem has this name.")
        return self._drawing.page(
            request, "problem.html", cache_control=self._lifetime, name=name, status=None
        )

    def show_problem(self, request: web.Request, problem: Problem) -> web.Response:
        """Draw a problem for a browser."""
        say = self._drawing.wording(request)
        body = self._drawing.draw("problem.html", say, name=problem.name, status=problem.status)
        headers = page_headers(say, cache_control="no-store") | problem_headers(problem)
        headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_LANGUAGE}"
        return web.Response(status=problem.status, body=body, headers=headers)

    async def _listed(self, spec: FeedSpec, most: int) -> Listed:
        addresses = self._addresses(f"/feeds/{spec.id}")
        try:
            front = await self._reading.browsing.front(spec.id, most)
        except StoreUnavailable:
            return Listed(spec=spec, addresses=addresses, items=None)
        site = self._reading.site
        return Listed(
            spec=spec,
            addresses=addresses,
            items=tuple(prepare_entry(entry, site, with_html=False) for entry in front.entries),
            stories=front.stories,
            sparks=sparks(front.courses),
        )

    def _addresses(self, stem: str) -> tuple[Address, ...]:
        return tuple(
            Address(
                name=FORMAT_NAMES[form],
                url=self._reading.site.url(path),
                path=path,
                media_type=CONTENT_TYPES[form].partition(";")[0],
            )
            for form in READER_FORMATS
            if (path := f"{stem}.{form.value}")
        )


def favourite(specs: Mapping[FeedId, FeedSpec], order: Order) -> FeedSpec | None:
    """Give the feed that stands for what is new or popular: by name, else the first of its order."""
    named = specs.get(_FAVOURITES[order])
    if named is not None and named.order is order:
        return named
    return next((spec for spec in specs.values() if spec.order is order), None)
