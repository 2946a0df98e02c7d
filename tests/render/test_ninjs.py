import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from render.render_values import NOON, ORIGIN, SITE, article, busy_snapshot, entry, snapshot, withdrawal

from syndicator.model.article import Photo
from syndicator.model.feed import AlsoAt, FeedSnapshot, Format
from syndicator.model.rights import Rights
from syndicator.render import render
from syndicator.render.items import article_uri

SCHEMA = Path(__file__).parents[3] / "shared" / "data" / "schemas" / "ninjs-schema_3.1.json"
RIGHTS = Rights(statement="© Berita Kota", license_url="https://berita.example/licence", mining=False)


def document(of: FeedSnapshot) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(render(of, Format.NINJS).body)
    return loaded


def rich() -> FeedSnapshot:
    """Give one that uses every key."""
    held = article(0).provenance
    told = entry(
        article(
            0,
            quote="Kami belum tidur.",
            correction="Ralat: bukan dua.",
            provenance=replace(held, held_until=NOON),
        ),
        origin=replace(ORIGIN, rights=RIGHTS),
        also_at=(AlsoAt(article=article(5), origin=ORIGIN),),
    )
    return snapshot(entries=(told, *busy_snapshot().entries[1:]), withdrawn=(withdrawal(article(9)),))


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schemas are not at hand")
@pytest.mark.parametrize(
    "of", [rich(), snapshot(), snapshot(article(0, photos=(Photo(url="https://i.example/x"),)))]
)
def test_the_whole_and_each_article_are_valid_by_the_schema_of_iptc(of: FeedSnapshot) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text())
    # It names another published schema, of places, of which we have none.
    geo = {"$id": "https://geojson.org/schema/GeoJSON.json", "type": "object"}
    registry = (
        pytest.importorskip("referencing")
        .Registry()
        .with_resource(
            geo["$id"], pytest.importorskip("referencing.jsonschema").DRAFT202012.create_resource(geo)
        )
    )
    checker = jsonschema.Draft202012Validator(
        schema, registry=registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    feed = document(of)
    assert list(checker.iter_errors(feed)) == []
    assert list(checker.iter_errors(feed | {"pubstatus": "usable"})), "the schema must be able to refuse"
    queue = list(feed.get("associations", ()))
    while queue:  # the schema looks less closely at what is associated: so each of them by itself
        one = {name: value for name, value in queue.pop().items() if name not in {"name", "rel"}}
        assert list(checker.iter_errors(one)) == []
        queue += one.get("associations", ())


def test_the_feed_is_one_object_whose_associations_are_its_articles() -> None:
    feed = document(rich())
    assert feed["uri"] == "tag:feeds.example,2026:/news/feeds/latest"
    assert (feed["type"], feed["title"], feed["language"]) == ("composite", "Berita terbaru", "id")
    assert feed["standard"]["version"] == "3.1"
    assert {one["name"]: one["href"] for one in feed["renditions"]} == {
        "self": "https://feeds.example/news/feeds/latest.ninjs",
        "web": "https://feeds.example/news/feeds/latest",
    }
    assert len(feed["associations"]) == 5
    paged = document(replace(rich(), links=(("next", "/page/2"),)))
    assert paged["renditions"][1]["href"] == "https://feeds.example/news/feeds/latest/page/2.ninjs"
    private = document(replace(rich(), spec=replace(rich().spec, private=True)))
    assert [one["name"] for one in private["renditions"]] == ["web"]


def test_an_article_carries_everything() -> None:
    first = document(rich())["associations"][0]
    assert first["uri"] == article_uri(article(0).id, SITE)
    assert (first["pubStatus"], first["version"], first["representationType"]) == ("usable", "1", "full")
    assert first["firstCreated"] == NOON.isoformat()
    assert first["embargoedUntil"] == NOON.isoformat()
    assert first["by"] == "Sari Dewi, Budi Santoso"
    assert [person["name"] for person in first["people"]] == ["Sari Dewi", "Budi Santoso"]
    assert first["subjects"] == [
        {"name": "Metropolitan", "rel": "section"},
        {"name": "banjir", "rel": "tag"},
        {"name": "Kemang", "rel": "tag"},
    ]
    assert first["infoSources"] == [
        {"name": "Berita Kota", "role": "originator", "uri": "https://berita.example/"}
    ]
    assert first["edNote"] == "Ralat: bukan dua."
    assert [text["role"] for text in first["descriptions"]] == ["summary", "pull quote"]
    picture, other, related = first["associations"]
    assert (picture["type"], picture["by"]) == ("picture", "Rina/Berita Kota")
    assert picture["renditions"][0]["width"] == 800
    assert (other["rel"], other["uri"]) == ("same story", article_uri(article(5).id, SITE))
    assert (related["rel"], related["headlines"][0]["value"]) == ("related", "Banjir tahun lalu")


def test_rights_are_told() -> None:
    first = document(rich())["associations"][0]
    assert first["usageTerms"] == "© Berita Kota. Text and data mining is reserved."
    assert first["rightsInfo"] == {"linkedRights": "https://berita.example/licence"}
    second = document(rich())["associations"][1]
    assert "usageTerms" not in second
    assert "rightsInfo" not in second


def test_a_new_revision_is_another_version() -> None:
    corrected = article(0, revision=3, updated_at=NOON + timedelta(hours=1))
    (told,) = document(snapshot(corrected))["associations"]
    assert (told["version"], told["versionCreated"]) == ("3", "2026-11-05T06:00:00+00:00")


def test_what_is_withdrawn_is_canceled_without_a_word_of_what_it_said() -> None:
    gone = withdrawal(article(3))
    feed = document(snapshot(article(1), withdrawn=(gone,)))
    assert feed["associations"][1] == {
        "name": "canceled",
        "rel": "item",
        "uri": article_uri(gone.article.id, SITE),
        "type": "text",
        "representationType": "partial",
        "version": "2",
        "versionCreated": gone.at.isoformat(),
        "pubStatus": "canceled",
        "edNote": gone.reason,
    }
    assert feed["versionCreated"] == gone.at.isoformat()
    assert gone.article.title not in json.dumps(feed, ensure_ascii=False)
