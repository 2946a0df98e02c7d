"""Feeds as they are now: chosen, rendered once when something changed, kept as bytes."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from syndicator import __version__
from syndicator.model.article import Article
from syndicator.model.feed import (
    FeedEntry,
    FeedSnapshot,
    FeedSpec,
    FeedVersion,
    Format,
    Order,
    Origin,
    Popularity,
    Rendition,
    Site,
)
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.freshness import FreshVersions
from syndicator.pipeline.selecting import latest
from syndicator.pipeline.steps import Report, Taken
from syndicator.render.rendition import render
from syndicator.store.codec import pack
from syndicator.store.store import Store


class Publisher:
    """Gives every feed as of the call. Rendering happens at most once per version and format here.

    One thread renders, off the event loop: more would only fight over the interpreter.
    """

    def __init__(
        self,
        *,
        store: Store,
        site: Site,
        specs: Collection[FeedSpec],
        origins: Mapping[SourceId, Origin],
        metrics: Metrics,
    ) -> None:
        self.site = site
        self.specs: Mapping[FeedId, FeedSpec] = {spec.id: spec for spec in specs}
        self._store = store
        self._origins = origins
        self._metrics = metrics
        self._versions = FreshVersions(store.feeds)
        self._kept: dict[tuple[FeedId, Format], Rendition] = {}
        self._locks: dict[tuple[FeedId, Format], asyncio.Lock] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    def close(self) -> None:
        """End the rendering thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def adopt(self, now: datetime) -> None:
        """Have feeds rendered anew whose description changed since they were rendered last."""
        shared = (self.site, sorted(self._origins.items()), __version__)
        fingerprints = {
            feed: hashlib.blake2b(pack((spec, shared)), digest_size=12).hexdigest()
            for feed, spec in self.specs.items()
        }
        await self._store.feeds.adopt(fingerprints, now)

    async def rendition(self, feed: FeedId, form: Format) -> Rendition:
        """Give a configured feed's bytes, as of this call or later."""
        version = await self._versions.get(feed)
        key = (feed, form)
        kept = self._kept.get(key)
        if kept is not None and kept.version >= version.version:
            return kept
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is None or kept.version < version.version:
                kept = await self._renew(feed, form, version)
                self._kept[key] = kept
            return kept

    def last_good(self, feed: FeedId, form: Format) -> Rendition | None:
        """Give the bytes of the last call that worked, for when Redis is away."""
        return self._kept.get((feed, form))

    async def snapshot(self, feed: FeedId) -> FeedSnapshot:
        """Give what a configured feed holds now."""
        spec = self.specs[feed]
        # The version is read first: what is admitted meanwhile may be in the entries already, and is
        # rendered once more; the other way round it could be missed.
        version = await self._store.feeds.version(feed)
        entries = await (self._popular(spec) if spec.order is Order.POPULAR else self._latest(spec))
        return FeedSnapshot(spec=spec, site=self.site, version=version, entries=entries)

    async def entry(self, article_id: ArticleId) -> FeedEntry | None:
        """Give one article as a page shows it."""
        article = await self._store.articles.get(article_id)
        return self._entry(article) if article else None

    async def _renew(self, feed: FeedId, form: Format, version: FeedVersion) -> Rendition:
        stored = await self._store.feeds.rendition(feed, form)
        if stored is not None and stored.version >= version.version:
            return stored
        snapshot = await self.snapshot(feed)
        loop = asyncio.get_running_loop()
        rendered = await loop.run_in_executor(self._thread, render, snapshot, form)
        self._metrics.renders.labels(form.value).inc()
        if stored is not None and stored.digest == rendered.digest:
            # The same bytes: readers need not hear of a version that shows nothing new.
            rendered = replace(rendered, last_modified=stored.last_modified)
        await self._store.feeds.put_rendition(rendered)
        return rendered

    async def _latest(self, spec: FeedSpec) -> tuple[FeedEntry, ...]:
        heads = await latest(self._store, spec.filter, spec.size)
        articles = await self._store.articles.get_many([head.id for head in heads])
        return tuple(self._entry(article) for article in articles if article)

    async def _popular(self, spec: FeedSpec) -> tuple[FeedEntry, ...]:
        ranking = await self._store.feeds.ranking(spec.id)
        articles = await self._store.articles.get_many([place.article_id for place in ranking])
        return tuple(
            self._entry(article, Popularity(rank=rank, score=place.score, views=place.views))
            for rank, (place, article) in enumerate(zip(ranking, articles, strict=True), start=1)
            if article
        )

    def _entry(self, article: Article, popularity: Popularity | None = None) -> FeedEntry:
        origin = self._origins.get(article.source)
        if origin is None:  # its source has left the configuration; the article stays by retention
            origin = Origin(id=article.source, title=article.source, home_url=article.url)
        return FeedEntry(article=article, origin=origin, popularity=popularity)


class PublishStep:
    """Warms up what changed, so that readers rarely wait for a rendering."""

    name = "publish"

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher
        self._warm: dict[FeedId, int] = {}

    async def take(self, room: int) -> Taken:
        """Take the feeds whose version was raised since they were warmed."""
        versions = await self._store.feeds.versions(list(self._publisher.specs))
        stale = [feed for feed, version in versions.items() if self._warm.get(feed, -1) < version.version]
        return Taken(jobs=(partial(self._renew, stale, versions),) if stale and room else ())

    async def _renew(self, feeds: list[FeedId], versions: Mapping[FeedId, FeedVersion]) -> Report:
        for feed in feeds:
            for form in Format:
                await self._publisher.rendition(feed, form)
            self._warm[feed] = versions[feed].version
        return Report(step=self.name, event="published", fields=(("feed", _few(feeds)),))


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
