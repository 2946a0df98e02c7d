"""The entry point of this room: reads the documents of sources."""

from syndicator.gather.articles.article_page import ArticleReading, read_article
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_feed
from syndicator.gather.listings.list_page import ListReading, read_list
from syndicator.gather.listings.popular_box import BoxReading, read_popular
from syndicator.gather.listings.sitemap import SitemapReading, pack_sitemap, unpack_sitemap
from syndicator.gather.robots import INLINE_BYTES, MAX_BYTES, Robots, read_robots
from syndicator.model.article import ListedItem
from syndicator.model.fetch import Fetched
from syndicator.model.source import Source
from syndicator.observe.tracing import span


class Gatherer:
    """Reads documents. Share one by all tasks of an event loop.

    Every reading method raises NotReadable (reason "not_a_feed", "malformed", "empty" or "parser") for a
    document that is not what the source promised; a document is read in bounded time and memory.
    """

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool

    async def read_robots(self, body: bytes, agent: str) -> Robots:
        """Read what a robots.txt asks of `agent`; NotReadable("parser") only for one made to be costly."""
        if len(body) <= INLINE_BYTES:
            return read_robots(body, agent)
        return await self._pool.run(read_robots, body[: MAX_BYTES + 1], agent)

    async def read_feed(self, source: Source, fetched: Fetched, known: bytes | None = None) -> FeedReading:
        """Read a feed, but for the entries whose marks are `known` (`known_entries`)."""
        with span("parse", source=source.id, document="feed"):
            return await read_feed(source, fetched, self._pool, known)

    async def read_sitemap(self, source: Source, fetched: Fetched) -> SitemapReading:
        with span("parse", source=source.id, document="sitemap"):
            return await unpack_sitemap(await self._pool.run(pack_sitemap, source, fetched, queue=source.id))

    async def read_list(self, source: Source, fetched: Fetched) -> ListReading:
        with span("parse", source=source.id, document="list"):
            return await self._pool.run(read_list, source, fetched, queue=source.id)

    async def read_article(
        self, source: Source, fetched: Fetched, listed: ListedItem | None = None
    ) -> ArticleReading:
        with span("parse", source=source.id, document="article"):
            return await self._pool.run(read_article, source, fetched, listed, queue=source.id)

    async def read_popular(self, source: Source, fetched: Fetched) -> BoxReading:
        with span("parse", source=source.id, document="popular"):
            return await self._pool.run(read_popular, source, fetched, queue=source.id)
