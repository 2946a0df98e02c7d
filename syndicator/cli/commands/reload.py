"""The command that has a running service read its configuration again: reload."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    counted,
    failed,
    invocation,
    print_json,
    print_table,
)
from syndicator.cli.event_loop import run_loop
from syndicator.cli.store_access import operator
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.clock import system_clock
from syndicator.model.ops.configuration import ProcessNote
from syndicator.model.ops.states import ProcessState
from syndicator.observe.actor import acting
from syndicator.resources import open_foundation
from syndicator.store.lease_owners import own_name

_WAIT_S = 15.0
"""How long processes are waited for."""

_LOOK_S = 0.1


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="reload", epilog="Example: syndicator reload")(_reload)


def _reload(context: typer.Context, as_json: AsJson = False) -> None:
    """Have all running processes use the configuration as it is in the files now, without a restart.

    It is checked as a whole, and refused as a whole where something is wrong: what runs goes on then.
    """
    version, notes = run_loop(_published(context))
    items = [_item(note, version) for note in notes]
    refused = [note for note in notes if note.state(version) in {ProcessState.REFUSED, ProcessState.WAITING}]
    if as_json:
        errors = [
            {"process": note.process, **failed("", reason)}
            for note in refused
            for reason in note.refused or ("has not answered",)
        ]
        print_json({"ok": not refused, "version": version, "items": items, "next": None, "errors": errors})
    elif not notes:
        typer.echo(f"Version {version} is published. No process runs: the next start takes it.")
    else:
        print_table([_row(item) for item in items])
        for note in notes:
            for reason in note.refused:
                typer.secho(f"{note.process}: {reason}", err=True, fg="red")
            for key in note.restart_for:
                typer.secho(f"{note.process}: {key} is applied by a restart only", err=True, fg="yellow")
        typer.echo(f"Version {version} runs in {counted(len(notes) - len(refused), 'process')}.")
    if refused:
        raise typer.Exit(1)


async def _published(context: typer.Context) -> tuple[int, Sequence[ProcessNote]]:
    """Publish the files, and return how all processes that live stand to them."""
    call = invocation(context)
    settings = await asyncio.to_thread(call.settings)  # a fault of the files alone ends here
    async with open_foundation(settings, None, system_clock) as foundation:
        versions, clock = foundation.store.configuration, foundation.clock
        live = LiveConfiguration(call.local(), foundation.store, clock, process=own_name())
        with acting(operator()):
            published = await live.publish()
        if published is None:
            raise CommandFailed("another change was published meanwhile", remedy="call it again")
        until_s = asyncio.get_running_loop().time() + _WAIT_S
        while True:
            notes = await versions.notes(clock())
            waiting = [note for note in notes if note.version < live.version and not note.refused]
            if not waiting or asyncio.get_running_loop().time() > until_s:
                return live.version, notes
            await asyncio.sleep(_LOOK_S)


def _item(note: ProcessNote, version: int) -> dict[str, Any]:
    return {
        "process": note.process,
        "version": note.version,
        "state": note.state(version),
        "is_current": note.version >= version,
        "refused": note.refused,
        "restart_for": note.restart_for,
    }


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("process", "version", "state")}
