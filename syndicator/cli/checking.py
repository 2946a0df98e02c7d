"""Commands that try things without changing anything: check, preview, config schema."""

import asyncio
import json
import re
from collections.abc import Collection
from itertools import count
from typing import Annotated, Any
from unicodedata import normalize
from urllib.parse import urlsplit

import typer
from msgspec.structs import replace

from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    check_known,
    console,
    counted,
    invocation,
    print_json,
    print_table,
    without_values,
)
from syndicator.cli.spelling import local_time
from syndicator.egress.client import open_egress
from syndicator.gather.gatherer import Gatherer
from syndicator.gather.pool import open_pool
from syndicator.model.article import Candidate
from syndicator.model.clock import system_clock
from syndicator.model.ids import SourceId
from syndicator.model.source import Every, Source, SourceKind
from syndicator.pipeline.previewing import OnlyAPage, Preview, preview
from syndicator.settings import Settings
from syndicator.settings.schema import configuration_schema

PREVIEWED_ARTICLES = 3

config_app = typer.Typer(help="The configuration itself.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(name="check", epilog="Example: syndicator --config /etc/syndicator check")(_check)
    app.command(name="preview", epilog="Example: syndicator preview https://portal.example/rss")(_preview)
    app.add_typer(config_app, name="config")


def _check(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """Read the whole configuration and tell every fault: file, key, reason, remedy."""
    call = invocation(context)
    settings = call.settings()
    counts = {
        "sources": len(settings.sources),
        "feeds": len(settings.feeds),
        "endpoints": len(settings.endpoints),
    }
    if as_json:
        print_json({"ok": True, "items": [counts], "next": None, "errors": []})
        return
    told = ", ".join(counted(number, name.removesuffix("s")) for name, number in counts.items())
    typer.echo(f"{call.folder}: all well: {told}.")


def _preview(
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="A feed to try.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="A configured source.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a source would bring, field by field; nothing is stored."""
    if (url is None) == (source is None):
        raise typer.BadParameter("name either a URL or, with --source, a configured source")
    settings = invocation(context).settings()
    shown = asyncio.run(_read(settings, _chosen(settings, url, source)))
    if as_json:
        source_shown = replace(shown.source, headers=without_values(shown.source.headers))
        print_json(replace(shown, source=source_shown))
        return
    _show(shown)
    if url is not None:
        block = _block(shown, {*settings.sources, *settings.feeds})
        console().print(block, style="cyan", soft_wrap=True)


def _chosen(settings: Settings, url: str | None, source: str | None) -> Source:
    if source is not None:
        check_known("source", source, settings.sources, "--source")
        return settings.sources[SourceId(source)]
    if url is None or not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r} is no http or https URL")
    return Source(
        id=SourceId("preview"),
        title="Preview",
        kind=SourceKind.FEED,
        url=url,
        schedule=Every(interval_s=300),
        timezone=settings.site.timezone,
    )


async def _read(settings: Settings, source: Source) -> Preview:
    async with (
        open_egress(
            user_agent=settings.user_agent,
            allow=settings.egress.allow,
            allow_callbacks=(),
            clock=system_clock,
        ) as egress,
        open_pool() as pool,
    ):
        try:
            return await preview(Gatherer(egress, pool), source, articles=PREVIEWED_ARTICLES)
        except OnlyAPage as error:
            raise CommandFailed(str(error), key="url", remedy=_way_on(error)) from error


def _way_on(error: OnlyAPage) -> str:
    if error.feeds:
        return f"the page announces {counted(len(error.feeds), 'feed')}: {', '.join(error.feeds)}"
    return 'it announces no feed: read it by selectors, with kind = "page"; docs/sources.md shows how'


def _show(shown: Preview) -> None:
    out = console()
    if shown.final_url != shown.source.url:
        out.print(f"{shown.source.url} leads to {shown.final_url}\n")
    for candidate in shown.candidates[:PREVIEWED_ARTICLES]:
        for name, value in _fields(candidate, shown.source.timezone).items():
            if value:
                out.print(f"{name:>12}  {value}")
        out.print()
    number = max(len(shown.listed), len(shown.candidates))
    out.print(f"{counted(number, 'article')} in the list, {len(shown.popular)} in the popular box.")
    if shown.popular:
        print_table([_popular(item) for item in shown.popular])
    for warning in shown.warnings:
        out.print(f"warning: {warning}", style="yellow")


def _popular(item: Any) -> dict[str, Any]:
    return {"rank": item.rank, "title": item.title, "views": item.views, "author": item.author}


def _fields(candidate: Candidate, timezone: str) -> dict[str, str]:
    photo = candidate.photos[0] if candidate.photos else None
    return {
        "title": candidate.title,
        "url": candidate.url,
        "guid": candidate.guid or "",
        "published": local_time(candidate.published_at, timezone) if candidate.published_at else "",
        "authors": ", ".join(candidate.authors),
        "section": candidate.section or "",
        "tags": ", ".join(candidate.tags),
        "lead": candidate.lead[:200],
        "quote": candidate.quote or "",
        "body": f"{len(candidate.body_html)} characters of HTML" if candidate.body_html else "",
        "photo": photo.url if photo else "",
        "credit": (photo.credit or "") if photo else "",
        "related": ", ".join(link.title for link in candidate.related),
        "views": "" if candidate.views is None else str(candidate.views),
    }


def _block(shown: Preview, taken: Collection[str]) -> str:
    """Write what the configuration needs to gather this feed, and to publish it as a feed of its own."""
    host = (urlsplit(shown.final_url).hostname or "source").removeprefix("www.")
    title = shown.title or host
    name = free = _slug(shown.title or "") or _slug(host) or "source"
    for number in count(2):
        if free not in taken:
            break
        free = f"{name}-{number}"
    language = f"language = {_quoted(shown.language)}\n" if shown.language else ""
    return (
        "\nTo gather it, put this into a file of the configuration folder:\n\n"
        f"[source.{free}]\n"
        f"title = {_quoted(title)}\n"
        f'kind = "{shown.source.kind.value}"\n'
        f"url = {_quoted(shown.final_url)}\n"
        f"{language}"
        'schedule = { every = "5m", jitter = "30s" }\n\n'
        f"[feed.{free}]\n"
        f"title = {_quoted(title)}\n"
        f'filter = {{ source = ["{free}"] }}\n'
    )


def _slug(text: str) -> str:
    """Make a name for the configuration of a title: at most four words of it, without accents."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:4])[:40].strip("-")


def _quoted(text: str) -> str:
    """Write a TOML string: those of JSON are."""
    return json.dumps(text, ensure_ascii=False)


@config_app.command(name="schema")
def _schema() -> None:
    """Print the JSON Schema of the configuration, for editors that complete and check."""
    print_json(configuration_schema())
