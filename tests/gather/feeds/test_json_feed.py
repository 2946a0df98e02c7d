"""JSON Feed 1.0 and 1.1."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from gather.gather_values import fetched, source

from syndicator.errors import NotReadable
from syndicator.gather.feeds.candidates import FeedReading
from syndicator.gather.feeds.feed import read_thoroughly
from syndicator.model.article import Photo

VERSION = "https://jsonfeed.org/version/1.1"


def read(document: Any) -> FeedReading:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_thoroughly(source(), fetched(body))


def feed(*items: Any, **changes: Any) -> dict[str, Any]:
    return {"version": VERSION, "title": "News", "items": list(items)} | changes


def test_an_item_arrives_whole() -> None:
    reading = read(
        feed(
            {
                "id": "urn:1",
                "url": "/1",
                "title": "5 < 6 & <b>7</b>",
                "summary": "a < b",
                "content_html": "<p>Isi<script>1</script></p>",
                "image": "/a.jpg",
                "date_published": "2026-11-03T10:00:00+07:00",
                "date_modified": "2026-11-03T11:00:00+07:00",
                "authors": [{"name": "Nama Satu"}, {"url": "x"}],
                "tags": ["Metro", 5],
                "language": "id",
                "attachments": [
                    {"url": "/b.jpg", "mime_type": "image/jpeg", "size_in_bytes": 12},
                    {"url": "/c.mp3", "mime_type": "audio/mpeg"},
                ],
            },
            home_page_url="https://news.example/",
            language="en",
        )
    )
    candidate = reading.candidates[0]
    assert reading.home_url == "https://news.example/"
    assert candidate.url == "https://news.example/1"
    assert candidate.guid == "urn:1"
    assert candidate.title == "5 < 6 & <b>7</b>"
    assert candidate.lead == "a < b"
    assert candidate.body_html == "<p>Isi</p>"
    assert candidate.photos == (
        Photo(url="https://news.example/a.jpg"),
        Photo(url="https://news.example/b.jpg", media_type="image/jpeg", length_bytes=12),
    )
    assert candidate.published_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
    assert candidate.updated_at == datetime(2026, 11, 3, 4, tzinfo=UTC)
    assert (candidate.authors, candidate.tags, candidate.language) == (("Nama Satu",), ("Metro",), "id")


def test_plain_text_becomes_paragraphs_and_a_title_is_made() -> None:
    candidate = read(feed({"id": 7, "content_text": "a <b>\nb\n\nc"})).candidates[0]
    assert candidate.body_html == "<p>a &lt;b&gt; b</p><p>c</p>"
    assert candidate.title == "a <b> b c"
    assert candidate.guid == "7"


def test_version_1_0_has_one_author() -> None:
    document = feed(
        {"id": "1", "title": "t"}, version="https://jsonfeed.org/version/1", author={"name": "Nama Satu"}
    )
    assert read(document).candidates[0].authors == ("Nama Satu",)


@pytest.mark.parametrize("poison", [3, None, [], "x", {"tags": 5, "authors": 5, "attachments": 5}])
def test_odd_items_cost_only_themselves(poison: object) -> None:
    reading = read(feed({"id": "1", "title": "a"}, poison, {"id": "3", "title": "c"}))
    assert [candidate.title for candidate in reading.candidates] == ["a", "c"]
    assert len(reading.warnings) == 1
    assert reading.warnings[0].startswith("entry 2 skipped: ")


def test_lone_surrogates_cost_only_themselves() -> None:
    items = b'[{"id":"1","title":"a\\ud800b","content_html":"<p>d\\udfff</p>","tags":["e\\ud800"]},{"id":"2","title":"c"}]'
    reading = read(b'{"version":"https://jsonfeed.org/version/1.1","items":' + items + b"}")
    assert [candidate.title for candidate in reading.candidates] == ["ab", "c"]
    assert reading.candidates[0].body_html == "<p>d</p>"
    assert reading.warnings == ()


def test_byte_order_marks_and_utf_16() -> None:
    text = json.dumps(feed({"id": "1", "title": "Café"}), ensure_ascii=False)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert read(text.encode(encoding)).candidates[0].title == "Café"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "malformed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": [', "malformed"),
        (b"[" * 200_000, "malformed"),
        (b'{"a":' * 200_000, "malformed"),
        (b"[1, 2]", "not_a_feed"),
        (b'{"items": []}', "not_a_feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1"}', "not_a_feed"),
        (b'{"version": 3, "items": [1]}', "not_a_feed"),
    ],
)
def test_what_is_no_json_feed(body: bytes, reason: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read(body)
    assert caught.value.reason == reason


def test_a_json_feed_without_items_is_one() -> None:
    assert read(feed()).warnings == ("the feed has no entries",)
