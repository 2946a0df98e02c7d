"""The command that simulates schedules: schedule."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from syndicator.cli.completion import source_ids
from syndicator.cli.context import AsJson, check_known, console, counted, print_json, print_table
from syndicator.cli.instants import duration_of, instant_of
from syndicator.cli.store_access import Limit, ask
from syndicator.model.ids import SourceId
from syndicator.pipeline.ops.schedule_preview import SimulatedSchedule
from syndicator.rules.sources.simulation.schedule_load import HostLoad, ScheduleLoad, peaks
from syndicator.rules.sources.simulation.simulation import Run, in_order
from syndicator.rules.sources.simulation.special_times import SpecialKind, SpecialTime
from syndicator.service import Service
from syndicator.settings import Settings

_BAR = 44
_BESIDE_BARS = 30
"""Characters of a line of the chart beside its bar."""
_NEXT = 10
_MOST_ROWS = 10


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="schedule", epilog="Example: syndicator schedule --for 72h")(_schedule)


def _schedule(
    context: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option("--from", help="Begin, as 2027-03-13T00:00:00Z or local to the site (default: now)."),
    ] = None,
    lasting: Annotated[str, typer.Option("--for", help="How long, as 24h or 7d; 31d at most.")] = "24h",
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only this source; may be given again.", autocompletion=source_ids),
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Simulate when sources will run: the load by hour and host, and what cannot be as it is configured.

    It works by the rules of real rounds, and takes it that each round works. With --json: the first `--limit`
    runs, and the load.
    """
    span = duration_of(lasting, "--for")

    async def found(service: Service) -> tuple[SimulatedSchedule, Settings]:
        settings = service.settings
        for name in source or ():
            check_known("source", name, settings.sources, "--source")
        begin = instant_of(since, "--from", settings.site.timezone) if since else None
        names = [SourceId(name) for name in source or ()]
        return await service.schedule_preview.simulated(begin, span, names), settings

    simulated, settings = ask(context, found)
    runs = in_order(simulated.runs)
    if as_json:
        shown = list(islice(runs, limit or None))
        more = next(runs, None)
        print_json(
            {
                "ok": True,
                "items": [_item(run, settings) for run in shown],
                "next": more.at if more else None,
                "load": simulated.load,
                "errors": [],
            }
        )
        return
    _print(simulated.load, settings.site.timezone)
    if source:
        typer.echo("\nThe next runs:")
        print_table([_row(run, settings) for run in islice(runs, _NEXT)])


def _item(run: Run, settings: Settings) -> Mapping[str, Any]:
    zone = ZoneInfo(settings.sources[run.source].timezone)
    return {"source": run.source, "at": run.at, "local": run.at.astimezone(zone), "because": run.because}


def _row(run: Run, settings: Settings) -> Mapping[str, Any]:
    local = run.at.astimezone(ZoneInfo(settings.sources[run.source].timezone))
    return {"local": f"{local:%a %Y-%m-%d %H:%M:%S}", "source": run.source, "because": run.because}


def _print(load: ScheduleLoad, timezone: str) -> None:
    out, zone = console(), ZoneInfo(timezone)
    span = f"{_local(load.since, zone)} to {_local(load.until, zone)} ({timezone})"
    out.print(f"{counted(load.runs, 'run')} of {counted(load.sources, 'source')}, {span}\n")
    for line in _chart(load, zone, out.width):
        out.print(line)
    if load.busiest_minute:
        peak = f"{counted(load.most_a_minute, 'run')} at {_local(load.busiest_minute, zone)}"
        out.print(f"\nThe busiest minute: {peak}.")
    if load.special:
        out.print("\nSpecial times:")
        _print_rows([_special(one) for one in load.special])
    if load.runs:
        typer.echo("\nThe busiest hosts:")
        hosts = [each for each in load.hosts if each.runs]
        _print_rows([_host(each, zone) for each in hosts], load.hosts_in_all)
    if load.starved:
        typer.echo(f"\nNot as configured ({len(load.starved):,}):")
        _print_rows([{"source": each.source, "because": each.because} for each in load.starved])


def _print_rows(rows: Sequence[Mapping[str, Any]], in_all: int = 0) -> None:
    shown = rows[:_MOST_ROWS]
    print_table(shown)
    if (more := max(in_all, len(rows)) - len(shown)) > 0:
        typer.echo(f"and {more:,} more")


def _host(each: HostLoad, zone: ZoneInfo) -> Mapping[str, Any]:
    return {
        "host": each.host,
        "sources": each.sources,
        "runs": each.runs,
        "most an hour": each.most_an_hour,
        "most a minute": each.most_a_minute,
        "together at": _local(each.collides_at, zone) if each.collides_at else "",
    }


def _special(one: SpecialTime) -> Mapping[str, Any]:
    """Return a row in the zone of the special time itself."""
    zone = ZoneInfo(one.timezone)
    words = {
        SpecialKind.CLOCKS: f"clocks go {one.then}",
        SpecialKind.HOLIDAY: f"holiday ({one.name}): {one.then}",
        SpecialKind.BLACKOUT: f"blackout{one.name and f' ({one.name})'}: {one.then}",
        SpecialKind.BURST: f"burst{one.name and f' ({one.name})'}: {one.then}",
    }
    return {
        "from": _local(one.begins_at, zone),
        "to": _local(one.ends_at, zone) if one.ends_at > one.begins_at else "",
        "zone": one.timezone,
        "sources": one.sources,
        "what": words[one.kind],
    }


def _chart(load: ScheduleLoad, zone: ZoneInfo, width: int) -> Iterator[str]:
    """Yield a line for each hour; the busiest one is marked."""
    longest = min(max(width - _BESIDE_BARS, 10), _BAR)
    most = max((hour.runs for hour in load.hours), default=0)
    marked = peaks(load.hours, [hour.runs for hour in load.hours])
    day = ""
    for place, hour in enumerate(load.hours):
        local = hour.begins_at.astimezone(zone)
        named = f"{local:%a %d %b}"
        bar = "█" * round(longest * hour.runs / most) if most else ""
        mark = " most" if place in marked else ""
        yield f"{named if named != day else '':<10} {local:%H:%M} {bar:<{longest}} {hour.runs:>7,}{mark}"
        day = named


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
