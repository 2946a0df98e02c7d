"""Photos and other files of an entry: addresses resolved, numbers read, each once."""

from syndicator.gather.documents.html_cleaning import to_text
from syndicator.gather.documents.text import (
    MAX_ENCLOSURES,
    MAX_NAME,
    MAX_PHOTOS,
    absolute_url,
    plain_text,
    title_text,
    whole_number,
)
from syndicator.gather.feeds.entry import Entry, Picture
from syndicator.gather.provenance_changes import Adjustments
from syndicator.model.article import Enclosure, Photo
from syndicator.rules.articles.same_picture import alone

MAX_CAPTION = 4000


def photos_of(entry: Entry, lost_picture: str | None, changes: Adjustments) -> tuple[Photo, ...]:
    """Return the photos of an entry, each once, with absolute addresses; what is left out is noted."""
    photos: dict[str, Photo] = {}
    for picture in entry.pictures[:MAX_PHOTOS]:
        photo = _photo(entry.base, picture)
        if photo is None:
            changes.note("photos", picture.url, "it is not an http(s) address: left out")
            continue
        if photo.url not in photos:
            changes.note_address("photos", picture.url, photo.url, entry.base)
        photos.setdefault(photo.url, photo)
    if not photos and lost_picture:
        changes.note("photos", lost_picture, "it stood in the summary, of which only the words are the lead")
        return (Photo(url=lost_picture),)
    return alone(photos.values())


def enclosures_of(entry: Entry, changes: Adjustments) -> tuple[Enclosure, ...]:
    """Return the other files of an entry, each once, with absolute addresses; what is left out is noted."""
    found: dict[str, Enclosure] = {}
    for attached in entry.attachments[:MAX_ENCLOSURES]:
        url = absolute_url(entry.base, attached.url)
        if url is None:
            changes.note("enclosures", attached.url, "it is not an http(s) address: left out")
            continue
        one = Enclosure(
            url=url,
            media_type=plain_text(attached.media_type, MAX_NAME).lower() or None,
            length_bytes=whole_number(attached.length),
        )
        found.setdefault(url, one)
    return tuple(found.values())


def _photo(base: str, picture: Picture) -> Photo | None:
    url = absolute_url(base, picture.url)
    if url is None:
        return None
    return Photo(
        url=url,
        caption=to_text(picture.caption[:MAX_CAPTION]) or None,
        credit=title_text(picture.credit, MAX_NAME) or None,
        media_type=plain_text(picture.media_type, MAX_NAME).lower() or None,
        length_bytes=whole_number(picture.length),
        width=whole_number(picture.width),
        height=whole_number(picture.height),
    )
