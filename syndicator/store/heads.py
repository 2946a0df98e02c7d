"""Heads: all of an article but its text, compressed. Feeds, stories and deliveries read them."""

from functools import lru_cache

from msgspec.structs import replace

from syndicator.model.article import Article
from syndicator.store.codec import compressed, pack, unpack

_REMEMBERED = 2000
"""Heads that were read last, about 10 MB in each process: a feed that is composed reads the newest again."""


def packed_head(article: Article) -> bytes:
    """Return the head of an article, as it is stored."""
    return compressed(pack(replace(article, body_html="")))


@lru_cache(maxsize=_REMEMBERED)
def read_head(head: bytes) -> Article:
    """Return an article without its text; raise UnreadableRecord where the bytes are none.

    Remembered by its bytes: a changed article has others.
    """
    return unpack(head, Article)
