"""Commands that show what there is: sources, feeds, articles, endpoints, deliveries."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from msgspec.structs import replace

from syndicator.cli.context import (
    AlwaysJson,
    AsJson,
    check_known,
    invocation,
    print_json,
    print_list,
    without_values,
)
from syndicator.cli.spelling import ago
from syndicator.errors import SyndicatorError
from syndicator.model.article import Article
from syndicator.model.feed import Format
from syndicator.model.ids import ArticleId, EndpointId, FeedId, SourceId
from syndicator.service import Service, open_service
from syndicator.settings import Settings

Rows = Sequence[Mapping[str, Any]]
Limit = Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0 for all.")]

sources_app = typer.Typer(help="Where news comes from.", no_args_is_help=True)
feeds_app = typer.Typer(help="What is published.", no_args_is_help=True)
articles_app = typer.Typer(help="What was admitted.", no_args_is_help=True)
endpoints_app = typer.Typer(help="Where events are pushed to.", no_args_is_help=True)
deliveries_app = typer.Typer(help="Events that are on their way, or dead.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(sources_app, name="sources")
    app.add_typer(feeds_app, name="feeds")
    app.add_typer(articles_app, name="articles")
    app.add_typer(endpoints_app, name="endpoints")
    app.add_typer(deliveries_app, name="deliveries")


def _ask(context: typer.Context, question: Callable[[Service], Awaitable[Any]]) -> Any:
    async def answer(settings: Settings) -> Any:
        async with open_service(settings) as service:
            return await question(service)

    return asyncio.run(answer(invocation(context).settings()))


def _cut(rows: Rows, limit: int) -> Rows:
    return rows[:limit] if limit else rows


@sources_app.command(name="list", epilog="Example: syndicator sources list")
def _list_sources(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the configured sources: how they fare, when each is due, and why then."""

    async def rows(service: Service) -> Rows:
        status = await service.reading.status()
        return [
            {
                "id": one.source.id,
                "kind": one.source.kind.value,
                "last_success": ago(one.state.last_success_at, status.at),
                "failing": one.state.failure.reason if one.state.failure else "",
                "next_due": ago(one.state.next_due_at, status.at) if one.state.next_due_at else "now",
                "because": one.state.due_because,
            }
            for one in status.sources
        ]

    print_list(_cut(_ask(context, rows), limit), as_json=as_json, empty="No source is configured.")


@sources_app.command(name="show", epilog="Example: syndicator sources show berita-kota")
def _show_source(context: typer.Context, source: str, as_json: AlwaysJson = False) -> None:
    """Show a source and all that is known of it, as JSON."""
    del as_json
    name = SourceId(source)
    known = invocation(context).settings().sources
    check_known("source", source, known, "source")
    shown = replace(known[name], headers=without_values(known[name].headers))

    async def document(service: Service) -> Any:
        return {"source": shown, "state": await service.store.sources.state(name)}

    print_json(_ask(context, document))


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
                "changed": ago(versions[feed].changed_at, now) if versions[feed].version else "never",
                "url": service.settings.site.url(f"/feeds/{feed}.{Format.RSS}"),
            }
            for feed, spec in service.publisher.specs.items()
        ]

    print_list(_cut(_ask(context, rows), limit), as_json=as_json, empty="No feed is configured.")


@feeds_app.command(name="show", epilog="Example: syndicator feeds show latest")
def _show_feed(context: typer.Context, feed: str, as_json: AlwaysJson = False) -> None:
    """Show what a feed holds now, as JSON."""
    del as_json
    check_known("feed", feed, invocation(context).settings().feeds, "feed")

    async def document(service: Service) -> Any:
        return await service.publisher.snapshot(FeedId(feed))

    print_json(_ask(context, document))


@articles_app.command(name="list", epilog="Example: syndicator articles list --source berita-kota")
def _list_articles(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Option("--source", help="What this source carried, also if first seen elsewhere.")
    ] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List articles, the newest first."""
    if source is not None:
        check_known("source", source, invocation(context).settings().sources, "--source")

    async def rows(service: Service) -> tuple[Rows, Rows]:
        articles = service.store.articles
        if source is not None:
            ids = await articles.carried_by(SourceId(source), limit)
        else:
            listed, _ = await articles.timeline(["all"], limit or await articles.count() or 1)
            ids = [place.article_id for place in listed]
        found = [one for one in await articles.get_many(ids, bodies=False) if one]
        return [_article(one) for one in found], [_short(one, service.clock()) for one in found]

    items, people = _ask(context, rows)
    print_list(items, people=people, as_json=as_json, empty="No articles yet.")


def _article(one: Article) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "published_at": one.published_at,
        "first_seen_at": one.first_seen_at,
    }


def _short(one: Article, now: datetime) -> Mapping[str, Any]:
    return {
        "id": one.id,
        "age": ago(one.published_at, now),
        "title": one.title,
        "source": one.source,
        "url": one.url,
    }


@articles_app.command(name="show", epilog="Example: syndicator articles show 5uvqk4bqvtgfkp3a")
def _show_article(context: typer.Context, article: str, as_json: AlwaysJson = False) -> None:
    """Show an article with all its fields, as JSON."""
    del as_json

    async def document(service: Service) -> Any:
        found = await service.store.articles.get(ArticleId(article))
        if found is None:
            raise SyndicatorError(f"there is no article {article!r} (or it has outlived its retention)")
        (views,) = await service.store.popularity.views([found.id])
        return {"article": found, "views": views}

    print_json(_ask(context, document))


@endpoints_app.command(name="list", epilog="Example: syndicator endpoints list")
def _list_endpoints(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the configured endpoints and how their deliveries stand."""

    async def rows(service: Service) -> Rows:
        status = await service.reading.status()
        return [
            {
                "id": one.endpoint.id,
                "url": one.endpoint.url,
                "ready": one.counts.ready,
                "delayed": one.counts.delayed,
                "in_flight": one.counts.in_flight,
                "dead": one.counts.dead,
                "delivered": one.counts.delivered,
                "last_failure": one.last_failure,
            }
            for one in status.endpoints
        ]

    print_list(_cut(_ask(context, rows), limit), as_json=as_json, empty="No endpoint is configured.")


@deliveries_app.command(name="list", epilog="Example: syndicator deliveries list --endpoint partner-a")
def _list_deliveries(
    context: typer.Context,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only of this endpoint.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List what is not delivered: waiting, in flight, or dead with its reason."""
    if endpoint is not None:
        check_known("endpoint", endpoint, invocation(context).settings().endpoints, "--endpoint")

    async def rows(service: Service) -> Rows:
        names = [name for name in service.settings.endpoints if endpoint in {None, name}]
        found: list[Mapping[str, Any]] = []
        for name in names:
            found += await _undelivered(service, name, limit)
        return found

    print_list(_cut(_ask(context, rows), limit), as_json=as_json, empty="Everything is delivered.")


async def _undelivered(service: Service, endpoint: EndpointId, limit: int) -> Rows:
    now = service.clock()
    return [
        {
            "endpoint": endpoint,
            "event": one.delivery.event.id,
            "type": one.delivery.event.type.value,
            "article": one.delivery.event.article,
            "status": one.status,
            "attempts": one.delivery.attempts,
            "reason": one.delivery.last_reason,
            "at": ago(one.at, now),
        }
        for one in await service.store.deliveries.undelivered(endpoint, limit, now)
    ]
