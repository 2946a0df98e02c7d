"""Under which names feeds are, or were, published."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from syndicator.model.feed import FeedSpec, Site
from syndicator.model.ids import FeedId


class FeedNames(Struct, frozen=True, kw_only=True):
    """What a name stands for."""

    site: Site
    specs: Mapping[FeedId, FeedSpec]
    public: Mapping[FeedId, FeedSpec]
    """What may be named in pages, lists and links."""
    moved: Mapping[FeedId, FeedId]
    """Former names, and the names of the feeds that took their place."""
    retired: Mapping[FeedId, str]
    """Titles of feeds that were published once, by all of their names."""


def feed_names(site: Site, specs: Collection[FeedSpec], retired: Collection[FeedSpec] = ()) -> FeedNames:
    """Sort feeds by their names."""
    return FeedNames(
        site=site,
        specs={spec.id: spec for spec in specs},
        public={spec.id: spec for spec in specs if not spec.private},
        moved={former: spec.id for spec in specs for former in spec.former_ids},
        retired={name: spec.title for spec in retired for name in spec.names},
    )
