"""What is told of an article and of a source to those who ask why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Article
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import Source, SourceState
from syndicator.model.subscription import SubscriptionStatus
from syndicator.observe.redact import HIDDEN, hide_secrets
from syndicator.pipeline.rounds import address
from syndicator.rules.health import Health, health
from syndicator.store.store import Store


class Explained(Struct, frozen=True, kw_only=True):
    """An article and its history. `article.provenance` tells the document it was read from."""

    article: Article
    views: int | None
    carried: Mapping[SourceId, datetime]
    """Every source that carried it, and when it was first seen there; the first first."""


async def explain(store: Store, article_id: ArticleId, sources: Sequence[SourceId]) -> Explained | None:
    """Tell all that is known of an article; None where there is none."""
    found = await store.articles.get(article_id)
    if found is None:
        return None
    (views,) = await store.popularity.views([found.id])
    # Its own source may have left the configuration: it is still where the article comes from.
    asked = tuple(dict.fromkeys((*sources, found.source)))
    return Explained(article=found, views=views, carried=await store.articles.carriers(found.id, asked))


class SourceShown(Struct, frozen=True, kw_only=True):
    """A source, how it stands, and what is remembered of it; no secret in it."""

    source: Source
    state: SourceState
    asked_url: str
    """The address that the next round asks: the configured one, or where it has moved for good."""
    health: Health
    hub: SubscriptionStatus | None


def show(source: Source, state: SourceState, hub: SubscriptionStatus | None, now: datetime) -> SourceShown:
    """Show a source and what is remembered of it, without secrets."""
    bare = state_without_secrets(source, state)
    return SourceShown(
        source=without_secrets(source),
        state=bare,
        asked_url=_bare(address(source, state)),
        health=health(source, bare, now),
        hub=hub,
    )


def without_secrets(source: Source) -> Source:
    """Give a source that may be shown.

    Hidden are what is sent along with requests, names and passwords in addresses, and queries: whoever has a
    feed of his own from a portal has it by a token there, whatever the parameter is called.
    """
    popular = source.popular
    if popular is not None and popular.url is not None:
        popular = replace(popular, url=_bare(popular.url))
    return replace(
        source,
        url=_bare(source.url),
        home_url=_bare(source.home_url) if source.home_url else None,
        headers=dict.fromkeys(source.headers, HIDDEN),
        proxy=_bare(source.proxy) if source.proxy else None,
        popular=popular,
    )


def state_without_secrets(source: Source, state: SourceState) -> SourceState:
    """Give what is remembered of a source as it may be shown.

    In sentences the source's own addresses lose their queries, and all others what looks like a secret:
    without its query many an article could not be told from the next.
    """
    own = (source.url, state.move.target if state.move else None, source.popular and source.popular.url)
    queries = [f"?{query}" for url in own if url and (query := urlsplit(url).query)]

    def told(text: str) -> str:
        for query in queries:
            text = text.replace(query, f"?{HIDDEN}")
        return hide_secrets(text)

    return replace(
        state,
        failure=replace(state.failure, detail=told(state.failure.detail)) if state.failure else None,
        warnings=tuple(map(told, state.warnings)),
        own_warnings=tuple(map(told, state.own_warnings)),
        move=replace(state.move, target=_bare(state.move.target)) if state.move else None,
    )


def _bare(url: str) -> str:
    """Hide in an address what may be secret: name, password and query."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(
        netloc=f"{HIDDEN}{at}{host}" if user else host, query=HIDDEN if parts.query else "", fragment=""
    ).geturl()
