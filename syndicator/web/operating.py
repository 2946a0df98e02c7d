"""What operators have done by program, on their own listener: articles are withdrawn and restored."""

import msgspec
from aiohttp import hdrs, web
from msgspec import Struct

from syndicator.model.article import WithdrawnBy
from syndicator.model.ids import ArticleId
from syndicator.pipeline.withdrawing import Withdrawer
from syndicator.web.api import NO_ARTICLE, document
from syndicator.web.problems import bad_request, not_found


class OperatingRoutes:
    """Handlers of the requests that change something."""

    def __init__(self, withdrawer: Withdrawer) -> None:
        self._withdrawer = withdrawer

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/articles/{article}/withdraw", self.withdraw),
            web.post("/api/v1/articles/{article}/restore", self.restore),
        ]

    async def withdraw(self, request: web.Request) -> web.Response:
        """Withdraw an article: `{"reason": "…"}`; 404 where there is none."""
        reason = await _reason(request)
        article = ArticleId(request.match_info["article"])
        withdrawal = await self._withdrawer.withdraw(article, WithdrawnBy.OPERATOR, reason)
        if withdrawal is None:
            raise not_found(NO_ARTICLE)
        return document({"ok": True, "id": article, "revision": withdrawal.revision, "at": withdrawal.at})

    async def restore(self, request: web.Request) -> web.Response:
        """Take a withdrawal back; 404 where there is none."""
        await _asked_by_program(request)
        article = await self._withdrawer.restore(ArticleId(request.match_info["article"]))
        if article is None:
            raise not_found("No such article is withdrawn.")
        return document({"ok": True, "id": article.id, "revision": article.revision})


class _Reason(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: str = ""


def is_from_program(request: web.Request) -> bool:
    """Tell a program's request from what a page in an operator's browser may send without asking.

    Nobody needs credentials here. A form cannot be of this type, and a browser tells its pages' origin.
    """
    return request.content_type == "application/json" and hdrs.ORIGIN not in request.headers


async def _asked_by_program(request: web.Request) -> bytes:
    if not is_from_program(request):
        raise bad_request("Send it as application/json, from a program and not from a page.")
    return await request.read()


async def _reason(request: web.Request) -> str:
    body = await _asked_by_program(request)
    try:
        told = msgspec.json.decode(body or b"{}", type=_Reason).reason.strip()
    except msgspec.MsgspecError as error:
        raise bad_request(f"The body is not understood: {error}.") from None
    if not told:
        raise bad_request('Say why, as in {"reason": "taken down on request"}.')
    return told
