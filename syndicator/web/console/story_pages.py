"""The console's pages of stories, and of what is read most: why it is so, and what can be done about it."""

from aiohttp import web
from msgspec import Struct

from syndicator.model.feed import Order
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.stories.editing import Explanation, Teller
from syndicator.web.console.console import Console
from syndicator.web.http.forms import chosen, field
from syndicator.web.use_cases import UseCases

ON_PAGE = 50
MOST_EXPLAINED = 30
"""Articles of one story that are compared with its first."""


class MemberRow(Struct, frozen=True, kw_only=True):
    teller: Teller
    why: Explanation | None
    """How it compares with the first article; None for that one, and for those behind `MOST_EXPLAINED`."""


class StoryPages:
    """Handlers of `/admin/stories` and `/admin/boards`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console

    def routes(self) -> list[web.RouteDef]:
        one = "/stories/{article}"
        return [
            self._console.get("/stories", self.stories),
            self._console.get(one, self.story),
            self._console.post(f"{one}/split", self.split),
            self._console.post(f"{one}/join", self.join),
            self._console.get("/boards", self.boards),
        ]

    async def stories(self, request: web.Request) -> web.Response:
        """List the stories of several articles, the last grown first."""
        piece = await self._cases.listing.stories(request.query.get("cursor") or None, ON_PAGE)
        return self._console.page(
            request,
            "console/stories.html",
            "stories",
            stories=piece.items,
            configured=self._cases.reading.source_ids,
            more=piece.next,
            now=self._cases.clock(),
        )

    async def story(self, request: web.Request) -> web.Response:
        """Show one story, by any of its articles: how each of them compares with the first."""
        found = await self._cases.story_editing.story(_named(request))
        first, *others = [one.article for one in found.members[:MOST_EXPLAINED]]
        why = await self._cases.story_editing.explain_each(first, others)
        rows = [MemberRow(teller=one, why=why.get(one.article)) for one in found.members]
        return self._console.page(
            request,
            "console/story.html",
            "stories",
            story=found,
            rows=rows,
            configured=self._cases.reading.source_ids,
        )

    async def split(self, request: web.Request) -> web.Response:
        """Take an article out of its story, for good."""
        left = await self._cases.story_editing.split(_named(request))
        return self._console.done(f"/stories/{left.members[0].article}", "story_split")

    async def join(self, request: web.Request) -> web.Response:
        """Make one story of this one and that of another article, for good."""
        other = (await field(request, "with", 300)).rstrip("/").rpartition("/")[2]
        joined = await self._cases.story_editing.join(_named(request), ArticleId(other))
        return self._console.done(f"/stories/{joined.members[0].article}", "story_joined")

    async def boards(self, request: web.Request) -> web.Response:
        """Show the list of one popular feed (`?feed=`), and what each score is made of."""
        specs = {
            name: spec
            for name, spec in self._cases.reading.publisher.specs.items()
            if spec.order is Order.POPULAR
        }
        name = chosen(request, "feed", specs) or next(iter(specs), None)
        spec = specs.get(FeedId(name)) if name else None
        return self._console.page(
            request,
            "console/boards.html",
            "boards",
            feeds=list(specs.values()),
            spec=spec,
            rows=await self._cases.reading.board(spec) if spec else (),
        )


def _named(request: web.Request) -> ArticleId:
    return ArticleId(request.match_info["article"])
