"""Audio, video and other files that feeds name: read from every place where feeds have them."""

import json

import pytest
from gather.feeds.test_strict_feeds import MEDIA, only
from gather.gather_values import atom, fetched, rss, source

from syndicator.gather.feeds.candidates import to_reading
from syndicator.gather.feeds.feed import read_strictly, read_thoroughly
from syndicator.model.article import Candidate, Enclosure

ITEM = "<title>Siaran</title><link>https://news.example/1</link>"
AUDIO = Enclosure(url="https://news.example/a.mp3", media_type="audio/mpeg", length_bytes=1234)
VIDEO = Enclosure(url="https://news.example/v.mp4", media_type="video/mp4")


def in_rss(inside: str) -> Candidate:
    return only(rss(ITEM + inside, attributes=MEDIA))


def test_an_enclosure_of_rss_has_its_length_and_type() -> None:
    one = in_rss('<enclosure url="/a.mp3" type="Audio/MPEG" length="1234"/>')
    assert one.enclosures == (AUDIO,)
    assert one.photos == ()


def test_several_are_kept_in_their_order_each_once_and_pictures_stay_photos() -> None:
    one = in_rss(
        '<enclosure url="/a.mp3" type="audio/mpeg" length="1234"/><enclosure url="/p.jpg" type="image/jpeg"/>'
        '<enclosure url="/laporan.pdf" type="application/pdf" length="0"/>'
        '<media:content url="/a.mp3" type="audio/mpeg"/><media:content url="/v.mp4" medium="video"/>'
    )
    assert [each.url.rpartition("/")[2] for each in one.enclosures] == ["a.mp3", "laporan.pdf", "v.mp4"]
    assert [photo.url for photo in one.photos] == ["https://news.example/p.jpg"]


def test_a_link_of_atom() -> None:
    one = only(
        atom(
            '<title>a</title><id>urn:1</id><link rel="enclosure" type="audio/mpeg" length="1234" href="/a.mp3"/>'
            '<link rel="enclosure" type="image/png" href="/p.png"/>'
        )
    )
    assert one.enclosures == (AUDIO,)
    assert [photo.url for photo in one.photos] == ["https://news.example/p.png"]


def test_an_attachment_of_json_feed() -> None:
    attached = [
        {"url": "https://news.example/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1234},
        {"url": "https://news.example/p.png", "mime_type": "image/png"},
        {"url": "https://news.example/v.mp4", "mime_type": "video/mp4"},
    ]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "title": "a", "attachments": attached}],
    }
    (one,) = to_reading(
        source(), answer := fetched(json.dumps(document)), read_strictly(answer, 10)
    ).candidates
    assert one.enclosures == (AUDIO, VIDEO)
    assert [photo.url for photo in one.photos] == ["https://news.example/p.png"]


@pytest.mark.parametrize(
    "inside",
    [
        '<media:content url="/v.mp4" type="video/mp4"/>',
        '<media:content url="/v.mp4" type="video/mp4"><media:thumbnail url="/t.jpg"/></media:content>',
        '<media:group><media:content url="/v.mp4" type="video/mp4"/></media:group>',
        """<media:group><media:content url="/small.mp4" type="video/mp4" bitrate="200"/>
        <media:content url="/v.mp4" type="video/mp4" isDefault="true"/></media:group>""",
        """<media:group><media:content url="/v.mp4" type="video/mp4"/>
        <media:content url="/other.webm" type="video/webm"/></media:group>""",
    ],
)
def test_of_media_rss_a_group_is_one_in_several_forms(inside: str) -> None:
    assert in_rss(inside).enclosures == (VIDEO,)


@pytest.mark.parametrize(
    "inside",
    [
        '<media:content url="https://player.example/embed/1" type="text/html"/>',
        '<media:content url="https://www.youtube.com/v/1?version=3" type="application/x-shockwave-flash"/>',
        '<media:content url="https://news.example/picture?id=7"/>',
        '<media:content url="/p.jpg" medium="image"/>',
        '<enclosure url="" type="audio/mpeg"/>',
        '<enclosure url="javascript:alert(1)" type="audio/mpeg"/>',
        '<enclosure url="/p.jpg" type="image"/>',
    ],
)
def test_what_is_no_file_for_readers(inside: str) -> None:
    assert in_rss(inside).enclosures == ()


def test_a_feed_beyond_strict_reading_keeps_them_too() -> None:
    item = f'{ITEM}<enclosure url="/a.mp3" type="audio/mpeg" length="1234"/><b><i></b></i>'
    more = '<media:content url="/v.mp4" type="video/mp4"/>'
    reading = read_thoroughly(source(), fetched(rss(item + more, attributes=MEDIA)))
    (one,) = reading.candidates
    assert one.enclosures == (AUDIO, VIDEO)


def test_of_very_many_the_first_are_kept() -> None:
    many = "".join(f'<enclosure url="/{n}.mp3" type="audio/mpeg"/>' for n in range(100))
    assert len(in_rss(many).enclosures) == 20
