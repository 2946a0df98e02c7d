"""Rules for pictures: which are removed, and which are delivered by this service.

Bodies are clean HTML here (nh3): attributes are always in double quotes, and `<` never stands in text.
"""

import hashlib
import html
import re
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from urllib.parse import urlsplit, urlunsplit

from msgspec.structs import replace

from syndicator.model.article import Article, Change, Photo
from syndicator.model.feed import Site
from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.source import ImagePolicy
from syndicator.rules.hashing import base32

MAX_LINKED_BYTES = 20 * 1024 * 1024
"""Larger pictures are unsuitable for readers."""
MAX_INSIDE = 50
"""Most pictures of one body that are delivered; the others are removed."""
MAX_ADDRESS = 2000
"""Most characters in the address of a photo."""
MAX_RECEIVED = 200
"""Characters of an address that a change shows."""

_IMAGE_TYPE = re.compile(r"image/(?!svg)[a-z0-9.+-]{1,50}")
_UNTYPED = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_IMAGE = re.compile(r'<img((?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_PIXEL = re.compile(r'\s(?:width|height)="[01](?:px)?"')
_SOURCE = re.compile(r'(?<=\ssrc=")[^"]*')
_FIGURE = re.compile(r"<figure>((?:(?!</?figure>).)*)</figure>", re.DOTALL)
_OTHER_CONTENT = re.compile(r"<(?:table|pre|blockquote|ul|ol)>")
_EMPTIED = re.compile(r"<(p|div|figure|a|li)(?: [^<>]*)?>\s*</\1>")
_GONE_STATUSES = frozenset({404, 410})
_CLEARLY_BROKEN = frozenset({Reason.BLOCKED, Reason.SCHEME, Reason.TOO_LARGE, Reason.REDIRECT})


def picture_digest(url: str) -> str:
    """Return the digest of a picture's address, 26 letters and digits, under which it is delivered."""
    data = url.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(data, digest_size=16, person=b"picture").digest()
    return base32(digest)


def is_pixel(photo: Photo) -> bool:
    """Return whether a photo is declared as an invisible pixel, which counts visits."""
    return photo.width == 1 or photo.height == 1


def left_out(url: str, why: str, field: str = "photos") -> Change:
    """Return the warning that a picture was left out."""
    return Change(field=field, received=url[:MAX_RECEIVED], why=f"Left out: {why}.")


def secure_url(url: str) -> str | None:
    """Return the `https:` form of an `http:` address; None for others, and for one with a port of its own."""
    parts = urlsplit(url)
    netloc = parts.netloc.removesuffix(":80")
    if parts.scheme != "http" or netloc.rpartition(":")[2].isdigit():
        return None
    return urlunsplit(parts._replace(scheme="https", netloc=netloc))


def media_type(headers: Mapping[str, str]) -> str | None:
    """Return the type of a picture for readers; None for SVG (active) and for what is no picture."""
    stated = headers.get("content-type", "").partition(";")[0].strip().lower()
    return stated if _IMAGE_TYPE.fullmatch(stated) else None


def is_untyped(headers: Mapping[str, str]) -> bool:
    """Return whether a response has no specific type, as from many file stores."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() in _UNTYPED


def whole_length(headers: Mapping[str, str]) -> int | None:
    """Return the full size of a document of which only a range was requested (RFC 9110, 14.4 and 8.6)."""
    total = headers.get("content-range", "").rpartition("/")[2].strip() or headers.get("content-length", "")
    return int(total) if total.isascii() and total.isdigit() and len(total) <= len(str(10**15)) else None


def is_clearly_broken(failed: FetchFailed) -> bool:
    """Return whether a failure is permanent: there is no picture."""
    return failed.status in _GONE_STATUSES or failed.reason in _CLEARLY_BROKEN


def body_pictures(body_html: str) -> list[str]:
    """Return the first pictures inside a clean body, in order."""
    if "<img" not in body_html:
        return []
    found = map(_address, islice(_IMAGE.finditer(body_html), MAX_INSIDE))
    return [address for address in found if address]


def without_pictures(body_html: str) -> str:
    """Return a clean body without pictures, their figures and captions, and without empty elements."""
    if "<img" not in body_html:
        return body_html
    return _tidied(_IMAGE.sub("", _FIGURE.sub(_without_figure, body_html)))


def without_pixels(body_html: str) -> tuple[str, list[str]]:
    """Return a clean body without tracking pixels, and the addresses of those removed."""
    if "<img" not in body_html:
        return body_html, []
    gone: list[str] = []

    def image(match: re.Match[str]) -> str:
        if not _PIXEL.search(match[1]):
            return match[0]
        gone.append(_address(match))
        return ""

    body = _IMAGE.sub(image, body_html)
    return (_tidied(body), gone) if gone else (body_html, gone)


def without_broken(body_html: str, broken: Collection[str]) -> tuple[str, list[str]]:
    """Return a clean body without the pictures of these addresses, and the addresses of those removed.

    A figure without another picture is removed with its caption.
    """
    if "<img" not in body_html or not broken:
        return body_html, []
    gone: list[str] = []

    def image(match: re.Match[str]) -> str:
        address = _address(match)
        if address not in broken:
            return match[0]
        gone.append(address)
        return ""

    def figure(match: re.Match[str]) -> str:
        left = _IMAGE.sub(image, match[1])
        if left == match[1]:
            return match[0]
        return f"<figure>{left}</figure>" if "<img" in left or _OTHER_CONTENT.search(left) else ""

    body = _IMAGE.sub(image, _FIGURE.sub(figure, body_html))
    return (_tidied(body), gone) if gone else (body_html, gone)


def _address(image: re.Match[str]) -> str:
    source = _SOURCE.search(image[1])
    return html.unescape(source[0]) if source else ""


def _tidied(body: str) -> str:
    """Return a body without empty elements, three levels deep."""
    for _ in range(3):
        body, count = _EMPTIED.subn("", body)
        if not count:
            break
    return body


def served_by_us(article: Article, site: Site) -> Article:
    """Return an article as it is published: pictures under the policy `cache` get addresses of this service.

    The stored article keeps the portal's addresses, so that the public address may change.
    """
    if article.provenance.images is not ImagePolicy.CACHE:
        return article
    photos = tuple(
        replace(photo, url=picture_url(site, photo.url), media_type=None, length_bytes=None)
        for photo in article.photos
    )
    body = _with_sources(article.body_html, lambda url: picture_url(site, url))
    return replace(article, photos=photos, body_html=body)


def picture_url(site: Site, url: str) -> str:
    """Return the address of a picture at this service."""
    return site.url(f"/pictures/{picture_digest(url)}")


def _with_sources(body_html: str, rewritten: Callable[[str], str]) -> str:
    left = iter(range(MAX_INSIDE))

    def source(match: re.Match[str]) -> str:
        return html.escape(rewritten(html.unescape(match[0])))

    def image(match: re.Match[str]) -> str:
        return _SOURCE.sub(source, match[0], count=1) if next(left, None) is not None else ""

    return _IMAGE.sub(image, body_html) if "<img" in body_html else body_html


def _without_figure(match: re.Match[str]) -> str:
    is_picture = "<img" in match[1] and not _OTHER_CONTENT.search(match[1])
    return "" if is_picture else match[0]
