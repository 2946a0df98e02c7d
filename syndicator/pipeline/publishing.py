"""Feeds as they are now: chosen, rendered once when something changed, kept as bytes."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from msgspec.structs import replace

from syndicator import __version__
from syndicator.errors import StoreError, StoreUnavailable
from syndicator.model.article import Article, Withdrawal
from syndicator.model.clock import EPOCH, Clock
from syndicator.model.feed import (
    AlsoAt,
    FeedEntry,
    FeedSnapshot,
    FeedSpec,
    FeedVersion,
    Format,
    Order,
    Origin,
    Per,
    Popularity,
    Rendition,
    Site,
)
from syndicator.model.ids import ArticleId, FeedId, SourceId
from syndicator.observe.logs import get_logger
from syndicator.observe.metrics import Metrics
from syndicator.pipeline.filtering import Filtering
from syndicator.pipeline.freshness import FreshVersions, retrieve
from syndicator.pipeline.relating import Relating
from syndicator.pipeline.selecting import latest
from syndicator.pipeline.steps import Report, Taken
from syndicator.pipeline.telling import Telling, others_of
from syndicator.render.rendition import render, write
from syndicator.rules.selection import matches
from syndicator.store.codec import pack
from syndicator.store.store import Store

WITHDRAWALS_TOLD, WITHDRAWALS_LOOKED_AT = 50, 200
"""So many withdrawals a feed tells at most, of the newest of all feeds."""

PATIENCE_WITH_KEPT_S = 0.5
"""How long a reader waits for Redis to confirm bytes that we have."""

_Key = tuple[FeedId, Format]

log = get_logger(__name__)


class Publisher:
    """Gives every feed as of the call. Rendering happens at most once per version and format here.

    Bytes are good for one version (number and time: a number comes again when Redis was emptied or put
    back) of one description: another process that is configured otherwise makes its own.

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
        clock: Clock,
    ) -> None:
        self.site = site
        self.specs: Mapping[FeedId, FeedSpec] = {spec.id: spec for spec in specs}
        self._store = store
        self._origins = origins
        self._metrics = metrics
        self._versions = FreshVersions(store.feeds)
        self._filtering = Filtering(store)
        self._relating = Relating(store, clock)
        self._kept: dict[_Key, Rendition] = {}
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._renewing: dict[tuple[_Key, FeedVersion], asyncio.Task[Rendition]] = {}
        self._stores = True
        shared = (site, sorted(origins.items()), __version__)
        self._fingerprints = {feed: _digest((spec, shared)) for feed, spec in self.specs.items()}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    def close(self) -> None:
        """End the rendering thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def adopt(self, now: datetime) -> None:
        """Have feeds rendered anew whose description changed since they were rendered last."""
        await self._store.feeds.adopt(self._fingerprints, now)

    async def rendition(self, feed: FeedId, form: Format) -> Rendition:
        """Give a configured feed's bytes, as of this call or later.

        Raise StoreUnavailable when Redis is away: at once, or in half a second where there are older bytes
        (see `last_good`).
        """
        key = (feed, form)
        version = await self._version(key)
        kept = self._kept.get(key)
        if kept is not None and _shows(kept, version):
            return kept
        renewing = self._renewing.get((key, version))
        if renewing is None:
            renewing = asyncio.create_task(self._renew_in_turn(key, version), name=f"renew {feed}")
            renewing.add_done_callback(retrieve)
            renewing.add_done_callback(lambda _: self._renewing.pop((key, version)))
            self._renewing[key, version] = renewing
        # One who gives up waiting must not take the bytes from the others.
        return await asyncio.shield(renewing)

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
        return FeedSnapshot(
            spec=spec, site=self.site, version=version, entries=entries, withdrawn=await self._withdrawn(spec)
        )

    async def entry(self, article_id: ArticleId) -> FeedEntry | None:
        """Give one article as a page shows it."""
        article = await self._article(article_id)
        if article is None:
            return None
        others = await others_of(self._store, article)
        return replace(self._entry(article), also_at=self._also_at(others))

    async def related_entries(self, article: Article) -> tuple[FeedEntry, ...]:
        """Give what is related to an article, the nearest first; without bodies."""
        return tuple(self._entry(one) for one in await self._relating.related(article))

    async def related(self, article_id: ArticleId) -> FeedSnapshot | None:
        """Give what is related to an article as a feed, with bodies; None where there is no such article."""
        article = await self._article(article_id)
        if article is None:
            return None
        heads = await self._relating.related(article)
        found = [one for one in await self._store.articles.get_many([head.id for head in heads]) if one]
        changed_at = max((one.updated_at for one in found), default=article.updated_at)
        return FeedSnapshot(
            spec=FeedSpec(id=FeedId(article.id), title=article.title, language=article.language),
            site=self.site,
            version=FeedVersion(version=0, changed_at=changed_at),
            entries=tuple(self._entry(one) for one in found),
            page_path=f"/articles/{article.id}",
            feed_path="/related",
        )

    async def listed(self, ids: Sequence[ArticleId]) -> tuple[FeedEntry, ...]:
        """Give those articles that are there, in their order; without bodies."""
        found = await self._store.articles.get_many(ids, bodies=False)
        return tuple(self._entry(one) for one in found if one)

    async def found(self, title: str, ids: Sequence[ArticleId], page_path: str, asked: str) -> FeedSnapshot:
        """Give the articles that a search found as a feed, in their order."""
        found = [one for one in await self._store.articles.get_many(ids) if one]
        changed_at = max((one.updated_at for one in found), default=EPOCH)
        return FeedSnapshot(
            spec=FeedSpec(id=FeedId(_digest(asked)), title=title),
            site=self.site,
            version=FeedVersion(version=0, changed_at=changed_at),
            entries=tuple(self._entry(one) for one in found),
            page_path=page_path,
            asked=asked,
        )

    async def drawn(self, snapshot: FeedSnapshot, form: Format) -> bytes:
        """Render a feed that is not kept, in the thread that renders all others."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, write, snapshot, form)

    async def _article(self, article_id: ArticleId) -> Article | None:
        """Give an article with its body, also by the id of one that it turned out to be."""
        articles = self._store.articles
        article = await articles.get(article_id)
        if article is None and (leader := await articles.led_by(article_id)) is not None:
            article = await articles.get(leader)
        return article

    async def _version(self, key: _Key) -> FeedVersion:
        feed, _ = key
        if key not in self._kept:
            return await self._versions.get(feed)
        try:
            async with asyncio.timeout(PATIENCE_WITH_KEPT_S):
                return await self._versions.get(feed)
        except TimeoutError:
            raise StoreUnavailable(f"Redis does not answer within {PATIENCE_WITH_KEPT_S:g} s") from None

    async def _renew_in_turn(self, key: _Key, version: FeedVersion) -> Rendition:
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._kept.get(key)
            if kept is None or not _shows(kept, version):
                kept = await self._renew(key, version)
                self._kept[key] = kept
            return kept

    async def _renew(self, key: _Key, version: FeedVersion) -> Rendition:
        feed, form = key
        made_by = self._fingerprints[feed]
        stored = await self._stored(feed, form)
        if stored is not None and stored.made_by == made_by and _shows(stored, version):
            return stored
        snapshot = await self.snapshot(feed)
        loop = asyncio.get_running_loop()
        rendered = await loop.run_in_executor(self._thread, render, snapshot, form)
        self._metrics.renders.labels(form.value).inc()
        rendered = replace(rendered, changed_at=snapshot.version.changed_at, made_by=made_by)
        if stored is not None and stored.digest == rendered.digest:
            # The same bytes: readers need not hear of a version that shows nothing new.
            rendered = replace(rendered, last_modified=stored.last_modified)
        await self._keep_for_others(rendered)
        return rendered

    async def _stored(self, feed: FeedId, form: Format) -> Rendition | None:
        try:
            return await self._store.feeds.rendition(feed, form)
        except StoreUnavailable:
            raise
        except StoreError as error:  # unreadable: about to be replaced
            log.warning("stored bytes of a feed are left aside", feed=feed, reason=str(error))
            return None

    async def _keep_for_others(self, rendered: Rendition) -> None:
        """Store the bytes if Redis takes them (it may be full); ours are good all the same."""
        try:
            await self._store.feeds.put_rendition(rendered)
        except StoreError as error:
            if self._stores:
                log.warning("rendered feeds cannot be stored; they are served from memory", reason=str(error))
            self._stores = False
        else:
            self._stores = True

    async def _latest(self, spec: FeedSpec) -> tuple[FeedEntry, ...]:
        told = await latest(self._store, self._filtering, spec.filter, spec.size, spec.per)
        articles = await self._store.articles.get_many([one.article.id for one in told])
        return tuple(
            replace(self._entry(article), also_at=self._also_at(one.others))
            for one, article in zip(told, articles, strict=True)
            if article
        )

    async def _withdrawn(self, spec: FeedSpec) -> tuple[Withdrawal, ...]:
        found = await self._store.withdrawals.newest(
            WITHDRAWALS_LOOKED_AT, bodies=spec.filter.query is not None
        )
        return tuple(one for one in found if matches(spec.filter, one.article))[:WITHDRAWALS_TOLD]

    async def _popular(self, spec: FeedSpec) -> tuple[FeedEntry, ...]:
        ranking = await self._store.feeds.ranking(spec.id)
        articles = await self._store.articles.get_many([place.article_id for place in ranking])
        others: dict[ArticleId, tuple[AlsoAt, ...]] = {}
        if spec.per is Per.STORY:
            telling = Telling(self._store, self._filtering, spec.filter, spec.per)
            told = await telling.told([one for one in articles if one])
            others = {one.article.id: self._also_at(one.others) for one in told}
        return tuple(
            replace(
                self._entry(article, Popularity(rank=rank, score=place.score, views=place.views)),
                also_at=others.get(article.id, ()),
            )
            for rank, (place, article) in enumerate(zip(ranking, articles, strict=True), start=1)
            if article
        )

    def _entry(self, article: Article, popularity: Popularity | None = None) -> FeedEntry:
        return FeedEntry(article=article, origin=self._origin(article), popularity=popularity)

    def _also_at(self, others: Sequence[Article]) -> tuple[AlsoAt, ...]:
        return tuple(AlsoAt(article=other, origin=self._origin(other)) for other in others)

    def _origin(self, article: Article) -> Origin:
        origin = self._origins.get(article.source)
        if origin is None:  # its source has left the configuration; the article stays by retention
            origin = Origin(id=article.source, title=article.source, home_url=article.url)
        return origin


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
        """Render a feed in all formats; tell whether that worked. A fault is told once a version."""
        try:
            for form in Format:
                await self._publisher.rendition(feed, form)
        except StoreUnavailable:
            raise  # of no feed's making: the runner tries again
        except Exception:  # one feed's fault must not starve those after it
            log.exception("a feed could not be rendered", feed=feed, version=version.version)
            self._tried[feed] = version
            return False
        self._tried[feed] = version
        return True


def _shows(rendition: Rendition, version: FeedVersion) -> bool:
    return (rendition.version, rendition.changed_at) == (version.version, version.changed_at)


def _digest(value: object) -> str:
    return hashlib.blake2b(pack(value), digest_size=12).hexdigest()


def _few(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
