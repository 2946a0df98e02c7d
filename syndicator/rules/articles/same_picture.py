"""Which addresses are of one picture: other sizes, cuts and qualities of it, and copies at a CDN.

Decided by the path: without its scaling parameters, one path ends with the other.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec.structs import replace

from syndicator.model.article import Photo

MIN_NAME = 8
"""Letters and digits of a file's name that is of one picture only, whatever it stands in."""
MIN_NAMED, MIN_FOLDERS = 5, 3
"""Letters of a name, and folders ahead of it, that are enough at one host."""
_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)\b", re.IGNORECASE)
_SCALE = re.compile(
    r"(?:\d*:)?\d*x\d*(?::\d*x\d*)?|(?:[whqscegrt]|dpr|ar|fl|f|c)_[\w.:]+(?:,[\w.:=]+)*"
    r"|(?:width|height|quality|format|fit)=.*"
    r"|(?:re)?sized?|crops?|thumb(?:nail)?s?|fit-in|smart|filters:.*|cdn-cgi|image|insecure|plain|rs:.*|resize:.*"
    r"|small|medium|large|original",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"[-_](?:\d{2,4}x\d{2,4}|scaled|small|medium|large|thumb(?:nail)?|crop(?:ped)?|\d{2,4}w|(?:169|43|11|34))",
    re.IGNORECASE,
)
_LONGEST_SIZE = 10
_DENSITY = re.compile(r"@[23]x", re.IGNORECASE)
_REMEMBERED = 256
"""Addresses: each photo of an article is compared with all others of it."""
_ADDRESS_PARAMETERS = ("url", "src", "image", "img")


def is_same_picture(one: str, other: str) -> bool:
    """Whether two addresses are of one picture."""
    if one == other:
        return True
    first, second = _parts(one), _parts(other)
    if not first or not second or first[-1] != second[-1]:
        return False
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) == 1 and urlsplit(one).hostname != urlsplit(other).hostname:
        return len(shorter[0]) >= MIN_NAME and any(map(str.isdigit, shorter[0]))
    return longer[-len(shorter) :] == shorter or _ends_alike(one, other, first, second)


def differ_by_size_alone(one: str, other: str) -> bool:
    """Whether two addresses are of one picture beyond doubt: of one path at one host, but for its size."""
    if one == other:
        return True
    first = _parts(one)
    return bool(first) and first == _parts(other) and urlsplit(one).hostname == urlsplit(other).hostname


def _ends_alike(one: str, other: str, first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Whether two paths of one host end with the same folders and name, whatever stands ahead of these."""
    is_named = len(first[-1]) >= MIN_NAMED and any(map(str.isdigit, first[-1]))
    same_host = urlsplit(one).hostname == urlsplit(other).hostname
    return is_named and same_host and first[-MIN_FOLDERS - 1 :] == second[-MIN_FOLDERS - 1 :]


@lru_cache(maxsize=_REMEMBERED)
def _parts(url: str) -> tuple[str, ...]:
    """Return the parts of a path that say which picture it is; none where its name is not a file's."""
    parts = urlsplit(url)
    if not _FILE.search(parts.path):
        query = parse_qs(parts.query)
        inner = next((query[name][0] for name in _ADDRESS_PARAMETERS if name in query), "")
        return _parts(inner) if _FILE.search(urlsplit(inner).path) else (f"{parts.path}?{parts.query}",)
    *folders, name = [part for part in unquote(parts.path).lower().split("/") if part]
    stem = _without_size(_FILE.split(name)[0])
    return (*(part for part in folders if not _SCALE.fullmatch(part)), stem)


def _without_size(name: str) -> str:
    """Return a name without the sizes, or the density of pixels, that it ends with."""
    # From the end on: one expression for several sizes at the end would be tried at each size anew.
    end = len(name) - name.endswith("\n")
    start = end
    if density := _DENSITY.fullmatch(name, max(end - 3, 0), end):
        start = density.start()
    else:
        while (size := _last_size(name, start)) is not None:
            start = size
    return name[:start] + name[end:]


def _last_size(name: str, end: int) -> int | None:
    """Return where the size begins that ends at `end`; None where none does."""
    first = max(end - _LONGEST_SIZE, 0)
    start = max(name.rfind("-", first, end), name.rfind("_", first, end))
    return start if start >= 0 and _SIZE.fullmatch(name, start, end) else None


def alone(photos: Iterable[Photo]) -> tuple[Photo, ...]:
    """Return each picture once, in its widest form."""
    found: list[Photo] = []
    for photo in photos:
        _put(found, photo, is_new=True)
    return tuple(found)


def merged(offers: Iterable[tuple[str, Sequence[Photo]]]) -> tuple[tuple[Photo, ...], str]:
    """Return the photos of the first place that has any, completed from the others, and all that was read.

    Of one picture the widest form stays, with the first caption and credit. Other places add a picture of
    their own only with a caption: without one it is mostly the same picture, made for social networks.
    """
    found: list[Photo] = []
    read_from: list[str] = []
    for place, photos in offers:
        is_first = not found
        read_from += [place for photo in photos if _put(found, photo, is_new=is_first or bool(photo.caption))]
    return tuple(found), ", ".join(dict.fromkeys(read_from))


def _put(found: list[Photo], photo: Photo, *, is_new: bool) -> bool:
    """Complete a photo of the same picture, or add the photo; return whether the list has changed."""
    for number, known in enumerate(found):
        if is_same_picture(known.url, photo.url):
            found[number] = _joined(known, photo)
            return found[number] != known
    if is_new:
        found.append(photo)
    return is_new


def _joined(known: Photo, other: Photo) -> Photo:
    size = known
    if (known.width or 0) < (other.width or 0) and (known.width or known.url == other.url):
        size = other
    caption, credit = known.caption or other.caption, known.credit or other.credit
    return replace(size, caption=caption, credit=credit)
