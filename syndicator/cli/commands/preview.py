"""The command that tries a source before it is live: preview."""

import shlex
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from syndicator.cli.completion import source_ids
from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    check_known,
    console,
    counted,
    invocation,
    print_json,
)
from syndicator.cli.event_loop import run_loop
from syndicator.cli.preview.output import (
    discovery_document,
    preview_document,
    show_differences,
    show_discovery,
    show_judged,
    show_preview,
)
from syndicator.egress.client import open_egress
from syndicator.egress.own_listeners import OwnListeners
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.gather.gatherer import Gatherer
from syndicator.model.clock import system_clock
from syndicator.model.fetch import FetchResult
from syndicator.model.ids import SourceId
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.comparison import Judged, judge_all
from syndicator.pipeline.preview.discovery import discover
from syndicator.pipeline.preview.dry_run_context import DryRunContext, paced
from syndicator.pipeline.preview.finds import Discovery
from syndicator.pipeline.preview.preview import Preview, preview
from syndicator.pipeline.preview.redaction import discovery_without_secrets, preview_without_secrets
from syndicator.pipeline.preview.snapshots import (
    Recorder,
    Snapshot,
    check_free,
    differences,
    load_snapshot,
    result_of,
    save_expected,
    save_snapshot,
)
from syndicator.pipeline.preview.toml_blocks import block
from syndicator.pipeline.preview.trials import TrialFailed, explained, gathered_as
from syndicator.pipeline.preview.trials import draft as draft_of
from syndicator.pipeline.sources.polite_client import fetch_for
from syndicator.settings import Settings, load_for_trial

PREVIEWED_ARTICLES = 3


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="preview", epilog="Example: syndicator preview https://portal.example/")(_preview)


def _preview(  # noqa: PLR0917  typer calls it by name
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="A portal, a page or a feed to try.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="A configured source.", autocompletion=source_ids)
    ] = None,
    kind: Annotated[
        SourceKind | None, typer.Option("--kind", help="With a URL: look for this kind of source only.")
    ] = None,
    articles: Annotated[
        int, typer.Option("--articles", min=1, max=50, help="How many articles are shown, and pages read.")
    ] = PREVIEWED_ARTICLES,
    diff: Annotated[
        bool, typer.Option("--diff", help="With --source: compare with what is stored; nothing is written.")
    ] = False,
    save: Annotated[
        Path | None, typer.Option("--save", help="With --source: keep its documents in this folder.")
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option("--snapshot", help="Read the documents of this folder, and no network.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="With --snapshot: what is read now is what is expected.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --save: replace a snapshot, and what it expects.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a source would bring, field by field; nothing is stored.

    With a URL it finds what is there (feeds, sitemaps, else selectors for the page) and prints a block to
    paste into the configuration. With --snapshot a loss or a change gives exit code 1.
    """
    _check_options(
        url, source, diff=diff, save=save, snapshot=snapshot, accept=accept, kind=kind, force=force
    )
    call = invocation(context)
    if url is not None:
        settings = load_for_trial(call.folder, call.environ)
        _discover(settings, draft(settings, url), kind, articles, as_json=as_json)
        return
    settings = call.settings()
    if source is not None and source not in settings.sources:
        from syndicator.cli.store_access import settings_that_know  # noqa: PLC0415 -- others start faster

        settings = settings_that_know(context, "source", source)
    if save is not None:
        check_free(save, force=force)
    if snapshot is not None:
        _replay(settings, source, snapshot, accept=accept, as_json=as_json)
    else:
        check_known("source", source or "", settings.sources, "--source")
        described = settings.sources[SourceId(source or "")]
        if diff:
            _compare(settings, described, articles, as_json=as_json)
        else:
            _show(settings, described, articles, save, as_json=as_json)
            if save is not None and not as_json:
                typer.echo(f"    {_replay_command(context, source or '', save)}")


def _check_options(
    url: str | None,
    source: str | None,
    *,
    diff: bool,
    save: Path | None,
    snapshot: Path | None,
    accept: bool,
    kind: SourceKind | None,
    force: bool,
) -> None:
    """Refuse options that do not go together."""
    if (url is not None) == (source is not None or snapshot is not None):
        raise typer.BadParameter("name either a URL or, with --source, a configured source")
    faults = (
        (url is None and kind is not None, "--kind goes with a URL; a configured source has its own"),
        (url is not None and (diff or save is not None), "--diff and --save go with --source"),
        (
            snapshot is not None and (diff or save is not None),
            "--snapshot goes with neither --diff nor --save",
        ),
        (diff and save is not None, "--diff and --save do not go together"),
        (accept and snapshot is None, "--accept goes with --snapshot"),
        (force and save is None, "--force goes with --save"),
    )
    for wrong, reason in faults:
        if wrong:
            raise typer.BadParameter(reason)


def _show(settings: Settings, source: Source, articles: int, save: Path | None, *, as_json: bool) -> None:
    shown, answers = run_loop(_read(settings, source, articles))
    if save is not None:
        save_snapshot(save, source, answers, result_of(shown), articles=articles, now=system_clock())
    shown = preview_without_secrets(shown)
    if as_json:
        print_json(preview_document(shown))
        return
    show_preview(console(), shown, articles)
    if save is not None:
        typer.echo(f"\n{counted(len(answers), 'document')} saved in {save}; try selectors on them with")


def _replay_command(context: typer.Context, source: str, folder: Path) -> str:
    """Spell the command that reads a snapshot again, with the configuration folder that was given."""
    given: Path | None = context.find_root().params.get("config")
    options = ("--config", str(given)) if given is not None else ()
    return shlex.join(["syndicator", *options, "preview", "--source", source, "--snapshot", str(folder)])


def _compare(settings: Settings, source: Source, articles: int, *, as_json: bool) -> None:
    shown, judged = run_loop(_judge(settings, source, articles))
    shown = preview_without_secrets(shown)
    if as_json:
        print_json({**preview_document(shown), "diff": judged})
    else:
        show_judged(console(), shown, judged)


def _replay(settings: Settings, named: str | None, folder: Path, *, accept: bool, as_json: bool) -> None:
    kept = load_snapshot(folder)
    name = named or kept.contents.source
    if name != kept.contents.source:
        raise CommandFailed(
            f"{folder}: this snapshot is of {kept.contents.source}, not of {name}",
            key="--snapshot",
            remedy=f"name the folder of {name}, or leave out --source",
        )
    check_known("source", name, settings.sources, "--source")
    shown = run_loop(_read_again(settings, settings.sources[SourceId(name)], kept))
    fields = result_of(shown)
    found = differences(kept.expected(), fields)
    shown = preview_without_secrets(shown)
    if accept:
        save_expected(folder, fields)
    if as_json:
        outcome = preview_document(shown)
        print_json({**outcome, "ok": accept or not any(one.is_loss for one in found), "differences": found})
    else:
        show_differences(console(), shown, found, accepted=accept)
    if not accept and any(one.is_loss for one in found):
        raise typer.Exit(1)


def _discover(
    settings: Settings, draft: Source, kind: SourceKind | None, articles: int, *, as_json: bool
) -> None:
    discovery = run_loop(found_at(settings, draft, kind, articles))
    written = block(discovery.preview.source, {*settings.sources, *settings.feeds})
    known = gathered_as(settings.sources.values(), discovery)
    discovery = discovery_without_secrets(discovery)
    if as_json:
        print_json({**discovery_document(discovery, written), "gathered_as": known})
    else:
        show_discovery(console(), discovery, articles, written, known)


def draft(settings: Settings, url: str) -> Source:
    """Return the description by which an address is tried; refuse what is no http(s) URL."""
    if not url.startswith(("http://", "https://")):
        meant = f": did you mean https://{url}?" if "." in url and "://" not in url else ""
        raise typer.BadParameter(f"{url!r} is not an http or https URL{meant}", param_hint="URL")
    return draft_of(url, settings.site.timezone)


async def _read(settings: Settings, source: Source, articles: int) -> tuple[Preview, dict[str, FetchResult]]:
    async with _open_dry_run(settings) as dry_run_context:
        recorder = Recorder(dry_run_context.fetch)
        with _with_remedies():
            shown = await preview(replace(dry_run_context, fetch=recorder.fetch), source, articles=articles)
        return shown, recorder.answers


async def _judge(settings: Settings, source: Source, articles: int) -> tuple[Preview, tuple[Judged, ...]]:
    from syndicator.opening import open_service  # noqa: PLC0415 -- other previews do without, and start faster

    async with open_service(settings) as service, _open_dry_run(settings) as dry_run_context:
        with _with_remedies():
            shown = await preview(dry_run_context, source, articles=articles)
        return shown, await judge_all(service.store, source, shown.candidates, system_clock())


async def _read_again(settings: Settings, source: Source, kept: Snapshot) -> Preview:
    async with _open_dry_run(settings) as dry_run_context:
        with _with_remedies():
            return await preview(
                replace(dry_run_context, fetch=kept.fetch), source, articles=kept.contents.articles
            )


async def found_at(settings: Settings, draft: Source, kind: SourceKind | None, articles: int) -> Discovery:
    async with _open_dry_run(settings) as dry_run_context:
        with _with_remedies():
            return await discover(dry_run_context, draft, wanted=kind, articles=articles)


@contextmanager
def _with_remedies() -> Iterator[None]:
    """Raise what ends a dry run as CommandFailed."""
    try:
        with explained():
            yield
    except TrialFailed as error:
        raise CommandFailed(str(error), key="url", remedy=error.remedy) from error


@asynccontextmanager
async def _open_dry_run(settings: Settings) -> AsyncIterator[DryRunContext]:
    async with (
        open_egress(
            user_agent=settings.user_agent,
            allow=settings.egress.allow,
            allow_callbacks=(),
            own=OwnListeners(settings.listeners),
            clock=system_clock,
        ) as egress,
        open_pool() as pool,
    ):
        pauses_s: dict[str, float] = {}
        yield DryRunContext(
            fetch=paced(partial(fetch_for, egress), pauses_s),
            gatherer=Gatherer(pool),
            pool=pool,
            user_agent=settings.user_agent,
            pauses_s=pauses_s,
        )
