"""Audio, video and other files of articles, as each format tells them."""

import json
from typing import Any

import pytest
from lxml import etree
from render.render_values import article, snapshot
from render.test_rss import NAMESPACES

from syndicator.model.article import Enclosure, Photo
from syndicator.model.feed import Format
from syndicator.render import render

PDF = Enclosure(url="https://berita.example/laporan.pdf", media_type="application/pdf", length_bytes=99)
AUDIO = Enclosure(url="https://berita.example/siaran?id=7", media_type="audio/mpeg", length_bytes=1234)
VIDEO = Enclosure(url="https://berita.example/video.mp4")
PHOTO = Photo(url="https://img.berita.example/0.jpg")


def told(form: Format, *enclosures: Enclosure) -> bytes:
    return render(snapshot(article(0, enclosures=enclosures, photos=(PHOTO,))), form).body


def elements(form: Format, path: str, *enclosures: Enclosure) -> list[dict[str, str]]:
    root: Any = etree.fromstring(told(form, *enclosures))
    return [dict(one.attrib) for one in root.xpath(path, namespaces=NAMESPACES)]


def test_rss_has_one_enclosure_the_first_recording() -> None:
    assert elements(Format.RSS, "//enclosure", PDF, AUDIO, VIDEO) == [
        {"url": AUDIO.url, "length": "1234", "type": "audio/mpeg"}
    ]
    media = elements(Format.RSS, "//item/media:content", PDF, AUDIO, VIDEO)
    assert [(one["url"], one["medium"], one.get("type")) for one in media] == [
        (PHOTO.url, "image", "image/jpeg"),
        (PDF.url, "document", "application/pdf"),
        (VIDEO.url, "video", "video/mp4"),
    ]


def test_without_a_recording_another_file_is_the_enclosure_and_a_photo_never_is() -> None:
    assert elements(Format.RSS, "//enclosure", PDF) == [
        {"url": PDF.url, "length": "99", "type": "application/pdf"}
    ]
    assert elements(Format.RSS, "//enclosure") == []


def test_what_rss_requires_and_nobody_knows_is_zero_or_the_general_type() -> None:
    unknown = Enclosure(url="https://berita.example/berkas")
    assert elements(Format.RSS, "//enclosure", unknown) == [
        {"url": unknown.url, "length": "0", "type": "application/octet-stream"}
    ]


def test_atom_links_to_each() -> None:
    assert elements(Format.ATOM, "//*[@rel='enclosure']", PDF, AUDIO, VIDEO) == [
        {"rel": "enclosure", "href": PDF.url, "type": "application/pdf", "length": "99"},
        {"rel": "enclosure", "href": AUDIO.url, "type": "audio/mpeg", "length": "1234"},
        {"rel": "enclosure", "href": VIDEO.url, "type": "video/mp4"},
    ]


def test_json_feed_attaches_each() -> None:
    (item,) = json.loads(told(Format.JSON, PDF, VIDEO))["items"]
    assert item["attachments"] == [
        {"url": PDF.url, "mime_type": "application/pdf", "size_in_bytes": 99},
        {"url": VIDEO.url, "mime_type": "video/mp4"},
    ]
    assert item["image"] == PHOTO.url


def test_ninjs_associates_each() -> None:
    (item,) = json.loads(told(Format.NINJS, PDF, AUDIO))["associations"]
    files = [one for one in item["associations"] if one["rel"] == "enclosure"]
    assert [(one["type"], one["uri"]) for one in files] == [("component", PDF.url), ("audio", AUDIO.url)]
    (form,) = files[1]["renditions"]
    assert (form["href"], form["contentType"], form["sizeInBytes"]) == (AUDIO.url, "audio/mpeg", 1234)


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM, Format.JSON, Format.NINJS])
def test_what_is_no_address_of_the_web_is_left_out(form: Format) -> None:
    poison = Enclosure(url="javascript:alert(1)", media_type='x" onload="', length_bytes=-1)
    assert b"javascript" not in told(form, poison)
