"""Links to portals that count who follows them: `/r/{article}`."""

from aiohttp import hdrs, web

from syndicator.model.ids import ArticleId, is_article_id
from syndicator.pipeline.popularity.clicks import ClickLinks
from syndicator.rules.popularity.visitors import Visit
from syndicator.web.http.forwarded import client_address
from syndicator.web.http.options import WebOptions
from syndicator.web.http.problems import gone, not_found

_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_REFERRER_POLICY = "strict-origin"
"""Portals may see that a reader comes from us, and not from which page."""


class ClickRoutes:
    """The handler of `/r/{article}`."""

    def __init__(self, click_links: ClickLinks, options: WebOptions) -> None:
        self._click_links = click_links
        self._trusted = options.trusted_proxies

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/r/{article}", self.follow)]

    async def follow(self, request: web.Request) -> web.Response:
        """Lead to the article at its portal, and nowhere else, whatever the request says."""
        name = request.match_info["article"]
        if not is_article_id(name):
            raise not_found("No article has this id.")
        url = await self._click_links.follow(ArticleId(name), self._visit(request))
        if url is None and await self._click_links.is_withdrawn(ArticleId(name)):
            raise gone("This article was withdrawn.")
        if url is None:
            raise not_found("No article with this id is kept here.")
        headers: dict[str, str] = {
            hdrs.LOCATION: url,
            hdrs.CACHE_CONTROL: "no-store",
            "Referrer-Policy": _REFERRER_POLICY,
            "X-Robots-Tag": "noindex, nofollow",
        }
        return web.Response(status=302, headers=headers)

    def _visit(self, request: web.Request) -> Visit:
        asked = request.headers
        forwarded = asked.getall(hdrs.X_FORWARDED_FOR, ())
        return Visit(
            address=client_address(request.remote, forwarded, self._trusted),
            agent=asked.get(hdrs.USER_AGENT, ""),
            method=request.method,
            purpose=" ".join(asked.get(one, "") for one in _PURPOSES),
            destination=asked.get("Sec-Fetch-Dest", ""),
        )
