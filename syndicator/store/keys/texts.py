"""The part of the key table that texts of articles are kept in."""

from syndicator.model.ids import ArticleId


class TextKeys:
    """Keys of the texts of articles and of their earlier revisions."""

    _prefix: str

    def text(self, article: ArticleId, mark: str) -> str:
        """STRING: the text of an article, as HTML, compressed: see `store/codec.py`. The article names its
        mark, which is never used again.
        Kept: retention of bodies, or until the article has another text. Written by: admit, withdrawing.
        """
        return f"{self._prefix}text:{article}:{mark}"

    def revisions(self, article: ArticleId) -> str:
        """HASH: revision → msgpack `Article` as it was before, compressed.
        Kept: the newest few; goes with its article. Written by: admit.
        """
        return f"{self._prefix}revisions:{article}"

    def texts(self) -> str:
        """HASH: `swept`: when texts that no article names were looked for last, ms.
        Kept: for ever. Written by: sweep.
        """
        return self._prefix + "texts"
