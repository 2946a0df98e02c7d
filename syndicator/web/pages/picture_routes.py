"""Pictures as we serve them: bytes of our own making, which nothing can run."""

import re

from aiohttp import hdrs, web

from syndicator.pipeline.articles.served_pictures import PictureBusy, ServedPictures
from syndicator.web.http.conditional_requests import entity_tag, not_modified
from syndicator.web.http.negotiation import Coding, joined
from syndicator.web.http.problems import ProblemRaised, not_found, unavailable

_DIGEST = re.compile(r"[a-z2-7]{26}")
_POLICY = "default-src 'none'; sandbox"
_CACHE_CONTROL = "public, max-age=2592000, immutable"
"""A month: another picture nearly always has another address."""


class PictureRoutes:
    """The handler of `/pictures/{digest}`."""

    def __init__(self, pictures: ServedPictures) -> None:
        self._pictures = pictures

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/pictures/{digest}", self.picture)]

    async def picture(self, request: web.Request) -> web.Response:
        """Send one picture; 404 for what no article came with, and for what turned out to be none."""
        digest = request.match_info["digest"]
        if not _DIGEST.fullmatch(digest):
            raise not_found("No picture has this name.")
        try:
            picture = await self._pictures.get(digest)
        except PictureBusy as error:
            raise ProblemRaised(unavailable(str(error))) from None
        if picture is None:
            raise not_found("There is no such picture.")
        tag = entity_tag(picture.digest, Coding.IDENTITY)
        headers = {
            hdrs.CACHE_CONTROL: _CACHE_CONTROL,
            hdrs.ETAG: tag,
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
            "Content-Security-Policy": _POLICY,
        }
        if_none_match = joined(request.headers.getall(hdrs.IF_NONE_MATCH, ()))
        if not_modified(tag, None, if_none_match=if_none_match, if_modified_since=None):
            return web.Response(status=304, headers=headers)
        return web.Response(body=picture.body, content_type=picture.media_type, headers=headers)
