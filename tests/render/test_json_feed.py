import json
from pathlib import Path
from typing import Any

import pytest
from render.render_values import (
    NOON,
    SITE,
    article,
    busy_snapshot,
    entry,
    full_snapshot,
    snapshot,
    withdrawal,
)

from syndicator.model.article import Photo, Placement, RelatedLink
from syndicator.model.feed import EntryPopularity, Format
from syndicator.render import render
from syndicator.render.items import article_uri

SCHEMA = Path(__file__).parents[3] / "shared" / "data" / "schemas" / "jsonfeed-1.1.schema.json"


def document(of: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(render(of, Format.JSON).body)
    return loaded


def test_the_feed_says_who_it_is() -> None:
    feed = document(busy_snapshot())
    feed.pop("items")
    assert feed == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Berita terbaru",
        "home_page_url": "https://feeds.example/news/feeds/latest",
        "feed_url": "https://feeds.example/news/feeds/latest.json",
        "favicon": "https://feeds.example/news/favicon.ico",
        "description": "Dari semua portal",
        "language": "id",
        "_syndicator": {
            "rights": {"statement": "Hak atas setiap artikel tetap pada portal asalnya."},
        },
    }


def test_an_item_carries_everything() -> None:
    first, second, third, _ = document(busy_snapshot())["items"]
    assert first["image"] == "https://img.berita.example/0.jpg?w=800&h=450"
    assert first["authors"] == [{"name": "Sari Dewi"}, {"name": "Budi Santoso"}]
    assert first["tags"] == ["Metropolitan", "banjir", "Kemang"]
    assert first["summary"] == "Air setinggi lutut menggenangi jalan utama."
    assert second["date_modified"] == NOON.isoformat()
    assert second["language"] == "en"
    assert third["content_text"] == "Air setinggi lutut menggenangi jalan utama."
    for key in ("authors", "image", "tags", "attachments"):
        assert all(one.get(key, "absent") for one in (first, second, third)), f"{key} is never empty"


def test_extensions() -> None:
    item = document(busy_snapshot())["items"][0]
    first = item["_syndicator"]
    assert [key for key in item if key.startswith("_")] == ["_syndicator"]
    assert first["source"] == {
        "id": "beritakota",
        "title": "Berita Kota",
        "url": "https://berita.example/",
        "feed_url": "https://berita.example/rss",
    }
    assert "also_at" not in first
    assert first["related"] == "https://feeds.example/news/articles/abcdefghijklm000#related"
    assert first["popularity"] == {"rank": 1, "score": 10.5, "views": 1000}


def test_photos_quote_and_related_articles_have_extensions() -> None:
    photos = (
        Photo(
            url="https://img.example/a.jpg",
            caption="Jalan utama",
            credit="Rina",
            width=800,
            height=450,
            length_bytes=1234,
        ),
        Photo(url="https://img.example/of-unknown-type"),
    )
    related = (
        RelatedLink(url="https://berita.example/lama", title="Lama", placement=Placement.INLINE),
        RelatedLink(url="https://berita.example/lain", title="Lain"),
    )
    one = article(0, photos=photos, related=related, quote="Kami belum tidur.")
    (item,) = document(snapshot(one))["items"]
    assert item["_syndicator"]["photos"] == [
        {
            "url": "https://img.example/a.jpg",
            "caption": "Jalan utama",
            "credit": "Rina",
            "width": 800,
            "height": 450,
            "media_type": "image/jpeg",
            "length_bytes": 1234,
        },
        {"url": "https://img.example/of-unknown-type"},
    ]
    assert item["_syndicator"]["quote"] == "Kami belum tidur."
    assert item["_syndicator"]["related_links"] == [
        {"title": "Lama", "url": "https://berita.example/lama", "placement": "inline"},
        {"title": "Lain", "url": "https://berita.example/lain", "placement": "boxed"},
    ]


def test_what_is_not_known_is_left_out() -> None:
    (item,) = document(snapshot(article(0, related=(), photos=())))["items"]
    assert item["_syndicator"].keys() == {"source"}
    ranked = entry(article(0), popularity=EntryPopularity(rank=1, score=float("nan")))
    (item,) = document(snapshot(entries=(ranked,)))["items"]
    assert item["_syndicator"]["popularity"] == {"rank": 1, "score": 0.0}


def test_further_photos_are_attachments() -> None:
    photos = (
        Photo(url="https://img.example/a.jpg"),
        Photo(url="https://img.example/b.png", caption="Kedua", length_bytes=1234),
        Photo(url="https://img.example/of-unknown-type"),
    )
    (item,) = document(snapshot(article(0, photos=photos)))["items"]
    assert item["image"] == "https://img.example/a.jpg"
    assert item["attachments"] == [
        {
            "url": "https://img.example/b.png",
            "mime_type": "image/png",
            "title": "Kedua",
            "size_in_bytes": 1234,
        }
    ]


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schemas are not at hand")
@pytest.mark.parametrize(
    "of", [full_snapshot(), busy_snapshot(), snapshot(), snapshot(article(0, lead="", body_html=""))]
)
def test_it_is_valid_by_the_schema(of: Any) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text())
    checker = jsonschema.validators.validator_for(schema)(schema)
    feed = document(of)
    assert list(checker.iter_errors(feed)) == []
    assert list(checker.iter_errors(feed | {"title": 7})), "the schema must be able to refuse"


def test_withdrawn_entries_are_told_without_what_they_said() -> None:
    gone = withdrawal(article(3))
    feed = document(snapshot(article(1), withdrawn=(gone,)))
    assert feed["_syndicator"]["deleted"] == [
        {"id": article_uri(gone.article.id, SITE), "when": gone.at.isoformat(), "comment": gone.reason}
    ]
    assert gone.article.title not in json.dumps(feed, ensure_ascii=False)


def test_a_correction_is_told() -> None:
    (item,) = document(snapshot(article(1, correction="Ralat: hari ke-2.")))["items"]
    assert item["_syndicator"]["correction"] == "Ralat: hari ke-2."
