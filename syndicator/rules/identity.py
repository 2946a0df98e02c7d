"""By what an article is known again, and when it counts as changed.

Tracking parameters are stripped before anything is hashed: stripping them afterwards helps nobody.
Hashes are keyed BLAKE2b, 80 bits in lower-case base32: nobody can aim one at another's.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from syndicator.model.article import Candidate, Identity
from syndicator.model.event import EventType
from syndicator.model.ids import ArticleId, EventId
from syndicator.model.source import Source

_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "oly_", "vero_", "at_custom", "__twitter_")
_TRACKING_NAMES = frozenset(
    {
        "_ga", "_gl", "_hsenc", "_hsmi", "cmpid", "dclid", "fb_action_ids", "fb_action_types", "fb_source",
        "fbclid", "gbraid", "gclid", "gclsrc", "icid", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok",
        "msclkid", "ncid", "ocid", "s_cid", "srsltid", "twclid", "wbraid", "wickedid", "yclid", "ysclid",
    }
)  # fmt: skip
"""Names that no portal gives a meaning of its own. `ref`, `source`, `id`, `p` are not here on purpose:
on some portals they choose the page."""

_UNRESERVED = "-._~"
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """Give the form of a URL that all spellings of one page share; no URL to fetch, only to compare.

    Left out: scheme, `www.`, default port, fragment (unless `#!…`), a slash at the end, tracking
    parameters. The other parameters are sorted; percent-encoding is made uniform (RFC 3986, 6.2.2).
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()  # no URL at all: it is its own and only spelling
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    path = "/".join(_uniform(part, safe=":@!$&'()*+,;=") for part in parts.path.split("/")).rstrip("/")
    kept = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _is_tracking(name)
    )
    query = "&".join(f"{_uniform(name)}={_uniform(value)}" for name, value in kept)
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return f"{host}{path}" + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def clean_url(url: str) -> str:
    """Give a URL without its tracking parameters, and otherwise as it was: the one that readers get."""
    address, mark, fragment = url.partition("#")
    path, _, query = address.partition("?")
    kept = [pair for pair in query.split("&") if pair and not _is_tracking(unquote(pair.split("=")[0]))]
    return path + ("?" + "&".join(kept) if kept else "") + mark + fragment


def identify(candidates: Sequence[Candidate]) -> list[Identity]:
    """Give the identity of each candidate of one document, in order.

    A guid that several entries of the document share identifies none of them. Nor does a link that entries
    with guids of their own share, as in change logs and status feeds: there the guid alone tells them apart.
    """
    shared_guids = _repeated(candidate.guid for candidate in candidates if candidate.guid)
    shared_links = _repeated(
        key
        for key, guid in {(key, one.guid) for one in candidates for key in _url_keys(one)}
        if guid and guid not in shared_guids
    )
    return [_identity(candidate, shared_guids, shared_links) for candidate in candidates]


def url_key(url: str) -> str:
    """Give the identity key of a URL."""
    return "u:" + _digest("url", canonical_url(url))


def guid_key(source: str, guid: str) -> str:
    """Give the identity key of a guid: guids mean something inside their own source only."""
    return "g:" + _digest("guid", source, guid)


def content_hash(candidate: Candidate) -> str:
    """Give the digest of what a reader would notice: not of view counts, clocks or related boxes."""
    photos = (field for photo in candidate.photos for field in (photo.url, photo.caption, photo.credit))
    return _digest(
        "content",
        candidate.title,
        candidate.lead,
        candidate.body_html,
        candidate.quote or "",
        candidate.section or "",
        "\x1e".join(candidate.authors),
        "\x1e".join(candidate.tags),
        "\x1e".join(field or "" for field in photos),
    )


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


def _identity(candidate: Candidate, shared_guids: frozenset[str], shared_links: frozenset[str]) -> Identity:
    keys = []
    if candidate.guid and candidate.guid not in shared_guids:
        keys.append(guid_key(candidate.source, candidate.guid))
    url_keys = [key for key in _url_keys(candidate) if not keys or key not in shared_links]
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


def _is_tracking(name: str) -> bool:
    lowered = name.lower()
    return lowered in _TRACKING_NAMES or lowered.startswith(_TRACKING_PREFIXES)


def _uniform(text: str, *, safe: str = "") -> str:
    # Nearly all are plain; sitemaps have 50,000 addresses of several parts each.
    return text if _PLAIN.fullmatch(text) else quote(unquote(text), safe=_UNRESERVED + safe)


def _digest(kind: str, *parts: str) -> str:
    data = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return _base32(hashlib.blake2b(data, digest_size=10, person=kind.encode()).digest())


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
