"""Routes of the API for sources, feeds and articles: read, explained, withdrawn and restored."""

import re
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article, WithdrawnBy
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.model.token import TokenScope
from syndicator.pipeline.articles.explanation import Explained, SourceShown
from syndicator.pipeline.articles.revisions import Compared, RevisionLine
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.feeds.pagination import ArticleLine, FeedLine, Paginator, WithdrawalLine
from syndicator.pipeline.ops.article_trace import ArticleTrace, ArticleTracer
from syndicator.pipeline.queries import Queries
from syndicator.rules.filter_language import WORD_KEYS
from syndicator.rules.sources.round_history import HistoryLine
from syndicator.web.api.json_api import (
    INSTANT,
    PAGED,
    ApiRoute,
    Parameter,
    cursor_of,
    document,
    limit_of,
    list_document,
    piece_of,
    read_json,
    source_of,
)
from syndicator.web.http.auth import TOKEN, is_trusted
from syndicator.web.http.problems import bad_request, not_found
from syndicator.web.http.query_parameters import read_filter, values_of

NO_ARTICLE = "There is no such article, or it has outlived its retention."

FILTER = (
    *(
        Parameter(name=key, description=f"Only articles of this {key}, or of any of them.", several=True)
        for key in WORD_KEYS
    ),
    Parameter(name="query", description="Words to be found in it, as in search."),
    Parameter(name="since", description="Published then or later.", schema=INSTANT),
    Parameter(name="until", description="Published before then.", schema=INSTANT),
)


class ServiceStatus(Struct, frozen=True, kw_only=True):
    """How the service stands as a whole."""

    ok: bool = True
    at: datetime
    redis: str
    """The server that has the data now: with Sentinel the primary, in a cluster the node."""
    layout: int
    """The version of the stored layout."""
    sources: int
    feeds: int
    articles: int
    last_hour: int
    """Articles that were admitted in the last hour."""
    newest_at: datetime | None
    """When an article was admitted last."""
    held: int
    """Articles under embargo."""
    outbox: int
    """Events that are not yet fanned out to the endpoints."""


class ReadingRoutes:
    """Handlers of what is only read: one JSON document each."""

    def __init__(self, reading: Queries, listing: Paginator) -> None:
        self._reading = reading
        self._listing = listing

    def table(self) -> list[ApiRoute]:
        sources, feeds, articles = (
            partial(ApiRoute, "GET", scope=TokenScope.READ, topic=topic)
            for topic in ("Sources", "Feeds", "Articles")
        )
        base, one = "/api/v1", "/api/v1/articles/{article}"
        paged: dict[str, Any] = {"is_list": True, "query": PAGED, "refusals": (400,)}
        return [
            ApiRoute("GET", f"{base}/status", self.status, ServiceStatus, TokenScope.ADMIN, "Operation"),
            sources(f"{base}/sources", self.sources, SourceShown, **paged),
            sources(f"{base}/sources/{{source}}", self.source, SourceShown, refusals=(404,)),
            sources(
                f"{base}/sources/{{source}}/history",
                self.round_history,
                HistoryLine,
                is_list=True,
                query=PAGED,
                refusals=(400, 404),
            ),
            feeds(f"{base}/feeds", self.feeds, FeedLine, **paged),
            feeds(f"{base}/feeds/{{feed}}", self.feed, FeedLine, refusals=(404,)),
            articles(
                f"{base}/articles",
                self.articles,
                ArticleLine,
                is_list=True,
                query=(*FILTER, *PAGED),
                refusals=(400,),
            ),
            articles(one, self.article, Explained, refusals=(404,)),
            articles(f"{one}/revisions", self.revisions, RevisionLine, is_list=True, refusals=(404,)),
            articles(one + "/revisions/{revision:[0-9]{1,9}}", self.revision, Compared, refusals=(404,)),
            articles(f"{base}/withdrawals", self.withdrawals, WithdrawalLine, **paged),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """Show how the service stands as a whole, and which server has its data."""
        del request
        status = await self._reading.status(())
        return document(
            ServiceStatus(
                at=status.at,
                redis=status.redis,
                layout=status.layout,
                sources=len(self._reading.source_ids),
                feeds=status.feeds,
                articles=status.articles,
                last_hour=status.last_hour,
                newest_at=status.newest_at,
                held=status.held,
                outbox=status.outbox,
            )
        )

    async def sources(self, request: web.Request) -> web.Response:
        """List the sources with their state, their health, and how they stand with their hubs."""
        names, more = piece_of(self._reading.source_ids, request)
        return list_document([await self._reading.source(SourceId(name)) for name in names], more)

    async def source(self, request: web.Request) -> web.Response:
        """Show one source: what it is, how it stands, when it is due next and why then."""
        return document(await self._reading.source(source_of(request, self._reading.source_ids)))

    async def round_history(self, request: web.Request) -> web.Response:
        """List the rounds of a source in the last 30 days, the newest first.

        The last rounds are listed one by one. Earlier ones are added up by the hour, in items whose `span` is
        `hour`; an hour some of whose rounds are listed is listed, too.
        """
        name = source_of(request, self._reading.source_ids)
        limit, cursor = limit_of(request), cursor_of(request)
        if cursor is not None and not re.fullmatch(r"[0-9]{1,15}", cursor):
            raise bad_request("The cursor is none that was given out here: take the `next` of a list.")
        lines = await self._reading.round_history(name)
        rest = [line for line in lines if cursor is None or line.position < int(cursor)]
        return list_document(rest[:limit], str(rest[limit - 1].position) if len(rest) > limit else None)

    async def feeds(self, request: web.Request) -> web.Response:
        """List the configured feeds with their addresses."""
        names, more = piece_of(self._open_feeds(request), request)
        return list_document(await self._listing.feeds([FeedId(name) for name in names]), more)

    async def feed(self, request: web.Request) -> web.Response:
        """Show one feed: which articles, in which order, and where it is read."""
        name = FeedId(request.match_info["feed"])
        if name not in self._open_feeds(request):
            raise not_found("No feed has this name.")
        (found,) = await self._listing.feeds([name])
        return document(found)

    async def articles(self, request: web.Request) -> web.Response:
        """List articles that pass a filter, the newest first.

        A piece may hold fewer items than `limit` while `next` still leads on.
        """
        wanted = read_filter(values_of(request), self._reading.publisher.sources)
        piece = await self._listing.articles(
            wanted, cursor_of(request), limit_of(request), whole=is_trusted(request)
        )
        return list_document(piece.items, piece.next)

    async def article(self, request: web.Request) -> web.Response:
        """Show an article: its text, where it comes from, who carried it, how popular it is and why."""
        found = await self._reading.explained(ArticleId(request.match_info["article"]))
        if found is None:
            raise not_found(NO_ARTICLE)
        open_feeds = self._open_feeds(request)
        ranks = tuple(rank for rank in found.ranks if rank.feed in open_feeds)
        return document(replace(found, article=self._shown(request, found.article), ranks=ranks))

    async def withdrawals(self, request: web.Request) -> web.Response:
        """List the articles that were withdrawn last, and why, without what they said."""
        piece = await self._listing.withdrawals(cursor_of(request), limit_of(request))
        return list_document(piece.items, piece.next)

    async def revisions(self, request: web.Request) -> web.Response:
        """List the revisions of an article that are kept, the newest first."""
        found = await self._reading.revisions(ArticleId(request.match_info["article"]))
        if found is None:
            raise not_found(NO_ARTICLE)
        return list_document(found)

    async def revision(self, request: web.Request) -> web.Response:
        """Show a revision of an article, and its words beside those of the one before."""
        number = int(request.match_info["revision"])
        found = await self._reading.compared(ArticleId(request.match_info["article"]), number)
        if found is None:
            raise not_found("There is no such revision, or it is not kept any more.")
        shown = self._shown(request, found.article)
        return document(found if shown == found.article else replace(found, article=shown, diff=None))

    def _open_feeds(self, request: web.Request) -> frozenset[FeedId]:
        """Return the feeds that the client may read, and nothing about others."""
        token = request[TOKEN]
        return frozenset(
            name
            for name, spec in self._reading.publisher.specs.items()
            if not spec.private or token.opens(name)
        )

    def _shown(self, request: web.Request, article: Article) -> Article:
        """Show no more than the portal allows to whoever does not run this service."""
        return article if is_trusted(request) else self._reading.publisher.shown(article)


class Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why something is done: partners see it."""

    reason: str


class WithdrawnNow(Struct, frozen=True, kw_only=True):
    """A withdrawal that was made just now."""

    ok: bool = True
    id: ArticleId
    revision: int
    at: datetime


class RestoredNow(Struct, frozen=True, kw_only=True):
    """An article that was put back just now."""

    ok: bool = True
    id: ArticleId
    revision: int


class OperatingRoutes:
    """Handlers of what operators do with an article: follow it, take it out, and put it back."""

    def __init__(self, withdrawer: Withdrawer, tracer: ArticleTracer) -> None:
        self._withdrawer = withdrawer
        self._tracer = tracer

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, "POST", scope=TokenScope.ADMIN, topic="Articles")
        one, admin = "/api/v1/articles/{article}", TokenScope.ADMIN
        return [
            ApiRoute("GET", f"{one}/trace", self.trace, ArticleTrace, admin, "Articles", refusals=(404,)),
            route(f"{one}/withdraw", self.withdraw, WithdrawnNow, body=Reason, refusals=(400, 404, 415)),
            route(f"{one}/restore", self.restore, RestoredNow, refusals=(404,)),
        ]

    async def trace(self, request: web.Request) -> web.Response:
        """Follow an article from the request that found it to feeds and endpoints, each with the reason why.

        Of each endpoint, `why` says in one sentence that it has the article, or why not.
        """
        found = await self._tracer.trace(request.match_info["article"])
        if found is None:
            raise not_found(NO_ARTICLE)
        return document(found)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Take an article out of all feeds and pages at once and notify partners; no source restores it."""
        example = '{"reason": "taken down on request"}'
        reason = (await read_json(request, Reason, example)).reason.strip()
        if not reason:
            raise bad_request(f"Say why, as in {example}.")
        article = ArticleId(request.match_info["article"])
        withdrawal = await self._withdrawer.withdraw(article, WithdrawnBy.OPERATOR, reason)
        if withdrawal is None:
            raise not_found(NO_ARTICLE)
        return document(WithdrawnNow(id=article, revision=withdrawal.revision, at=withdrawal.at))

    async def restore(self, request: web.Request) -> web.Response:
        """Take a withdrawal back: the article stands where it stood."""
        article = await self._withdrawer.restore(ArticleId(request.match_info["article"]))
        if article is None:
            raise not_found("No such article is withdrawn.")
        return document(RestoredNow(id=article.id, revision=article.revision))
