"""The console's page of groups: their sources, and what rests; run, pause and resume of a group."""

from collections import Counter

from aiohttp import web

from syndicator.pipeline.sources.source_control import Choice
from syndicator.rules.sources.rests import ALL
from syndicator.web.console.console import Console
from syndicator.web.console.forms import field
from syndicator.web.console.sources.source_actions import LONGEST_REASON
from syndicator.web.http.problems import not_found
from syndicator.web.use_cases import UseCases

ON_PAGE = 200


class GroupPages:
    """Handlers of `/admin/groups`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._control = cases.source_control
        self._reading = cases.reading
        self._console = console
        self._sources = Counter(one.group for one in cases.schedule_preview.sources.values() if one.group)

    def routes(self) -> list[web.RouteDef]:
        one = "/groups/{group}"
        return [
            self._console.get("/groups", self.page),
            self._console.post(f"{one}/run", self.run),
            self._console.post(f"{one}/pause", self.pause),
            self._console.post(f"{one}/resume", self.resume),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """List the groups by name, from `?from=` on, and what is paused."""
        names = sorted(name for name in self._sources if name >= request.query.get("from", ""))
        pauses = {pause.scope: pause for pause in await self._control.pauses()}
        return self._console.page(
            request,
            "groups.html",
            "sources",
            rows=[
                (name, self._sources[name], pauses.get(f"group:{name}") or pauses.get(ALL))
                for name in names[:ON_PAGE]
            ],
            more=names[ON_PAGE] if len(names) > ON_PAGE else None,
            now=self._reading.clock(),
        )

    async def run(self, request: web.Request) -> web.Response:
        """Make all sources of a group due now, but for those that rest."""
        await self._control.run(self._named(request))
        return self._console.done("/groups", "group_run")

    async def pause(self, request: web.Request) -> web.Response:
        """Ask the sources of a group nothing more until it is resumed."""
        reason = await field(request, "reason", LONGEST_REASON)
        await self._control.pause(self._named(request), until=None, reason=reason)
        return self._console.done("/groups", "group_paused")

    async def resume(self, request: web.Request) -> web.Response:
        """End the pause of a group: what rested for it is due now."""
        await self._control.resume(self._named(request))
        return self._console.done("/groups", "group_resumed")

    def _named(self, request: web.Request) -> Choice:
        name = request.match_info["group"]
        if name not in self._sources:
            raise not_found("No group has this name.")
        return Choice(group=name)
