"""The command that gathers the past of a source."""

import asyncio
from typing import Annotated

import typer
from msgspec import to_builtins

from syndicator.cli.completion import SourceNamed
from syndicator.cli.context import AsJson, check_known, counted, print_item
from syndicator.cli.formats import local_time
from syndicator.cli.instants import instant_of
from syndicator.cli.store_access import ask, settings_that_know
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import BackfillStatus
from syndicator.model.sources.backfill import BackfillPath, BackfillProgress, BackfillWish
from syndicator.service import Service

_LOOK_S = 0.5
_SAY_EVERY_S = 10.0


def register(app: typer.Typer) -> None:
    """Add this command to the group of sources."""
    app.command(
        name="backfill", epilog="Example: syndicator sources backfill berita-kota --since 2026-01-01"
    )(_backfill)


def _backfill(
    context: typer.Context,
    source: SourceNamed,
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what was published then or later, as 2026-01-01.")
    ] = None,
    articles: Annotated[int, typer.Option("--articles", help="New articles, at most.")] = 500,
    requests: Annotated[
        int, typer.Option("--requests", help="Documents and article pages that are requested, at most.")
    ] = 2000,
    path: Annotated[
        BackfillPath | None,
        typer.Option("--from", help="Where they are listed; by default the first that the source offers."),
    ] = None,
    announce: Annotated[
        bool, typer.Option("--announce", help="Tell endpoints of the articles, as of news.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop what runs; what was gathered stays.")] = False,
    wait_s: Annotated[
        int, typer.Option("--wait", min=0, help="Seconds to wait for its end; 0: do not wait.")
    ] = 3600,
    as_json: AsJson = False,
) -> None:
    """Have running workers gather older articles of a source, from its archives, list pages or sitemap.

    They stand in feeds at their own dates. It goes on when this command ends: see `sources show`.
    """
    sources = settings_that_know(context, "source", source).sources
    check_known("source", source, sources, "source")
    name, zone = SourceId(source), sources[SourceId(source)].timezone
    wish = BackfillWish(
        since=instant_of(since, "--since", zone) if since is not None else None,
        articles=articles,
        requests=requests,
        path=path,
        announce=announce,
    )

    async def gathered(service: Service) -> BackfillProgress:
        if stop:
            return (await service.backfill_control.stop(name)).progress
        begun = (await service.backfill_control.begin(name, wish)).progress
        return await _waited(service, begun, wait_s, zone, quiet=as_json)

    progress = ask(context, gathered)
    if as_json:
        print_item(to_builtins(progress))
    else:
        typer.echo(f"{source}: {sentence(progress, zone)}.")
    if progress.status is BackfillStatus.FAILED:
        raise typer.Exit(1)


async def _waited(
    service: Service, progress: BackfillProgress, wait_s: int, zone: str, *, quiet: bool
) -> BackfillProgress:
    """Wait for the end, and say now and then how far it is."""
    loop = asyncio.get_running_loop()
    until_s, said_s = loop.time() + wait_s, loop.time()
    while progress.status is BackfillStatus.RUNNING and loop.time() < until_s:
        await asyncio.sleep(_LOOK_S)
        now = await service.backfill_control.get(progress.source)
        progress = now.progress if now is not None else progress
        if not quiet and loop.time() - said_s >= _SAY_EVERY_S:
            said_s = loop.time()
            typer.echo(f"{sentence(progress, zone)} …", err=True)
    return progress


def sentence(progress: BackfillProgress, zone: str) -> str:
    """Return how far a gathering of the past is, in words."""
    words = [f"{progress.new} new, {progress.known} known"]
    if progress.oldest is not None:
        words.append(f"back to {local_time(progress.oldest, zone)}")
    if progress.failed:
        words.append(f"{counted(progress.failed, 'document')} unreadable")
    words.append(counted(progress.requested, "request"))
    reason = f": {progress.reason}" if progress.reason else ""
    return f"{progress.status.value}{reason}; {', '.join(words)}"
