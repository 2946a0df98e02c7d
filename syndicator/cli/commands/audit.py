"""Commands about the audit log."""

from collections.abc import Iterator
from typing import Any

import typer
from msgspec.structs import asdict

from syndicator.cli.context import AsJson, console, invocation, print_list
from syndicator.cli.formats import local_time
from syndicator.cli.store_access import Limit, ask
from syndicator.model.ops.audit import AuditEntry

app = typer.Typer(help="What was changed while the service runs, by whom.", no_args_is_help=True)

_NOTHING = "—"


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(app, name="audit")


@app.command(name="list", epilog="Example: syndicator audit list --limit 20")
def _list(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what was changed by commands and over the API, newest first: who, when, before, after."""
    entries, more = ask(context, lambda service: service.store.audit.list(limit))
    if as_json or not entries:
        print_list(
            [asdict(one) for one in entries], as_json=as_json, more=more, empty="Nothing was changed yet."
        )
        return
    zone = invocation(context).settings().site.timezone
    out = console()
    for entry in entries:
        out.print(f"{local_time(entry.at, zone)}  {entry.what}  {entry.name}", style="bold", soft_wrap=True)
        out.print(f"    by {entry.who}", soft_wrap=True)
        for line in _changes(entry):
            out.print(f"    {line}", soft_wrap=True)


def _changes(entry: AuditEntry) -> Iterator[str]:
    for key in dict.fromkeys([*entry.before, *entry.after]):
        before, after = entry.before.get(key), entry.after.get(key)
        if not entry.before or not entry.after:
            value = after if entry.after else before
            if value not in (None, "", [], {}):
                yield f"{key}: {_plain(value)}"
        else:
            yield f"{key}: {_plain(before)} → {_plain(after)}"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_plain(inner)}" for key, inner in value.items()) or _NOTHING
    if isinstance(value, list):
        return ", ".join(map(_plain, value)) or _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _NOTHING if value in (None, "") else str(value)
