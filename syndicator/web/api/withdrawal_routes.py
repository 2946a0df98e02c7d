"""What administrators have done by program: articles are withdrawn and restored."""

from datetime import datetime
from functools import partial

from aiohttp import web
from msgspec import Struct

from syndicator.model.article import WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.model.token import TokenScope
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.web.api.json_api import ApiRoute, document, read_json
from syndicator.web.api.reading_routes import NO_ARTICLE
from syndicator.web.http.problems import bad_request, not_found


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
    """Handlers of the requests that take articles out, and put them back."""

    def __init__(self, withdrawer: Withdrawer) -> None:
        self._withdrawer = withdrawer

    def table(self) -> list[ApiRoute]:
        route = partial(ApiRoute, "POST", scope=TokenScope.ADMIN, topic="Articles")
        one = "/api/v1/articles/{article}"
        return [
            route(f"{one}/withdraw", self.withdraw, WithdrawnNow, body=Reason, refusals=(400, 404, 415)),
            route(f"{one}/restore", self.restore, RestoredNow, refusals=(404,)),
        ]

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
