"""How sources are named in what is published."""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from syndicator.model.feed import Origin
from syndicator.model.ids import SourceId
from syndicator.model.source import Source, SourceKind


def origins(sources: Mapping[SourceId, Source]) -> Mapping[SourceId, Origin]:
    """Return how each source is named in what we publish, also by the names that it had before."""
    return {
        name: Origin(
            id=source.id,
            title=source.title,
            home_url=source.home_url or _home(source.url),
            feed_url=_public(source.url) if source.kind is SourceKind.FEED else None,
            rights=source.rights,
        )
        for source in sources.values()
        for name in (source.id, *source.former_ids)
    }


def _home(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{_host(parts)}/"


def _public(url: str) -> str | None:
    """Return a URL as it may be published: without a password; None where a query may hold a token."""
    parts = urlsplit(url)
    return None if parts.query else f"{parts.scheme}://{_host(parts)}{parts.path}"


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
