"""When sources will run, by program."""

from datetime import timedelta

from aiohttp import web
from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.model.token import TokenScope
from syndicator.pipeline.ops.schedule_preview import LONGEST, SchedulePreview
from syndicator.pipeline.queries import Queries
from syndicator.rules.sources.simulation.schedule_load import ScheduleLoad
from syndicator.rules.sources.simulation.simulation import Run, in_order
from syndicator.web.api.json_api import LIMIT, ApiRoute, Parameter, document, instant_of, limit_of
from syndicator.web.http.problems import bad_request

_FROM = Parameter(name="from", description="Begin, with an offset; left out: now.", schema={"type": "string"})
_HOURS = Parameter(
    name="hours",
    description="How long; left out: 24.",
    schema={"type": "integer", "minimum": 1, "maximum": LONGEST.days * 24},
)
_SOURCE = Parameter(name="source", description="Only this source.", schema={"type": "string"}, several=True)


class ScheduleShown(Struct, frozen=True, kw_only=True):
    """Simulated runs, the first `limit` of them, and the load of all."""

    ok: bool = True
    items: tuple[Run, ...]
    load: ScheduleLoad


class ScheduleRoutes:
    """The handler of `/api/v1/schedule`."""

    def __init__(self, preview: SchedulePreview, reading: Queries) -> None:
        self._preview = preview
        self._reading = reading

    def table(self) -> list[ApiRoute]:
        return [
            ApiRoute(
                method="GET", path="/api/v1/schedule", handler=self.schedule, scope=TokenScope.READ,
                topic="Sources", answer=ScheduleShown, query=(_FROM, _HOURS, _SOURCE, LIMIT), refusals=(400,),
            ),
        ]  # fmt: skip

    async def schedule(self, request: web.Request) -> web.Response:
        """Simulate when sources will run: by the rules of real rounds, as if each round worked."""
        names = [SourceId(name) for name in request.query.getall("source", [])]
        if unknown := [name for name in names if name not in self._reading.source_ids]:
            raise bad_request(f"No source is called {unknown[0]!r}.")
        hours = request.query.get("hours", "24")
        if not hours.isascii() or not hours.isdigit() or len(hours) > 3:  # noqa: PLR2004  a month of hours
            raise bad_request('The parameter "hours" is a whole number.')
        since, lasting = instant_of(request, "from"), timedelta(hours=int(hours))
        found = await self._preview.simulated(since, lasting, names)
        runs = tuple(in_order(found.runs, limit_of(request)))
        return document(ScheduleShown(items=runs, load=found.load))
