"""All that is known about an article or a source, without secrets, for the API, CLI and operator pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Alias, Article
from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import Source, SourceState
from syndicator.model.subscription import SubscriptionStatus
from syndicator.observe.redact import hide_secrets
from syndicator.pipeline.redaction import (
    bare,
    provenance_without_secrets,
    state_without_secrets,
    without_secrets,
)
from syndicator.pipeline.sources.round_result import address
from syndicator.rules.popularity.popularity_score import Score
from syndicator.rules.sources.health import Health, health
from syndicator.store.popularity.portal_counters import RankNote
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place


class Explained(Struct, frozen=True, kw_only=True):
    """An article and its history. `article.provenance` identifies the document it was read from."""

    article: Article
    views: int | None
    carried: Mapping[SourceId, datetime]
    """Every source that carried it, and when it was first seen there; earliest first."""
    place: Place
    """The article that it copies, the story that it belongs to, and why."""
    aliases: tuple[Alias, ...] = ()
    """Other names under which its source has listed it, oldest first."""
    popularity: Mapping[Window, Score] = {}
    """Its current score in each window, with the signals that contribute to it."""
    ranks: tuple[RankNote, ...] = ()
    """Its ranks in popular feeds, oldest first; recorded every ten minutes."""


async def explain(store: Store, article_id: ArticleId, sources: Sequence[SourceId]) -> Explained | None:
    """Return what is known about an article, without secrets; None where there is no such article."""
    article = await store.articles.get(await store.articles.led_by(article_id) or article_id)
    if article is None:
        return None
    article = replace(article, provenance=provenance_without_secrets(article.provenance))
    (views,) = await store.popularity.views([article.id])
    # Its own source may have left the configuration.
    carriers = tuple(dict.fromkeys((*sources, article.source)))
    carried = dict(await store.articles.carriers(article.id, carriers))
    if first := next(iter(carried), None):  # a held article is recorded as carried only when it is released
        carried[first] = min(carried[first], article.first_seen_at)
    (place,) = await store.stories.places([article.id])
    aliases = [
        replace(alias, value=hide_secrets(alias.value)) for alias in await store.articles.aliases(article.id)
    ]
    return Explained(article=article, views=views, carried=carried, place=place, aliases=tuple(aliases))


class SourceShown(Struct, frozen=True, kw_only=True):
    """A source with its health and state, without secrets."""

    source: Source
    state: SourceState
    asked_url: str
    """The address of the next round: the configured one, or the one it has moved to for good."""
    health: Health
    hub: SubscriptionStatus | None


def show(source: Source, state: SourceState, hub: SubscriptionStatus | None, now: datetime) -> SourceShown:
    """Return a source with its health and state, without secrets."""
    shown_state = state_without_secrets(source, state)
    return SourceShown(
        source=without_secrets(source),
        state=shown_state,
        asked_url=bare(address(source, state)),
        health=health(source, shown_state, now),
        hub=hub,
    )
