"""The one door of this room: requests a source and reads what comes."""

from syndicator.egress.client import Egress
from syndicator.egress.redirect_chain import NO_VALIDATORS, Validators, same_origin
from syndicator.egress.request_hooks import Gate, open_gate
from syndicator.gather.articles.article_page import ArticleReading, read_article
from syndicator.gather.documents.parser_pool import ParserPool
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_feed
from syndicator.gather.listings.list_page import BoxReading, ListReading, read_list, read_popular
from syndicator.gather.listings.sitemap import SitemapReading, pack_sitemap, unpack_sitemap
from syndicator.gather.robots import INLINE_BYTES, MAX_BYTES, Robots, read_robots
from syndicator.model.article import ListedItem
from syndicator.model.fetch import Fetched, FetchResult
from syndicator.model.source import Source, SourceState


class Gatherer:
    """Fetches and reads. Share one by all tasks of an event loop.

    Every reading method raises NotReadable (reason "not_a_feed", "malformed", "empty" or "parser") for a
    document that is not what the source promised; a document is read in bounded time and memory.
    """

    def __init__(self, egress: Egress, pool: ParserPool) -> None:
        self._egress = egress
        self._pool = pool

    async def fetch(
        self,
        source: Source,
        url: str | None = None,
        state: SourceState | None = None,
        *,
        gate: Gate = open_gate,
    ) -> FetchResult:
        """Request the source's own URL, or another one that it names; failure is a value.

        `state` holds the validators of that document, and its address. The headers of the configuration
        may be secrets, and a list may name pages of anyone: they go to the origin of the source's own URL
        alone. `gate` has its say before each address that is asked.
        """
        is_own = url is None or url == source.url or same_origin(url, source.url)
        own = source.headers if is_own else {}
        return await self._egress.fetch(
            url or source.url,
            headers=own,
            validators=NO_VALIDATORS if state is None else _validators(state),
            limits=source.limits,
            proxy=source.proxy,
            gate=gate,
        )

    async def head(self, source: Source, url: str, *, gate: Gate = open_gate) -> FetchResult:
        """Look at a picture without reading it; failure is a value.

        Without the source's own headers: what they unlock, readers could not see.
        """
        headers = {"accept": "image/*"}
        return await self._egress.head(
            url, headers=headers, limits=source.limits, proxy=source.proxy, gate=gate
        )

    async def read_robots(self, body: bytes, agent: str) -> Robots:
        """Read what a robots.txt asks of `agent`; NotReadable("parser") only for one made to be costly."""
        if len(body) <= INLINE_BYTES:
            return read_robots(body, agent)
        return await self._pool.run(read_robots, body[: MAX_BYTES + 1], agent)

    async def read_feed(self, source: Source, fetched: Fetched, known: bytes | None = None) -> FeedReading:
        """Read a feed, but for the entries whose marks are `known` (`known_entries`)."""
        return await read_feed(source, fetched, self._pool, known)

    async def read_sitemap(self, source: Source, fetched: Fetched) -> SitemapReading:
        return await unpack_sitemap(await self._pool.run(pack_sitemap, source, fetched, queue=source.id))

    async def read_list(self, source: Source, fetched: Fetched) -> ListReading:
        return await self._pool.run(read_list, source, fetched, queue=source.id)

    async def read_article(
        self, source: Source, fetched: Fetched, listed: ListedItem | None = None
    ) -> ArticleReading:
        return await self._pool.run(read_article, source, fetched, listed, queue=source.id)

    async def read_popular(self, source: Source, fetched: Fetched) -> BoxReading:
        return await self._pool.run(read_popular, source, fetched, queue=source.id)


def _validators(state: SourceState) -> Validators:
    validators = {}
    if state.etag:
        validators["if-none-match"] = state.etag
    if state.last_modified:
        validators["if-modified-since"] = state.last_modified
    return Validators(headers=validators, of=state.validators_of)
