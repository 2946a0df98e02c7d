"""Commands that show feeds and deliveries; all else has files of its own."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from syndicator.cli import articles, endpoints, sources, stories
from syndicator.cli.asking import Limit, Rows, ask, cut
from syndicator.cli.context import (
    AlwaysJson,
    AsJson,
    check_known,
    counted,
    invocation,
    print_json,
    print_list,
)
from syndicator.cli.spelling import ago
from syndicator.model.feed import Format
from syndicator.model.ids import EndpointId, EventId, FeedId
from syndicator.pipeline.registering import OPERATOR
from syndicator.pipeline.resending import Resent
from syndicator.service import Service

feeds_app = typer.Typer(help="What is published.", no_args_is_help=True)
deliveries_app = typer.Typer(help="Events that are on their way, or dead.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(sources.app, name="sources")
    app.add_typer(feeds_app, name="feeds")
    app.add_typer(articles.app, name="articles")
    app.add_typer(stories.app, name="stories")
    app.add_typer(endpoints.app, name="endpoints")
    app.add_typer(deliveries_app, name="deliveries")


@feeds_app.command(name="list", epilog="Example: syndicator feeds list")
def _list_feeds(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the configured feeds with their URLs."""

    async def rows(service: Service) -> Rows:
        now = service.clock()
        versions = await service.store.feeds.versions(list(service.publisher.specs))
        return [
            {
                "id": feed,
                "title": spec.title,
                "order": spec.order.value,
                "private": spec.private,
                "changed": ago(versions[feed].changed_at, now) if versions[feed].version else "never",
                "url": service.settings.site.url(f"/feeds/{feed}.{Format.RSS}"),
            }
            for feed, spec in service.publisher.specs.items()
        ]

    print_list(cut(ask(context, rows), limit), as_json=as_json, empty="No feed is configured.")


@feeds_app.command(name="show", epilog="Example: syndicator feeds show latest")
def _show_feed(context: typer.Context, feed: str, as_json: AlwaysJson = False) -> None:
    """Show what a feed holds now, as JSON."""
    del as_json
    check_known("feed", feed, invocation(context).settings().feeds, "feed")

    async def document(service: Service) -> Any:
        return await service.publisher.snapshot(FeedId(feed))

    print_json(ask(context, document))


@deliveries_app.command(name="list", epilog="Example: syndicator deliveries list --endpoint partner-a")
def _list_deliveries(
    context: typer.Context,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only of this endpoint.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what is not delivered: waiting, in flight, or dead with its reason."""

    async def rows(service: Service) -> Rows:
        await service.directory.refresh()
        if endpoint is not None:
            check_known("endpoint", endpoint, service.directory.listed, "--endpoint")
        names = [name for name in service.directory.listed if endpoint in {None, name}]
        found: list[Mapping[str, Any]] = []
        for name in names:
            found += await _undelivered(service, name, limit)
        return found

    print_list(cut(ask(context, rows), limit), as_json=as_json, empty="Everything is delivered.")


@deliveries_app.command(name="resend", epilog="Example: syndicator deliveries resend partner-a --dead")
def _resend(
    context: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="Id of an endpoint.")],
    event: Annotated[str | None, typer.Argument(help="Id of an event that it was sent of late.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that was given up, up to 1,000.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send an endpoint an event again, under the same id, or all that was given up."""
    if (event is None) is not dead:
        raise typer.BadParameter("name an event, or say --dead", param_hint="EVENT")

    async def sent(service: Service) -> Resent:
        name = EndpointId(endpoint)
        if event is None:
            return await service.resending.dead(OPERATOR, name)
        return await service.resending.one(OPERATOR, name, EventId(event))

    resent = ask(context, sent)
    if as_json:
        print_json(resent)
        return
    old = f", {resent.too_old} too old to be sent (max_age)" if resent.too_old else ""
    typer.echo(f"Queued: {counted(resent.queued, 'event')}{old}")


async def _undelivered(service: Service, endpoint: EndpointId, limit: int) -> Rows:
    now = service.clock()
    return [
        {
            "endpoint": endpoint,
            "event": one.delivery.event.id,
            "type": one.delivery.event.type.value,
            "subject": one.delivery.event.subject,
            "article": one.delivery.event.article,
            "status": one.status,
            "attempts": one.delivery.attempts,
            "reason": one.delivery.last_reason,
            "at": ago(one.at, now),
        }
        for one in await service.store.deliveries.undelivered(endpoint, limit, now)
    ]
