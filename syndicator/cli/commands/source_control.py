"""Commands that steer sources while workers run: pause, resume."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from syndicator.cli.context import AsJson, check_known, counted, invocation, print_json
from syndicator.cli.formats import local_time
from syndicator.cli.instants import duration_of, instant_of
from syndicator.cli.store_access import ask, settings_that_know
from syndicator.model.clock import system_clock
from syndicator.model.ids import SourceId
from syndicator.pipeline.sources.source_control import Choice, Steered
from syndicator.rules.sources.rests import sentence

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, as `syndicator sources list` shows them.")
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
    return f"{named(one)}: rests still: {sentence(one.pause, one.pause.scope)}"


def named(one: Steered) -> str:
    """Name a scope for people."""
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
