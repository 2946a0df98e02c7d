"""What programs ask of stories, and what administrators change."""

from collections.abc import Awaitable

from aiohttp import web
from msgspec import Struct

from syndicator.model.ids import ArticleId
from syndicator.model.token import TokenScope
from syndicator.pipeline.feeds.pagination import CursorError, Paginator
from syndicator.pipeline.stories.editing import Explanation, StoryEditing, StoryRefused, StoryTold
from syndicator.web.api.json_api import ApiRoute, cursor_of, document, limit_of, list_document, read_json
from syndicator.web.api.reading_routes import PAGED, bad_cursor
from syndicator.web.http.problems import not_found

_TOPIC = "Stories"


class With(Struct, frozen=True, rename={"other": "with"}, forbid_unknown_fields=True):
    """The article to join."""

    other: str


class StoryRoutes:
    """Handlers of `/api/v1/stories/…`: a story is named by any of its articles."""

    def __init__(self, story_editing: StoryEditing, listing: Paginator) -> None:
        self._story_editing = story_editing
        self._listing = listing

    def table(self) -> list[ApiRoute]:
        base, one = "/api/v1/stories", "/api/v1/stories/{article}"
        return [
            ApiRoute(
                method="GET", path=base, handler=self.stories, scope=TokenScope.READ, topic=_TOPIC,
                answer=StoryTold, is_list=True, query=PAGED, refusals=(400,),
            ),
            ApiRoute(
                method="GET", path=one, handler=self.story, scope=TokenScope.READ, topic=_TOPIC,
                answer=StoryTold, refusals=(404,),
            ),
            ApiRoute(
                method="GET", path=f"{one}/explain/{{other}}", handler=self.explain, scope=TokenScope.READ,
                topic=_TOPIC, answer=Explanation, refusals=(404,),
            ),
            ApiRoute(
                method="POST", path=f"{one}/split", handler=self.split, scope=TokenScope.ADMIN, topic=_TOPIC,
                answer=StoryTold, refusals=(404,),
            ),
            ApiRoute(
                method="POST", path=f"{one}/join", handler=self.join, scope=TokenScope.ADMIN, topic=_TOPIC,
                body=With, answer=StoryTold, refusals=(400, 404, 415),
            ),
        ]  # fmt: skip

    async def stories(self, request: web.Request) -> web.Response:
        """List the stories of more than one article, the one that grew last first.

        A piece may hold fewer items than `limit` while `next` still leads on.
        """
        try:
            piece = await self._listing.stories(cursor_of(request), limit_of(request))
        except CursorError as error:
            raise bad_cursor(error) from error
        return list_document(piece.items, piece.next)

    async def story(self, request: web.Request) -> web.Response:
        """Show the story that an article belongs to: its articles, the first first."""
        return await _or_problem(self._story_editing.story(_article(request)))

    async def explain(self, request: web.Request) -> web.Response:
        """Explain why two articles are one story, or are not."""
        other = ArticleId(request.match_info["other"])
        return await _or_problem(self._story_editing.explain(_article(request), other))

    async def split(self, request: web.Request) -> web.Response:
        """Take an article out of its story, for good; show what is left of it."""
        return await _or_problem(self._story_editing.split(_article(request)))

    async def join(self, request: web.Request) -> web.Response:
        """Make one story of those of two articles, for good; the other is `with` in the body."""
        asked = await read_json(request, With, '{"with": "ID OF AN ARTICLE"}')
        return await _or_problem(self._story_editing.join(_article(request), ArticleId(asked.other)))


def _article(request: web.Request) -> ArticleId:
    return ArticleId(request.match_info["article"])


async def _or_problem(answer: Awaitable[object]) -> web.Response:
    try:
        return document(await answer)
    except StoryRefused as error:
        raise not_found(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
