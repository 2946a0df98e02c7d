"""By what an article is known again.

Addresses are compared in the form that `rules.addresses` gives them, before anything is hashed. Hashes are
keyed BLAKE2b, 80 bits in lower-case base32: nobody can aim one at another's.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from syndicator.model.article import Candidate, Identity
from syndicator.model.event import EventType
from syndicator.model.ids import ArticleId, EventId
from syndicator.model.source import Source
from syndicator.rules.addresses import canonical_url
from syndicator.rules.noticeable import content_hash


def identify(candidates: Sequence[Candidate]) -> list[Identity]:
    """Give the identity of each candidate of one document, in order.

    A guid that several entries of the document share identifies none of them. Nor does a link that entries
    with guids of their own share, as in change logs and status feeds: there the guid alone tells them apart.
    """
    shared_guids = _repeated(candidate.guid for candidate in candidates if candidate.guid)
    with_keys = [(one, _url_keys(one)) for one in candidates]
    shared_links = _repeated(
        key
        for key, guid in {(key, one.guid) for one, keys in with_keys for key in keys}
        if guid and guid not in shared_guids
    )
    return [_identity(one, keys, shared_guids, shared_links) for one, keys in with_keys]


def url_key(url: str) -> str:
    """Give the identity key of a URL."""
    return "u:" + _digest("url", canonical_url(url))


def guid_key(source: str, guid: str) -> str:
    """Give the identity key of a guid: guids mean something inside their own source only."""
    return "g:" + _digest("guid", source, guid)


def event_id(article: ArticleId, revision: int, kind: EventType) -> EventId:
    """Give the id of a change: the same change has the same id, however often it is told."""
    digest = hashlib.blake2b(f"{article}\x1f{revision}\x1f{kind}".encode(), digest_size=16, person=b"event")
    return EventId("evt_" + _base32(digest.digest()))


def spec_hash(source: Source) -> str:
    """Give the digest of a description: after a change, what is remembered of the source is not relied on."""
    return hashlib.blake2b(msgspec.msgpack.encode(source), digest_size=12).hexdigest()


def _url_keys(candidate: Candidate) -> list[str]:
    addresses = [url for url in (candidate.canonical_url, candidate.url) if url]
    return list(dict.fromkeys(url_key(url) for url in addresses))


def _identity(
    candidate: Candidate, of_urls: list[str], shared_guids: frozenset[str], shared_links: frozenset[str]
) -> Identity:
    keys = []
    if candidate.guid and candidate.guid not in shared_guids:
        keys.append(guid_key(candidate.source, candidate.guid))
    url_keys = [key for key in of_urls if not keys or key not in shared_links]
    keys.extend(url_keys)
    if not keys:
        keys.append("t:" + _digest("text", candidate.source, candidate.title, candidate.lead))
    # The id comes from the URL where there is one: sources that carry the same page agree on it, and so
    # does a service that lost its state and gathers everything again.
    first = url_keys[0] if url_keys else keys[0]
    return Identity(
        keys=tuple(keys),
        article_id=ArticleId(_digest("article", first)),
        content_hash=content_hash(candidate),
    )


def _repeated(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value for value, times in Counter(values).items() if times > 1)


def _digest(kind: str, *parts: str) -> str:
    data = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return _base32(hashlib.blake2b(data, digest_size=10, person=kind.encode()).digest())


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
