"""Commands that steer sources while workers run: pause, resume, run."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from syndicator.cli.completion import source_ids
from syndicator.cli.context import AsJson, check_known, counted, failed, invocation, print_json, print_table
from syndicator.cli.formats import local_time
from syndicator.cli.instants import duration_of, instant_of
from syndicator.cli.store_access import ask, settings_that_know
from syndicator.model.clock import system_clock
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import RoundStatus, Severity, SourceStanding
from syndicator.pipeline.sources.source_control import Choice, RunOrder, Steered
from syndicator.rules.sources.rests import sentence
from syndicator.rules.sources.round_history import HistoryLine
from syndicator.service import Service

_LOOK_S = 0.2

Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...", help="Ids, as `syndicator sources list` shows them.", autocompletion=source_ids
    ),
]
Group = Annotated[str | None, typer.Option("--group", help="All sources of this group.")]
Tag = Annotated[str | None, typer.Option("--tag", help="All sources with this tag.")]
All = Annotated[bool, typer.Option("--all", help="All sources.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the group of sources."""
    app.command(
        name="pause", epilog="Example: syndicator sources pause berita-kota --for 2h --reason moving"
    )(_pause)
    app.command(name="resume", epilog="Example: syndicator sources resume berita-kota")(_resume)
    app.command(name="run", epilog="Example: syndicator sources run berita-kota")(_run)


def _pause(
    context: typer.Context,
    ids: Ids = None,
    *,
    group: Group = None,
    tag: Tag = None,
    every: All = False,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="When the pause ends by itself, as 2027-01-31T06:00 (in the site's zone)."
        ),
    ] = None,
    lasting: Annotated[str | None, typer.Option("--for", help="After how long it ends, as 2h.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown wherever the source is shown.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask sources nothing more until the pause ends or they are resumed; what they brought stays published.

    A pause of a group, a tag or all sources also holds for sources that join later.
    """
    choice, end = chosen(context, ids, group, tag, every=every), _end(context, until, lasting)
    steered = ask(context, lambda service: service.source_control.pause(choice, until=end, reason=reason))
    zone = invocation(context).settings().site.timezone
    _print(steered, [_paused(one, zone) for one in steered], "paused", as_json=as_json)


def _resume(
    context: typer.Context,
    ids: Ids = None,
    *,
    group: Group = None,
    tag: Tag = None,
    every: All = False,
    as_json: AsJson = False,
) -> None:
    """End a pause: what rested is due at once, as is a named source that was stopped because it is gone."""
    choice = chosen(context, ids, group, tag, every=every)
    steered = ask(context, lambda service: service.source_control.resume(choice))
    _print(steered, [_resumed(one) for one in steered], "due now", as_json=as_json)


def _run(
    context: typer.Context,
    ids: Ids = None,
    *,
    group: Group = None,
    tag: Tag = None,
    every: All = False,
    wait_s: Annotated[
        int, typer.Option("--wait", min=0, max=3600, help="Seconds to wait for the rounds; 0: do not wait.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Have running workers gather sources now, and show what each round brought; a failed one gives exit 1.

    Without a running worker, `syndicator once gather --source ID` does it.
    """
    choice = chosen(context, ids, group, tag, every=every)

    async def ran(service: Service) -> tuple[RunOrder, dict[SourceId, HistoryLine]]:
        order = await service.source_control.run(choice)
        runs = await service.store.configuration.notes(service.clock())
        return order, await _rounds(service, order, wait_s if runs else 0)

    order, rounds = ask(context, ran)
    items = [_round(name, rounds.get(name)) for name in order.sources]
    items += [{**_round(name, None), "status": SourceStanding.PAUSED} for name in order.resting]
    left = [item for item in items if wait_s and item["status"].severity is not Severity.GOOD]
    if as_json:
        errors = [failed(item["source"], item["reason"] or item["status"]) for item in left]
        print_json({"ok": not left, "items": items, "next": None, "errors": errors})
    elif items:
        print_table(items)
        if wait_s and any(item["status"] is RoundStatus.WAITING for item in items):
            typer.echo(
                "What waits is due; see that a worker runs: syndicator work, or syndicator run.", err=True
            )
    if left:
        raise typer.Exit(1)


async def _rounds(service: Service, order: RunOrder, wait_s: float) -> dict[SourceId, HistoryLine]:
    """Wait for the first round of each source that began after the order."""
    found: dict[SourceId, HistoryLine] = {}
    until_s = asyncio.get_running_loop().time() + wait_s
    while wait_s and len(found) < len(order.sources) and asyncio.get_running_loop().time() < until_s:
        await asyncio.sleep(_LOOK_S)
        for name in order.sources:
            if name not in found:
                lines = await service.queries.round_history(name)
                began = [line for line in lines if line.span == "round" and line.began_at >= order.asked_at]
                found |= {name: began[-1]} if began else {}
    return found


def _round(name: SourceId, line: HistoryLine | None) -> dict[str, Any]:
    if line is None:
        return {
            "source": name,
            "status": RoundStatus.WAITING,
            "new": 0,
            "changed": 0,
            "took_ms": 0,
            "reason": "",
        }
    return {
        "source": name,
        "status": line.status,
        "new": line.new,
        "changed": line.changed,
        "took_ms": line.took_ms,
        "reason": line.reason or "",
    }


def chosen(
    context: typer.Context,
    ids: Sequence[str] | None,
    group: str | None,
    tag: str | None,
    *,
    every: bool = False,
) -> Choice:
    """Return the sources that are meant; refuse ids that the configuration does not have."""
    for name in ids or ():
        check_known("source", name, settings_that_know(context, "source", name).sources, "ID")
    if sum((bool(ids), group is not None, tag is not None, every)) != 1:
        raise typer.BadParameter("give ids, or --group, or --tag, or --all", param_hint="ID")
    return Choice(sources=tuple(map(SourceId, ids or ())), group=group, tag=tag, all=every)


def _end(context: typer.Context, until: str | None, lasting: str | None) -> datetime | None:
    if until is not None and lasting is not None:
        raise typer.BadParameter("give --until or --for", param_hint="--until")
    if lasting is not None:
        return system_clock() + duration_of(lasting, "--for")
    if until is None:
        return None
    return instant_of(until, "--until", invocation(context).settings().site.timezone)


def _paused(one: Steered, zone: str) -> str:
    end = one.pause.until if one.pause else None
    until = f"until {local_time(end, zone)}" if end else "until it is resumed"
    return f"{named(one)}: paused {until}"


def _resumed(one: Steered) -> str:
    if one.pause is None:
        return f"{named(one)}: due now" if one.scope.startswith("source:") else f"{named(one)}: resumed"
    return f"{named(one)}: rests still: {sentence(one.pause)}"


def named(one: Steered) -> str:
    """Return a scope in words."""
    kind, _, name = one.scope.partition(":")
    if kind == "source":
        return name
    return f"{kind} {name}".strip() + f" ({counted(one.sources, 'source')})"


def _print(steered: Sequence[Steered], lines: Sequence[str], status: str, *, as_json: bool) -> None:
    if not as_json:
        for line in lines:
            typer.echo(f"{line}.")
        return
    items = [_item(one, status) for one in steered]
    print_json({"ok": True, "items": items, "next": None, "errors": []})


def _item(one: Steered, status: str) -> Mapping[str, Any]:
    return {
        "id": one.scope.removeprefix("source:"),
        "status": "paused" if one.pause else status,
        "sources": one.sources,
        "until": one.pause.until if one.pause else None,
        "reason": one.pause.reason if one.pause else "",
    }
