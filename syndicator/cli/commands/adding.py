"""Commands that add sources while the service runs, and remove them: sources add, sources remove."""

import tomllib
from typing import Annotated, Any

import typer

from syndicator.cli.commands.preview import draft, found_at
from syndicator.cli.context import AsJson, print_json
from syndicator.cli.event_loop import run_loop
from syndicator.cli.preview.toml_blocks import block
from syndicator.cli.store_access import edit, settings_that_know
from syndicator.model.source import SourceKind
from syndicator.pipeline.ops.configuration_editing import ConfigurationEditing

_ARTICLES = 1
"""Read of each source that is added, to see that its articles can be."""


def register(app: typer.Typer) -> None:
    """Add these commands to the group of sources."""
    app.command(name="add", epilog="Example: syndicator sources add https://portal.example/")(_add)
    app.command(name="remove", epilog="Example: syndicator sources remove portal")(_remove)


def _add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, a sitemap, or a page of a portal.")],
    *,
    name: Annotated[
        str | None, typer.Option("--id", help="Id of the source and its feed (default: from its title).")
    ] = None,
    kind: Annotated[
        SourceKind | None, typer.Option("--kind", help="Take a feed, a sitemap or the page, as preview does.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what can be gathered at an address, and gather it from now on: a source, and a feed of it.

    Both are kept beside the files, as config add does. `syndicator preview URL` shows first what would come.
    """
    settings = settings_that_know(context, "source", name or "")
    found = run_loop(found_at(settings, draft(settings, url), kind, _ARTICLES))
    tables: dict[str, Any] = tomllib.loads(block(found.preview.source, {*settings.sources, *settings.feeds}))
    if name is not None:
        tables = _named(tables, name)
    added = edit(context, lambda editing: editing.put(tables))
    (source,) = tables["source"]
    if as_json:
        names = [f"{each.kind}.{each.id}" for each in added]
        print_json({"ok": True, "items": names, "next": None, "errors": []})
        return
    typer.echo(f"Added source {source} ({tables['source'][source]['url']}), and feed {source}.")
    typer.echo(f"See it with: syndicator sources show {source}")


def _named(tables: dict[str, Any], name: str) -> dict[str, Any]:
    ((_, source),) = tables["source"].items()
    ((_, feed),) = tables["feed"].items()
    return {"source": {name: source}, "feed": {name: {**feed, "filter": {"source": [name]}}}}


def _remove(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source that was added while the service ran.")],
) -> None:
    """Gather a source no more that was added while the service ran; its articles stay by retention.

    A feed of the same name that was added shows only this source, and goes with it.
    """

    async def removed(editing: ConfigurationEditing) -> list[tuple[str, str]]:
        added = {(each.kind, each.id): each for each in await editing.added()}
        feed = added.get(("feed", source))
        names = [("source", source)]
        if feed is not None and feed.table.get("filter") == {"source": [source]}:
            names.append(("feed", source))
        await editing.remove(*names)
        return names

    names = edit(context, removed)
    typer.echo(f"Removed: {' and '.join(' '.join(each) for each in names)}.")
