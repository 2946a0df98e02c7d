"""What operators ask by program, on their own listener: sources and articles, with all that explains them."""

from collections.abc import Callable

import msgspec
from aiohttp import hdrs, web

from syndicator.model.ids import ArticleId, SourceId
from syndicator.pipeline.reading import Reading
from syndicator.web.problems import not_found

NO_ARTICLE = "There is no such article, or it has outlived its retention."


_WITHDRAWALS = 200


class ApiRoutes:
    """Handlers of `/api/v1/…`: one JSON document each."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/sources", self.sources),
            web.get("/api/v1/sources/{source}", self.source),
            web.get("/api/v1/withdrawals", self.withdrawals),
            web.get("/api/v1/articles/{article}", self.article),
            web.get("/api/v1/articles/{article}/revisions", self.revisions),
            web.get(r"/api/v1/articles/{article}/revisions/{revision:[0-9]{1,9}}", self.revision),
        ]

    async def sources(self, request: web.Request) -> web.Response:
        """List the sources with their state, their health, and how they stand with their hubs."""
        del request
        shown = [await self._reading.source(name) for name in self._reading.source_ids]
        return document({"ok": True, "items": shown, "next": None, "errors": []})

    async def source(self, request: web.Request) -> web.Response:
        """Show one source; 404 for one that is not configured."""
        name = SourceId(request.match_info["source"])
        if name not in self._reading.source_ids:
            raise not_found("No source has this name.")
        return document(await self._reading.source(name))

    async def article(self, request: web.Request) -> web.Response:
        """Show an article, where it comes from, and what was made of it; 404 where there is none."""
        found = await self._reading.explained(ArticleId(request.match_info["article"]))
        if found is None:
            raise not_found(NO_ARTICLE)
        return document(found)

    async def withdrawals(self, request: web.Request) -> web.Response:
        """List the articles that were withdrawn last, and why, without what they said."""
        del request
        items = [
            {
                "id": one.article.id,
                "url": one.article.url,
                "source": one.article.source,
                "revision": one.revision,
                "withdrawn_at": one.at,
                "by": one.by,
                "reason": one.reason,
            }
            for one in await self._reading.withdrawals(_WITHDRAWALS)
        ]
        return document({"ok": True, "items": items, "next": None, "errors": []})

    async def revisions(self, request: web.Request) -> web.Response:
        """List the revisions of an article that are kept; 404 where there is no such article."""
        found = await self._reading.revisions(ArticleId(request.match_info["article"]))
        if found is None:
            raise not_found(NO_ARTICLE)
        return document({"ok": True, "items": found, "next": None, "errors": []})

    async def revision(self, request: web.Request) -> web.Response:
        """Show a revision, and its words beside those of the one before; 404 where it is not kept."""
        number = int(request.match_info["revision"])
        found = await self._reading.compared(ArticleId(request.match_info["article"]), number)
        if found is None:
            raise not_found("There is no such revision, or it is not kept any more.")
        return document(found)


_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode


def document(value: object) -> web.Response:
    """Answer with a value as JSON."""
    return web.Response(
        body=_encode(value), content_type="application/json", headers={hdrs.CACHE_CONTROL: "no-store"}
    )
