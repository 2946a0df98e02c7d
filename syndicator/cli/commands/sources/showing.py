"""Commands about where news comes from."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from msgspec import to_builtins

from syndicator.cli.commands.sources.backfill import sentence
from syndicator.cli.completion import SourceNamed
from syndicator.cli.context import (
    AsJson,
    check_known,
    console,
    counted,
    print_item,
    print_list,
    print_table,
)
from syndicator.cli.formats import ago, local_time
from syndicator.cli.store_access import Limit, Rows, ask, settings_that_know, warn_of_refused
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import ObjectiveState, RoundStatus
from syndicator.model.source import Round, SourceState
from syndicator.model.sources.backfill import BackfillProgress
from syndicator.pipeline.articles.explanation import NewestArticles, SourceShown
from syndicator.rules.durations import span
from syndicator.rules.identity.guid_trust import identified_by
from syndicator.rules.sources.freshness import sentence as freshness_sentence
from syndicator.rules.sources.health import health
from syndicator.rules.sources.redesign import redesigned
from syndicator.rules.sources.round_history import HistoryLine, Strip, day_summary
from syndicator.service import Service

app = typer.Typer(help="Where news comes from.", no_args_is_help=True)

_LABEL = 18
_LAST_ROUNDS = 5


@app.command(name="list", epilog="Example: syndicator sources list")
def _list(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the configured sources: how they fare, when each is due, and why then."""

    async def rows(service: Service) -> Rows:
        warn_of_refused(await service.store.configuration.notes(service.clock()))
        status = await service.queries.status(list(service.settings.sources)[: limit or None])
        return [
            {
                "id": one.source.id,
                "kind": one.source.kind.value,
                "last_success": ago(one.state.last_success_at, status.at),
                "health": health(one.source, one.state, status.at).kind.value,
                "identity": identified_by(one.source, one.state),
                "failing": one.state.failure.reason if one.state.failure else "",
                "next_due": _next_due(one.state, status.at),
                "because": one.state.due_because,
                "find_nothing": ", ".join(redesigned(one.state.missing, one.state.lacked)),
            }
            for one in status.sources
        ]

    items = ask(context, rows)
    print_list(items, people=_for_people(items), as_json=as_json, empty="No source is configured.")


def _for_people(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of the table, with a column for selectors only where some find nothing any more."""
    rows = [{name: value for name, value in item.items() if name != "find_nothing"} for item in items]
    failing = [item["find_nothing"] for item in items]
    if any(failing):
        return [{**row, "failing_selectors": names} for row, names in zip(rows, failing, strict=True)]
    return list(rows)


def _next_due(state: SourceState, now: datetime) -> str:
    if state.paused and state.pause and state.pause.until:
        return ago(state.pause.until, now)
    if state.stopped or state.paused:
        return "never"
    if state.next_due_at is None or state.next_due_at <= now:
        return "now"  # or it is being asked; a long wait is reported as late
    return ago(state.next_due_at, now)


@app.command(name="show", epilog="Example: syndicator sources show berita-kota")
def _show(context: typer.Context, source: SourceNamed, as_json: AsJson = False) -> None:
    """Show a source: how it is asked, how it fares, when it is due, and why then."""
    name = _known(context, source)

    async def found(
        service: Service,
    ) -> tuple[SourceShown, NewestArticles, Strip, list[HistoryLine], BackfillProgress | None]:
        queries = service.queries
        (strip,) = await queries.strips([name])
        newest, history = await queries.newest_articles(name), await queries.round_history(name)
        backfill = await service.backfill_control.get(name)
        past = backfill.progress if backfill is not None else None
        return await queries.source(name, for_operator=True), newest, strip, history, past

    shown, newest, strip, history, past = ask(context, found)
    if as_json:
        print_item({**to_builtins(shown), "newest_articles": newest, "backfill": past})
        return
    out = console()
    for label, value in (*_lines(shown), *_newest(newest), *_gathered_past(past, shown), *_past(strip)):
        if value:
            out.print(f"{label:<{_LABEL - 1}} {value}", soft_wrap=True)
    if last := [line for line in history if line.span == "round"][:_LAST_ROUNDS]:
        out.print()
        print_table([_row(line, shown.source.timezone) for line in last])


@app.command(name="history", epilog="Example: syndicator sources history berita-kota")
def _history(context: typer.Context, source: SourceNamed, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the rounds of a source in the last 30 days, newest first: the last ones each, then hours."""
    name = _known(context, source)

    async def found(service: Service) -> tuple[list[HistoryLine], str]:
        return await service.queries.round_history(name), service.settings.sources[name].timezone

    lines, zone = ask(context, found)
    shown = lines[: limit or None]
    print_list(
        [{field: getattr(line, field) for field in line.__struct_fields__} for line in shown],
        people=[_row(line, zone) for line in shown],
        as_json=as_json,
        empty="No round is known.",
    )


def _newest(newest: NewestArticles) -> Iterator[tuple[str, str]]:
    if newest.articles:
        duplicates = f"{counted(newest.duplicates, 'duplicate')} (another source had them first)"
        copies = (
            f"{newest.copies} {'copy' if newest.copies == 1 else 'copies'} (the same text as another article)"
        )
        yield "newest articles", f"{newest.articles}: {duplicates}, {copies}"


def _gathered_past(past: BackfillProgress | None, shown: SourceShown) -> Iterator[tuple[str, str]]:
    if past is not None:
        yield "backfill", sentence(past, shown.source.timezone)


def _past(strip: Strip) -> Iterator[tuple[str, str]]:
    if strip.rounds:
        yield "last 24 hours", f"{strip.characters}  {day_summary(strip)}"


def _row(line: HistoryLine, zone: str) -> Mapping[str, Any]:
    rounds = "" if line.span == "round" else f"{counted(line.rounds, 'round')} of the hour"
    failed = f"{line.failed} failed" if line.status is RoundStatus.PARTLY else line.status
    return {
        "began": local_time(line.began_at, zone),
        "status": ", ".join(filter(None, (rounds, failed))),
        "reason": line.reason,
        "late": f"{line.late_s:.1f} s",
        "new": line.new,
        "changed": line.changed,
        "bytes": line.received_bytes,
        "ms": line.took_ms,
    }


def _lines(shown: SourceShown) -> Iterator[tuple[str, str]]:
    source, state, zone = shown.source, shown.state, shown.source.timezone
    yield "source", f"{source.title} ({source.id}, {source.kind.value})"
    yield "url", source.url
    if state.move:
        yield "moved", f"to {state.move.target}, confirmed in {state.move.sightings} rounds{_followed(shown)}"
    yield "known by", identified_by(source, state)
    yield "health", ": ".join(filter(None, (shown.health.kind.value, shown.health.why)))
    yield "paused", f"{local_time(state.pause.since, zone)}, by {state.pause.by}" if state.pause else ""
    if state.failure:
        yield "last failure", f"{state.failure.reason}: {state.failure.detail}"
    if state.next_due_at and not (state.stopped or state.paused):
        yield "next due", f"{local_time(state.next_due_at, zone)}, {state.due_because}"
    yield "last success", local_time(state.last_success_at, zone) if state.last_success_at else "never"
    yield "last round", _last_round(state, zone)
    yield "validators", ", ".join(part for part in (state.etag, state.last_modified) if part)
    if state.honesty.checks:
        yield (
            "validator checks",
            f"{state.honesty.lies} of {state.honesty.checks} found news in spite of a 304",
        )
    if shown.hub:
        yield "hub", f"{shown.hub.hub or 'none'} ({shown.hub.state}): {shown.hub.because}"
        yield "by push, by poll", f"{shown.hub.articles_by_push} and {shown.hub.articles_by_poll} articles"
        if shown.hub.refused:
            yield "refused pushes", f"{shown.hub.refused}: too large, or not signed with our secret"
    yield from _fresh(shown)
    yield from _complete(shown)
    yield "gaps", f"{state.gaps} times some articles were probably missed" if state.gaps else ""
    for warning in state.warnings:
        yield "warning", warning


def _fresh(shown: SourceShown) -> Iterator[tuple[str, str]]:
    fresh = shown.freshness
    if fresh is None:
        return
    words = freshness_sentence(fresh.within_s, fresh.articles, fresh.late)
    if fresh.budget_left is not None:
        left = f"error budget: {max(fresh.budget_left, 0):.0%} left"
        words = f"{words}; {left if fresh.breached_since is None else ObjectiveState.BEHIND}"
    yield "freshness", words
    for stage, found in shown.delays.items():
        bounds = f"half within {_bound(found.median_s)}, 95% within {_bound(found.p95_s)}"
        yield f"until {stage.value}", f"{bounds} ({counted(found.articles, 'article')})"


def _complete(shown: SourceShown) -> Iterator[tuple[str, str]]:
    found, zone = shown.state.completeness, shown.source.timezone
    if shown.source.completeness is None:
        return
    if found.checked_at is None:
        yield "completeness", "not compared with a sitemap yet: first a day after the first round"
    elif found.why:
        yield "completeness", f"could not be compared on {local_time(found.checked_at, zone)}: {found.why}"
    elif found.days:
        last = found.days[-1]
        of_a_day = f"{last.missing} of {counted(last.listed, 'article')} of a day were never in the feed"
        when = f"{local_time(last.at, zone)}, {found.sitemap}"
        yield "completeness", f"{of_a_day}, {last.gathered} gathered ({when})"
    if found.days:
        missing, listed, gathered = (
            sum(getattr(day, name) for day in found.days) for name in ("missing", "listed", "gathered")
        )
        yield "in 30 days", f"{missing} of {counted(listed, 'article')} missing, {gathered} gathered"
    for url in found.examples:
        yield "missing", url


def _bound(seconds: float | None) -> str:
    return "more than a day" if seconds is None else span(seconds)


def _last_round(state: SourceState, zone: str) -> str:
    if state.failure:
        return f"{local_time(state.failure.at, zone)}, failed"
    return _brought(state, state.last_round) if state.last_round else "never"


def _brought(state: SourceState, counts: Round) -> str:
    read_at, success_at = state.read_at, state.last_success_at
    if counts == Round() and read_at is not None and success_at is not None and read_at < success_at:
        return "the document had not changed"
    return (
        f"{counts.new} new, {counts.changed} changed, {counted(counts.duplicate, 'duplicate')}, "
        f"{counts.unchanged} unchanged"
    )


def _followed(shown: SourceShown) -> str:
    move = shown.state.move
    if move is None or move.adopted_at is None:
        return ""
    if shown.asked_url == move.target:
        return "; that is asked now"
    return "; not asked: what is sent along is for the configured address alone, or encryption would be lost"


def _known(context: typer.Context, source: str) -> SourceId:
    check_known("source", source, settings_that_know(context, "source", source).sources, "source")
    return SourceId(source)
