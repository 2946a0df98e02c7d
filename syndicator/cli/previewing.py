"""The command that tries a source before it is live: preview."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

import typer

from syndicator.cli.blocks import block
from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    check_known,
    console,
    invocation,
    print_json,
)
from syndicator.cli.showing import discovery_document, preview_document, show_discovery, show_preview
from syndicator.egress.client import open_egress
from syndicator.errors import NotReadable
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.pool import open_pool
from syndicator.model.clock import system_clock
from syndicator.model.fetch import Reason
from syndicator.model.ids import SourceId
from syndicator.model.source import Every, Source, SourceKind
from syndicator.pipeline.discovering import Discovery, NothingFound, discover
from syndicator.pipeline.previewing import Desk, Preview, preview
from syndicator.pipeline.rounds import RoundFailed
from syndicator.settings import Settings

PREVIEWED_ARTICLES = 3


def register(app: typer.Typer) -> None:
    """Add this command to the program."""
    app.command(name="preview", epilog="Example: syndicator preview https://portal.example/")(_preview)


def _preview(  # noqa: PLR0917  typer calls it by name
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="A portal, a page or a feed to try.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="A configured source.")] = None,
    kind: Annotated[
        SourceKind | None, typer.Option("--kind", help="With a URL: look for this kind of source only.")
    ] = None,
    articles: Annotated[
        int, typer.Option("--articles", min=1, max=50, help="How many articles are shown, and pages read.")
    ] = PREVIEWED_ARTICLES,
    as_json: AsJson = False,
) -> None:
    """Show what a source would bring, field by field; nothing is stored.

    With a URL it finds what is there (feeds, sitemaps, else selectors for the page) and prints a block to
    paste into the configuration.
    """
    if (url is None) == (source is None):
        raise typer.BadParameter("name either a URL or, with --source, a configured source")
    settings = invocation(context).settings()
    if url is not None:
        _discover(settings, _draft(settings, url), kind, articles, as_json=as_json)
        return
    check_known("source", source or "", settings.sources, "--source")
    shown = asyncio.run(_read(settings, settings.sources[SourceId(source or "")], articles))
    if as_json:
        print_json(preview_document(shown))
    else:
        show_preview(console(), shown, articles)


def _discover(
    settings: Settings, draft: Source, kind: SourceKind | None, articles: int, *, as_json: bool
) -> None:
    discovery = asyncio.run(_find(settings, draft, kind, articles))
    written = block(discovery.preview.source, {*settings.sources, *settings.feeds})
    if as_json:
        print_json(discovery_document(discovery, written))
    else:
        show_discovery(console(), discovery, articles, written)


def _draft(settings: Settings, url: str) -> Source:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no http or https URL", param_hint="URL")
    return Source(
        id=SourceId("preview"),
        title="Preview",
        kind=SourceKind.FEED,
        url=url,
        schedule=Every(interval_s=300),
        timezone=settings.site.timezone,
    )


async def _read(settings: Settings, source: Source, articles: int) -> Preview:
    async with _open_desk(settings) as desk:
        with _told():
            return await preview(desk, source, articles=articles)


async def _find(settings: Settings, draft: Source, kind: SourceKind | None, articles: int) -> Discovery:
    async with _open_desk(settings) as desk:
        with _told():
            return await discover(desk, draft, user_agent=settings.user_agent, wanted=kind, articles=articles)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what a source did into what people can do about it."""
    try:
        yield
    except RoundFailed as error:
        remedy = _WAYS_ON.get(error.failed.reason, "see that the address is right and opens in a browser")
        raise CommandFailed(str(error), key="url", remedy=remedy) from error
    except NothingFound as error:
        raise CommandFailed(str(error), key="url", remedy=_other_ways(error)) from error
    except NotReadable as error:
        raise CommandFailed(
            str(error), key="url", remedy="preview its URL to see what else is there"
        ) from error


def _other_ways(error: NothingFound) -> str:
    tried = [f"{one.url} ({one.problem})" for one in error.found if one.problem]
    if tried:
        return f"what looked like a feed is none: {', '.join(tried)}"
    return 'name a page that lists articles, or write its selectors yourself (kind = "page"; docs/sources.md)'


_WAYS_ON = {
    Reason.BLOCKED: 'allow an address of your own network first: [egress] allow = ["10.0.0.0/8"]',
    Reason.DNS: "see that the name is spelled right",
    Reason.ROBOTS: "ask the portal, or set robots = false under politeness where you may",
}


@asynccontextmanager
async def _open_desk(settings: Settings) -> AsyncIterator[Desk]:
    async with (
        open_egress(
            user_agent=settings.user_agent,
            allow=settings.egress.allow,
            allow_callbacks=(),
            clock=system_clock,
        ) as egress,
        open_pool() as pool,
    ):
        gatherer = Gatherer(egress, pool)
        yield Desk(fetch=gatherer.fetch, gatherer=gatherer, pool=pool)
