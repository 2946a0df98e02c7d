"""How a preview looks: on a terminal, and as the document that programs get."""

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from msgspec import to_builtins
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syndicator.cli.context import counted, print_table
from syndicator.cli.formats import local_time
from syndicator.gather.documents.text import shortened
from syndicator.model.article import Candidate, Photo, Placement, PopularItem, RelatedLink
from syndicator.model.ids import SourceId
from syndicator.model.source import Source, SourceKind
from syndicator.pipeline.preview.comparison import ChangeKind, FieldChange, Judged
from syndicator.pipeline.preview.dry_run_context import MAX_PAUSE_S, RobotsVerdict, forbidden
from syndicator.pipeline.preview.dry_run_counts import Counts
from syndicator.pipeline.preview.finds import DiscoveredSource, Discovery
from syndicator.pipeline.preview.preview import Preview
from syndicator.pipeline.preview.remedies import MAY_BE_READ
from syndicator.pipeline.preview.selector_coverage import SelectorCoverage
from syndicator.pipeline.preview.snapshots import Difference
from syndicator.rules.articles.admission import AdmissionVerdict
from syndicator.rules.dates.claimed_dates import believable
from syndicator.rules.identity.addresses import clean_url
from syndicator.rules.identity.identity import url_key

_MAX_TEXT = 300
_MAX_VALUE = 60
_NAME_WIDTH = 11
_WIDE = 110
_LEAST_ROOM = 30
_HELD = "held"

Document = dict[str, Any]


def preview_document(shown: Preview) -> Document:
    """Return a preview without secrets as programs get it."""
    document: Document = to_builtins(shown)
    return {"ok": True, "items": document["candidates"], "next": None, "errors": [], **document}


def discovery_document(discovery: Discovery, block: str) -> Document:
    """Return what was found at an address as programs get it.

    The preview of the best, and how it was found.
    """
    found: Document = to_builtins(discovery)
    del found["preview"]
    return {**preview_document(discovery.preview), **found, "block": block}


def show_discovery(
    out: Console, discovery: Discovery, articles: int, block: str, gathered_as: SourceId | None
) -> None:
    """Show what there is at an address, the best of it field by field, and the block to paste."""
    shown = discovery.preview
    if gathered_as:
        out.print(f"This is already gathered as {gathered_as}.", style="yellow")
    _show_way(out, discovery.requested_url, discovery)
    if discovery.canonical_url:
        out.print(f"The page says that it belongs at {discovery.canonical_url}.", soft_wrap=True)
    if shown.source.kind is not SourceKind.FEED or shown.source.full_text:
        _show_robots(out, discovery.robots or shown.robots)
    _heading(out, "Found")
    print_table(_used([_found(one, shown.source.timezone) for one in discovery.found]))
    _show_reading(out, shown, articles)
    for note in discovery.notes:
        out.print(note)
    _heading(out, "To gather it, put this into a file of the configuration folder")
    out.print()
    out.print(block, style="cyan", soft_wrap=True, end="")


def show_preview(out: Console, shown: Preview, articles: int) -> None:
    """Show what a configured source would bring."""
    _show_way(out, shown.source.url, shown)
    if shown.canonical_url:
        out.print(f"The list page says that it belongs at {shown.canonical_url}.", soft_wrap=True)
    pages = shown.source.kind is not SourceKind.FEED or shown.source.full_text
    if pages and shown.source.politeness.robots:
        _show_robots(out, shown.robots)
    _show_reading(out, shown, articles)


def show_judged(out: Console, shown: Preview, judged: Sequence[Judged]) -> None:
    """Show what would become of each article that a source lists now, and how stored ones differ."""
    _show_way(out, shown.source.url, shown)
    counts = Counter(_would_be(one) for one in judged)
    text = ", ".join(f"{counts[word]} {word}" for word in (*AdmissionVerdict, _HELD) if counts[word])
    if copies := sum(one.copy_of is not None for one in judged):
        text += f"; {copies} with the same text as another article"
    _heading(out, f"{shown.source.title}, against what is stored: {text or 'nothing listed'}")
    if judged:
        _table(out, [_judged(one, shown.source.id) for one in judged])
    for one in judged:
        _show_changes(out, one.title, one.changes)
    _show_faults(out, shown)


def show_differences(out: Console, shown: Preview, found: Sequence[Difference], *, accepted: bool) -> None:
    """Show what is read differently of a snapshot's documents than is expected."""
    lost = sum(one.is_loss for one in found)
    _heading(out, f"{shown.source.title}, on the documents of the snapshot")
    if shown.yields:
        _show_yields(out, shown.yields)
    for one in found:
        _show_changes(out, f"{one.part} {one.url}: {one.kind}", one.changes)
    _show_faults(out, shown)
    out.print()
    if accepted:
        out.print(f"What is read now is expected from now on ({counted(len(found), 'difference')}).")
    elif not found:
        out.print("All is read as expected.", style="green")
    else:
        style = "red" if lost else "yellow"
        out.print(f"{counted(len(found), 'difference')}, {lost} of them a loss or a change.", style=style)


def _show_changes(out: Console, title: str, changes: Sequence[FieldChange]) -> None:
    if not changes:
        return
    out.print()
    out.print(title, style="bold", soft_wrap=True)
    _grid(out, {change.field: _change(change) for change in changes})


def _change(change: FieldChange) -> str:
    return change.difference if change.kind is ChangeKind.CHANGED else f"{change.kind}: {change.difference}"


def _judged(one: Judged, source: SourceId) -> dict[str, str]:
    return {
        "would be": _would_be(one),
        "article": one.article,
        "title": shortened(one.title, _MAX_VALUE),
        "first from": one.owner if one.owner and one.owner != source else "",
        "copy of": one.copy_of or "",
        "differs in": ", ".join(change.field for change in one.changes),
    }


def _would_be(one: Judged) -> str:
    return _HELD if one.held_until else one.verdict.value


def _show_way(out: Console, requested_url: str, shown: Preview | Discovery) -> None:
    """Show each redirect on the way to the document."""
    if shown.redirects:
        out.print(requested_url, soft_wrap=True)
        for step in shown.redirects:
            lasts = "for good" if step.is_permanent else "for now"
            out.print(f"  → {step.url} ({step.status}, {lasts})", soft_wrap=True)
    elif shown.final_url != requested_url:
        out.print(f"{requested_url} leads to {shown.final_url}", soft_wrap=True)


def _show_robots(out: Console, robots: RobotsVerdict | None) -> None:
    if robots is None:
        text = "robots.txt could not be read: pages are gathered only once it says that they may be."
        out.print(text, style="yellow")
    elif not robots.allowed:
        out.print(f"{forbidden(robots)}: it is not gathered.", style="yellow", soft_wrap=True)
        out.print(f"    → {MAY_BE_READ}", soft_wrap=True)
    else:
        asked_s = robots.crawl_delay_s or 0.0
        here = f" (here {MAX_PAUSE_S:g} s are kept)" if asked_s > MAX_PAUSE_S else ""
        delay = f", one every {asked_s:g} s{here}" if asked_s else ""
        out.print(f"robots.txt allows this page{delay}.")


def _show_reading(out: Console, shown: Preview, articles: int) -> None:
    first = shown.candidates[:articles]
    popular = f", {len(shown.popular)} in the popular box" if shown.popular else ""
    listed = counted(shown.counts.listed, "article")
    _heading(out, f"{shown.source.title}: {listed} in the list{popular}")
    if shown.counts.listed:
        out.print(f"A first round would take in: {_counts(shown.counts)}.")
    for candidate in first:
        out.print()
        out.print(candidate.title, style="bold")
        _grid(out, _fields(candidate, shown.source))
    if shown.popular:
        _heading(out, "Popular")
        _table(out, [_popular(item) for item in shown.popular])
    if shown.yields:
        _heading(out, "What each selector brings")
        _show_yields(out, shown.yields)
    _show_faults(out, shown)


def _counts(counts: Counts) -> str:
    fields = {
        f"{counts.new} new": True,
        f"{counts.known} listed twice": counts.known,
        f"{counts.held} kept back (embargo)": counts.held,
        f"{counts.refused} refused (the warnings say why)": counts.refused,
        f"{counts.left} left for later rounds": counts.left,
    }
    return ", ".join(words for words, number in fields.items() if number)


def _show_faults(out: Console, shown: Preview) -> None:
    """Show the selectors that found nothing, and what was odd."""
    for name in shown.missing:
        out.print(f"{name} found nothing on any of these pages.", style="yellow")
    for warning in shown.warnings:
        out.print(f"warning: {warning}", style="yellow", soft_wrap=True)


def _heading(out: Console, text: str) -> None:
    out.print()
    out.print(text, style="bold underline" if out.is_terminal else "bold")


def _grid(out: Console, rows: Mapping[str, str]) -> None:
    """Print fields under each other; an address stays in one piece, so that it can be opened."""
    for name, value in rows.items():
        lead = f"{name:>{_NAME_WIDTH}}  "
        for line in value.split("\n") if value else ():
            wrapped = [line] if "://" in line else wrap(line, max(20, out.width - len(lead)))
            for piece in wrapped:
                out.print(Text.assemble((lead, "dim"), piece), soft_wrap=True)
                lead = " " * len(lead)


def _show_yields(out: Console, yields: Sequence[SelectorCoverage]) -> None:
    """Show what each selector brings: as a table, or in two lines each where that is too narrow."""
    rows = [_yield(one) for one in yields]
    taken = sum(max(len(row[name]) for row in rows) + 2 for name in ("selector of", "found", "selector"))
    room = out.width - taken
    if out.width >= _WIDE and room >= _LEAST_ROOM:
        _table(out, [{**row, "first value": shortened(row["first value"], room)} for row in rows])
        return
    for row in rows:
        key, found, selector, value = row.values()
        out.print(Text.assemble(f"{key:<16} ", (f"{found:<9} ", "dim"), selector), soft_wrap=True)
        if value:
            out.print(Text(" " * 27 + shortened(value, out.width - 28), "dim"), soft_wrap=True)


def _used(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Leave out columns that are empty throughout."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    return [{name: row[name] for name in names} for row in rows]


def _table(out: Console, rows: Sequence[Mapping[str, str]]) -> None:
    """Print rows under their names; a column that is empty throughout is left out."""
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    rows = _used(rows)
    for name in rows[0]:
        number = all(row[name].isdecimal() for row in rows if row[name])
        table.add_column(name, overflow="fold", justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(Text, row.values()))
    out.print(table)


def _found(found: DiscoveredSource, timezone: str) -> dict[str, str]:
    return {
        "kind": found.kind.value,
        "entries": "" if found.problem else str(found.entries),
        "newest": local_time(found.newest, timezone) if found.newest else "",
        "title": shortened(found.title or "", _MAX_VALUE),
        "how": found.how.value,
        "problem": found.problem or "",
        "url": found.url,
    }


def _yield(one: SelectorCoverage) -> dict[str, str]:
    found = str(one.found) if one.key.endswith(".item") else f"{one.found} of {one.of}"
    return {
        "selector of": one.key,
        "found": found,
        "selector": one.selector,
        "first value": shortened(one.sample, _MAX_VALUE),
    }


def _popular(item: PopularItem) -> dict[str, str]:
    return {
        "rank": str(item.rank),
        "title": item.title,
        "date": item.claimed_date or "",
        "views": "" if item.views is None else str(item.views),
        "author": item.author or "",
    }


def _published(candidate: Candidate, source: Source) -> str:
    """Return the date that gathering would keep; where it keeps none, what is claimed, and why not."""
    provenance = candidate.provenance
    at = candidate.published_at
    kept = at and believable(at, provenance.fetched_at, future=source.future_dates)
    if kept:
        return local_time(kept, source.timezone)
    claimed = provenance.claimed_date or (local_time(at, source.timezone) if at else "")
    return f"{provenance.date_rule} (claimed: {claimed})" if claimed else ""


def _fields(candidate: Candidate, source: Source) -> dict[str, str]:
    timezone = source.timezone
    url = clean_url(candidate.canonical_url or candidate.url)
    return {
        "url": url,
        "listed as": candidate.url if url_key(candidate.url) != url_key(url) else "",
        "guid": candidate.guid or "",
        "published": _published(candidate, source),
        "updated": local_time(candidate.updated_at, timezone) if candidate.updated_at else "",
        "embargo": local_time(candidate.embargo_until, timezone) if candidate.embargo_until else "",
        "authors": ", ".join(candidate.authors),
        "section": candidate.section or "",
        "tags": ", ".join(candidate.tags),
        "language": candidate.language or "",
        "lead": shortened(candidate.lead, _MAX_TEXT),
        "quote": shortened(candidate.quote or "", _MAX_TEXT),
        "body": f"{len(candidate.body_html)} characters of HTML" if candidate.body_html else "",
        "photo": "\n".join(map(_photo, candidate.photos[:2])),
        "enclosures": "\n".join(one.url for one in candidate.enclosures[:5]),
        "related": "\n".join(map(_related, candidate.related[:5])),
        "views": "" if candidate.views is None else str(candidate.views),
    }


def _photo(photo: Photo) -> str:
    size = f"{photo.width} × {photo.height}" if photo.width and photo.height else ""
    texts = (photo.caption, f"credit: {photo.credit}" if photo.credit else "", size)
    return "\n".join([photo.url, *(shortened(text, _MAX_TEXT) for text in texts if text)])


def _related(link: RelatedLink) -> str:
    return f"{link.title} (in the text)" if link.placement is Placement.INLINE else link.title
