"""The part of the key table that texts of articles are kept in."""

from collections.abc import Sequence

from syndicator.model.ids import ArticleId
from syndicator.store.keys.partitions import Partitions


class TextKeys:
    """Keys of the texts of articles and of their earlier revisions, behind the prefix of their partition.

    What says where texts are stands behind the prefix of the namespace.
    """

    _prefix: str
    text_partitions: Partitions

    def text(self, article: ArticleId, mark: str) -> str:
        """STRING: the text of an article, as HTML, compressed: see `store/codec.py`. The article names its
        mark, which is never used again.
        Kept: retention of bodies, or until the article has another text. Written by: admit, withdrawing.
        """
        return f"{self.text_partitions.prefix_of(article)}text:{article}:{mark}"

    def revisions(self, article: ArticleId) -> str:
        """HASH: revision → msgpack `Article` as it was before, compressed; in partitions with a random mark
        behind it, as `3.9f2c01ab`, where it came back from the cold store.
        Kept: the newest few; goes with its article. Written by: admit.
        """
        return f"{self.text_partitions.prefix_of(article)}revisions:{article}"

    def texts(self) -> str:
        """HASH: `swept`: when texts that no article names were looked for last, ms; `round`: a random name of
        the last removal of such texts, where texts are spread over partitions.
        Kept: for ever. Written by: sweep.
        """
        return self._prefix + "texts"

    def rewritten(self) -> str:
        """ZSET: id of each article whose text was written again after its first revision → when, ms.
        Kept: until its text leaves for the cold store, or that of bodies ends. Written by: admit, offload.
        """
        return self._prefix + "articles:rewritten"

    def cold(self) -> str:
        """HASH: `token` of who may move texts to the cold store, `until` (end of the lease, ms), `part` (that
        was looked through last for objects that no article names).
        Kept: for ever. Written by: offload.
        """
        return self._prefix + "cold"

    @property
    def text_prefixes(self) -> Sequence[str]:
        """What the keys of texts and of earlier revisions begin with, in each partition."""
        parts = self.text_partitions
        return [parts.prefix(number) + kind for number in parts.all for kind in ("text:", "revisions:")]
