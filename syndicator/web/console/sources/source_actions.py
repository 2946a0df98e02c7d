"""What the forms on the page of a source do: run, pause, resume, gather its past."""

from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from syndicator.model.ids import SourceId
from syndicator.model.sources.backfill import BackfillPath, BackfillWish
from syndicator.pipeline.sources.backfill_control import MOST_ARTICLES, MOST_REQUESTS
from syndicator.pipeline.sources.source_control import Choice, ControlRefused
from syndicator.web.api.json_api import sentence, source_of
from syndicator.web.console.console import Console
from syndicator.web.console.sources.pause_form import pause_by_form
from syndicator.web.console.sources.source_page import SourcePage
from syndicator.web.http.forms import FieldFault, field, fields, local_instant
from syndicator.web.use_cases import UseCases


class SourceActions:
    """Handlers of what is sent from `/admin/sources/{source}`."""

    def __init__(self, cases: UseCases, console: Console, page: SourcePage) -> None:
        self._cases = cases
        self._console = console
        self._page = page
        self._zone = ZoneInfo(cases.reading.site.timezone)

    def routes(self) -> list[web.RouteDef]:
        console, one = self._console, "/sources/{source}"
        return [
            console.post(f"{one}/run", self.run),
            console.post(f"{one}/pause", self.pause),
            console.post(f"{one}/resume", self.resume),
            console.post(f"{one}/backfill", self.backfill),
            console.post(f"{one}/stop-backfill", self.stop_backfill),
        ]

    async def run(self, request: web.Request) -> web.Response:
        """Make a source due now."""
        order = await self._cases.source_control.run(Choice(sources=(self._named(request),)))
        return self._done(request, "source_rests" if order.resting else "source_run")

    async def pause(self, request: web.Request) -> web.Response:
        """Ask a source nothing more for a time; a time that cannot be used stands beside its field."""
        choice = Choice(sources=(self._named(request),))
        if fault := await pause_by_form(request, self._cases.source_control, choice, self._zone):
            return await self._refuse(request, fault)
        return self._done(request, "source_paused")

    async def resume(self, request: web.Request) -> web.Response:
        """End the pause of a source: it is due now, unless its group, a tag or everything is paused."""
        (steered,) = await self._cases.source_control.resume(Choice(sources=(self._named(request),)))
        return self._done(request, "source_still_rests" if steered.pause else "source_resumed")

    async def backfill(self, request: web.Request) -> web.Response:
        """Begin to gather the past of a source; what cannot be done stands beside the form."""
        name = self._named(request)
        try:
            wish = await self._wish(request)
            await self._cases.backfill_control.begin(name, wish)
        except _Refused as refused:
            return await self._refuse(request, refused.fault)
        except ControlRefused as error:
            return await self._refuse(request, FieldFault(field="backfill", text=sentence(error)))
        return self._done(request, "backfill_begun")

    async def stop_backfill(self, request: web.Request) -> web.Response:
        """Stop gathering the past of a source; what was gathered stays."""
        await self._cases.backfill_control.stop(self._named(request))
        return self._done(request, "backfill_stopped")

    async def _wish(self, request: web.Request) -> BackfillWish:
        path = await field(request, "path", 20)
        return BackfillWish(
            since=await self._since(request),
            articles=await _number(request, "articles", MOST_ARTICLES),
            requests=await _number(request, "requests", MOST_REQUESTS),
            path=BackfillPath(path) if path in list(BackfillPath) else None,
            announce=bool(await field(request, "announce", 10)),
        )

    async def _since(self, request: web.Request) -> datetime | None:
        text = await field(request, "since", 40)
        try:
            return local_instant(text, self._zone) if text else None
        except ValueError:
            raise _Refused(FieldFault(field="since", key="no_time")) from None

    async def _refuse(self, request: web.Request, fault: FieldFault) -> web.Response:
        return await self._page.draw(request, fault, await fields(request))

    def _named(self, request: web.Request) -> SourceId:
        return source_of(request, self._cases.reading.source_ids)

    def _done(self, request: web.Request, note: str) -> web.Response:
        return self._console.done(f"/sources/{self._named(request)}", note)


class _Refused(Exception):
    """A field that cannot be used."""

    def __init__(self, fault: FieldFault) -> None:
        super().__init__(fault.field)
        self.fault = fault


async def _number(request: web.Request, name: str, most: int) -> int:
    text = await field(request, name, 20)
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if not 0 < number <= most:
        raise _Refused(FieldFault(field=name, key="no_number", values={"most": most}))
    return number
