"""Commands about who receives webhooks."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import typer

from syndicator.cli.completion import endpoint_ids
from syndicator.cli.context import (
    AsJson,
    CommandFailed,
    console,
    counted,
    failed,
    invocation,
    print_item,
    print_list,
)
from syndicator.cli.formats import local_time
from syndicator.cli.store_access import Limit, Rows, ask, cut
from syndicator.model.endpoint import OPERATORS
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.pipeline.webhooks.endpoint_views import OPERATOR, Asker, EndpointSecret, EndpointShown
from syndicator.pipeline.webhooks.registration import EndpointRegistration
from syndicator.push.probes import Probed
from syndicator.rules.webhooks.endpoint_health import endpoint_health
from syndicator.service import Service
from syndicator.settings.value_texts import SLUG

app = typer.Typer(help="Where events are pushed to.", no_args_is_help=True)

Named = Annotated[
    str,
    typer.Argument(
        help="Id of an endpoint, as `syndicator endpoints list` shows it.", autocompletion=endpoint_ids
    ),
]

T = TypeVar("T")

_LABEL = 16


@app.command(name="list", epilog="Example: syndicator endpoints list")
def _list(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the endpoints, configured and registered, and how their deliveries stand."""

    async def rows(service: Service) -> Rows:
        now = service.clock()
        statuses = await service.queries.endpoints()
        return [
            {
                "id": one.endpoint.id,
                "url": one.endpoint.url,
                "owner": one.listed.owner,
                "health": health.kind.value,
                "why": health.why or None,
                "in_log": one.counts.in_log,
                "ready": one.counts.ready,
                "delayed": one.counts.delayed,
                "in_flight": one.counts.in_flight,
                "dead": one.counts.dead,
                "delivered": one.counts.delivered,
                "last_failure": one.last_failure,
            }
            for one, health in ((one, endpoint_health(one, now)) for one in statuses)
        ]

    print_list(cut(ask(context, rows), limit), as_json=as_json, empty="There is no endpoint.")


@app.command(name="show", epilog="Example: syndicator endpoints show koran-3f9a1c07")
def _show(context: typer.Context, endpoint: Named, as_json: AsJson = False) -> None:
    """Show an endpoint: what was chosen, whether it is verified, how it stands, what waits for it."""
    _print_endpoint(
        context, _asked(context, lambda wanted: wanted.show(OPERATOR, EndpointId(endpoint))), as_json=as_json
    )


@app.command(
    name="add",
    epilog="Example: syndicator endpoints add https://partner.example/news --filter section=transportasi",
)
def _add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where events are sent.")],
    *,
    name: Annotated[str | None, typer.Option("--id", help="Its id (default: one is made).")] = None,
    owner: Annotated[
        str, typer.Option("--owner", help="Whose it is: the owner of a token, who then sees it over the API.")
    ] = OPERATORS,
    event: Annotated[
        list[str] | None, typer.Option("--event", help="As article.created, article.* or *; several times.")
    ] = None,
    chosen: Annotated[
        list[str] | None, typer.Option("--filter", help="As section=ekonomi; several times.")
    ] = None,
    payload: Annotated[str | None, typer.Option("--payload", help="full, summary or thin.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="As 10/s or 300/m.")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", help="As 'X-Key: abc'; several times.")
    ] = None,
    description: Annotated[str | None, typer.Option("--description", help="A note for people.")] = None,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Verified without being asked: you know whose address it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint; its secret is shown only once. Unless it is trusted, it is sent a challenge."""
    for each, parameter in ((name, "--id"), (owner, "--owner")):
        if each is not None and not SLUG.fullmatch(each):
            remedy = "use lower-case letters, digits and dashes, 64 at most"
            raise typer.BadParameter(remedy, param_hint=parameter)
    values = {
        "url": url,
        "events": event or None,
        "filter": _filter(chosen or ()),
        "payload": payload,
        "rate": rate,
        "headers": dict(_pair(one, ":", "--header") for one in header or ()),
        "description": description,
    }
    made = _asked(
        context,
        lambda wanted: wanted.add(
            Asker(owner=owner, is_operator=True),
            {key: value for key, value in values.items() if value},
            name=EndpointId(name) if name else None,
            is_trusted=trusted,
        ),
    )
    _print_secret(made, as_json=as_json)


@app.command(name="verify", epilog="Example: syndicator endpoints verify koran-3f9a1c07")
def _verify(context: typer.Context, endpoint: Named, as_json: AsJson = False) -> None:
    """Send an endpoint a challenge: once it comes back, events are sent there."""
    _print_probed(
        _asked(context, lambda wanted: wanted.verify(OPERATOR, EndpointId(endpoint))), as_json=as_json
    )


@app.command(name="ping", epilog="Example: syndicator endpoints ping koran-3f9a1c07")
def _ping(context: typer.Context, endpoint: Named, as_json: AsJson = False) -> None:
    """Send an endpoint a signed endpoint.ping, and a target of alerts a test message, to try it by."""
    _print_probed(
        _asked(context, lambda wanted: wanted.ping(OPERATOR, EndpointId(endpoint))), as_json=as_json
    )


@app.command(name="rotate", epilog="Example: syndicator endpoints rotate koran-3f9a1c07 --overlap-hours 48")
def _rotate(
    context: typer.Context,
    endpoint: Named,
    overlap_hours: Annotated[
        float, typer.Option("--overlap-hours", min=0, max=168, help="So long the one before signs, too.")
    ] = 24,
    asymmetric: Annotated[
        bool, typer.Option("--ed25519", help="Make an ed25519 key (v1a); its public half is shown.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the secret of an endpoint; the new one is shown only once."""
    signature: Any = "v1a" if asymmetric else "v1"
    overlap = timedelta(hours=overlap_hours)
    made = _asked(context, lambda wanted: wanted.rotate(OPERATOR, EndpointId(endpoint), overlap, signature))
    _print_secret(made, as_json=as_json)


@app.command(name="pause", epilog="Example: syndicator endpoints pause koran-3f9a1c07 --reason moving")
def _pause(
    context: typer.Context,
    endpoint: Named,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "paused by an operator",
    as_json: AsJson = False,
) -> None:
    """Let an endpoint rest: its events wait."""
    _print_endpoint(
        context,
        _asked(context, lambda wanted: wanted.pause(OPERATOR, EndpointId(endpoint), reason)),
        as_json=as_json,
    )


@app.command(name="resume", epilog="Example: syndicator endpoints resume koran-3f9a1c07")
def _resume(context: typer.Context, endpoint: Named, as_json: AsJson = False) -> None:
    """Let an endpoint that is paused or disabled work again: what waits goes out."""
    _print_endpoint(
        context,
        _asked(context, lambda wanted: wanted.resume(OPERATOR, EndpointId(endpoint))),
        as_json=as_json,
    )


@app.command(name="backfill", epilog="Example: syndicator endpoints backfill koran-3f9a1c07 --articles 100")
def _backfill(
    context: typer.Context,
    endpoint: Named,
    articles: Annotated[
        int | None, typer.Option("--articles", min=1, max=1000, help="The newest so many.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", min=0.01, max=720, help="Or those of so many hours.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send an endpoint what was published before, as article.created, the oldest first."""
    queued = _asked(
        context,
        lambda wanted: wanted.backfill(OPERATOR, EndpointId(endpoint), articles=articles, hours=hours),
    )
    if as_json:
        print_item({"queued": queued})
    else:
        console().print(f"Queued: {counted(queued, 'article')}")


@app.command(name="remove", epilog="Example: syndicator endpoints remove koran-3f9a1c07")
def _remove(context: typer.Context, endpoint: Named, as_json: AsJson = False) -> None:
    """Remove an endpoint that was added, or has left all configurations, with all that waits for it."""
    _asked(context, lambda wanted: wanted.remove(OPERATOR, EndpointId(endpoint)))
    if as_json:
        print_item({"id": endpoint})
    else:
        console().print(f"Removed: {endpoint}")


def _asked(context: typer.Context, question: Callable[[EndpointRegistration], Awaitable[T]]) -> T:
    return ask(context, lambda service: question(service.registration))


def _pair(text: str, divider: str, parameter: str) -> tuple[str, str]:
    name, found, value = text.partition(divider)
    if not found or not name.strip():
        raise typer.BadParameter(f"write name{divider}value", param_hint=parameter)
    return name.strip(), value.strip()


def _filter(texts: Sequence[str]) -> Mapping[str, Any]:
    """Gather the values of each key; those that take one alone take the last."""
    values: dict[str, Any] = {}
    for name, value in (_pair(one, "=", "--filter") for one in texts):
        if name in {"query", "since", "until"}:
            values[name] = value
        else:
            values.setdefault(name, []).append(value)
    return values


def _print_secret(made: EndpointSecret, *, as_json: bool) -> None:
    if as_json:
        print_item(made)
        return
    out = console()
    out.print(f"{'endpoint':<{_LABEL}} {made.endpoint.id}", soft_wrap=True)
    shown = ("secret", made.secret) if made.secret else ("public key", made.public_key)
    out.print(f"{shown[0]:<{_LABEL}} {shown[1]}", soft_wrap=True)
    if made.secret:
        out.print("The secret is shown only once.")
    if made.verified is not None and not made.verified.ok:
        out.print(
            f"It did not give its challenge back ({made.verified.reason}): nothing is sent there before "
            f"syndicator endpoints verify {made.endpoint.id}",
            soft_wrap=True,
        )


def _print_probed(probed: Probed, *, as_json: bool) -> None:
    """Print the result of a request; exit 1 where it failed."""
    said = f" ({probed.answer})" if probed.answer else ""
    reason, remedy = f"it failed: {probed.reason}{said}", "see what the reasons mean in docs/webhooks.md"
    if as_json:
        print_item(probed, errors=[] if probed.ok else [failed("endpoint", reason, remedy)])
    if not probed.ok:
        if as_json:
            raise typer.Exit(1)
        raise CommandFailed(reason, remedy=remedy)
    if not as_json:
        answered = f"Answered {probed.status} after {probed.duration_ms} ms"
        console().print(f"{answered}: {probed.answer}" if probed.answer else f"{answered}.", soft_wrap=True)


def _print_endpoint(context: typer.Context, shown: EndpointShown, *, as_json: bool) -> None:
    if as_json:
        print_item(shown)
        return
    out = console()
    for label, value in _lines(shown, invocation(context).settings().site.timezone):
        if value:
            out.print(f"{label:<{_LABEL}} {value}", soft_wrap=True)


def _lines(shown: EndpointShown, zone: str) -> Iterator[tuple[str, str]]:
    settings, state, waits = shown.settings, shown.state, shown.deliveries
    is_orphaned = shown.health.kind is EndpointStanding.ORPHANED
    where = f"of {shown.owner}" if shown.owner else "orphaned" if is_orphaned else "configured"
    yield "endpoint", f"{shown.id}, {where}"
    yield "url", settings["url"]
    yield "description", settings["description"] or ""
    if shown.owner:
        since = local_time(shown.verified_at, zone) if shown.verified_at else ""
        yield "verified", since or "no: nothing is sent there"
    yield "health", ": ".join(filter(None, (shown.health.kind.value, shown.health.why)))
    yield "last success", local_time(state.last_success_at, zone) if state.last_success_at else ""
    yield "last failure", shown.last_failure or ""
    yield "waiting", f"{waits.ready} ready, {waits.delayed} delayed, {waits.in_flight} in flight"
    if state.overflow:
        yield "", f"about {waits.in_log} more in the log, since {local_time(state.overflow.since, zone)}"
    yield "done", f"{waits.delivered} delivered, {waits.dead} dead"
    yield "events", ", ".join(settings["events"])
    yield "filter", "; ".join(f"{key}: {_plain(value)}" for key, value in settings["filter"].items())
    yield "feeds", ", ".join(settings["feeds"])
    yield "payload", settings["payload"]
    digest, retry = settings["digest"], settings["retry"]
    yield "digest", f"{digest['items']} events, or after {digest['every']}" if digest else ""
    yield "headers", ", ".join(settings["headers"])
    yield "rate", settings.get("rate") or ""
    yield "max in flight", str(settings["max_in_flight"])
    yield "as a feed", shown.feed or ""
    if offer := shown.replay_offered:
        since = offer.since.isoformat(timespec="seconds")
        text = f"{offer.dropped}, to be had by syndicator deliveries replay {shown.id} --since {since}"
        yield "fell off", text
    yield "tried", f"{len(retry['delays']) + 1} times at most, until {settings['max_age']} after the event"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
