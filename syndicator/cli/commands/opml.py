"""Commands about lists of feeds (OPML): sources in, feeds and sources out."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import asdict

from syndicator.cli.context import AsJson, CommandFailed, counted, invocation, print_json
from syndicator.cli.opml_import import Import, planned
from syndicator.errors import NotReadable
from syndicator.gather.listings.opml import read_opml
from syndicator.observe.redact import printable
from syndicator.render.opml import render_opml, render_sources_opml
from syndicator.settings.load import load_for_trial

MAX_BYTES = 10 * 2**20

group = typer.Typer(help="Lists of feeds, in and out.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(group, name="opml")


@group.command(name="import", epilog="Example: syndicator opml import reader.opml --write")
def _import(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The list, as a reader exports it; - reads standard input.")],
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Into a new file in the folder of the configuration.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make sources of a list of feeds: prints their tables, or writes them; fetches nothing."""
    call = invocation(context)
    settings = load_for_trial(call.folder, call.environ)
    try:
        listed = read_opml(_content(file))
    except NotReadable as error:
        raise CommandFailed(error.detail, key="FILE", remedy="export the list again, as OPML") from error
    found = planned(listed, settings, file)
    text = "\n".join(one.block for one in found.sources)
    written = _written(call.folder, file, text) if write and text else None
    if as_json:
        print_json(_document(found, text, written))
    else:
        _print_import(found, text, written)
    if found.faults:
        raise typer.Exit(1)


@group.command(name="export", epilog="Example: syndicator opml export --sources > sources.opml")
def _export(
    context: typer.Context,
    *,
    sources: Annotated[
        bool, typer.Option("--sources", help="The feeds that are gathered, in folders by section, instead.")
    ] = False,
) -> None:
    """Print the list of all public feeds, as /feeds.opml gives it."""
    settings = invocation(context).settings()
    if sources:
        document = render_sources_opml(settings.site, settings.sources.values())
    else:
        document = render_opml(settings.site, (one for one in settings.feeds.values() if not one.private))
    typer.echo(document.decode(), nl=False)


def _content(file: str) -> bytes:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"cannot be read ({error.strerror})", param_hint="FILE") from error
    if len(content) > MAX_BYTES:
        raise typer.BadParameter(f"is larger than {MAX_BYTES // 2**20} MiB", param_hint="FILE")
    return content


def _written(folder: Path, file: str, text: str) -> Path:
    """Write into a file that was not there before: no file of anybody's is ever changed."""
    stem = "-".join(re.findall(r"[a-z0-9]+", Path(file).stem.lower()))[:40] or "list"
    for number in range(1, 1000):
        path = folder / f"opml-{stem}{f'-{number}' if number > 1 else ''}.toml"
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise CommandFailed(
                f"{path} cannot be written ({error.strerror})", key="--write", remedy="check its permissions"
            ) from error
        return path
    raise CommandFailed("there are a thousand such files", key="--write", remedy="tidy the folder up")


def _document(found: Import, text: str, written: Path | None) -> dict[str, Any]:
    return {
        "ok": not found.faults,
        "items": [
            {key: value for key, value in asdict(one).items() if key != "block"} for one in found.sources
        ],
        "next": None,
        "errors": found.faults,
        "skipped": found.skipped,
        "block": text,
        "written": str(written) if written else None,
    }


def _print_import(found: Import, text: str, written: Path | None) -> None:
    for skipped in found.skipped:
        typer.echo(printable(f"{skipped.title}: {skipped.reason}: {skipped.url}"), err=True)
    for fault in found.faults:
        typer.secho(printable(f"{fault.where}: {fault.reason}"), err=True, fg="red")
        if fault.remedy:
            typer.echo(f"    → {fault.remedy}", err=True)
    if written is None:
        typer.echo(text, nl=False)
    parts = [
        counted(len(found.sources), "source"),
        f"{len(found.skipped)} left out",
        counted(len(found.faults), "fault"),
    ]
    where = f" in {written}: syndicator check looks at it, a new start gathers them" if written else ""
    typer.echo(", ".join(parts) + where + ".", err=True)
