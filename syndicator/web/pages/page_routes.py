"""Pages for people. They work without scripts, and while the store is away as far as they can."""

from aiohttp import hdrs, web
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser

from syndicator.model.ids import ArticleId, is_article_id
from syndicator.pipeline.queries import Queries
from syndicator.render.items import prepare_entry
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import Problem, gone, not_found, problem_headers
from syndicator.web.http.responses import respond_with
from syndicator.web.pages.feed_addresses import addresses
from syndicator.web.pages.sitemap_routes import PATH as NEWS_SITEMAP
from syndicator.web.pages.templates import Drawing, page_headers
from syndicator.web.texts.texts import TEXTS


class PageRoutes:
    """Handlers of `/articles/{article}`, `/problems/{name}` and `/robots.txt`."""

    def __init__(self, reading: Queries, drawing: Drawing, options: WebOptions) -> None:
        self._reading = reading
        self._drawing = drawing
        self._lifetime = f"public, max-age={options.page_max_age_s}"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/robots.txt", self.robots),
            web.get("/articles/{article}", self.article),
            web.get("/problems/{name}", self.problem),
        ]

    async def robots(self, request: web.Request) -> web.Response:
        """Send a robots.txt that allows everything (RFC 9309): pages say themselves what not to index."""
        headers: dict[str, str] = {
            hdrs.CONTENT_TYPE: "text/plain; charset=utf-8",
            hdrs.CACHE_CONTROL: "public, max-age=86400",
        }
        site = self._reading.site
        sitemap = f"\nSitemap: {site.url(NEWS_SITEMAP)}\n" if site.news_sitemap else ""
        return respond_with(request, f"User-agent: *\nAllow: /\n{sitemap}".encode(), headers)

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
            mark=(await self._reading.page_details.story_marks([entry.article.id])).get(entry.article.id),
            related=addresses(site, f"/articles/{item.article_id}/related"),
            body=_body(item.parts.html),
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


def _body(html: str) -> Markup:
    """Let keys scroll tables, which may be wider than a telephone; leave all else as it is."""
    if "<table" in html:
        parsed = LexborHTMLParser(html)
        for table in parsed.css("table"):
            table.attrs["tabindex"] = "0"
        html = parsed.body.inner_html or "" if parsed.body else ""
    return Markup(html)  # noqa: S704  clean since it was gathered, and the policy runs nothing
