"""The console's page that simulates when sources run: a form, and the load by hour, host and source."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web
from msgspec import Struct

from syndicator.model.ids import SourceId
from syndicator.model.source import Source
from syndicator.pipeline.ops.schedule_preview import (
    LONGEST,
    ScheduleRefused,
    SimulatedSchedule,
)
from syndicator.rules.durations import seconds_of
from syndicator.rules.sources.rests import resume_command, scope_of
from syndicator.rules.sources.simulation.schedule_load import Starved
from syndicator.rules.sources.simulation.simulation import in_order, is_steady
from syndicator.rules.suggestions import suggestion
from syndicator.web.console.console import Console
from syndicator.web.console.schedule_charts import HEIGHT, WIDTH, chart_of, strip_of_host
from syndicator.web.http.forms import local_instant
from syndicator.web.use_cases import UseCases

ON_PAGE = 20
"""Rows that a list of the page has at most."""
MOST_NAMED = 3
"""Sources that are named where many are starved for the same reason."""
MOST_HOSTS = 10
MOST_HOURS = 168
"""Rows of the table of hours."""
NEXT_RUNS = 10
_STEADY = 0.05
"""What an hour of a source with an interval alone takes, of an hour of another (30 µs)."""
_QUICK = 4_000
"""So many hours of sources take 0.2 s, with all else: longer times are not offered, but for an hour."""
_MOST = 120_000
"""So many take some five seconds: longer times are refused."""
_MOST_SOURCE_HOURS = 250_000
"""Of whatever sources: their runs take some 100 MB."""
_USUAL_HOURS = 24
"""Are simulated where no time is asked for, or the longest time that is offered."""
_LENGTHS = {"1h": 1, "3h": 3, "6h": 6, "12h": 12, "24h": 24, "3d": 72, "7d": 168, "31d": 744}
"""Times that the form offers, in hours."""
_MOST_NAMES = 300
"""Names that the form offers; with more of them it offers none."""
_LONGEST_SHOWN = 100


class Asked(Struct, frozen=True, kw_only=True):
    """The fields of the form, as they were written."""

    since: str
    lasting: str
    source: str
    group: str


class FormFault(Exception):
    """A field that cannot be used, with the key of its text."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key)
        self.field = field
        self.key = f"schedule_fault.{key}"
        self.values = values


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be simulated."""

    since: datetime | None
    lasting: timedelta
    only: tuple[SourceId, ...]
    offered: tuple[str, ...]
    """The times that are offered for these sources."""


class StarvedFor(Struct, frozen=True, kw_only=True):
    """Sources that are starved for the same reason."""

    first: Starved
    names: tuple[SourceId, ...]
    """Those that are shown."""
    more: int

    @property
    def resume(self) -> str:
        """Return the command that resumes them, where they are paused."""
        pause = self.first.pause
        return resume_command(pause.scope if pause else scope_of(self.first.source))


def by_reason(starved: Iterable[Starved]) -> list[StarvedFor]:
    """Join sources that are starved for the same reason, as those of a host or a paused group are."""
    joined: dict[str, list[Starved]] = {}
    for one in starved:
        joined.setdefault(one.because, []).append(one)
    return [
        StarvedFor(
            first=all_of_it[0],
            names=tuple(one.source for one in all_of_it[:MOST_NAMED]),
            more=max(len(all_of_it) - MOST_NAMED, 0),
        )
        for all_of_it in joined.values()
    ]


class SchedulePages:
    """Handler of `/admin/schedule`."""

    def __init__(self, cases: UseCases, console: Console) -> None:
        self._preview = cases.schedule_preview
        self._zone = ZoneInfo(cases.reading.site.timezone)
        self._clock = cases.clock
        self._console = console
        groups = {source.group for source in self._preview.sources.values() if source.group}
        self._groups = sorted(groups)

    def routes(self) -> list[web.RouteDef]:
        return [self._console.get("/schedule", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """Show the form and the schedule that it asks for; a field that cannot be used with its fault."""
        asked = Asked(
            since=request.query.get("from", "").strip(),
            lasting=request.query.get("for", "").strip(),
            source=" ".join(request.query.getall("source", [])).strip(),
            group=request.query.get("group", "").strip(),
        )
        shown: dict[str, object] = {}
        fault: FormFault | None = None
        offered = tuple(_LENGTHS)
        try:
            wanted = wanted_of(asked, self._preview.sources, self._groups, self._zone)
            offered = wanted.offered
            shown = self._shown(await self._simulated(wanted), wanted)
            asked = Asked(
                since=asked.since,
                lasting=asked.lasting or f"{round(wanted.lasting / timedelta(hours=1))}h",
                source=" ".join(wanted.only) if asked.source else "",
                group=asked.group,
            )
        except FormFault as found:
            fault = found
        return self._console.page(
            request,
            "console/schedule.html",
            "schedule",
            http_status=200 if fault is None else 400,
            asked=asked,
            fault=fault,
            now=self._clock(),
            zone=self._zone,
            begin=_local_text(asked.since, self._zone),
            lengths=offered if asked.lasting in ("", *offered) else (asked.lasting, *offered),
            are_all_offered=len(offered) == len(_LENGTHS),
            sources=self._preview.sources if len(self._preview.sources) <= _MOST_NAMES else (),
            groups=self._groups if len(self._groups) <= _MOST_NAMES else (),
            has_groups=bool(self._groups),
            **({"load": None} | shown),
        )

    async def _simulated(self, wanted: Wanted) -> SimulatedSchedule:
        try:
            return await self._preview.simulated(wanted.since, wanted.lasting, wanted.only)
        except ScheduleRefused as error:
            field = {"far": "from", "long": "for", "many": "source"}[error.why]
            count = len(wanted.only or self._preview.sources)
            raise FormFault(field, error.why, days=LONGEST.days, count=count) from None

    def _shown(self, simulated: SimulatedSchedule, wanted: Wanted) -> dict[str, object]:
        load, sources = simulated.load, self._preview.sources
        hosts = [host for host in load.hosts[:MOST_HOSTS] if host.runs]
        starved = by_reason(load.starved)
        runs = list(in_order(simulated.runs, NEXT_RUNS))
        return {
            "load": load,
            "chart": chart_of(load, self._zone),
            "box": (WIDTH, HEIGHT),
            "hours": load.hours[:MOST_HOURS],
            "hosts": [(host, strip_of_host(load.hours, host.by_hour)) for host in hosts],
            "collisions": load.collisions[:ON_PAGE],
            "starved": starved[:ON_PAGE],
            "starved_in_all": len(starved),
            "special": load.special[:ON_PAGE],
            "runs": [(run, sources[run.source]) for run in runs],
            "single": sources[wanted.only[0]] if len(wanted.only) == 1 else None,
        }


def wanted_of(
    asked: Asked, sources: Mapping[SourceId, Source], groups: Sequence[str], zone: ZoneInfo
) -> Wanted:
    """Read the form; `zone`: of times without an offset. Raises FormFault."""
    only = _chosen(asked, sources, groups)
    chosen = [sources[name] for name in only or sources]
    each_hour = sum(_STEADY if is_steady(source) else 1.0 for source in chosen)
    shortest, *longer = _LENGTHS
    offered = (shortest, *(text for text in longer if each_hour * _LENGTHS[text] <= _QUICK))
    usual = max(hours for text in offered if (hours := _LENGTHS[text]) <= _USUAL_HOURS)
    lasting = _length(asked.lasting) if asked.lasting else timedelta(hours=usual)
    asked_hours = lasting / timedelta(hours=1)
    if each_hour * asked_hours > _MOST or len(chosen) * asked_hours > _MOST_SOURCE_HOURS:
        raise FormFault("source", "many", count=len(chosen))
    return Wanted(since=_begin(asked.since, zone), lasting=lasting, only=only, offered=offered)


def _begin(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        # A plus in a query is a space.
        return local_instant(text[:_LONGEST_SHOWN].replace(" ", "+" if "T" in text else " "), zone)
    except ValueError:
        raise FormFault("from", "from", text=text[:_LONGEST_SHOWN]) from None


def _length(text: str) -> timedelta:
    seconds = seconds_of(text)
    if seconds is None:
        raise FormFault("for", "for", text=text[:_LONGEST_SHOWN])
    if not 0 < seconds <= LONGEST.total_seconds():
        raise FormFault("for", "long", days=LONGEST.days)
    return timedelta(seconds=seconds)


def _chosen(asked: Asked, sources: Mapping[SourceId, Source], groups: Sequence[str]) -> tuple[SourceId, ...]:
    """Return the sources that are named, or those of the group; empty: all."""
    names = tuple(SourceId(name) for name in dict.fromkeys(asked.source.replace(",", " ").split()))
    for name in names:
        if name not in sources:
            raise _unknown("source", name, sources)
    if not asked.group:
        return names
    if asked.group not in groups:
        raise _unknown("group", asked.group, groups)
    for name in names:
        if sources[name].group != asked.group:
            raise FormFault("group", "apart", source=name, group=asked.group)
    return names or tuple(name for name, source in sources.items() if source.group == asked.group)


def _unknown(field: str, name: str, known: Mapping[SourceId, Source] | Sequence[str]) -> FormFault:
    near = suggestion(name[:_LONGEST_SHOWN], known)
    key = f"{field}_like" if near else field
    return FormFault(field, key, name=name[:_LONGEST_SHOWN], near=near)


def _local_text(text: str, zone: ZoneInfo) -> str:
    """Return a time as a field for local times takes it; empty where it is none."""
    try:
        instant = _begin(text, zone)
    except FormFault:
        return ""
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}" if instant else ""
