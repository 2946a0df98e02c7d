"""What changed in a feed, as a feed: made for the first who asks, kept for all who have the same bytes."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.feed import Order, Rendition
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.feeds.render_worker import LARGE
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.rules.feeds.deltas import changed_since
from syndicator.rules.least_recent import LeastRecent

KEPT_BYTES = 16 * 2**20

_Key = tuple[str, str, str, str]


class Delta(Struct, frozen=True, kw_only=True):
    rendition: Rendition
    """Only the entries that changed."""
    base: str
    """Digest of the bytes that they changed since."""


class Deltas:
    """Returns deltas of configured feeds in the order `latest`, unless they are large.

    Rankings have none, because most of their entries change.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._kept = LeastRecent[_Key, Delta](KEPT_BYTES, lambda delta: delta.rendition.size_bytes)
        self._making = SingleFlight[_Key, Delta]()

    async def since(self, rendition: Rendition, bases: Sequence[str]) -> Delta | None:
        """Return what changed since the newest of the bases (digests); None where that is not known, or all.

        Raise StoreUnavailable.
        """
        if self._publisher.specs[rendition.feed].order is not Order.LATEST or len(rendition.shown) > LARGE:
            return None
        known = [(found, base) for base in bases if (found := changed_since(rendition, base)) is not None]
        if not known:
            return None
        changed, base = min(known, key=lambda one: len(one[0]))
        if len(changed) == len(rendition.shown):
            return None
        key = (rendition.feed, rendition.form.value, rendition.digest, base)
        if (kept := self._kept.get(key)) is not None:
            return kept
        return await self._making.get(key, lambda: self._make(key, rendition, changed), name="make a delta")

    async def _make(self, key: _Key, rendition: Rendition, changed: frozenset[str]) -> Delta:
        snapshot = await self._publisher.snapshot(rendition.feed)
        # It may be newer than the rendition. What is newer in it comes with the next delta, too.
        entries = tuple(one for one in snapshot.entries if one.article.id in changed)
        made = await self._publisher.rendered(replace(snapshot, entries=entries), rendition.form)
        delta = Delta(rendition=made, base=key[3])
        self._kept.put(key, delta)
        return delta
