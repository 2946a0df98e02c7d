"""JSON Feed 1.1 (jsonfeed.org/version/1.1). Keys without a value are left out.

What it has no key for stands in an extension, `_syndicator`: an object of the feed, and one of each item.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from syndicator.model.feed import EntryPopularity, FeedSnapshot, Format
from syndicator.model.rights import Rights
from syndicator.render.items import (
    File,
    Item,
    ItemPicture,
    ItemPublisher,
    prepare,
    rights_of,
)
from syndicator.render.text import line
from syndicator.render.withdrawn import Gone, prepare_gone

VERSION = "https://jsonfeed.org/version/1.1"
EXTENSION = "_syndicator"
"""It has no `about`, which is optional: there is no page at an address for all that describes it."""


def render_json_feed(snapshot: FeedSnapshot) -> bytes:
    """Write the snapshot as a JSON Feed, in UTF-8."""
    document: dict[str, Any] = {
        "version": VERSION,
        "title": line(snapshot.spec.title) or snapshot.spec.id,
        "home_page_url": snapshot.page_url,
        "favicon": snapshot.site.url("/favicon.ico"),
    }
    if snapshot.site.logo_url:
        document["icon"] = snapshot.site.logo_url
    if (own_url := snapshot.self_url(Format.JSON)) is not None:
        document["feed_url"] = own_url
    links = dict(snapshot.related_urls(Format.JSON))
    if "next" in links:
        document["next_url"] = links["next"]
    if snapshot.spec.description:
        document["description"] = line(snapshot.spec.description)
    document["language"] = snapshot.language
    if snapshot.hubs:
        document["hubs"] = [{"type": "WebSub", "url": hub} for hub in snapshot.hubs]
    document[EXTENSION] = _extension_of_feed(snapshot, links)
    document["items"] = [_item(item) for item in prepare(snapshot)]
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _extension_of_feed(snapshot: FeedSnapshot, links: Mapping[str, str]) -> dict[str, Any]:
    extension: dict[str, Any] = {"rights": _rights_of_feed(snapshot)}
    if "prev-archive" in links:
        extension["prev_archive"] = links["prev-archive"]
    if snapshot.is_archive:
        extension["archive_of"] = links["current"]
    if snapshot.withdrawn:
        extension["deleted"] = [_gone(gone) for gone in prepare_gone(snapshot)]
    return extension


def _rights_of_feed(snapshot: FeedSnapshot) -> dict[str, str]:
    contact = {"contact": line(snapshot.site.contact)} if snapshot.site.contact else {}
    return {"statement": rights_of(snapshot)} | contact


def _gone(gone: Gone) -> dict[str, str]:
    """As Atom's deleted entries (RFC 6721)."""
    comment = {"comment": gone.comment} if gone.comment else {}
    return {"id": gone.id, "when": gone.at.isoformat()} | comment


def _item(item: Item) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": item.id,
        "url": item.link,
        **({"external_url": item.portal_url} if item.portal_url != item.link else {}),
        "title": item.title,
        **_content(item),
        "date_published": item.published.isoformat(),
        "date_modified": item.updated.isoformat(),
    }
    if item.pictures:
        written["image"] = item.pictures[0].url
    # Only here, never at the top: readers join both into one byline.
    written["authors"] = [{"name": author} for author in item.byline]
    if item.topics:
        written["tags"] = list(item.topics)
    if item.language:
        written["language"] = item.language
    attachments = [_file(file) for file in item.files]
    attachments += [_attachment(picture) for picture in item.pictures[1:] if picture.media_type]
    if attachments:
        written["attachments"] = attachments
    return written | {EXTENSION: _extension(item)}


def _content(item: Item) -> dict[str, str]:
    """One of the two contents is required."""
    if not item.html:
        return {"content_text": item.summary or item.title}
    content = {"content_html": item.html}
    if item.summary:
        content["summary"] = item.summary
    return content


def _file(file: File) -> dict[str, Any]:
    known = {"size_in_bytes": file.length_bytes} if file.length_bytes else {}
    return {"url": file.url, "mime_type": file.media_type} | known


def _attachment(picture: ItemPicture) -> dict[str, Any]:
    attachment: dict[str, Any] = {"url": picture.url, "mime_type": picture.media_type}
    if picture.caption:
        attachment["title"] = picture.caption
    if picture.length_bytes is not None:
        attachment["size_in_bytes"] = picture.length_bytes
    return attachment


def _extension(item: Item) -> dict[str, Any]:
    source = {"id": item.source.id, "title": item.source.title, "url": item.source.home_url}
    if item.source.feed_url:
        source["feed_url"] = item.source.feed_url
    extension: dict[str, Any] = {"source": source}
    if item.also_at:
        extension["also_at"] = [_other_publisher(other) for other in item.also_at]
    if item.quote:
        extension["quote"] = item.quote
    if item.pictures:
        extension["photos"] = [_photo(picture) for picture in item.pictures]
    if item.correction:
        extension["correction"] = item.correction
    if item.related:
        extension["related"] = f"{item.page_url}#related"
        extension["related_links"] = [
            {"title": link.title, "url": link.url, "placement": link.placement.value} for link in item.related
        ]
    if item.rights != Rights():
        extension["rights"] = _rights(item.rights)
    if item.popularity is not None:
        extension["popularity"] = _popularity(item.popularity)
    return extension


def _photo(picture: ItemPicture) -> dict[str, Any]:
    """All that is known of a photo, which `image` and attachments have no keys for."""
    known = {
        "url": picture.url,
        "caption": picture.caption or None,
        "credit": picture.credit or None,
        "width": picture.width,
        "height": picture.height,
        "media_type": picture.media_type,
        "length_bytes": picture.length_bytes,
    }
    return {name: value for name, value in known.items() if value is not None}


def _rights(rights: Rights) -> dict[str, Any]:
    """What the portal says, and what it does not let others do either."""
    reserved = {"images": rights.images, "index": rights.index, "mining": rights.mining}
    fields: dict[str, Any] = {"statement": rights.statement}
    fields |= {"license": rights.license_url, "content": rights.content.value}
    fields |= {name: False for name, may in reserved.items() if not may}
    return {name: value for name, value in fields.items() if value is not None}


def _other_publisher(other: ItemPublisher) -> dict[str, str]:
    return {
        "title": other.title,
        "url": other.url,
        "source": other.portal,
        "date_published": other.published.isoformat(),
    }


def _popularity(popularity: EntryPopularity) -> dict[str, Any]:
    score = popularity.score if math.isfinite(popularity.score) else 0.0
    # Rounded, so that a score that hardly moves does not make new bytes.
    written: dict[str, Any] = {"rank": popularity.rank, "score": round(score, 3)}
    counts = {"views": popularity.views, "comments": popularity.comments}
    return written | {name: count for name, count in counts.items() if count is not None}
