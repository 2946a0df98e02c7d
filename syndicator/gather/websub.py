"""The subscriber's side of WebSub on the wire: discovery, the form to a hub, the signature of a push.

Source: WebSub (W3C Recommendation, 23 January 2018), sections 3, 5.1 and 7.1; Link fields by RFC 8288.
Pure: nothing is sent or received here.
"""

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from msgspec import Struct

MAX_HUBS = 5
"""Of one topic: more are no help, and each may be asked."""

MAX_URL = 2000
MAX_LINKS = 100
MAX_SECRET_BYTES = 199
"""Section 5.1: less than 200."""

_MAX_FIELD = 32 * 1024
_LINK = re.compile(r"[\s,]*<(?P<target>[^<>]*)>(?P<parameters>(?:[^,\"<]|\"(?:[^\"\\]|\\.)*\")*)")
_PARAMETER = re.compile(
    r";\s*(?P<name>[^\s=;,\"]+)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s;,\"]*))"
)
_ESCAPED = re.compile(r"\\(.)")
_ALGORITHMS = frozenset({"sha1", "sha256", "sha384", "sha512"})
_HEX = re.compile(r"[0-9a-fA-F]{40,128}")


class AnnouncedTopic(Struct, frozen=True, kw_only=True):
    """What a document says of being pushed."""

    url: str
    """Its own address (`rel=self`), to be given to a hub exactly like this."""
    hubs: tuple[str, ...]
    """At least one, the ones to be preferred first."""


def discover(
    headers: Mapping[str, str], base_url: str, *, hubs: Sequence[str] = (), self_url: str | None = None
) -> AnnouncedTopic | None:
    """Find topic and hubs of a fetched document; None unless it names both.

    `headers` have lower-case names, repeated ones joined by commas; `hubs` and `self_url` are what stands in
    the document, `base_url` is where it came from. Section 3 wants HTTP Link fields to be looked at first,
    and links in the document only where those name no hub. A self link that is missing beside a hub is
    taken from the other place, for servers add fields that their feeds know nothing of.
    """
    linked = list(links(headers.get("link", "")))
    linked_hubs = _web_urls(base_url, (target for relation, target in linked if relation == "hub"))
    own = [target for relation, target in linked if relation == "self"]
    embedded = [self_url] if self_url else []
    found = linked_hubs or _web_urls(base_url, hubs)
    names = _web_urls(base_url, own + embedded if linked_hubs else embedded + own)
    if not found or not names:
        return None
    return AnnouncedTopic(url=names[0], hubs=tuple(_preferred(found))[:MAX_HUBS])


def links(field: str) -> Iterator[tuple[str, str]]:
    """Yield (relation, target) of each link of a Link field, relations in lower case (RFC 8288, 3).

    A link with several relations comes once for each; one with an anchor is about another document and left
    out. What cannot be read ends the list.
    """
    position, count = 0, 0
    field = field[:_MAX_FIELD]
    while count < MAX_LINKS and (link := _LINK.match(field, position)):
        position, count = link.end(), count + 1
        parameters: dict[str, str] = {}
        for one in _PARAMETER.finditer(link["parameters"]):
            value = one["bare"] if one["quoted"] is None else _ESCAPED.sub(r"\1", one["quoted"])
            parameters.setdefault(one["name"].lower(), value)
        if "anchor" not in parameters:
            for relation in parameters.get("rel", "").lower().split():
                yield relation, link["target"].strip()


def subscription_form(
    mode: str, *, topic: str, callback: str, secret: str = "", lease_s: int | None = None
) -> dict[str, str]:
    """Return the form that asks a hub to subscribe or unsubscribe (section 5.1).

    Raises ValueError for a secret that the protocol does not allow.
    """
    if len(secret.encode()) > MAX_SECRET_BYTES:
        raise ValueError(f"a secret has at most {MAX_SECRET_BYTES} bytes")
    form = {"hub.callback": callback, "hub.mode": mode, "hub.topic": topic}
    if secret:
        form["hub.secret"] = secret
    if lease_s is not None:
        form["hub.lease_seconds"] = str(lease_s)
    return form


def is_signed(signature: str | None, body: bytes, secret: str) -> bool:
    """Return whether `X-Hub-Signature` is that of the body (section 7.1): `method=hex`, in constant time."""
    method, _, claimed = (signature or "").strip().partition("=")
    method = method.lower()
    if method not in _ALGORITHMS or not _HEX.fullmatch(claimed):
        return False
    real = hmac.digest(secret.encode(), body, method).hex()
    return hmac.compare_digest(real, claimed.lower())


def _web_urls(base_url: str, targets: Iterable[str]) -> list[str]:
    """Return the absolute http(s) URLs among targets, each once, without fragment; odd ones are left out."""
    found: dict[str, None] = {}
    for target in targets:
        try:
            bare = urldefrag(target.strip()).url
            url = bare if urlsplit(bare).scheme else urljoin(base_url, bare)
            parts = urlsplit(url)
            usable = parts.scheme in {"http", "https"} and bool(bare and parts.hostname) and parts.port != 0
        except ValueError:
            continue
        if (
            usable
            and "@" not in parts.netloc
            and len(url) <= MAX_URL
            and url.isprintable()
            and " " not in url
        ):
            found[url] = None
    return list(found)


def _preferred(hubs: Iterable[str]) -> Iterator[str]:
    """Yield the hubs, those by TLS first; one that is named without is asked by TLS before (section 8.2)."""
    named = list(hubs)
    safe = (hub if urlsplit(hub).scheme == "https" else _by_tls(hub) for hub in named)
    yield from dict.fromkeys(hub for hub in safe if hub)
    yield from (hub for hub in named if urlsplit(hub).scheme == "http")


def _by_tls(hub: str) -> str | None:
    """Return the same address by TLS; None where it names a port, for that is the other protocol's."""
    parts = urlsplit(hub)
    return urlunsplit(parts._replace(scheme="https")) if parts.port is None else None
