"""What every command gets, and how every command speaks: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from syndicator.errors import ConfigError, SyndicatorError
from syndicator.settings import Settings, load


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The global options of one call."""

    folder: Path
    environ: Mapping[str, str]
    log_level: str = "info"
    log_json: bool | None = None

    def settings(self) -> Settings:
        """Read the configuration; raise ConfigError with all that is wrong."""
        return load(self.folder, self.environ)

    def options(self) -> list[str]:
        """Spell the global options as another process of this program takes them."""
        words = ["--config", str(self.folder), "--log-level", self.log_level]
        if self.log_json is not None:
            words.append("--log-json" if self.log_json else "--log-text")
        return words


def invocation(context: typer.Context) -> Invocation:
    """Give the global options of this call."""
    found = context.find_object(Invocation)
    if found is None:
        raise RuntimeError("a command ran outside of the program")
    return found


def fail(error: SyndicatorError, *, code: int) -> NoReturn:
    """Say what is wrong in plain words, and exit."""
    if isinstance(error, ConfigError):
        for fault in error.faults:
            typer.secho(f"{fault.file}: {fault.key}: {fault.reason}", err=True, fg="red")
            if fault.remedy:
                typer.echo(f"    → {fault.remedy}", err=True)
        count = len(error.faults)
        typer.echo(f"{count} fault{'s' if count > 1 else ''} in the configuration.", err=True)
    else:
        typer.secho(f"syndicator: {error}", err=True, fg="red")
    sys.exit(code)


def print_json(document: object) -> None:
    """Write one document to standard output."""
    text = msgspec.json.encode(document)
    typer.echo(json.dumps(json.loads(text), ensure_ascii=False, indent=2))


def print_list(
    items: Sequence[Mapping[str, Any]], *, as_json: bool, more: str | None = None, empty: str = "Nothing."
) -> None:
    """Show things: as a table, or as the list document that programs get."""
    if as_json:
        print_json({"ok": True, "items": items, "next": more, "errors": []})
    elif not items:
        typer.echo(empty)
    else:
        print_table(items)


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Show rows under the names of their columns."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        number = all(isinstance(row[name], int | float) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console().print(table)


def console() -> Console:
    """Give standard output; as wide as its content where nobody looks at it on a terminal."""
    out = Console(highlight=False, markup=False)
    return out if out.is_terminal else Console(highlight=False, markup=False, width=200)
