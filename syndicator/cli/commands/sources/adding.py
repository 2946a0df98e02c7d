"""Commands that add sources while the service runs, and remove them: sources add, sources remove."""

from typing import Annotated, Any

import tomli
import typer

from syndicator.cli.commands.preview import draft, found_at
from syndicator.cli.context import AsJson, counted, print_json
from syndicator.cli.event_loop import run_loop
from syndicator.cli.store_access import ask, edit, settings_that_know
from syndicator.model.article import WithdrawnBy
from syndicator.model.ids import SourceId
from syndicator.model.source import SourceKind
from syndicator.pipeline.configuration.configuration_editing import ConfigurationEditing, NotAdded
from syndicator.pipeline.preview.toml_blocks import block
from syndicator.service import Service

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
    tables: dict[str, Any] = tomli.loads(block(found.preview.source, {*settings.sources, *settings.feeds}))
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
    source: Annotated[
        str, typer.Argument(help="A source that was added while the service ran, or has left the files.")
    ],
    *,
    purge: Annotated[
        bool, typer.Option("--purge", help="Withdraw its articles, too: they leave all feeds and pages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Gather a source no more that was added while the service ran; its articles stay by retention.

    A feed of the same name that was added shows only this source, and goes with it. With --purge its articles
    are withdrawn; those of a source that stood in a file, once the file has it no more.
    """
    names = edit(context, lambda editing: _removed(editing, source, missing_ok=purge))
    withdrawn = ask(context, lambda service: _purged(service, source)) if purge else 0
    if as_json:
        print_json({"ok": True, "items": names, "withdrawn": withdrawn, "next": None, "errors": []})
        return
    if names:
        typer.echo(f"Removed: {' and '.join(names)}.")
    if purge:
        typer.echo(f"Withdrawn: {counted(withdrawn, 'article')}.")


async def _removed(editing: ConfigurationEditing, source: str, *, missing_ok: bool) -> list[str]:
    """Remove a source, and the added feed that shows it alone; return what was removed."""
    added = {(each.kind, each.id): each for each in await editing.added()}
    names = [("source", source)]
    feed = added.get(("feed", source))
    if feed is not None and feed.table.get("filter") == {"source": [source]}:
        names.append(("feed", source))
    try:
        await editing.remove(*names)
    except NotAdded as error:
        if error.in_files or not missing_ok:
            raise
        return []
    return [" ".join(each) for each in names]


async def _purged(service: Service, source: str) -> int:
    """Withdraw all articles of a source; return how many there were."""
    count = 0
    for article in await service.store.articles.carried_by(SourceId(source)):
        found = await service.store.articles.get(article)
        if found is not None and found.source == source:
            reason = f"source {source} was removed"
            count += await service.withdrawer.withdraw(article, WithdrawnBy.OPERATOR, reason) is not None
    return count
