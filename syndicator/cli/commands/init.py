"""`init`: a commented configuration to begin with."""

import shlex
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from syndicator.cli.context import AsJson, CommandFailed, invocation, print_json
from syndicator.settings import config_folder


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="init", epilog="Example: syndicator init")(_init)


def _init(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Where to (default: the folder of --config, or config)."),
    ] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Into a folder that holds files, too; no file is overwritten."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented configuration into an empty folder, and say what to do next."""
    call = invocation(context)
    target = folder or call.folder
    written = _write(target, force=force)
    config = "" if target == config_folder(None, call.environ) else f" --config {shlex.quote(str(target))}"
    following = [f"syndicator{config} {command}" for command in ("preview ADDRESS", "check", "run")]
    if as_json:
        items = [{"file": str(target / name)} for name in written]
        print_json({"ok": True, "items": items, "next": None, "errors": [], "following": following})
        return
    typer.echo(f"Written to {target}:")
    typer.echo(f"    {', '.join(written) or 'nothing, all files are there'}")
    typer.echo()
    typer.echo("Next: look at a portal of yours, by its home page or its feed.")
    typer.echo(f"    {following[0]}")
    typer.echo("Nothing is stored. The output ends with a block: put it into")
    typer.echo(f"{target / 'sources.toml'}, in the place of the example. Then:")
    for command in following[1:]:
        typer.echo(f"    {command}")


def _write(folder: Path, *, force: bool) -> list[str]:
    """Write the files that are missing; return their names."""
    try:
        if not force and folder.exists() and any(not each.name.startswith(".") for each in folder.iterdir()):
            raise CommandFailed(
                f"{folder} holds files", remedy="name an empty folder; or --force: no file is overwritten"
            )
        written = []
        for name, text in _texts(files("syndicator.settings") / "starter"):
            path = folder / name
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(name)
    except OSError as error:
        raise CommandFailed(
            f"{folder} cannot be written: {error.strerror}", remedy="name another folder"
        ) from error
    return written


def _texts(folder: Traversable, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each file, the main one first, those of folders last."""
    for each in sorted(
        folder.iterdir(), key=lambda each: (each.is_dir(), each.name != "syndicator.toml", each.name)
    ):
        if each.is_dir():
            yield from _texts(each, f"{above}{each.name}/")
        elif each.name.endswith(".toml"):
            yield f"{above}{each.name}", each.read_text("utf-8")
