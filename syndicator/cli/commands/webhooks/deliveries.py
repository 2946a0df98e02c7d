"""Commands about what is on its way to endpoints, was delivered, or is dead."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer
from msgspec.structs import asdict
from pydantic import TypeAdapter, ValidationError

from syndicator.cli.completion import endpoint_ids
from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    check_known,
    console,
    counted,
    invocation,
    print_item,
    print_list,
    print_table,
)
from syndicator.cli.formats import ago, local_time
from syndicator.cli.store_access import Limit, Rows, ask, cut
from syndicator.errors import EndpointRefused, NoEndpoint
from syndicator.model.feed import Filter
from syndicator.model.ids import ArticleId, EndpointId, EventId, ReplayId
from syndicator.model.ops.states import UNDELIVERED, DeliveryStatus
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR
from syndicator.pipeline.webhooks.inspection import (
    ENDED,
    DeliveryLine,
    DeliveryQuery,
    DeliveryShown,
    NoDelivery,
)
from syndicator.pipeline.webhooks.replays import (
    MOST_EVENTS,
    MOST_PER_S,
    USUAL_PER_S,
    NoReplay,
    ReplayShown,
    ReplayWanted,
)
from syndicator.pipeline.webhooks.resend import Resent
from syndicator.rules.filter_language import FILTER_KEYS, FilterError, filter_from
from syndicator.service import Service
from syndicator.settings.value_texts import PositiveDuration

app = typer.Typer(help="Events on their way, delivered, or dead.", no_args_is_help=True)

T = TypeVar("T")

Endpoint = Annotated[
    str,
    typer.Argument(
        help="Id of an endpoint, as `syndicator endpoints list` shows it.", autocompletion=endpoint_ids
    ),
]
Event = Annotated[str, typer.Argument(help="Id of an event, as `syndicator deliveries list` shows it.")]

_PIECE = 200
_LABEL = 12
_SPAN: TypeAdapter[timedelta] = TypeAdapter(PositiveDuration)


@app.command(name="list", epilog="Example: syndicator deliveries list --endpoint partner-a --status dead")
def _list(
    context: typer.Context,
    *,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only of this endpoint.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only of this event.")] = None,
    article: Annotated[str | None, typer.Option("--article", help="Only events of this article.")] = None,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            help=f"{', '.join((*UNDELIVERED, *ENDED))}; left out: all that is not delivered.",
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="It happened then or later: 24h, or 2026-11-05T12:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="It happened before then.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what is not delivered: waiting, in flight, or dead with its reason; or what was delivered."""
    if status not in {None, *UNDELIVERED, *ENDED}:
        known = ", ".join((*UNDELIVERED, *ENDED))
        raise typer.BadParameter(f"one of {known}", param_hint="--status")

    async def rows(service: Service) -> Rows:
        await service.endpoints.refresh()
        if endpoint is not None:
            check_known("endpoint", endpoint, service.endpoints.listed, "--endpoint")
        now = service.clock()
        query = DeliveryQuery(
            endpoint=EndpointId(endpoint) if endpoint else None,
            event=EventId(event) if event else None,
            article=ArticleId(article) if article else None,
            status=DeliveryStatus(status) if status else None,
            since=instant(since, now, "--since"),
            until=instant(until, now, "--until"),
        )
        found = await _found(service, query, limit)
        return [{**asdict(one), "at": ago(one.at, now)} for one in found]

    items = ask(context, rows)
    hidden = {"subject", "happened_at", "revision", "replay"}
    people = [{name: value for name, value in row.items() if name not in hidden} for row in items]
    print_list(items, as_json=as_json, empty="Everything is delivered.", people=people)


@app.command(name="show", epilog="Example: syndicator deliveries show partner-a evt_k5vq2nq7xj3m")
def _show(context: typer.Context, endpoint: Endpoint, event: Event, as_json: AsJson = False) -> None:
    """Show one delivery: how it stands, and all that was tried."""
    shown = asked(
        context,
        lambda service: service.inspection.show(OPERATOR, EndpointId(endpoint), EventId(event)),
    )
    if as_json:
        print_item(shown)
    else:
        _print_delivery(shown, invocation(context).settings().site.timezone)


@app.command(name="resend", epilog="Example: syndicator deliveries resend partner-a --dead")
def _resend(
    context: typer.Context,
    endpoint: Endpoint,
    event: Annotated[str | None, typer.Argument(help="Id of an event that it was sent recently.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead deliveries, up to 1,000.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send an endpoint an event again, now and under the same id, or all dead deliveries."""
    if (event is None) is not dead:
        raise typer.BadParameter("name an event, or say --dead", param_hint="EVENT")

    async def sent(service: Service) -> Resent:
        name = EndpointId(endpoint)
        if event is None:
            return await service.resend.dead(OPERATOR, name)
        return await service.resend.one(OPERATOR, name, EventId(event))

    resent = asked(context, sent)
    if as_json:
        print_item(resent)
        return
    gone = f"; of {resent.gone} the article is withdrawn or not kept any more" if resent.gone else ""
    console().print(f"Queued: {counted(resent.queued, 'event')}{gone}")


@app.command(name="replay", epilog="Example: syndicator deliveries replay partner-a --since 24h")
def _replay(
    context: typer.Context,
    endpoint: Endpoint,
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="What happened then or later: 24h, or 2026-11-05T12:00:00Z.")
    ] = None,
    since_event: Annotated[
        str | None, typer.Option("--since-event", help="What happened after this event.")
    ] = None,
    chosen: Annotated[
        list[str] | None, typer.Option("--filter", help="As section=ekonomi; several times.")
    ] = None,
    event: Annotated[
        list[str] | None, typer.Option("--event", help="As article.created or article.*; several times.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=MOST_EVENTS, help="So many events at most.")
    ] = None,
    per_s: Annotated[
        int, typer.Option("--rate", min=1, max=MOST_PER_S, help="So many events in a second.")
    ] = USUAL_PER_S,
    as_json: AsJson = False,
) -> None:
    """Send an endpoint once more what happened since a time or an event, or what passes a filter.

    The workers go on with it; see `deliveries replays`.
    """
    wanted_filter = _filter(chosen or ())

    async def begun(service: Service) -> ReplayShown:
        wanted = ReplayWanted(
            endpoint=EndpointId(endpoint),
            since=instant(since, service.clock(), "--since"),
            since_event=EventId(since_event) if since_event else None,
            filter=wanted_filter,
            events=event or (),
            limit=limit,
            per_s=per_s,
        )
        return await service.replays.begin(OPERATOR, wanted)

    found = asked(context, begun)
    if as_json:
        print_item(found)
    else:
        console().print(f"Begun: {found.id}")


@app.command(name="replays", epilog="Example: syndicator deliveries replays")
def _replays(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the replays, the newest first, and how far each is."""
    found = cut(
        [asdict(one) for one in ask(context, lambda service: service.replays.shown(OPERATOR))],
        limit,
    )
    names = ("id", "endpoint", "status", "queued", "superseded", "gone", "reason")
    people = [{**{name: row[name] for name in names}, "progress": f"{row['progress']:.0%}"} for row in found]
    print_list(found, as_json=as_json, empty="There is no replay.", people=people)


@app.command(name="cancel-replay", epilog="Example: syndicator deliveries cancel-replay rpl_0123456789abcdef")
def _cancel(
    context: typer.Context,
    replay: Annotated[str, typer.Argument(help="Id of a replay, as `deliveries replays` shows it.")],
    as_json: AsJson = False,
) -> None:
    """End a replay: nothing more is queued for it."""
    found = asked(context, lambda service: service.replays.cancel(OPERATOR, ReplayId(replay)))
    if as_json:
        print_item(found)
    else:
        console().print(
            f"{found.status.value.capitalize()}: {found.id}, {counted(found.queued, 'event')} queued"
        )


def asked(context: typer.Context, question: Callable[[Service], Awaitable[T]]) -> T:
    """Ask the service; say in plain words what cannot be done, and what to do."""
    try:
        return ask(context, question)
    except NoEndpoint as error:
        raise CommandFailed(str(error), remedy="see syndicator endpoints list") from error
    except NoDelivery as error:
        raise CommandFailed(str(error), remedy="see syndicator deliveries list") from error
    except NoReplay as error:
        raise CommandFailed(str(error), remedy="see syndicator deliveries replays") from error
    except EndpointRefused as error:
        raise CommandFailed(str(error), remedy="see syndicator endpoints show") from error


def instant(text: str | None, now: datetime, parameter: str) -> datetime | None:
    """Read an instant with its offset, or how long ago it was: `90s`, `24h`, `7d`."""
    if text is None:
        return None
    with suppress(ValidationError):
        return now - _SPAN.validate_python(text)
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    remedy = "write how long ago it was, as in 24h, or an instant with its offset: 2026-11-05T12:00:00Z"
    raise typer.BadParameter(remedy, param_hint=parameter)


def _filter(texts: Sequence[str]) -> Filter:
    values: dict[str, list[str]] = {}
    for text in texts:
        key, found, value = text.partition("=")
        if not found or key.strip() not in FILTER_KEYS:
            remedy = f"write key=value; keys are {', '.join(FILTER_KEYS)}"
            raise typer.BadParameter(remedy, param_hint="--filter")
        values.setdefault(key.strip(), []).append(value)
    try:
        return filter_from(values)
    except FilterError as error:
        raise typer.BadParameter(f"{error}; {error.remedy}", param_hint="--filter") from error


async def _found(service: Service, query: DeliveryQuery, limit: int) -> list[DeliveryLine]:
    found: list[DeliveryLine] = []
    cursor: str | None = None
    while True:
        wanted = min(_PIECE, limit - len(found)) if limit else _PIECE
        piece = await service.inspection.deliveries(OPERATOR, query, cursor, wanted)
        found += piece.items
        cursor = piece.next
        if cursor is None or (limit and len(found) >= limit):
            return found


def _print_delivery(shown: DeliveryShown, zone: str) -> None:
    one, out = shown.delivery, console()
    for label, value in (
        ("endpoint", one.endpoint),
        ("event", f"{one.event}, {one.type}, revision {one.revision}"),
        ("happened", local_time(one.happened_at, zone)),
        ("article", one.article or ""),
        ("status", ": ".join(filter(None, (one.status, one.reason)))),
        ("at", local_time(one.at, zone)),
        ("wanted again", one.replay or ""),
    ):
        if value:
            out.print(f"{label:<{_LABEL}} {value}", soft_wrap=True)
    if shown.attempts:
        out.print()
        print_table(
            [
                {
                    "at": local_time(each.at, zone),
                    "attempt": each.attempt,
                    "result": each.result,
                    "reason": each.reason,
                    "ms": each.duration_ms,
                }
                for each in shown.attempts
            ]
        )
