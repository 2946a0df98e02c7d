"""What changed in a feed since the bytes that a reader has (RFC 3229), found in a chain of renditions.

Each rendition names those before it, and says for each entry since which of them it has looked as it does. So
one rendition is enough to answer for all readers of the last few hundred, in every process and after a start.
"""

from msgspec.structs import replace

from syndicator.model.feed import Rendition
from syndicator.model.ids import ArticleId

REMEMBERED = 512
"""Renditions before the newest; 8 bytes each."""
_NAME_BYTES = 8


def continued(rendition: Rendition, before: Rendition | None) -> Rendition:
    """Put a rendition into the chain, behind the one before it; None begins another chain."""
    if before is None:
        return rendition
    if before.digest == rendition.digest:
        return replace(rendition, count=before.count, before=before.before, shown=before.shown)
    looked = {one.article: one for one in before.shown}
    count = before.count + 1
    shown = tuple(
        looked[one.article]
        if one.article in looked and looked[one.article].looks == one.looks
        else replace(one, since=count)
        for one in rendition.shown
    )
    named = (_name(before.digest) + before.before)[: REMEMBERED * _NAME_BYTES]
    return replace(rendition, count=count, before=named, shown=shown)


def changed_since(rendition: Rendition, digest: str) -> frozenset[ArticleId] | None:
    """Return the entries that are not in an earlier rendition as they are now; None: it is not known."""
    name = _name(digest)
    for place in range(0, len(rendition.before), _NAME_BYTES):
        if rendition.before.startswith(name, place) and name:
            count = rendition.count - 1 - place // _NAME_BYTES
            return frozenset(one.article for one in rendition.shown if one.since > count)
    return None


def _name(digest: str) -> bytes:
    """Shorten a digest (hex); nothing for what is none."""
    try:
        name = bytes.fromhex(digest)[:_NAME_BYTES]
    except ValueError:
        return b""
    return name if len(name) == _NAME_BYTES else b""
