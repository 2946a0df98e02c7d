"""The part of the key table that popularity is kept in."""

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import SignalKind


class PopularityKeys:
    """Keys of counters, boards and ranks, behind the prefix of a namespace."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def readings(self, kind: SignalKind) -> str:
        """HASH: article id → `count:read_ms`, the portal's counter as last read.
        Kept: goes with its article. Written by: readings.
        """
        return f"{self._prefix}readings:{kind.value}"

    def portals(self) -> str:
        """HASH: source, source and ` box` → `readings:mean`, rates of views and the mean of their logarithms;
        source and ` read` → when its box was read last, ms.
        Kept: configured sources, and a week. Written by: readings.
        """
        return self._prefix + "portals"

    def counters(self, kind: SignalKind) -> str:
        """HASH: article id → four doubles: log2 of the decayed sums of 1 h, 24 h and 7 d, and the plain sum.
        Kept: goes with its article. Written by: signals, readings, rank.
        """
        return f"{self._prefix}counters:{kind.value}"

    def board(self, kind: SignalKind, window: Window) -> str:
        """ZSET: article id → log2 of its counter; of views less what is usual at its portal.
        Kept: the top 2 000 to 4 000. Written by: signals, readings, rank.
        """
        return f"{self._prefix}board:{kind.value}:{window.value}"

    def signals_done(self, chunk: str) -> str:
        """STRING: what was answered to a chunk of a batch of signals.
        Kept: a minute; a day where the batch had a key. Written by: signals.
        """
        return f"{self._prefix}signals:{chunk}"

    def clicks_salt(self, day: str) -> str:
        """STRING: the secret that visitors of a day (UTC) are named with; no address is kept.
        Kept: two days. Written by: clicks.
        """
        return f"{self._prefix}clicks-salt:{day}"

    def clicks(self, day: str, article: ArticleId) -> str:
        """STRING: HyperLogLog of who followed our link to an article on a day (UTC), by keyed hashes.
        Kept: two days after the last one. Written by: clicks.
        """
        return f"{self._prefix}clicks:{day}:{article}"

    def crossed(self, article: ArticleId) -> str:
        """HASH: measure (`top`, `score`, `views`) and feed id → when an article that was announced there
        was near the threshold last, ms: see `rules/popularity/crossings.py`.
        Kept: goes with its article; 30 days after it was near one last. Written by: rank.
        """
        return f"{self._prefix}crossed:{article}"

    def reported(self, day: str, reporter: str) -> str:
        """HASH: article id and number of a kind → what a partner reported of it on a day (UTC), as counted.
        Kept: two days after the last report. Written by: signals.
        """
        return f"{self._prefix}reported:{day}:{reporter}"

    def reported_visitors(self, day: str, reporter: str, kind: SignalKind, article: ArticleId) -> str:
        """STRING: HyperLogLog of the visitors that a partner reported of an article on a day (UTC).
        Kept: two days after the first one. Written by: signals.
        """
        return f"{self._prefix}reported:{day}:{reporter}:{kind.value}:{article}"

    def reports_done(self, reporter: str, key: str) -> str:
        """STRING: digest of a batch that a partner sent under an idempotency key, and its answer, compressed.
        Kept: a day. Written by: signals.
        """
        return f"{self._prefix}reports:{reporter}:{key}"

    def ranking_lease(self) -> str:
        """HASH: `token` and `until` (ms) of the worker that ranks, `done`: when feeds were ranked last, ms.
        Kept: for ever. Written by: rank.
        """
        return f"{self._prefix}ranking-lease"

    def ranks(self, article: ArticleId) -> str:
        """LIST: msgpack `RankNote`, the article's rank and score in a feed at an instant; the newest 300.
        Kept: goes with its article; 30 days after it was ranked last. Written by: rank.
        """
        return f"{self._prefix}ranks:{article}"
