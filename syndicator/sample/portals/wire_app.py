"""The second portal, "Kabar Nusantara": three feeds, and a simple page for each article."""

from datetime import datetime
from itertools import islice
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from syndicator.sample import answers
from syndicator.sample.portals import wire_feeds, wire_pages
from syndicator.sample.portals.photos import Photos
from syndicator.sample.world import World

ENTRIES = 30
"""Articles in each feed."""
ON_HOME = 30
_OTHER_PHOTOS = 7919
"""Added to the seed, so that the two portals show different photos."""


class WirePortal:
    """The handlers of the portal; all of them read the world and change nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._photos = Photos(world.seed + _OTHER_PHOTOS)
        self._templates = answers.open_templates()
        self._style = answers.read_style("wire_style.css")

    def app(self) -> web.Application:
        app = web.Application(middlewares=[answers.plain_headers, self._page_for_errors])
        app.add_routes(
            [
                web.get("/", self.home),
                web.get(r"/artikel/{id:\d{1,9}}-{slug:.*}", self.read),
                web.get("/rss.xml", self.rss),
                web.get("/atom.xml", self.atom),
                web.get("/feed.json", self.json_feed),
                web.get(r"/foto/{n:\d{1,9}}.png", self.photo),
                web.get("/style.css", self.style),
                web.get("/robots.txt", _robots),
                web.get("/_sample/ledger.json", self.ledger),
            ]
        )
        return app

    async def home(self, request: web.Request) -> web.Response:
        items = wire_pages.latest(self._world, answers.origin(request), ON_HOME)
        return answers.html(self._render("wire_home.html", request, items=items))

    async def read(self, request: web.Request) -> web.Response:
        article = self._world.wire.get(int(request.match_info["id"]) - wire_pages.FIRST_ID)
        if article is None:
            raise web.HTTPNotFound
        if article.withdrawn:
            raise web.HTTPGone
        base = answers.origin(request)
        shown = wire_pages.show(self._world, base, article)
        if base + request.path != shown.url:
            raise web.HTTPMovedPermanently(shown.url)
        page = self._render("wire_article.html", request, shown=shown)
        return answers.conditional(request, page.encode(), "text/html", changed_at=article.updated_at)

    async def rss(self, request: web.Request) -> web.Response:
        base = answers.origin(request)
        articles = wire_pages.latest(self._world, base, ENTRIES, "id")
        changed_at = self._changed_at()
        body = wire_feeds.rss(base, articles, changed_at)
        return answers.conditional(request, body, "application/rss+xml", changed_at=changed_at)

    async def atom(self, request: web.Request) -> web.Response:
        base = answers.origin(request)
        articles = wire_pages.latest(self._world, base, ENTRIES, "en")
        changed_at = self._changed_at()
        english = (one for one in self._world.wire.newest_withdrawn() if one.of is None)
        body = wire_feeds.atom(base, articles, list(islice(english, ENTRIES)), changed_at)
        return answers.conditional(request, body, "application/atom+xml", changed_at=changed_at)

    async def json_feed(self, request: web.Request) -> web.Response:
        base = answers.origin(request)
        body = wire_feeds.json_feed(base, wire_pages.latest(self._world, base, ENTRIES))
        return answers.conditional(request, body, "application/feed+json", changed_at=self._changed_at())

    async def photo(self, request: web.Request) -> web.Response:
        n = int(request.match_info["n"])
        if self._world.wire.get(n) is None:
            raise web.HTTPNotFound
        return answers.cached(self._photos.photo(n), "image/png", max_age_s=86_400)

    async def style(self, _request: web.Request) -> web.Response:
        return answers.cached(self._style.encode(), "text/css", max_age_s=3600)

    async def ledger(self, request: web.Request) -> web.Response:
        base, wire = answers.origin(request), self._world.wire
        articles = [
            wire_pages.show(self._world, base, each) for n in range(len(wire)) if (each := wire.get(n))
        ]
        entries = [
            {
                "n": entry.n, "kind": entry.kind, "at": entry.at, "of": entry.of,
                "url": articles[entry.n].url, "title": articles[entry.n].text.title,
            }
            for entry in wire.entries
        ]  # fmt: skip
        rows = [
            {
                "n": each.article.n, "id": each.id, "of": each.article.of, "language": each.language,
                "url": each.url, "title": each.text.title, "revisions": each.article.revision,
                "withdrawn": each.article.withdrawn, "published_at": each.article.published_at,
            }
            for each in articles
        ]  # fmt: skip
        return answers.json({"entries": entries, "articles": rows})

    def _changed_at(self) -> datetime:
        return self._world.wire.last_at or self._world.clock()

    def _render(self, template: str, request: web.Request, **values: Any) -> str:
        return self._templates.get_template(template).render(base=answers.origin(request), **values)

    @web.middleware
    async def _page_for_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPGone) as error:
            return answers.html(self._render("wire_missing.html", request, status=error.status), error.status)


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /_sample/\n")
