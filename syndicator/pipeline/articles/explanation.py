"""All that is known about an article or a source, without secrets, for the API, CLI and operator pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.article import Alias, Article
from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.source import Source, SourceState
from syndicator.model.sources.freshness import FreshnessStanding, Stage, StageDelays
from syndicator.model.subscription import SubscriptionStatus
from syndicator.observe.redact import hide_secrets
from syndicator.pipeline.redaction import (
    provenance_without_secrets,
    state_without_secrets,
    without_query,
    without_secrets,
)
from syndicator.pipeline.sources.round_result import address
from syndicator.rules.popularity.popularity_score import Score
from syndicator.rules.sources.freshness import standing_of
from syndicator.rules.sources.health import Health, health
from syndicator.store.popularity.portal_counters import RankNote
from syndicator.store.store import Store
from syndicator.store.stories.stories import Place

COUNTED = 100
"""How many of the newest articles of a source are looked at for copies."""


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
    return await explained(store, article, sources) if article else None


async def explained(store: Store, article: Article, sources: Sequence[SourceId]) -> Explained:
    """Return what is known about an article that was read, without secrets."""
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


class NewestArticles(Struct, frozen=True, kw_only=True):
    """Counts of the newest articles that a source carried, at most `COUNTED`."""

    articles: int
    duplicates: int
    """Articles that another source had first."""
    copies: int
    """Articles of its own with the text of another article."""


async def count_newest(store: Store, source: SourceId) -> NewestArticles:
    """Return how many of the newest articles of a source are duplicates or copies of others."""
    carried = await store.articles.carried_by(source, COUNTED)
    articles = await store.articles.get_many(carried, bodies=False)
    places = await store.stories.places(carried)
    known = [
        (article.source == source, place) for article, place in zip(articles, places, strict=True) if article
    ]
    return NewestArticles(
        articles=len(known),
        duplicates=sum(not is_own for is_own, _ in known),
        copies=sum(is_own and place.copy_of is not None for is_own, place in known),
    )


class SourceShown(Struct, frozen=True, kw_only=True):
    """A source with its health and state, without secrets."""

    source: Source
    state: SourceState
    asked_url: str
    """The address of the next round: the configured one, or the one it has moved to for good."""
    health: Health
    hub: SubscriptionStatus | None
    freshness: FreshnessStanding | None = None
    """How it stands against its objective, where it has one."""
    delays: Mapping[Stage, StageDelays] = {}
    """Of a source with an objective: how long after publication articles were seen, shown and pushed."""


def show(
    source: Source,
    state: SourceState,
    hub: SubscriptionStatus | None,
    now: datetime,
    *,
    delays: Mapping[Stage, StageDelays] = {},
    for_operator: bool = False,
) -> SourceShown:
    """Return a source with its health and state, without secrets.

    `for_operator`: without hiding the queries of addresses, except for what looks like a secret.
    """
    shown_state = state_without_secrets(source, state, for_operator=for_operator)
    asked_url = address(source, state)
    return SourceShown(
        source=without_secrets(source, for_operator=for_operator),
        state=shown_state,
        asked_url=hide_secrets(asked_url) if for_operator else without_query(asked_url),
        health=health(source, shown_state, now),
        hub=hub,
        freshness=standing_of(source, state, now),
        delays=delays,
    )
