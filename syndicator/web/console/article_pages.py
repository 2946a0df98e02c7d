"""The console's page of one article: from the request that found it to each feed and each partner."""

from collections.abc import Sequence

from aiohttp import web

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId
from syndicator.pipeline.feeds.pagination import ArticleLine
from syndicator.pipeline.search.article_search import SearchResult, TooManySearches
from syndicator.pipeline.webhooks.delivery_trace import EndpointRange
from syndicator.rules.search.query import QueryError
from syndicator.web.console.console import Console
from syndicator.web.http.forms import field
from syndicator.web.http.problems import bad_request, not_found, searches_wait
from syndicator.web.use_cases import UseCases

ON_PAGE = 50
MOST_FEEDS = 200
MOST_ENDPOINTS = 150
_NO_ARTICLE = "There is no such article, or it has outlived its retention."


class ArticlePages:
    """Handlers of `/admin/articles`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        one = "/articles/{article}"
        return [
            self._console.get("/articles", self.find),
            self._console.get(one, self.page),
            self._console.post(f"{one}/withdraw", self.withdraw),
            self._console.post(f"{one}/restore", self.restore),
        ]

    async def find(self, request: web.Request) -> web.Response:
        """Lead to an article by its id or an address; else list those with these words, or the newest."""
        asked = request.query.get("q", "").strip()
        if not asked:
            piece = await self._cases.listing.articles(
                Filter(), request.query.get("cursor") or None, ON_PAGE, whole=True
            )
            return self._listed(request, piece.items, more=piece.next)
        trace = await self._cases.article_tracer.trace(asked, EndpointRange(most=0))
        if trace is not None:
            raise web.HTTPSeeOther(f"{self._console.base}/articles/{trace.id}")
        try:
            found = await self._cases.search.search(asked)
        except QueryError as error:
            return self._listed(request, (), asked=asked, fault=error)
        except TooManySearches as error:
            raise searches_wait() from error
        articles = await self._cases.listing.articles_of(found.ids[:ON_PAGE])
        return self._listed(request, articles, asked=asked, found=found)

    def _listed(
        self,
        request: web.Request,
        articles: Sequence[ArticleLine],
        *,
        more: str | None = None,
        asked: str = "",
        found: SearchResult | None = None,
        fault: QueryError | None = None,
    ) -> web.Response:
        return self._console.page(
            request,
            "console/articles.html",
            "articles",
            http_status=422 if fault else 200,
            asked=asked,
            fault=fault,
            articles=articles,
            configured=self._cases.reading.source_ids,
            more=more,
            found=found,
            now=self._cases.clock(),
        )

    async def page(self, request: web.Request) -> web.Response:
        """Show all that became of an article; a feed or an endpoint that lacks it with the reason.

        Endpoints are listed by their ids, from `?from=` on.
        """
        wanted = EndpointRange(begin=request.query.get("from", ""), most=MOST_ENDPOINTS + 1)
        trace = await self._cases.article_tracer.trace(_named(request), wanted)
        if trace is None:
            raise not_found(_NO_ARTICLE)
        endpoints = trace.endpoints
        return self._console.page(
            request,
            "console/article.html",
            "articles",
            trace=trace,
            feeds=trace.feeds[:MOST_FEEDS],
            endpoints=endpoints[:MOST_ENDPOINTS],
            more=endpoints[MOST_ENDPOINTS].endpoint if len(endpoints) > MOST_ENDPOINTS else None,
            now=self._cases.clock(),
        )

    async def withdraw(self, request: web.Request) -> web.Response:
        """Take an article out of all feeds and pages, and have partners told."""
        reason = await field(request, "reason", 500)
        if not reason:
            raise bad_request("Say why it is withdrawn: partners see it.")
        if await self._cases.withdrawer.withdraw(_named(request), WithdrawnBy.OPERATOR, reason) is None:
            raise not_found(_NO_ARTICLE)
        return self._console.done(f"/articles/{_named(request)}", "article_withdrawn")

    async def restore(self, request: web.Request) -> web.Response:
        """Take a withdrawal back."""
        if await self._cases.withdrawer.restore(_named(request)) is None:
            raise not_found("No such article is withdrawn.")
        return self._console.done(f"/articles/{_named(request)}", "article_restored")


def _named(request: web.Request) -> ArticleId:
    return ArticleId(request.match_info["article"])
