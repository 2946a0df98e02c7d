"""ninjs 3.1 (IPTC News in JSON), for partners that take news in rather than read it.

A feed is one news object of type `composite`, whose associations are its articles: IPTC has no document
for lists, and so the whole validates by its schema as each article does. A withdrawn article is there as
`canceled`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from syndicator.model.feed import FeedSnapshot, Format
from syndicator.model.rights import Rights
from syndicator.render.dates import newest_change
from syndicator.render.items import (
    File,
    Item,
    ItemPicture,
    ItemPublisher,
    ItemRelated,
    feed_uri,
    prepare,
    rights_of,
)
from syndicator.render.text import line
from syndicator.render.withdrawn import Gone, prepare_gone

STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#",
}


def render_ninjs(snapshot: FeedSnapshot) -> bytes:
    """Write the snapshot as one ninjs object, in UTF-8."""
    items = prepare(snapshot)
    spec = snapshot.spec
    gone = [_canceled(one) for one in prepare_gone(snapshot)]
    document = _known(
        uri=feed_uri(snapshot),
        standard=STANDARD,
        type="composite",
        representationType="full",
        versionCreated=_time(newest_change(snapshot)),
        pubStatus="usable",
        language=snapshot.language,
        title=line(spec.title) or spec.id,
        descriptions=_text(line(spec.description), "summary"),
        infoSources=[{"name": line(snapshot.site.title), "role": "aggregator"}],
        usageTerms=rights_of(snapshot),
        renditions=_addresses(snapshot),
        associations=[_article(item, snapshot.language) for item in items] + gone,
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _addresses(snapshot: FeedSnapshot) -> list[dict[str, Any]]:
    """Return its own address, the other documents of the same feed (RFC 5005), and its page."""
    own = snapshot.self_url(Format.NINJS)
    named = [*([("self", own)] if own else ()), *snapshot.related_urls(Format.NINJS)]
    documents = [_rendition(name, url, "application/json") for name, url in named]
    return [*documents, _rendition("web", snapshot.page_url, "text/html")]


def _article(item: Item, language: str) -> dict[str, Any]:
    return _known(
        name=item.title,
        rel="item",
        uri=item.id,
        type="text",
        representationType="full" if item.html else "partial",
        version=str(item.revision),
        firstCreated=_time(item.published),
        versionCreated=_time(item.updated),
        embargoedUntil=item.embargoed_until and _time(item.embargoed_until),
        pubStatus="usable",
        language=item.language or language,
        title=item.title,
        headlines=_text(item.title, "main"),
        descriptions=_text(item.summary, "summary") + _text(item.quote, "pull quote"),
        bodies=_text(item.html, "main", "text/html"),
        by=", ".join(item.authors),
        people=[{"name": author, "rel": "author"} for author in item.authors],
        subjects=_subjects(item),
        infoSources=[{"name": item.source.title, "role": "originator", "uri": item.source.home_url}],
        edNote=item.correction,
        altIds=[{"role": "article", "value": item.article_id}, {"role": "source", "value": item.source.id}],
        renditions=[_rendition("web", item.link, "text/html")],
        associations=_associations(item),
        **_rights(item.rights),
    )


def _canceled(gone: Gone) -> dict[str, Any]:
    return _known(
        name="canceled",
        rel="item",
        uri=gone.id,
        type="text",
        representationType="partial",
        version=str(gone.revision),
        versionCreated=_time(gone.at),
        pubStatus="canceled",
        edNote=gone.comment,
    )


def _subjects(item: Item) -> list[dict[str, str]]:
    section = [{"name": item.section, "rel": "section"}] if item.section else []
    return section + [{"name": tag, "rel": "tag"} for tag in item.tags]


def _rights(rights: Rights) -> dict[str, Any]:
    statement = rights.statement or ""
    reserved = "" if rights.mining else "Text and data mining is reserved."
    return _known(
        usageTerms=f"{statement.rstrip('.')}. {reserved}"
        if statement and reserved
        else statement or reserved,
        rightsInfo=_known(linkedRights=rights.license_url),
    )


def _associations(item: Item) -> list[dict[str, Any]]:
    """Its pictures and files, other publishers of the story, and what the portal points to."""
    others = [_other_publisher(other) for other in item.also_at]
    return [*map(_picture, item.pictures), *map(_file, item.files), *others, *map(_related, item.related)]


def _picture(picture: ItemPicture) -> dict[str, Any]:
    main = _rendition("main", picture.url, picture.media_type)
    main |= _known(width=picture.width, height=picture.height, sizeInBytes=picture.length_bytes)
    return _known(
        name="picture",
        rel="picture",
        uri=picture.url,
        type="picture",
        by=picture.credit,
        descriptions=_text(picture.caption, "caption"),
        renditions=[main],
    )


def _file(file: File) -> dict[str, Any]:
    """Return a recording as what it is; for documents, the vocabulary has only `component`."""
    main = _rendition("main", file.url, file.media_type) | _known(sizeInBytes=file.length_bytes)
    kind = "component" if file.medium == "document" else file.medium
    return _known(name=kind, rel="enclosure", uri=file.url, type=kind, renditions=[main])


def _other_publisher(other: ItemPublisher) -> dict[str, Any]:
    return {
        "name": other.title,
        "rel": "same story",
        "uri": other.id,
        "type": "text",
        "representationType": "partial",
        "firstCreated": _time(other.published),
        "headlines": _text(other.title, "main"),
        "infoSources": [{"name": other.portal, "role": "originator"}],
        "renditions": [_rendition("web", other.url, "text/html")],
    }


def _related(link: ItemRelated) -> dict[str, Any]:
    return {
        "name": link.title,
        "rel": "related",
        "uri": link.url,
        "type": "text",
        "representationType": "partial",
        "headlines": _text(link.title, "main"),
    }


def _rendition(name: str, href: str, content_type: str | None) -> dict[str, Any]:
    return _known(name=name, href=href, contentType=content_type)


def _text(value: str, role: str, content_type: str = "text/plain") -> list[dict[str, str]]:
    return [{"role": role, "contentType": content_type, "value": value}] if value else []


def _time(instant: datetime) -> str:
    return instant.isoformat()


def _known(**values: Any) -> dict[str, Any]:
    """Leave out what is not known: ninjs has no null, and an empty list says nothing."""
    return {name: value for name, value in values.items() if not _is_empty(value)}


def _is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, Iterable) and not value)
