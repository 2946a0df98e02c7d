"""Commands about what was admitted."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer

from syndicator.cli.commands.articles.revisions import change_summary, show_revision
from syndicator.cli.commands.articles.trace import TRACE_EXAMPLE, trace
from syndicator.cli.commands.articles.withdrawals import (
    RESTORE_EXAMPLE,
    WITHDRAW_EXAMPLE,
    list_withdrawn,
    restore,
    why_missing,
    withdraw,
)
from syndicator.cli.completion import source_ids
from syndicator.cli.context import AsJson, check_known, console, invocation, print_item, print_list
from syndicator.cli.formats import ago, local_time
from syndicator.cli.store_access import Limit, Rows, ask, settings_that_know
from syndicator.model.article import Article, Provenance
from syndicator.model.ids import ArticleId, SourceId
from syndicator.pipeline.articles.explanation import Explained
from syndicator.rules.filter_language import FilterError, filter_from
from syndicator.rules.stories.near_duplicates import CopyKind
from syndicator.service import Service
from syndicator.store.stories.stories import Place

app = typer.Typer(help="What was admitted.", no_args_is_help=True)

_LABEL = 16
_SHOWN = 300


@app.command(name="list", epilog="Example: syndicator articles list --source berita-kota")
def _list(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            help="What this source carried, also if first seen elsewhere.",
            autocompletion=source_ids,
        ),
    ] = None,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="What was withdrawn, and why, the newest first.")
    ] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List articles, the newest first."""
    if withdrawn:
        list_withdrawn(context, SourceId(source) if source else None, limit, as_json=as_json)
        return
    if source is not None:
        check_known("source", source, settings_that_know(context, "source", source).sources, "--source")

    async def rows(service: Service) -> tuple[Rows, Rows]:
        articles = service.store.articles
        if source is not None:
            ids = await articles.carried_by(SourceId(source), limit)
        else:
            listed, _ = await articles.timeline(["all"], limit or await articles.count() or 1)
            ids = [place.article_id for place in listed]
        found = [one for one in await articles.get_many(ids, bodies=False) if one]
        places = await service.store.stories.places([one.id for one in found])
        items = [_item(one, place) for one, place in zip(found, places, strict=True)]
        return items, [_row(one, service.clock()) for one in found]

    items, people = ask(context, rows)
    print_list(items, people=people, as_json=as_json, empty="No articles yet.")


@app.command(
    name="export", epilog="Example: syndicator articles export --source berita-kota > articles.jsonl"
)
def _export(
    context: typer.Context,
    *,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Of this source; several: of any.", autocompletion=source_ids),
    ] = None,
    section: Annotated[
        list[str] | None, typer.Option("--section", help="Of this section of a portal.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Published then or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Published before then.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="Words to be found in them.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many; 0 is all.")] = 0,
) -> None:
    """Write articles as JSON Lines, the newest first: one in each line, as webhooks carry it."""
    for name in source or ():
        check_known("source", name, settings_that_know(context, "source", name).sources, "--source")
    given = {"source": source, "section": section, "since": since, "until": until, "query": query}
    values = {key: [value] if isinstance(value, str) else value or () for key, value in given.items()}
    try:
        wanted = filter_from(values)
    except FilterError as error:
        raise typer.BadParameter(f"{error}: {error.remedy}", param_hint=f"--{error.key}") from error

    async def write(service: Service) -> None:
        encode, written = msgspec.json.Encoder().encode, 0
        async for article in service.article_export.articles(wanted):
            sys.stdout.buffer.write(encode(article) + b"\n")
            written += 1
            if written == limit:
                break
        sys.stdout.buffer.flush()

    ask(context, write)


def _item(one: Article, place: Place) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "published_at": one.published_at,
        "first_seen_at": one.first_seen_at,
        "story": place.story or one.id,
        "copy_of": place.copy_of,
    }


def _row(one: Article, now: datetime) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "age": ago(one.published_at, now),
        "title": one.title,
        "source": one.source,
        "url": one.url,
    }


@app.command(name="show", epilog="Example: syndicator articles show 5uvqk4bqvtgfkp3a --diff")
def _show(
    context: typer.Context,
    article: str,
    revision: Annotated[
        int | None, typer.Option("--revision", min=1, help="An earlier revision, while it is kept.")
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="What changed in the words since the revision before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show an article: what it says, where it comes from, and what was made of it on the way."""
    if revision is not None or diff:
        show_revision(context, ArticleId(article), revision, diff=diff, as_json=as_json)
        return

    async def found(service: Service) -> Explained:
        explained = await service.queries.explained(ArticleId(article))
        if explained is None:
            raise await why_missing(service, ArticleId(article))
        return explained

    explained = ask(context, found)
    if as_json:
        print_item(explained)
        return
    zone = invocation(context).settings().site.timezone
    out = console()
    for heading, lines in (
        (explained.article.title, _content(explained)),
        ("Dates", _dates(explained.article, zone)),
        ("How it came", _came(explained.article.provenance, zone)),
        ("Carried by", _carried(explained, zone)),
        ("Story", _placed(explained)),
        ("Popularity", _popularity(explained, zone)),
        ("Other names", _aliases(explained, zone)),
        ("What was changed on the way", _changes(explained.article.provenance)),
    ):
        out.print(heading, style="bold")
        for label, value in lines:
            if value:
                out.print(f"  {label:<{_LABEL - 1}} {value}", soft_wrap=True)
        out.print()


app.command(name="trace", epilog=TRACE_EXAMPLE)(trace)
app.command(name="withdraw", epilog=WITHDRAW_EXAMPLE)(withdraw)
app.command(name="restore", epilog=RESTORE_EXAMPLE)(restore)


Lines = Iterator[tuple[str, str]]


def _content(explained: Explained) -> Lines:
    one = explained.article
    yield "id", f"{one.id}, revision {one.revision}"
    yield "url", one.url
    yield "guid", one.guid or ""
    yield "authors", ", ".join(one.authors)
    yield "section", one.section or ""
    yield "tags", ", ".join(one.tags)
    yield "language", one.language or ""
    yield "lead", one.lead[:_SHOWN]
    yield "quote", (one.quote or "")[:_SHOWN]
    yield "body", f"{len(one.body_html)} characters of HTML" if one.body_html else ""
    for photo in one.photos:
        yield "photo", photo.url
        yield "caption", photo.caption or ""
        yield "credit", photo.credit or ""
        size = f"{photo.width} × {photo.height}" if photo.width and photo.height else ""
        length = f"{photo.length_bytes} bytes" if photo.length_bytes else ""
        yield "", ", ".join(part for part in (photo.media_type, size, length) if part)
    for enclosure in one.enclosures:
        yield "enclosure", enclosure.url
        length = f"{enclosure.length_bytes} bytes" if enclosure.length_bytes else ""
        yield "", ", ".join(part for part in (enclosure.media_type, length) if part)
    for link in one.related:
        yield "related", f"{link.title} ({link.placement.value}) {link.url}"
    yield "views", "" if explained.views is None else str(explained.views)


def _dates(one: Article, zone: str) -> Lines:
    claimed = one.provenance.claimed_date
    yield "claimed", f'"{claimed}"' if claimed else "nothing"
    yield "", f"that is {one.provenance.claimed_at}" if one.provenance.claimed_at else ""
    yield "rule", one.provenance.date_rule
    yield "published", local_time(one.published_at, zone)
    yield "first seen", local_time(one.first_seen_at, zone)
    until = one.provenance.held_until
    yield "held until", f"{local_time(until, zone)}, under an embargo" if until else ""
    yield "listed as of", local_time(one.listed_at, zone)
    yield "updated", local_time(one.updated_at, zone) if one.revision > 1 else ""
    yield "change", change_summary(one.revised) if one.revised else ""
    yield "corrected", one.correction or ""


def _came(provenance: Provenance, zone: str) -> Lines:
    yield "source", provenance.source
    yield "by", "a push of its hub" if provenance.pushed else "asking"
    yield "asked for", provenance.requested_url
    yield "came from", provenance.url if provenance.url != provenance.requested_url else ""
    yield "at", f"{local_time(provenance.fetched_at, zone)}, status {provenance.status}"
    yield "ETag", provenance.etag or ""
    yield "Last-Modified", provenance.last_modified or ""
    yield "rules", f"version {provenance.rules}" if provenance.rules else ""
    by_way: dict[str, list[str]] = {}
    for field, way in provenance.read_from.items():
        by_way.setdefault(way, []).append(field)
    for way, fields in by_way.items():
        yield f"by {way}", ", ".join(sorted(fields))


def _carried(explained: Explained, zone: str) -> Lines:
    for source, first_seen_at in explained.carried.items():
        yield source, f"since {local_time(first_seen_at, zone)}"


def _placed(explained: Explained) -> Lines:
    place, kin = explained.place, explained.place.kin
    yield "story", place.story or "this article alone"
    is_copy = kin is not None and kin.copy is not None and kin.copy.kind is CopyKind.COPY
    # A copy is of its original's story, however near.
    if kin and kin.story.story and not is_copy:
        judged = kin.story
        because = f": {judged.because}" if judged.because else ""
        yield "judged", f"{judged.kind.value}{because}"
        yield "", f"{judged.story}: similarity {judged.similarity:.3f}, needed {judged.needed:.3f}"
    yield "copy of", place.copy_of or ""
    if kin and kin.copy:
        because = f": {kin.copy.because}" if kin.copy.because else ""
        yield "as a text", f"{kin.copy.kind.value}{because}"
        yield "", f"{kin.compared_with}: {kin.copy.containment:.0%} of the shorter text is in the longer"


def _popularity(explained: Explained, zone: str) -> Lines:
    for window, score in explained.popularity.items():
        shares = (
            f"{kind.value} {share:.3f} (of {score.counted[kind]:.4g})" for kind, share in score.shares.items()
        )
        yield (
            window.value,
            f"{score.total:.3f}: {', '.join(shares)}" if score.shares else "no signals",
        )
    newest = {note.feed: note for note in explained.ranks}
    for feed, note in newest.items():
        best = min(one.rank for one in explained.ranks if one.feed == feed)
        yield f"in {feed}", f"rank {note.rank} at {local_time(note.at, zone)}, {best} at best"


def _aliases(explained: Explained, zone: str) -> Lines:
    if not explained.aliases:
        yield "none", "its guid and address have stayed the same"
    for alias in explained.aliases:
        since = local_time(alias.at, zone)
        yield alias.kind, f"{alias.value}, since {since}, recognised by its {alias.known_by}"


def _changes(provenance: Provenance) -> Lines:
    if not provenance.changes:
        yield "nothing", "all was taken as it came"
    for change in provenance.changes:
        yield change.field, change.why
        yield "", f"as it came: {change.received}" if change.received else ""
