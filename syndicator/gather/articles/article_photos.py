"""The photos of an article page: each with its caption, its credit and its size."""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from urllib.parse import urlsplit

from msgspec.structs import replace
from selectolax.lexbor import LexborNode

from syndicator.gather.articles.byline_region import (
    above,
    headline_of,
    is_of_others,
    is_of_the_portal,
    scope_of,
)
from syndicator.gather.documents.picture_sources import is_stand_in
from syndicator.gather.documents.selectors import ElementImage, Page, Picked, Selector, text_of
from syndicator.gather.documents.text import MAX_LEAD, MAX_NAME, MAX_PHOTOS
from syndicator.model.article import Photo
from syndicator.rules.articles.same_picture import alone, is_same_picture

_LABEL = r"(?:foto|photo|kredit|credit|sumber|source|dok|dokumentasi)(?:\s+(?:oleh|by))?\s*[:：.]\s*"
_CREDIT = re.compile(
    rf"\s*[(\[]\s*(?:{_LABEL}(?P<labelled>[^()\[\]]{{2,100}})"
    r"|(?P<agency>[^()\[\]/\d]{2,60}/[^()\[\]\d]{2,60}))[)\]]\s*\.?\Z"
    rf"|(?:\A|[\s.|\-–—]\s*)\b{_LABEL}(?P<open>[^()\[\]:]{{2,80}})\Z",
    re.IGNORECASE,
)
"""At the end of a caption: "(Foto: Nama/Portal)", "Dok. Humas", "(ANTARA/Nama)"."""
_CREDIT_LABEL = re.compile(
    r"[(\[\s]*(?:(?:sumber\s+)?(?:foto|photo)|kredit|credit|sumber|source)(?:\s+(?:oleh|by))?\s*[:：]\s*",
    re.IGNORECASE,
)
"""Ahead of a credit; "Dok." stays: it says that a picture is from somebody's archive, which is no label."""
IN_FIGURE = "figure"
_FIGURES = Selector(name="figures", css="figure:has(img), figure:has(amp-img)")
_MAX_TAIL = 160
_MAX_CAPTION = 300
"""Characters of an element behind a photo, in which a longer one is a paragraph."""
_STAND_IN = re.compile(
    r"(?:[a-z0-9]+[_-])?(?:logo|default|placeholder|blank|no[_-]?image|favicon)"
    r"(?:[_-](?:og|fb|share|social|image|square|small|large|[\dx]+))*\.\w{2,5}",
    re.IGNORECASE,
)
"""The file name of a picture that portals name where an article has none."""


def photos(picked: Picked, title: str) -> tuple[Photo, ...]:
    """Return the photos that the rule names; the first caption and credit belong to the first, and so on.

    Where the rule names no captions, that of the figure around a photo counts, else a text directly behind
    it that ends with a credit, else its alternative text unless it is the headline. A credit at the end of
    a caption becomes its credit.
    """
    images = picked.images("article.photo")[:MAX_PHOTOS]
    captions = picked.texts("article.caption", MAX_LEAD)[: len(images)]
    credits_ = picked.texts("article.credit", MAX_NAME)[: len(images)]
    found = [
        _photo(image, caption or "", credit or "", title)
        for image, caption, credit in zip_longest(images, captions, credits_)
    ]
    return alone(found)


def figures(page: Page, title: str) -> tuple[Photo, ...]:
    """Return the photos that stand in a `<figure>` near the headline; those of other articles are none."""
    headline = headline_of(page, title)
    if headline is None:
        return ()
    around = above(headline)
    nodes = page.find(_FIGURES, scope_of(headline))[:MAX_PHOTOS]
    own = (node for node in nodes if not (is_of_others(node, around) or is_of_the_portal(node, around)))
    return tuple(_photo(image, "", "", title) for node in own if (image := page.image(node)))


def completed(claimed: Sequence[Photo], shown: Sequence[Photo]) -> tuple[Photo, ...]:
    """Return those of the shown photos that are claimed ones too; where none is claimed, the first."""
    if not claimed:
        return tuple(shown[:1])
    return tuple(photo for photo in shown if any(is_same_picture(photo.url, one.url) for one in claimed))


def _photo(image: ElementImage, caption: str, credit: str, title: str) -> Photo:
    caption = caption or _figure_caption(image.node) or _credited_behind(image.node)
    if not caption:
        alternative = text_of(image.node, "alt")
        caption = alternative if alternative != title else ""
    return with_credit(
        Photo(
            url=image.url,
            caption=caption or None,
            credit=without_label(credit) or None,
            width=image.width,
            height=image.height,
        )
    )


def without_label(credit: str) -> str:
    """Return a credit without the word that announces it: "Foto: Budi/SK"."""
    match = _CREDIT_LABEL.match(credit)
    if match is None:
        return credit
    name = credit[match.end() :].strip()
    return name.rstrip(")] ").strip() if credit[: match.end()].lstrip()[:1] in "([" else name


def claimed_photos(photos: Iterable[Photo]) -> tuple[Photo, ...]:
    """Return the photos that a page names to machines, without those that stand in for one."""
    names = ((photo, urlsplit(photo.url).path.rpartition("/")[2]) for photo in photos)
    return tuple(
        with_credit(photo) for photo, name in names if not (_STAND_IN.fullmatch(name) or is_stand_in(name))
    )


def with_credit(photo: Photo) -> Photo:
    """Return a photo whose caption does not end with a credit that it has no field for."""
    caption = photo.caption or ""
    match = _CREDIT.search(caption, max(0, len(caption) - _MAX_TAIL))
    if match is None or photo.credit is not None:
        return photo
    credit = match["labelled"] or match["agency"] or match["open"]
    return replace(photo, caption=caption[: match.start()].strip() or None, credit=credit.strip())


def _figure_caption(node: LexborNode) -> str:
    at = node.parent
    for _ in range(4):
        if at is None or at.tag == "figure":
            break
        at = at.parent
    if at is None or at.tag != "figure":
        return ""
    caption = at.css_first("figcaption")
    return text_of(caption, None, MAX_LEAD) if caption is not None else ""


def _credited_behind(node: LexborNode) -> str:
    """Return the text of the element directly behind a photo where it ends with "(Foto: …)", else nothing.

    What holds only the photo, such as a link, counts as the photo.
    """
    at: LexborNode | None = node
    for _ in range(3):
        if at is None or at.tag in {"body", "article"}:
            break
        behind = at.next
        while behind is not None and behind.is_text_node and not (behind.text() or "").strip():
            behind = behind.next
        if behind is not None:
            text = text_of(behind, None, MAX_LEAD) if behind.is_element_node else ""
            match = _CREDIT.search(text) if len(text) <= _MAX_CAPTION else None
            return text if match and match["labelled"] else ""
        at = at.parent
    return ""
