"""The part of the key table that versions, dates and bytes of feeds are kept in."""

from syndicator.model.feed import Format
from syndicator.model.ids import FeedId


class FeedKeys:
    """Keys of feeds, behind the prefix of a namespace."""

    _prefix: str

    def feeds_version(self) -> str:
        """HASH: feed id → number, raised by each change that the feed shows.
        Kept: configured feeds, and a week. Written by: admit, rank.
        """
        return self._prefix + "feeds:version"

    def feeds_changed(self) -> str:
        """HASH: feed id → when the version was raised last, ms.
        Kept: configured feeds, and a week. Written by: admit, rank.
        """
        return self._prefix + "feeds:changed"

    def feeds_moved(self) -> str:
        """ZSET: feed id → when the version was raised last, ms: the newest are at the end.
        Kept: configured feeds, and a week. Written by: admit, rank.
        """
        return self._prefix + "feeds:moved"

    def feeds_announced(self) -> str:
        """HASH: feed id → JSON array `FeedAnnouncement`: the bytes that `feed.updated` announced last.
        Kept: configured feeds, and a week. Written by: publishing.
        """
        return self._prefix + "feeds:told"

    def feeds_spec(self) -> str:
        """HASH: feed id → digest of the description (feed, site, portals' names) that it is rendered by.
        Kept: configured feeds, and a week. Written by: start.
        """
        return self._prefix + "feeds:spec"

    def feeds_dated(self) -> str:
        """HASH: feed id, or digest of a path → how often its dates were written (`FeedDates.count`).
        Kept: configured feeds, and a week; documents as in `feeds:documents`. Written by: publishing.
        """
        return self._prefix + "feeds:dated"

    def dated_documents(self) -> str:
        """ZSET: digest of the path of a document that is made on request (feed of any filter, page, archive)
        → when it was last requested (to ten minutes), s: those whose dates are kept.
        Kept: 30 days, at most 4,000 of them. Written by: publishing.
        """
        return self._prefix + "feeds:documents"

    def feed_dates(self, feed: FeedId) -> str:
        """STRING: msgpack `FeedDates`: when a feed or a document and each of its entries changed last.
        Kept: until the next one, of configured feeds (and a week), of documents as in `feeds:documents`.
        Written by: publishing.
        """
        return f"{self._prefix}dates:{feed}"

    def rendition(self, feed: FeedId, form: Format) -> str:
        """STRING: msgpack `Rendition`, the newest; its bytes compressed only (gzip, brotli, zstd).
        Kept: until the next one. Written by: publishing.
        """
        return f"{self._prefix}rendition:{feed}:{form.value}"

    def ranking(self, feed: FeedId) -> str:
        """STRING: msgpack list of `Ranked`, what a popular feed shows.
        Kept: until the next one, of configured feeds (and a week). Written by: rank.
        """
        return f"{self._prefix}ranking:{feed}"

    def feed_audience(self, feed: FeedId, day: str) -> str:
        """HASH: `sent`, `unchanged`, `rendered`, `reader:NAME` (requests), `subscribers:NAME` (as said last)
        → number, of one feed and one day (`20261105`, UTC).
        Kept: 31 days. Written by: the server, publishing.
        """
        return f"{self._prefix}audience:{feed}:{day}"
