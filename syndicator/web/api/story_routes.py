"""What programs ask of stories, and what administrators change."""

from functools import partial

from aiohttp import web
from msgspec import Struct

from syndicator.model.ids import ArticleId
from syndicator.model.token import TokenScope
from syndicator.pipeline.feeds.pagination import Paginator
from syndicator.pipeline.stories.editing import Explanation, StoryEditing, StoryTold
from syndicator.web.api.json_api import (
    PAGED,
    ApiRoute,
    cursor_of,
    document,
    limit_of,
    list_document,
    read_json,
)


class With(Struct, frozen=True, rename={"other": "with"}, forbid_unknown_fields=True):
    """The article to join."""

    other: str


class StoryRoutes:
    """Handlers of `/api/v1/stories/…`: a story is named by any of its articles."""

    def __init__(self, story_editing: StoryEditing, listing: Paginator) -> None:
        self._story_editing = story_editing
        self._listing = listing

    def table(self) -> list[ApiRoute]:
        reading = partial(ApiRoute, "GET", scope=TokenScope.READ, topic="Stories")
        editing = partial(ApiRoute, "POST", scope=TokenScope.ADMIN, topic="Stories")
        base, one = "/api/v1/stories", "/api/v1/stories/{article}"
        return [
            reading(base, self.stories, StoryTold, is_list=True, query=PAGED, refusals=(400,)),
            reading(one, self.story, StoryTold, refusals=(404,)),
            reading(f"{one}/explain/{{other}}", self.explain, Explanation, refusals=(404,)),
            editing(f"{one}/split", self.split, StoryTold, refusals=(404,)),
            editing(f"{one}/join", self.join, StoryTold, body=With, refusals=(400, 404, 415)),
        ]

    async def stories(self, request: web.Request) -> web.Response:
        """List the stories of more than one article, the one that grew last first.

        A piece may hold fewer items than `limit` while `next` still leads on.
        """
        piece = await self._listing.stories(cursor_of(request), limit_of(request))
        return list_document(piece.items, piece.next)

    async def story(self, request: web.Request) -> web.Response:
        """Show the story that an article belongs to: its articles, the first first."""
        return document(await self._story_editing.story(_article(request)))

    async def explain(self, request: web.Request) -> web.Response:
        """Explain why two articles are one story, or are not."""
        other = ArticleId(request.match_info["other"])
        return document(await self._story_editing.explain(_article(request), other))

    async def split(self, request: web.Request) -> web.Response:
        """Take an article out of its story, for good; show what is left of it."""
        return document(await self._story_editing.split(_article(request)))

    async def join(self, request: web.Request) -> web.Response:
        """Make one story of those of two articles, for good; the other is `with` in the body."""
        asked = await read_json(request, With, '{"with": "ID OF AN ARTICLE"}')
        return document(await self._story_editing.join(_article(request), ArticleId(asked.other)))


def _article(request: web.Request) -> ArticleId:
    return ArticleId(request.match_info["article"])
