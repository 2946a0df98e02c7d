"""The first portal, "Berita Kota": HTML pages in the manner of Indonesian city portals, and a feed."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from syndicator.sample import answers
from syndicator.sample.newsroom import SampleArticle
from syndicator.sample.portals import city_pages
from syndicator.sample.portals.city_feed import city_feed
from syndicator.sample.portals.photos import Photos
from syndicator.sample.world import World

PER_PAGE = 12
BOXED = 5
MOST_READ = 20


class CityPortal:
    """The handlers of the portal; all of them read the world and change nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._photos = Photos(world.seed)
        self._templates = answers.open_templates()
        self._style = answers.read_style("city_style.css")

    def app(self) -> web.Application:
        app = web.Application(middlewares=[answers.plain_headers, self._page_for_errors])
        app.add_routes(
            [
                web.get("/", self.home),
                web.get("/berita/terkini", self.latest),
                web.get("/berita/terpopuler", self.most_read),
                web.get("/kategori/{section}", self.section),
                web.get(r"/read/{id:\d{1,9}}", self.read),
                web.get(r"/read/{id:\d{1,9}}/{slug:.*}", self.read),
                web.get("/news/search", self.search),
                web.get("/rss.xml", self.feed),
                web.get(r"/photo/{n:\d{1,9}}.png", self.photo),
                web.get("/style.css", self.style),
                web.get("/robots.txt", _robots),
                web.get("/_sample/ledger.json", self.ledger),
            ]
        )
        return app

    async def home(self, request: web.Request) -> web.Response:
        return self._list_page(request, "", city_pages.recent(self._world))

    async def latest(self, request: web.Request) -> web.Response:
        return self._list_page(request, "Berita Terkini", city_pages.recent(self._world))

    async def most_read(self, request: web.Request) -> web.Response:
        return self._list_page(request, "Berita Terpopuler", self._world.popular(MOST_READ))

    async def section(self, request: web.Request) -> web.Response:
        named = {section.lower(): section for section in self._world.city_writer.sections}
        section = named.get(request.match_info["section"])
        if section is None:
            raise web.HTTPNotFound
        articles = [
            article
            for article in city_pages.recent(self._world)
            if self._world.city_text(article).section == section
        ]
        return self._list_page(request, section, articles)

    async def search(self, request: web.Request) -> web.Response:
        query = request.query.get("q", "")[:100].strip()
        articles = city_pages.found(self._world, query)
        return self._list_page(request, "Pencarian", articles, query=query, count=len(articles))

    async def read(self, request: web.Request) -> web.Response:
        article = self._world.city.get(int(request.match_info["id"]) - city_pages.FIRST_ID)
        if article is None:
            raise web.HTTPNotFound
        if article.withdrawn:
            raise web.HTTPGone
        base = answers.origin(request)
        path = city_pages.path_of(article, self._world.city_text(article))
        if request.path != path:
            raise web.HTTPMovedPermanently(base + path)
        shown = city_pages.show(self._world, base, article)
        inline, boxed = city_pages.related(self._world, base, article)
        page = self._render("city_article.html", request, shown=shown, inline=inline, boxed=boxed)
        # The counter moves all the time: the weak validator follows its first two digits only.
        etag = f"{article.n}-{article.revision}-{shown.views:.1e}"
        return answers.conditional(
            request, page.encode(), "text/html", changed_at=article.updated_at, etag=etag
        )

    async def feed(self, request: web.Request) -> web.Response:
        body, changed_at = city_feed(self._world, answers.origin(request))
        return answers.conditional(request, body, "application/rss+xml", changed_at=changed_at)

    async def photo(self, request: web.Request) -> web.Response:
        n = int(request.match_info["n"])
        if self._world.city.get(n) is None:
            raise web.HTTPNotFound
        return answers.cached(self._photos.photo(n), "image/png", max_age_s=86_400)

    async def style(self, _request: web.Request) -> web.Response:
        return answers.cached(self._style.encode(), "text/css", max_age_s=3600)

    async def ledger(self, request: web.Request) -> web.Response:
        rows = _articles(self._world, answers.origin(request))
        entries = [
            {
                "n": entry.n, "kind": entry.kind, "at": entry.at,
                "url": rows[entry.n]["url"], "title": rows[entry.n]["title"],
            }
            for entry in self._world.city.entries
        ]  # fmt: skip
        return answers.json({"entries": entries, "articles": rows})

    def _list_page(
        self,
        request: web.Request,
        heading: str,
        articles: Sequence[SampleArticle],
        query: str = "",
        count: int | None = None,
    ) -> web.Response:
        page = _page_number(request, len(articles))
        start = (page - 1) * PER_PAGE
        shown = city_pages.show_all(self._world, answers.origin(request), articles[start : start + PER_PAGE])
        pages = max(1, -(-len(articles) // PER_PAGE))

        def link(number: int) -> str:
            return (
                str(request.rel_url.update_query(p=number))
                if number > 1
                else str(request.rel_url.without_query_params("p"))
            )

        text = self._render(
            "city_list.html", request, heading=heading, items=shown, page=page, pages=pages, link=link,
            query=query, count=count,
        )  # fmt: skip
        return answers.html(text)

    def _render(self, template: str, request: web.Request, **values: Any) -> str:
        base = answers.origin(request)
        return self._templates.get_template(template).render(
            base=base,
            here=base + request.path_qs,
            sections=self._world.city_writer.sections,
            popular=city_pages.show_all(self._world, base, self._world.popular(BOXED)),
            **({"query": ""} | values),
        )

    @web.middleware
    async def _page_for_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPGone) as error:
            return answers.html(self._render("city_error.html", request, status=error.status), error.status)


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /news/search\nDisallow: /_sample/\n")


def _page_number(request: web.Request, count: int) -> int:
    """Read `?p=`; a page that does not exist is not found."""
    text = request.query.get("p", "1")
    page = int(text) if text.isdecimal() and len(text) < 6 else 0  # noqa: PLR2004 -- no list is that long
    if page < 1 or (page > 1 and (page - 1) * PER_PAGE >= count):
        raise web.HTTPNotFound
    return page


def _articles(world: World, base: str) -> list[dict[str, Any]]:
    """Return every article as it is now, withdrawn ones too; the place in the list is its number."""
    return [_row(world, base, article) for n in range(len(world.city)) if (article := world.city.get(n))]


def _row(world: World, base: str, article: SampleArticle) -> dict[str, Any]:
    text = world.city_text(article)
    return {
        "n": article.n, "id": city_pages.FIRST_ID + article.n, "title": text.title,
        "url": base + city_pages.path_of(article, text), "revisions": article.revision,
        "withdrawn": article.withdrawn,
        "published_at": article.published_at, "updated_at": article.updated_at,
    }  # fmt: skip
