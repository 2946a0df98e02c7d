"""The news sitemap of our own pages, if it is configured."""

import asyncio

from aiohttp import hdrs, web

from syndicator.model.feed import Site
from syndicator.pipeline.feeds.news_sitemap import PER_SITEMAP, AnnouncedPages
from syndicator.render.news_sitemap import CONTENT_TYPE, render_news_sitemap, render_sitemap_index
from syndicator.web.http.problems import not_found
from syndicator.web.http.responses import respond_with

PATH = "/sitemap-news.xml"
_HEADERS: dict[str, str] = {hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: "public, max-age=60"}


class SitemapRoutes:
    """Handlers of `/sitemap-news.xml` and, where that is an index, of `/sitemap-news-{number}.xml`."""

    def __init__(self, site: Site, pages: AnnouncedPages) -> None:
        self._site = site
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self.first), web.get(r"/sitemap-news-{number:[1-9]\d?}.xml", self.part)]

    async def first(self, request: web.Request) -> web.Response:
        """Send all pages, or an index where one sitemap may not hold as many."""
        pages = await self._pages.newest()
        if len(pages) <= PER_SITEMAP:
            body = await asyncio.to_thread(render_news_sitemap, self._site, pages)
        else:
            numbers = range(1, -(-len(pages) // PER_SITEMAP) + 1)
            body = render_sitemap_index(self._site, [f"/sitemap-news-{number}.xml" for number in numbers])
        return respond_with(request, body, _HEADERS)

    async def part(self, request: web.Request) -> web.Response:
        """Send one part of what an index names."""
        start = (int(request.match_info["number"]) - 1) * PER_SITEMAP
        pages = (await self._pages.newest())[start : start + PER_SITEMAP]
        if not pages:
            raise not_found("There is no such sitemap.")
        body = await asyncio.to_thread(render_news_sitemap, self._site, pages)
        return respond_with(request, body, _HEADERS)
