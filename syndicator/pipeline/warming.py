"""Renders what changed before anybody asks."""

from collections.abc import Mapping, Sequence
from functools import partial

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import READER_FORMATS, FeedVersion
from syndicator.model.ids import FeedId
from syndicator.observe.logs import get_logger
from syndicator.pipeline.publishing import Publisher
from syndicator.pipeline.steps import Report, Taken
from syndicator.store.store import Store

log = get_logger(__name__)


class PublishStep:
    """Warms up what changed, so that readers rarely wait for a rendering."""

    name = "publish"

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher
        self._tried: dict[FeedId, FeedVersion] = {}

    async def take(self, room: int) -> Taken:
        """Take the feeds whose version is not the one that they were warmed at."""
        versions = await self._store.feeds.versions(list(self._publisher.specs))
        stale = [feed for feed, version in versions.items() if self._tried.get(feed) != version]
        return Taken(jobs=(partial(self._renew, stale, versions),) if stale and room else ())

    async def _renew(self, feeds: list[FeedId], versions: Mapping[FeedId, FeedVersion]) -> Report | None:
        warmed = [feed for feed in feeds if await self._warm(feed, versions[feed])]
        if not warmed:
            return None
        return Report(step=self.name, event="published", fields=(("feed", _few(warmed)),))

    async def _warm(self, feed: FeedId, version: FeedVersion) -> bool:
        """Render a feed in the formats of readers; tell whether it worked. A fault is told once a version."""
        try:
            for form in READER_FORMATS:
                await self._publisher.rendition(feed, form)
        except StoreUnavailable:
            raise  # of no feed's making: the runner tries again
        except Exception:  # one feed's fault must not starve those after it
            log.exception("a feed could not be rendered", feed=feed, version=version.version)
            self._tried[feed] = version
            return False
        self._tried[feed] = version
        return True


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
