"""The console's pages of feeds: what each holds, who asks for it, and how much that costs."""

from aiohttp import web

from syndicator.model.feed import FeedSpec
from syndicator.model.ids import FeedId
from syndicator.rules.filter_language import parts_of
from syndicator.web.console.console import Console
from syndicator.web.http.problems import not_found
from syndicator.web.use_cases import UseCases

ON_PAGE = 100
DAYS = 7
_MOST_READERS = 30


class FeedPages:
    """Handlers of `/admin/feeds`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._cases = cases
        self._console = console
        self._specs = cases.reading.publisher.specs

    def routes(self) -> list[web.RouteDef]:
        return [self._console.get("/feeds", self.feeds), self._console.get("/feeds/{feed}", self.feed)]

    async def feeds(self, request: web.Request) -> web.Response:
        """List the configured feeds by id, from `?from=` on."""
        names = sorted(name for name in self._specs if name >= request.query.get("from", ""))
        shown, rest = names[:ON_PAGE], names[ON_PAGE:]
        lines = await self._cases.listing.feeds(shown)
        audiences = await self._cases.audience.read(shown, DAYS)
        return self._console.page(
            request,
            "console/feeds.html",
            "feeds",
            rows=[(line, parts_of(line.filter), said) for line, said in zip(lines, audiences, strict=True)],
            more=rest[0] if rest else None,
            days=DAYS,
            now=self._cases.clock(),
        )

    async def feed(self, request: web.Request) -> web.Response:
        """Show one feed, its readers, and for how many people they ask."""
        spec = self._named(request)
        (line,) = await self._cases.listing.feeds([spec.id])
        (audience,) = await self._cases.audience.read([spec.id], DAYS)
        readers = list(audience.readers.items())
        return self._console.page(
            request,
            "console/feed.html",
            "feeds",
            spec=spec,
            line=line,
            parts=parts_of(spec.filter),
            table=await self._cases.tables.standing(spec.id, "feed"),
            audience=audience,
            readers=readers[:_MOST_READERS],
            days=DAYS,
            now=self._cases.clock(),
        )

    def _named(self, request: web.Request) -> FeedSpec:
        found = self._specs.get(FeedId(request.match_info["feed"]))
        if found is None:
            raise not_found("No feed has this name.")
        return found
