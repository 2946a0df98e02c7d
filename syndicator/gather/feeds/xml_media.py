"""Pictures and other files of feed entries: enclosures and Media RSS (https://www.rssboard.org/media-rss)."""

import re
from urllib.parse import urlsplit

from lxml.etree import _Element

from syndicator.gather.documents.xml_names import Fields, QualifiedNames, fields_of, text_of
from syndicator.gather.feeds.entry import Attachment, Picture

_IMAGE_ENDING = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)$", re.IGNORECASE)
_RECORDING = re.compile(r"\.(?:mp3|m4a|aac|ogg|oga|opus|flac|wav|mp4|m4v|mov|webm|ogv|m3u8)\Z", re.IGNORECASE)
_RECORDED = frozenset({"audio", "video", "document"})
_FLASH = "application/x-shockwave-flash"
"""YouTube names a player of this kind, which no browser has any more."""
_CREDIT_ROLES = frozenset({"", "photographer", "author", "owner", "producer"})

HOLDERS = frozenset({"media:content", "media:group", "media:thumbnail"})
"""Elements of Media RSS that hold pictures."""
_COUNTERS = frozenset({"media:statistics", "media:group", "media:community"})


def is_picture(url: str, media_type: str, medium: str = "") -> bool:
    """Return whether an attachment is a picture: by its declared kind, else by the ending of its path."""
    kind = media_type.strip().lower()
    if "/" in kind:
        return kind.startswith("image/")
    if kind in {"image", "audio", "video"}:
        return kind == "image"
    if medium:
        return medium.strip().lower() == "image"
    try:
        return bool(_IMAGE_ENDING.search(urlsplit(url).path))
    except ValueError:
        return False


def enclosed_pictures(elements: list[_Element], url_attribute: str) -> list[Picture]:
    """Return the pictures among enclosures (`url` in RSS, `href` in Atom)."""
    return [
        Picture(url=url, media_type=media_type, length=element.get("length", ""))
        for element in elements
        if (url := element.get(url_attribute, "")) and is_picture(url, media_type := element.get("type", ""))
    ]


def enclosed_files(elements: list[_Element], url_attribute: str) -> list[Attachment]:
    """Return what is no picture among enclosures (`url` in RSS, `href` in Atom)."""
    return [
        Attachment(url=url, media_type=media_type, length=element.get("length", ""))
        for element in elements
        if (url := element.get(url_attribute, ""))
        and not is_picture(url, media_type := element.get("type", ""))
    ]


def media_files(fields: Fields, names: QualifiedNames) -> list[Attachment]:
    """Return recordings and documents of `media:*`; of the forms in a group the default one, or the first."""
    if HOLDERS.isdisjoint(fields):
        return []
    found = [file for element in fields.get("media:content", ()) if (file := _file(element))]
    for group in fields.get("media:group", ()):
        forms = fields_of(group, names).get("media:content", [])
        forms.sort(key=lambda form: form.get("isDefault", "").strip().lower() != "true")
        found += [file for form in forms if (file := _file(form))][:1]
    return found


def is_file(url: str, media_type: str, medium: str) -> bool:
    """Return whether content of Media RSS is a recording or a document, rather than a picture or a player."""
    kind = media_type.strip().lower()
    if "/" in kind:
        return not kind.startswith(("image/", "text/html")) and kind != _FLASH
    return (medium or kind).strip().lower() in _RECORDED or bool(_RECORDING.search(url.partition("?")[0]))


def _file(element: _Element) -> Attachment | None:
    url, media_type = element.get("url", ""), element.get("type", "")
    if not url or not is_file(url, media_type, element.get("medium", "")):
        return None
    return Attachment(url=url, media_type=media_type, length=element.get("fileSize", ""))


def media_text(fields: Fields, names: QualifiedNames) -> tuple[str, bool]:
    """Return the description of what is no picture: that of a group, as video portals have it, or of the
    item.

    The second value is whether it is plain text. Beside pictures, a description of the item is a caption.
    """
    groups = [fields_of(group, names) for group in fields.get("media:group", ())]
    is_caption = any(name in fields for name in ("media:content", "media:thumbnail", "enclosure", "image"))
    for holder in groups if is_caption else (*groups, fields):
        for element in holder.get("media:description", ()):
            if text := text_of(element):
                return text, element.get("type", "plain").strip().lower() != "html"
    return "", False


def media_views(fields: Fields, names: QualifiedNames) -> str:
    """Return the count of `media:statistics`: of an entry, or in its `media:community`, in a group or not."""
    if _COUNTERS.isdisjoint(fields):
        return ""
    statistics = list(fields.get("media:statistics", ()))
    for holder in (*fields.get("media:group", ()), *fields.get("media:community", ())):
        inside = fields_of(holder, names)
        statistics += inside.get("media:statistics", ())
        for community in inside.get("media:community", ()):
            statistics += fields_of(community, names).get("media:statistics", ())
    return next((views for element in statistics if (views := element.get("views", ""))), "")


def media_pictures(fields: Fields, names: QualifiedNames) -> list[Picture]:
    """Return the pictures of `media:*`; a group is one picture in several sizes, its widest is taken.

    Caption and credit stand beside a picture, in it, or once for all of them. A thumbnail counts only where
    there is no picture.
    """
    if HOLDERS.isdisjoint(fields):
        return []
    pictures = [_picture(element, names) for element in fields.get("media:content", ())]
    thumbnails = _thumbnails(fields)
    for element in fields.get("media:content", ()):
        thumbnails += _thumbnails(fields_of(element, names))
    for group in fields.get("media:group", ()):
        inside = fields_of(group, names)
        sizes = [
            picture for element in inside.get("media:content", ()) if (picture := _picture(element, names))
        ]
        if sizes:
            pictures.append(_described(max(sizes, key=_width), inside))
        thumbnails += _thumbnails(inside)
    found = [picture for picture in pictures if picture] or thumbnails[:1]
    return [_described(picture, fields) for picture in found]


def _picture(element: _Element, names: QualifiedNames) -> Picture | None:
    url = element.get("url", "")
    if not url or not is_picture(url, element.get("type", ""), element.get("medium", "")):
        return None
    picture = Picture(
        url=url,
        media_type=element.get("type", ""),
        length=element.get("fileSize", ""),
        width=element.get("width", ""),
        height=element.get("height", ""),
    )
    return _described(picture, fields_of(element, names)) if len(element) else picture


def _thumbnails(fields: Fields) -> list[Picture]:
    return [
        Picture(url=url, width=element.get("width", ""), height=element.get("height", ""))
        for element in fields.get("media:thumbnail", ())
        if (url := element.get("url") or (element.text or "").strip())
    ]


def _described(picture: Picture, fields: Fields) -> Picture:
    """Return a picture with the caption and credit that it does not have yet."""
    picture.caption = picture.caption or _first(fields, "media:description") or _first(fields, "media:text")
    picture.credit = picture.credit or _credit(fields)
    return picture


def _credit(fields: Fields) -> str:
    for element in fields.get("media:credit", ()):
        if element.get("role", "").lower() in _CREDIT_ROLES and (element.text or "").strip():
            return element.text or ""
    return _first(fields, "media:copyright")


def _first(fields: Fields, name: str) -> str:
    return next((element.text for element in fields.get(name, ()) if element.text), "")


def _width(picture: Picture) -> int:
    return int(picture.width) if picture.width.isascii() and picture.width.isdigit() else 0
