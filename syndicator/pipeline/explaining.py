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
from syndicator.observe.redact import HIDDEN
from syndicator.rules.health import Health
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
    health: Health
    hub: SubscriptionStatus | None


def without_secrets(source: Source) -> Source:
    """Give a source that may be shown: what is sent along with requests is hidden, and so is a password."""
    return replace(
        source, headers=dict.fromkeys(source.headers, HIDDEN), proxy=_without_password(source.proxy)
    )


def _without_password(url: str | None) -> str | None:
    if url is None or "@" not in urlsplit(url).netloc:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}").geturl()
