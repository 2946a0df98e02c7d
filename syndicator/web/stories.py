"""What operators ask of stories by program, and what they change, on their own listener."""

from collections.abc import Awaitable

import msgspec
from aiohttp import web
from msgspec import Struct

from syndicator.model.ids import ArticleId
from syndicator.pipeline.regrouping import Regrouping, StoryRefused
from syndicator.web.api import document
from syndicator.web.operating import is_from_program
from syndicator.web.problems import Problem, ProblemRaised, bad_request, not_found


class _With(Struct, frozen=True, rename={"other": "with"}, forbid_unknown_fields=True):
    """`{"with": "ID"}`: the article to join."""

    other: str


class StoryRoutes:
    """Handlers of `/api/v1/stories/…`: a story is named by any of its articles."""

    def __init__(self, regrouping: Regrouping) -> None:
        self._regrouping = regrouping

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/stories/{article}", self.story),
            web.get("/api/v1/stories/{article}/explain/{other}", self.explain),
            web.post("/api/v1/stories/{article}/split", self.split),
            web.post("/api/v1/stories/{article}/join", self.join),
        ]

    async def story(self, request: web.Request) -> web.Response:
        """Show the story that an article belongs to: who tells it, the first first."""
        return await _told(self._regrouping.story(_article(request)))

    async def explain(self, request: web.Request) -> web.Response:
        """Say why two articles are one story, or are not."""
        other = ArticleId(request.match_info["other"])
        return await _told(self._regrouping.explain(_article(request), other))

    async def split(self, request: web.Request) -> web.Response:
        """Take an article out of its story; show what is left of it."""
        _check_type(request)
        return await _told(self._regrouping.split(_article(request)))

    async def join(self, request: web.Request) -> web.Response:
        """Make one story of those of two articles; the other is `with` in the body."""
        _check_type(request)
        try:
            asked = msgspec.json.decode(await request.read(), type=_With)
        except msgspec.DecodeError as error:
            raise bad_request(f'Send {{"with": "ID OF AN ARTICLE"}}: {error}.') from error
        return await _told(self._regrouping.join(_article(request), ArticleId(asked.other)))


def _article(request: web.Request) -> ArticleId:
    return ArticleId(request.match_info["article"])


def _check_type(request: web.Request) -> None:
    if not is_from_program(request):
        detail = "Send it with the header Content-Type: application/json, from a program and not from a page."
        raise ProblemRaised(Problem(name="bad-request", status=415, detail=detail))


async def _told(answer: Awaitable[object]) -> web.Response:
    try:
        return document(await answer)
    except StoryRefused as error:
        raise not_found(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
