"""One article from the request that found it to feeds and partners."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Annotated

import typer

from syndicator.cli.commands.articles.withdrawals import why_missing
from syndicator.cli.context import AsJson, console, counted, invocation, print_item
from syndicator.cli.formats import local_time
from syndicator.cli.store_access import ask
from syndicator.model.ids import ArticleId
from syndicator.model.ops.states import ArticleStanding
from syndicator.pipeline.ops.article_trace import ArticleTrace
from syndicator.pipeline.ops.feed_trace import FeedTrace
from syndicator.pipeline.webhooks.delivery_trace import EndpointTrace
from syndicator.rules.sources.round_history import HistoryLine
from syndicator.service import Service

TRACE_EXAMPLE = "Example: syndicator articles trace https://berita-kota.example/read/1"

_LABEL = 18
_WIDEST = 100

Lines = Iterator[tuple[str, str]]


def trace(
    context: typer.Context,
    article: Annotated[
        str, typer.Argument(help="Id of an article, its address at its portal, or that of its page here.")
    ],
    as_json: AsJson = False,
) -> None:
    """Follow an article from the request that found it to feeds and partners, and say why it is not there."""

    async def found(service: Service) -> ArticleTrace:
        traced = await service.article_tracer.trace(article)
        if traced is None:
            raise await why_missing(service, ArticleId(article))
        return traced

    traced = ask(context, found)
    if as_json:
        print_item(traced)
        return
    zone = invocation(context).settings().site.timezone
    out = console()
    width = min(out.width, _WIDEST)
    for heading, lines in (
        (traced.title, _head(traced, zone)),
        ("Where it came from", _found(traced, zone)),
        ("How it was admitted", _admitted(traced, zone)),
        ("Its names", _names(traced, zone)),
        ("Its story", _story(traced)),
        ("Feeds", _feeds(traced.feeds, zone)),
        ("Events", _events(traced, zone)),
        ("Endpoints", _endpoints(traced.endpoints)),
    ):
        for line in wrap(heading, width):
            out.print(line, style="bold")
        for label, value in lines:
            for line in wrapped(label, value, width):
                out.print(line, soft_wrap=True)
        out.print()


def wrapped(label: str, value: str, width: int) -> Sequence[str]:
    """Break a value into lines beside its label; ids and addresses stay whole."""
    margin = " " * _LABEL
    first = f"  {label}".ljust(_LABEL - 1) + " "
    room = width - _LABEL
    parts = wrap(value, room, break_long_words=False, break_on_hyphens=False) or [""]
    if len(first) > _LABEL:  # a long label has a line of its own
        return [first.rstrip(), *(margin + part for part in parts)]
    return [first + parts[0], *(margin + part for part in parts[1:])]


def _head(one: ArticleTrace, zone: str) -> Lines:
    yield "id", f"{one.id}, revision {one.revision}"
    yield "url", one.url
    yield "published", local_time(one.published_at, zone)
    if one.standing is ArticleStanding.WITHDRAWN:
        yield "standing", f"withdrawn; `syndicator articles restore {one.id}` puts it back"
    elif one.standing is ArticleStanding.UNASSIGNED:
        yield "standing", "unassigned: it waits to be assigned to a story"


def _found(one: ArticleTrace, zone: str) -> Lines:
    by = one.found_by
    title = f"{by.source} ({by.source_title})" if by.source_title else f"{by.source}, not configured any more"
    yield "source", title
    yield "pushed to" if by.pushed else "requested", by.requested_url
    if by.url != by.requested_url:
        yield "came from", by.url
    yield "at", f"{local_time(by.fetched_at, zone)}, status {by.status}, revision {by.revision}"
    yield "round", _round(by.round, zone) if by.round else "not kept any more, or not ended yet"


def _round(line: HistoryLine, zone: str) -> str:
    began = local_time(line.began_at, zone)
    news = f"{line.new} new, {line.changed} changed"
    if line.span == "hour":
        return f"one of {counted(line.rounds, 'round')} in the hour from {began}, {news}"
    return f"began {began}, took {line.took_ms} ms, {news}"


def _admitted(one: ArticleTrace, zone: str) -> Lines:
    for step in one.admission:
        revision = f"revision {step.revision}" if step.revision is not None else ""
        words = ", ".join(filter(None, (local_time(step.at, zone), step.source, revision)))
        yield step.verdict, f"{words}: {step.detail}" if step.detail else words


def _names(one: ArticleTrace, zone: str) -> Lines:
    for name in one.identities:
        known = f", known by its {name.known_by}" if name.known_by else ""
        yield name.kind, f"{name.value} since {local_time(name.at, zone)}{known}"


def _story(one: ArticleTrace) -> Lines:
    yield one.story.id, one.story.why


def _feeds(feeds: Sequence[FeedTrace], zone: str) -> Lines:
    if not feeds:
        yield "none", "no feed is configured"
    for one in feeds:
        since = f" Since {local_time(one.since, zone)}." if one.since else ""
        answer = "shown" if one.shown else "not shown" if one.shown is False else "taken"
        yield one.feed, f"{answer}: {one.why}{since}"


def _events(one: ArticleTrace, zone: str) -> Lines:
    if not one.events:
        yield "none", "no event of it is kept"
    for event in one.events:
        waits = "" if event.fanned_out else ", not fanned out yet"
        yield event.type, f"{local_time(event.at, zone)}, revision {event.revision}, {event.id}{waits}"


def _endpoints(endpoints: Sequence[EndpointTrace]) -> Lines:
    if not endpoints:
        yield "none", "no endpoint is configured or registered"
    for one in endpoints:
        yield one.endpoint, f"{one.status.value}: {one.why}"
        others = [
            f"{other.type} of revision {other.revision} {other.status.value} ({other.reason})"
            for other in one.deliveries
            if other.why != one.why
        ]
        if others:
            yield "", f"Further events: {'; '.join(others)}."
