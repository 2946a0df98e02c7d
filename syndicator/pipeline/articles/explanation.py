"""What is told of an article and of a source to those who ask why."""

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
    """An article and its history. `article.provenance` tells the document it was read from."""

    article: Article
    views: int | None
    carried: Mapping[SourceId, datetime]
    """Every source that carried it, and when it was first seen there; the first first."""
    place: Place
    """Whose copy it is, which story it tells, and why."""
    aliases: tuple[Alias, ...] = ()
    """Other names under which its source has listed it, the oldest first."""
    popularity: Mapping[Window, Score] = {}
    """How popular it is in each window now, and by what."""
    ranks: tuple[RankNote, ...] = ()
    """Where it stood in popular feeds, the oldest first; noted every ten minutes."""


async def explain(store: Store, article_id: ArticleId, sources: Sequence[SourceId]) -> Explained | None:
    """Tell all that is known of an article, without secrets; None where there is none."""
    found = await store.articles.get(await store.articles.led_by(article_id) or article_id)
    if found is None:
        return None
    found = replace(found, provenance=provenance_without_secrets(found.provenance))
    (views,) = await store.popularity.views([found.id])
    # Its own source may have left the configuration: it is still where the article comes from.
    asked = tuple(dict.fromkeys((*sources, found.source)))
    carried = dict(await store.articles.carriers(found.id, asked))
    if first := next(iter(carried), None):  # what was held is noted as carried when it is released
        carried[first] = min(carried[first], found.first_seen_at)
    (place,) = await store.stories.places([found.id])
    aliases = [replace(one, value=hide_secrets(one.value)) for one in await store.articles.aliases(found.id)]
    return Explained(article=found, views=views, carried=carried, place=place, aliases=tuple(aliases))


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
    result = state_without_secrets(source, state)
    return SourceShown(
        source=without_secrets(source),
        state=result,
        asked_url=bare(address(source, state)),
        health=health(source, result, now),
        hub=hub,
    )
