"""How a configured feed is named in events."""

from syndicator.model.event import FeedRef
from syndicator.model.feed import FeedSpec, Site


def feed_ref(site: Site, spec: FeedSpec) -> FeedRef:
    """Return the reference to a feed, with its public addresses."""
    url = site.url(f"/feeds/{spec.id}")
    return FeedRef(
        id=spec.id,
        title=spec.title,
        url=url,
        rss=f"{url}.rss",
        atom=f"{url}.atom",
        json=f"{url}.json",
        private=spec.private,
    )
