"""Publishes feeds: renders them once per change, and caches the bytes."""

import asyncio
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from msgspec.structs import replace

from syndicator import __version__
from syndicator.errors import ColdStoreAway, StoreError, StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.model.feed import (
    FeedSnapshot,
    FeedSpec,
    FeedVersion,
    Format,
    Origin,
    Rendition,
    Site,
)
from syndicator.model.ids import FeedId, SourceId
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.observe.tracing import span
from syndicator.pipeline.feeds.audience import Audience
from syndicator.pipeline.feeds.composer import Composer
from syndicator.pipeline.feeds.render_worker import LARGE, RenderWorker
from syndicator.pipeline.feeds.stale_cache import StaleCache
from syndicator.pipeline.fresh_reads import PATIENCE_S, FreshReads, overdue
from syndicator.pipeline.single_flight import SingleFlight
from syndicator.pipeline.stories.near_articles import NearArticles
from syndicator.render.opml import render_opml
from syndicator.render.rendition import render
from syndicator.rules.feeds.deltas import continued
from syndicator.rules.least_recent import LeastRecent
from syndicator.store.codec import digest
from syndicator.store.store import Store

KEPT_BYTES = 256 * 2**20
"""Size of the renditions in memory; the least recently requested are dropped, and read from Redis again."""

_SNAPSHOT_ENTRIES = 1000
"""Most entries of all snapshots that are cached for rendering other formats."""

_Key = tuple[FeedId, Format]

log = get_logger(__name__)


class Publisher(Composer):
    """Returns current renditions of feeds. This process renders each version and format at most once.

    Bytes belong to one version of one feed configuration; processes with another configuration render their
    own. A version is a number with a time, because numbers come again after a loss of data.

    One thread renders, off the event loop: more threads would only compete for the interpreter. Large feeds
    are rendered by a separate process, if there is one.
    """

    def __init__(
        self,
        *,
        store: Store,
        site: Site,
        specs: Collection[FeedSpec],
        origins: Mapping[SourceId, Origin],
        metrics: Metrics,
        clock: Clock,
        stale_cache: StaleCache | None = None,
        retired: Collection[FeedSpec] = (),
        render_worker: RenderWorker | None = None,
        near: NearArticles | None = None,
        audience: Audience | None = None,
    ) -> None:
        super().__init__(
            store=store, site=site, specs=specs, origins=origins, clock=clock, retired=retired, near=near
        )
        self.stale_cache = stale_cache or StaleCache()
        """The newest known bytes, for when Redis is away."""
        self._metrics = metrics
        self._audience = audience
        self._render_worker = render_worker
        self._versions = FreshReads(store.feeds.versions, store.watch.moves_of_turn)
        self._kept = LeastRecent[_Key, Rendition](KEPT_BYTES, lambda one: one.size_bytes)
        self._rendering: dict[_Key, asyncio.Event] = {}
        """Renderings in progress; an event is set once its rendering ends, before the result is stored."""
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._renewing = SingleFlight[tuple[_Key, FeedVersion], Rendition]()
        self._catching_up = SingleFlight[_Key, Rendition]()
        self._snapshots = LeastRecent[FeedId, FeedSnapshot](_SNAPSHOT_ENTRIES, lambda one: len(one.entries))
        self._stores = True
        self._opml = render_opml(site, self.public.values())
        self._listed = digest(self._opml)
        shared = (site, sorted(origins.items()), __version__)
        self._fingerprints = {feed: digest((spec, shared)) for feed, spec in self.specs.items()}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    def close(self) -> None:
        """End the rendering thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def adopt(self, now: datetime) -> None:
        """Mark feeds as changed whose configuration changed since they were last rendered."""
        await self._store.feeds.adopt(self._fingerprints, now)
        changed_at = await self._store.feeds.list_changed_at(self._listed, now)
        self._opml = render_opml(self.site, self.public.values(), changed_at)

    def opml(self) -> bytes:
        """Return the list of public feeds as OPML, as `adopt` last rendered it."""
        return self._opml

    def is_newest(self, rendition: Rendition) -> bool:
        """Return whether a rendition is known to be the newest, without asking Redis."""
        version = self._versions.known(rendition.feed)
        return version is not None and rendition.shows(version)

    async def rendition(self, feed: FeedId, form: Format, *, patiently: bool = True) -> Rendition:
        """Return a configured feed's bytes, as of this call or later, and put them into `stale_cache`.

        Raise StoreUnavailable when Redis is away. Without `patiently`, also raise it after `PATIENCE_S` if
        `stale_cache` has older bytes to serve instead. The new bytes are then made in the background, for
        the next request. A rendering in this process that needs nothing more from Redis is waited for even
        then. One in the render worker is not: it reads Redis itself.
        """
        key, version = (feed, form), self._versions.known(feed)
        kept = self._kept.get(key)
        if version is None or kept is None or not kept.shows(version):
            if patiently or not self.stale_cache.has(*key):
                kept = await self._of(key, version or await self._versions.get(feed))
            else:
                kept = await self._newest_in_time(key, version)
        self.stale_cache.confirm(kept)
        return kept

    async def _newest_in_time(self, key: _Key, version: FeedVersion | None) -> Rendition:
        """Return the bytes of `version`; None stands for the current version in Redis.

        If that takes `PATIENCE_S`, renew them in the background and raise StoreUnavailable.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                if version is None:
                    version = await self._versions.get(key[0], patiently=False)
                return await self._of(key, version)
        except StoreUnavailable:
            self._catch_up(key)
            raise
        except TimeoutError:
            kept = await self._rendered_soon(key)
        if version is not None and kept is not None and kept.shows(version):
            return kept
        self._catch_up(key)
        raise overdue()

    async def _rendered_soon(self, key: _Key) -> Rendition | None:
        """Wait for a rendering of this feed in this process, if there is one; return the bytes in memory."""
        if key in self._rendering:
            await self._rendering[key].wait()
        return self._kept.get(key)

    def _catch_up(self, key: _Key) -> None:
        """Start to renew the bytes in `stale_cache` in the background, for the next impatient request."""
        feed, form = key
        self._catching_up.begin(key, lambda: self.rendition(feed, form), name=f"catch up with {feed}")

    async def _of(self, key: _Key, version: FeedVersion) -> Rendition:
        kept = self._kept.get(key)
        if kept is not None and kept.shows(version):
            return kept
        feed, _ = key
        return await self._renewing.get(
            (key, version), lambda: self._renew_in_turn(key, version), name=f"renew {feed}"
        )

    async def version(self, feed: FeedId, *, patiently: bool) -> FeedVersion:
        """Return a configured feed's version, as of this call or later: see `FreshReads.get`."""
        return await self._versions.get(feed, patiently=patiently)

    async def rendered(self, snapshot: FeedSnapshot, form: Format) -> Rendition:
        """Render a snapshot, with all content codings, in the rendering thread. The result is not cached."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, render, snapshot, form)

    async def _renew_in_turn(self, key: _Key, version: FeedVersion) -> Rendition:
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is not None and kept.shows(version):
                return kept
            made_by, stored = self._fingerprints[key[0]], await self._stored(*key)
            if stored is not None and stored.made_by == made_by and stored.shows(version):
                self._kept.put(key, stored)
                return stored
            try:
                with span("feed rendering", feed=key[0], format=key[1].value):
                    made = await self._made(key, version, stored)
            except ColdStoreAway:
                if stored is not None and stored.made_by == made_by and not self.stale_cache.has(*key):
                    self.stale_cache.confirm(stored)
                raise
            self._kept.put(key, made)
            await self._keep_for_others(made)
            return made

    async def _made(self, key: _Key, version: FeedVersion, before: Rendition | None) -> Rendition:
        """Render a version; `before`: the stored bytes, of another version or configuration."""
        feed, form = key
        made_by = self._fingerprints[feed]
        if self._render_worker is not None and self.specs[feed].size > LARGE:
            made = await self._render_worker.rendered(self.specs[feed], form)
        else:
            snapshot = await self._snapshot_of(feed, version)
            ended = self._rendering[key] = asyncio.Event()
            try:
                made = await self.rendered(snapshot, form)
            finally:
                del self._rendering[key]
                ended.set()
            made = replace(made, changed_at=snapshot.version.changed_at)
        self._metrics.renders.labels(form.value).inc()
        if self._audience is not None:
            self._audience.rendered(feed)
        is_described_so = before is not None and before.made_by == made_by
        made = continued(replace(made, made_by=made_by), before if is_described_so else None)
        if before is not None and before.digest == made.digest:
            # The same bytes: keep Last-Modified, so that readers need not download them again.
            made = replace(made, last_modified=before.last_modified)
        return made

    async def _snapshot_of(self, feed: FeedId, version: FeedVersion) -> FeedSnapshot:
        """Return what a feed holds: one reading for all its formats, which are mostly rendered together."""
        kept = self._snapshots.get(feed)
        if kept is None or kept.version != version:
            # While this version waited for its turn, a newer one may have been read or written.
            newest = self._versions.known(feed) or await self._versions.get(feed)
            kept = await self.snapshot(feed, newest)
            self._snapshots.put(feed, kept)
        return kept

    async def _stored(self, feed: FeedId, form: Format) -> Rendition | None:
        try:
            return await self._store.feeds.rendition(feed, form)
        except StoreUnavailable:
            raise
        except StoreError as error:  # unreadable: about to be replaced
            log.warning("stored_rendition_unreadable", feed=feed, reason=str(error))
            return None

    async def _keep_for_others(self, rendered: Rendition) -> None:
        """Store the bytes if Redis takes them (it may be full); ours are good all the same."""
        try:
            await self._store.feeds.put_rendition(rendered)
        except StoreError as error:
            if self._stores:
                log.warning(
                    "rendition_write_failed", reason=str(error), detail="feeds are served from memory"
                )
            self._stores = False
        else:
            self._stores = True
