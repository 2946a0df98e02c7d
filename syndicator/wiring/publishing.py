"""From admitted articles to feeds, pages and search."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec.structs import replace

from syndicator import __version__
from syndicator.gather.documents.parser_pool import open_pool
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import SourceId
from syndicator.pipeline.articles.served_pictures import ServedPictures
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.feeds.any_filter_feeds import AdHocFeeds
from syndicator.pipeline.feeds.news_sitemap import AnnouncedPages
from syndicator.pipeline.feeds.prerender import PublishStep
from syndicator.pipeline.feeds.publisher import Publisher
from syndicator.pipeline.feeds.render_worker import RenderWorker
from syndicator.pipeline.feeds.stale_cache import LastGood
from syndicator.pipeline.feeds.stale_cache_refresh import Refresher
from syndicator.pipeline.popularity.clicks import Clicking
from syndicator.pipeline.popularity.partner_reports import Reporting
from syndicator.pipeline.popularity.ranking import RankStep
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import Searching
from syndicator.rules.sources.origins import origins
from syndicator.settings.settings import Settings
from syndicator.store.articles.picture_files import PictureFiles
from syndicator.store.codec import digest
from syndicator.store.feeds.rendition_files import RenditionFiles
from syndicator.store.search.search_index import SearchIndex
from syndicator.store.store import Store
from syndicator.wiring.ground import Ground


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """What is shown beside the feeds themselves, and what ranks and warms them."""

    publish: PublishStep
    refresher: Refresher
    rank: RankStep
    scoring: Scoring
    reporting: Reporting
    clicking: Clicking
    searching: Searching
    pictures: ServedPictures
    ad_hoc: AdHocFeeds
    announced: AnnouncedPages


@asynccontextmanager
async def open_publisher(ground: Ground) -> AsyncIterator[Publisher]:
    """Open what renders feeds."""
    settings, store = ground.settings, ground.store
    site = await _site(settings, store)
    async with open_pool(workers=1) as pool:
        publisher = Publisher(
            store=store,
            site=site,
            apart=RenderWorker(pool, store.again, site, ground.origins),
            specs=settings.feeds.values(),
            retired=settings.retired_feeds.values(),
            origins=ground.origins,
            metrics=ground.metrics,
            clock=ground.clock,
            last_good=last_good_of(settings, ground.configured_origins),
            near=ground.near,
        )
        try:
            yield publisher
        finally:
            publisher.close()


@asynccontextmanager
async def open_publishing(
    ground: Ground, publisher: Publisher, directory: Directory
) -> AsyncIterator[Publishing]:
    """Wire it, and open what it keeps in files."""
    settings, store, clock = ground.settings, ground.store, ground.clock
    pictures = ServedPictures(
        store=store.pictures,
        files=PictureFiles(settings.store.data_dir / "pictures", settings.store.pictures),
        egress=ground.egress,
        pool=ground.pool,
        sources=settings.sources,
        clock=clock,
    )
    searching = Searching(store, SearchIndex(settings.store.data_dir / "search"), ground.metrics)
    scoring = Scoring(store, settings.popularity)
    try:
        yield Publishing(
            publish=PublishStep(store, publisher, directory, clock),
            refresher=Refresher(store.feeds, publisher, clock),
            rank=RankStep(store, ground.specs, scoring, settings.site, clock),
            scoring=scoring,
            reporting=Reporting(store, settings.popularity.partner_most, clock),
            clicking=Clicking(store, clock),
            searching=searching,
            pictures=pictures,
            ad_hoc=AdHocFeeds(
                store=store, publisher=publisher, scoring=scoring, clock=clock, searching=searching
            ),
            announced=AnnouncedPages(store, publisher, clock),
        )
    finally:
        searching.close()
        await pictures.close()


def last_good_of(settings: Settings, configured: Mapping[SourceId, Origin] | None = None) -> LastGood:
    """Return the feeds that are kept on disk for when Redis is away: for that, no Redis is needed.

    Private ones are not: who may have them is known to Redis alone. `configured` are the origins of the
    configured sources, where they were made already.
    """
    configured = origins(settings.sources) if configured is None else configured
    shared = (settings.site, sorted(configured.items()), __version__)
    public = [spec for spec in settings.feeds.values() if not spec.private]
    described = {spec.id: digest((spec, shared)) for spec in public}
    return LastGood(RenditionFiles(settings.store.data_dir / "feeds", described))


async def _site(settings: Settings, store: Store) -> Site:
    """Return the site with the authority of its ids, which outlives every change of its address."""
    authority = settings.tag_authority or await store.configured.tag_authority(settings.own_authority)
    return replace(settings.site, tag_authority=authority) if authority else settings.site
