"""Documents that are composed on request, and cached while nothing changes.

position of the last change → cached bytes are of that position? → send them
                            → else compose → the same content? → the same bytes
                                           → else render, once for all waiting requests
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import StoreUnavailable
from syndicator.model.feed import FeedSnapshot, Format, Rendition
from syndicator.pipeline.concurrency_limits import Places, TooMany
from syndicator.pipeline.feeds.feed_dates import dated, shown_of
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.fresh_reads import FreshReads
from syndicator.pipeline.search.article_search import TooManySearches
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.render.dates import newest_change
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.store import Store

KEPT_BYTES = 64 * 2**20
_ALL = "all"

_Key = tuple[str, Format]


class Composed(Struct, frozen=True, kw_only=True):
    """A document before it is dated and rendered."""

    snapshot: FeedSnapshot
    is_settled: bool = True
    """False: an index lags behind, so it must be composed again even if nothing else changes."""
    changed_at: datetime | None = None
    """When the order of its entries changed last, which their dates do not show."""


class _Kept(Struct, frozen=True, kw_only=True):
    rendition: Rendition
    moment: str
    """The state of the store that these bytes are known to be of."""
    shown: str
    """Digest of the visible content."""
    confirmed_at: float


class RequestedDocuments:
    """Caches documents by name and format.

    The answer is of a state read after the request began: so an article is shown from its admission on.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        places: Places,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        most: int | None = None,
    ) -> None:
        """`most`: documents that are cached, besides KEPT_BYTES of them."""
        self._store = store
        self._publisher = publisher
        self._places = places
        self._monotonic = monotonic
        self._positions = FreshReads(self._read_position)
        least = KEPT_BYTES // most if most else 0
        self._kept = LeastRecent[_Key, _Kept](KEPT_BYTES, lambda one: max(one.rendition.size_bytes, least))
        self._making = SingleFlight[tuple[_Key, str], _Kept]()

    async def get(
        self,
        name: str,
        form: Format,
        client: str,
        compose: Callable[[], Awaitable[Composed]],
        moment_of: Callable[[str], str] = str,
    ) -> tuple[Rendition, int | None]:
        """Return the bytes, and their age in seconds where they could not be confirmed.

        `moment_of`: the state of the store that a position of the log of changes stands for. While it stays
        the same, so does the document. Raise StoreUnavailable, TooMany and TooManySearches where there are no
        older bytes, and what else `compose` raises.
        """
        key = (name, form)
        try:
            moment = moment_of(await self._positions.get(_ALL, patiently=key not in self._kept))
            kept = self._kept.get(key)
            if kept is not None and kept.moment == moment:
                self._kept.put(key, replace(kept, confirmed_at=self._monotonic()))
            else:
                kept = await self._making.get(
                    (key, moment), lambda: self._make(key, moment, client, compose), name="make a document"
                )
        except (StoreUnavailable, TooMany, TooManySearches):
            old = self._kept.get(key)
            if old is None:
                raise
            return old.rendition, int(self._monotonic() - old.confirmed_at)
        return kept.rendition, None

    async def _make(
        self, key: _Key, moment: str, client: str, compose: Callable[[], Awaitable[Composed]]
    ) -> _Kept:
        async with self._places.place(client):
            composed = await compose()
            snapshot = await dated(self._store.feeds, composed.snapshot)
            kept, shown = self._kept.get(key), shown_of(snapshot)
            if kept is not None and kept.shown == shown:
                rendition = kept.rendition
            else:
                rendition = await self._publisher.rendered(snapshot, key[1])
            if composed.changed_at is not None:
                at = max(newest_change(snapshot), composed.changed_at)
                rendition = replace(rendition, last_modified=at)
        made = _Kept(
            rendition=rendition,
            moment=moment if composed.is_settled else "",
            shown=shown,
            confirmed_at=self._monotonic(),
        )
        self._kept.put(key, made)
        return made

    async def _read_position(self, keys: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(keys, await self._store.changes.position())
