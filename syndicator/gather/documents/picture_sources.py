"""Where the picture of an `<img>` really is: pages keep its address elsewhere until somebody scrolls to it.

Looked at are the attributes of lazy loading, `srcset`, the `<source>` of a `<picture>` and the `<noscript>`
beside a stand-in. What stands in until then ("blank.png", "lazy.gif", `data:…`) is never the picture.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from selectolax.lexbor import LexborNode

LAZY = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-cfsrc",
    "data-lazyload",
    "data-lazy",
    "data-hi-res-src",
    "data-image",
    "data-img-src",
    "data-original-src",
)
"""Attributes in which pages keep the address of a picture that loads late."""
_ADDRESSES = (*LAZY, "src")
SETS = ("srcset", "data-srcset", "data-lazy-srcset", "data-cfsrcset")
SENSIBLE_WIDTH = 3000
"""Pixels: wider ones are for print, and take megabytes."""
MAX_SETTLED = 500
_CANDIDATE_END = re.compile(r",\s+|(?<=\d[wx]),")
_STAND_IN = re.compile(
    r"(?:(?:img|image|thumb|news|bg|default|[a-z0-9]{1,4})[_-])?"
    r"(?:lazy(?:-?load(?:ing|er)?)?|blank|spacer|place-?holder|transparent|no-?image|pre-?loader|1x1|grey|gray"
    r"|pixel|loading|loader|clear|dot)"
    r"(?:[_-]?(?:og|fb|share|image|img|photo|square|small|large|thumb|bg|dark|light|white|trans|\d[\dx]*+))*+"
    r"\.(?:gif|png|svg|webp|jpe?g)",
    re.IGNORECASE,
)
_MAX_NAME = 60
_NO_ADDRESS = ("data:", "about:", "javascript:", "blob:", "#")


class Offered(NamedTuple):
    """A picture that an element offers."""

    url: str
    size: float = 1
    """In pixels of width, or how many of them there are to one of the page."""
    in_pixels: bool = False


def is_stand_in(address: str) -> bool:
    """Return whether an address is of what stands in for a picture until it is loaded; an empty one is, too.

    `1x1.jpg` is none: it is how pictures of square format are called for search engines.
    """
    address = address.strip()
    if not address or address.lower().startswith(_NO_ADDRESS):
        return True
    name = address.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return len(name) <= _MAX_NAME and _STAND_IN.fullmatch(name) is not None and name.lower() != "1x1.jpg"


def best_source(attributes: Mapping[str, str | None], sets: Iterable[str] = ()) -> Offered | None:
    """Return the largest sensible picture that an element offers; None where all it has stands in for one.

    `sets` are what the `<picture>` around it offers besides its own `srcset`.
    """
    single = own_address(attributes)
    offered = largest(*own_sets(attributes), *sets)
    if offered and (offered.in_pixels or offered.size > 1 or not single):
        return offered
    return Offered(single) if single else None


def own_address(attributes: Mapping[str, str | None]) -> str:
    """Return the one address of an image, that of a lazy one first; empty where it only has stand-ins."""
    for name in _ADDRESSES:
        address = attributes.get(name)
        if address and not is_stand_in(address):
            return address
    return ""


def own_sets(attributes: Mapping[str, str | None]) -> list[str]:
    """Return the `srcset` of an element, be they lazy."""
    return [value for name in SETS if (value := attributes.get(name))]


def largest(*srcsets: str) -> Offered | None:
    """Return the largest sensible picture of several `srcset` (HTML, 4.8.4.2.1).

    A width outdoes a density.
    """
    offers = [_offered(part) for srcset in srcsets for part in _CANDIDATE_END.split(srcset[:8000])]
    usable = [offer for offer in offers if not is_stand_in(offer.url)]
    return max(usable, key=_worth, default=None)


def _worth(offer: Offered) -> tuple[bool, bool, float]:
    is_sensible = not offer.in_pixels or offer.size <= SENSIBLE_WIDTH
    return is_sensible, offer.in_pixels, offer.size if is_sensible else -offer.size


def _offered(candidate: str) -> Offered:
    url, _, size = candidate.strip().partition(" ")
    size = size.strip()
    try:
        number = float(size[:-1] or 1)
    except ValueError:
        number = 0.0
    return Offered(url.strip(","), number if math.isfinite(number) else 0.0, size.endswith("w"))


def settle(root: LexborNode) -> None:
    """Add the address to images of a page where only the `<picture>` or `<noscript>` around them has it."""
    for noscript in root.css("noscript:has(img)")[:MAX_SETTLED]:
        _settle_by_noscript(noscript)
    for image in root.css("picture img")[:MAX_SETTLED]:
        if best_source(image.attributes) is None and (offered := largest(*sets_around(image))):
            image.attrs["src"] = offered.url


def _settle_by_noscript(noscript: LexborNode) -> None:
    inner = noscript.css_first("img")
    known = None if inner is None or is_pixel(inner) else best_source(inner.attributes)
    if known is None:
        return
    beside = [image for node in _neighbours(noscript) for image in _images(node)]
    for image in beside:
        if best_source(image.attributes, sets_around(image)) is None:
            image.attrs["src"] = known.url
            return
    if not beside and noscript.parent is not None and noscript.parent.tag in {"figure", "picture"}:
        noscript.unwrap()


def _neighbours(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements right before and right behind another."""
    for step in ("prev", "next"):
        at: LexborNode | None = getattr(node, step)
        while at is not None and not at.is_element_node:
            at = getattr(at, step)
        if at is not None:
            yield at


def _images(node: LexborNode) -> list[LexborNode]:
    return [node] if node.tag == "img" else node.css("img")[:MAX_SETTLED]


def sets_around(image: LexborNode) -> list[str]:
    """Return what the `<picture>` around an image offers."""
    if image.parent is None or image.parent.tag != "picture":
        return []
    return [value for node in image.parent.css("source") for value in own_sets(node.attributes)]


def is_pixel(image: LexborNode) -> bool:
    """Return whether an image is announced as one pixel, which counts visits."""
    return any(
        (image.attributes.get(name) or "").strip() in {"0", "1", "1px"} for name in ("width", "height")
    )
