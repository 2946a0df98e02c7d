"""The console's pages of groups: their sources, schedules and limits; run, pause and resume of a group."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web

from syndicator.model.ops.pause import Pause
from syndicator.pipeline.sources.source_control import Choice
from syndicator.rules.sources.rests import ALL
from syndicator.web.console.console import Console
from syndicator.web.console.sources.pause_form import pause_by_form
from syndicator.web.console.sources.schedule_words import plan_in_words
from syndicator.web.console.sources.source_strips import strip_drawing
from syndicator.web.http.forms import FieldFault, fields
from syndicator.web.http.problems import ProblemRaised, not_found
from syndicator.web.use_cases import UseCases

ON_PAGE = 100
MOST_VARIED = 10
"""Schedules, and limits, that the page of a group shows."""


class GroupPages:
    """Handlers of `/admin/groups` and below."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._control = cases.source_control
        self._editing = cases.editing
        self._tables = cases.tables
        self._reading = cases.reading
        self._groups = cases.reading.groups
        self._console = console
        self._zone = ZoneInfo(cases.reading.site.timezone)

    def routes(self) -> list[web.RouteDef]:
        console, one = self._console, "/groups/{group}"
        return [
            console.get("/groups", self.page),
            console.get(one, self.group),
            console.post(f"{one}/run", self.run),
            console.post(f"{one}/pause", self.pause),
            console.post(f"{one}/resume", self.resume),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """List the groups by name, from `?from=` on, and what is paused."""
        begin, added = request.query.get("from", ""), await self._added()
        names = [name for name in sorted({*self._groups.names, *added}) if name >= begin]
        pauses = await self._pauses()
        return self._console.page(
            request,
            "console/groups.html",
            "sources",
            rows=[
                (group, _pause_of(group.name, pauses)) for group in await self._groups.listed(names[:ON_PAGE])
            ],
            more=names[ON_PAGE] if len(names) > ON_PAGE else None,
            words=plan_in_words,
            now=self._reading.clock(),
        )

    async def group(self, request: web.Request) -> web.Response:
        """Show one group."""
        return await self._draw(request)

    async def run(self, request: web.Request) -> web.Response:
        """Make all sources of a group due now, but for those that rest."""
        order = await self._control.run(self._choice(request))
        note = "group_run" if not order.resting else "group_run_partly" if order.sources else "group_rests"
        return self._done(request, note)

    async def pause(self, request: web.Request) -> web.Response:
        """Ask the sources of a group nothing more for a time, or until it is resumed."""
        fault = await pause_by_form(request, self._control, self._choice(request), self._zone)
        if fault is not None:
            return await self._draw(request, fault, await fields(request))
        return self._done(request, "group_paused")

    async def resume(self, request: web.Request) -> web.Response:
        """End the pause of a group: what rested for it is due now."""
        await self._control.resume(self._choice(request))
        return self._done(request, "group_still_rests" if ALL in await self._pauses() else "group_resumed")

    async def _draw(
        self, request: web.Request, fault: FieldFault | None = None, typed: Mapping[str, Any] | None = None
    ) -> web.Response:
        name, added = request.match_info["group"], await self._added()
        if name not in self._groups.names and name not in added:
            raise _unknown()
        group = await self._groups.shown(name)
        return self._console.page(
            request,
            "console/group.html",
            "sources",
            http_status=422 if fault else 200,
            group=group,
            drawn=strip_drawing(group.day),
            pause=_pause_of(name, await self._pauses()),
            table=await self._tables.standing(name, "group"),
            most_varied=MOST_VARIED,
            words=plan_in_words,
            now=self._reading.clock(),
            fault=fault,
            typed=typed or {},
        )

    async def _added(self) -> Sequence[str]:
        """Return the groups that were added while the service ran, also those without sources."""
        return [name for kind, name in await self._editing.added_names() if kind == "group"]

    async def _pauses(self) -> dict[str, Pause]:
        return {pause.scope: pause for pause in await self._control.pauses()}

    def _choice(self, request: web.Request) -> Choice:
        name = request.match_info["group"]
        if name not in self._groups.names:
            raise _unknown()
        return Choice(group=name)

    def _done(self, request: web.Request, note: str) -> web.Response:
        return self._console.done(f"/groups/{quote(request.match_info['group'], safe='')}", note)


def _pause_of(name: str, pauses: Mapping[str, Pause]) -> Pause | None:
    return pauses.get(f"group:{name}") or pauses.get(ALL)


def _unknown() -> ProblemRaised:
    return not_found("No group has this name.")
