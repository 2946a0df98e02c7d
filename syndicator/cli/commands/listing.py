"""Commands that show feeds; all else has files of its own."""

from typing import Any

import typer

from syndicator.cli.commands import stories
from syndicator.cli.commands.articles.showing import app as articles_app
from syndicator.cli.commands.sources import adding, backfill, control, showing
from syndicator.cli.commands.webhooks import deliveries, endpoints
from syndicator.cli.completion import FeedNamed
from syndicator.cli.context import (
    AlwaysJson,
    AsJson,
    check_known,
    print_item,
    print_list,
)
from syndicator.cli.formats import ago
from syndicator.cli.store_access import Limit, Rows, ask, cut, settings_that_know
from syndicator.model.feed import Format
from syndicator.model.ids import FeedId
from syndicator.service import Service

feeds_app = typer.Typer(help="What is published.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    control.register(showing.app)
    backfill.register(showing.app)
    adding.register(showing.app)
    app.add_typer(showing.app, name="sources")
    app.add_typer(feeds_app, name="feeds")
    app.add_typer(articles_app, name="articles")
    app.add_typer(stories.app, name="stories")
    app.add_typer(endpoints.app, name="endpoints")
    app.add_typer(deliveries.app, name="deliveries")


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
def _show_feed(context: typer.Context, feed: FeedNamed, as_json: AlwaysJson = False) -> None:
    """Show what a feed holds now, as JSON."""
    del as_json
    check_known("feed", feed, settings_that_know(context, "feed", feed).feeds, "feed")

    async def document(service: Service) -> Any:
        return await service.publisher.snapshot(FeedId(feed))

    print_item(ask(context, document))
