"""Commands about our own hub: who subscribes, and how that goes."""

from typing import Annotated, Any

import typer

from syndicator.cli.context import AlwaysJson, AsJson, CommandFailed, print_item, print_list
from syndicator.cli.formats import ago
from syndicator.cli.store_access import Limit, Rows, ask
from syndicator.model.hub import Subscriber, SubscriberId
from syndicator.service import Service

group = typer.Typer(help="Who subscribes to our feeds.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="Id of a subscriber, as `syndicator hub list` shows it.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(group, name="hub")


@group.command(name="list", epilog="Example: syndicator hub list --limit 10")
def _list(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the subscribers of our hub, and the hubs of others that we notify."""

    async def rows(service: Service) -> tuple[Rows, Rows]:
        found, now = await service.store.hub.newest(limit), service.clock()
        people = [
            {
                "id": one.id,
                "protocol": one.protocol.value,
                "feed": one.topic,
                "host": one.host,
                "state": one.state,
                "ends": ago(one.lease.ends_at, now) if one.lease else "",
                "sent": ago(one.delivered_at, now),
                "reason": one.reason or "",
            }
            for one in found
        ]
        return [_shown(one) for one in found], people

    items, people = ask(context, rows)
    print_list(items, people=people, as_json=as_json, empty="Nobody subscribes.")


@group.command(name="show", epilog="Example: syndicator hub show 5f1d0c0b9a7e4d2c8b6a5f1d0c0b9a7e")
def _show(context: typer.Context, subscriber: Named, as_json: AlwaysJson = False) -> None:
    """Show how one subscriber stands, as JSON."""
    del as_json
    found = ask(context, lambda service: service.store.hub.find(SubscriberId(subscriber)))
    if found is None:
        raise CommandFailed("there is no such subscriber", remedy="syndicator hub list names them")
    print_item(_shown(found))


def _shown(one: Subscriber) -> dict[str, Any]:
    """Return what may be seen of a subscriber.

    Neither its secret nor its callback, which are capabilities.
    """
    lease = one.lease
    return {
        "id": one.id,
        "protocol": one.protocol.value,
        "feed": one.topic,
        "host": one.host,
        "state": one.state,
        "signed": bool(lease and lease.sealed),
        "verified_at": lease.verified_at if lease else None,
        "ends_at": lease.ends_at if lease else None,
        "asked_at": one.asked.at if one.asked else None,
        "delivered": one.delivered,
        "delivered_at": one.delivered_at,
        "failures": one.failures,
        "failed_at": one.failed_at,
        "reason": one.reason,
    }
