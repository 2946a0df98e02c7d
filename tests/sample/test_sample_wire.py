import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from lxml import etree
from sample.sample_values import Answer, Visitor

from syndicator.sample.newsroom import SampleArticle


async def wire(visitor: Visitor, path: str, **headers: str) -> Answer:
    return await visitor.get(visitor.sample.wire_url + path, **headers)


async def rows(visitor: Visitor) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((await wire(visitor, "/_sample/ledger.json")).body)["articles"]
    return told


def copied(visitor: Visitor) -> SampleArticle:
    return next(article for article in visitor.sample.world.wire.newest_first() if article.of is not None)


def english(visitor: Visitor) -> SampleArticle:
    return next(article for article in visitor.sample.world.wire.newest_first() if article.of is None)


def english_ids(body: bytes) -> list[str]:
    return [entry.id for entry in feedparser.parse(body).entries]


@pytest.mark.parametrize(
    ("path", "language", "media_type"),
    [("/rss.xml", "id", "application/rss+xml"), ("/atom.xml", "en", "application/atom+xml")],
)
async def test_xml_feeds_hold_the_articles_of_their_language(
    visitor: Visitor, path: str, language: str, media_type: str
) -> None:
    answer = await wire(visitor, path)
    expected = [row for row in reversed(await rows(visitor)) if row["language"] == language]
    assert answer.headers["content-type"].startswith(media_type)
    feed = feedparser.parse(answer.body)
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [row["title"] for row in expected]
    assert len({entry.id for entry in feed.entries}) == len(expected) >= 3
    for entry, row in zip(feed.entries, expected, strict=True):
        assert entry.link.split("?")[0] == row["url"]
        assert entry.content[0].value.startswith("<p>")
        assert entry.published_parsed
        assert entry.author
        assert len(entry.tags) >= 4


async def test_what_was_taken_back_is_named_in_the_atom_feed(visitor: Visitor) -> None:
    before = feedparser.parse((await wire(visitor, "/atom.xml")).body)
    world = visitor.sample.world
    gone = world.wire.withdraw(english(visitor).n, world.clock())
    answer = await wire(visitor, "/atom.xml")
    assert english_ids(answer.body) == [entry.id for entry in before.entries[1:]]
    root = etree.fromstring(answer.body)
    (deleted,) = root.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert deleted.get("ref") == before.entries[0].id
    assert datetime.fromisoformat(deleted.get("when") or "") == gone.updated_at.replace(microsecond=0)


async def test_the_json_feed_holds_both_languages(visitor: Visitor) -> None:
    answer = await wire(visitor, "/feed.json")
    expected = list(reversed(await rows(visitor)))
    feed = json.loads(answer.body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["title"] for item in feed["items"]] == [row["title"] for row in expected]
    assert {item["language"] for item in feed["items"]} == {"id", "en"}


async def test_links_in_feeds_carry_tracking_and_lead_to_the_same_page(visitor: Visitor) -> None:
    feed = json.loads((await wire(visitor, "/feed.json")).body)
    for item in feed["items"]:
        assert parse_qs(urlsplit(item["url"]).query) == {"utm_source": ["rss"], "utm_medium": ["feed"]}
        page = await visitor.get(item["url"])
        assert page.status == 200
        assert f'rel="canonical" href="{item["url"].split("?")[0]}"' in page.text


async def test_a_copy_names_the_agency_and_has_an_address_of_its_own(visitor: Visitor) -> None:
    article = copied(visitor)
    row = (await rows(visitor))[article.n]
    original = visitor.sample.world.city.get(article.of or 0)
    assert original is not None
    page = await visitor.get(row["url"])
    assert "(Berita Kota)" in page.text
    assert row["title"] != visitor.sample.world.city_text(original).title
    assert urlsplit(row["url"]).path.startswith(f"/artikel/{5001 + article.n}-")


@pytest.mark.parametrize("pick", [copied, english])
async def test_an_edit_is_seen_in_feeds_and_page(visitor: Visitor, pick: Any) -> None:
    article = pick(visitor)
    url = (await rows(visitor))[article.n]["url"]
    before, feed = await visitor.get(url), await wire(visitor, "/feed.json")
    assert (await visitor.get(url, If_None_Match=before.headers["etag"])).status == 304
    assert (await wire(visitor, "/feed.json", If_None_Match=feed.headers["etag"])).status == 304
    visitor.clock.move(minutes=1)
    visitor.sample.world.wire.edit(article.n, visitor.clock.now)
    after = await visitor.get(url, If_None_Match=before.headers["etag"])
    assert after.status == 200
    assert after.body != before.body
    again = await wire(visitor, "/feed.json", If_None_Match=feed.headers["etag"])
    changed = [
        item for item in json.loads(again.body)["items"] if item["date_modified"] == "2026-05-04T05:01:00Z"
    ]
    assert [item["id"] for item in changed] == [f"kn-{5001 + article.n}"]


async def test_addresses_that_are_wrong_withdrawn_or_unknown(visitor: Visitor) -> None:
    row = (await rows(visitor))[2]
    moved = await wire(visitor, "/artikel/5003-lain")
    assert (moved.status, moved.headers["location"]) == (301, row["url"])
    visitor.sample.world.wire.withdraw(2, visitor.clock.now)
    gone = await visitor.get(row["url"])
    assert gone.status == 410
    assert "ditarik" in gone.text
    assert row["url"] not in (await wire(visitor, "/feed.json")).text
    for path in ("/artikel/9999-x", "/artikel/x", "/nothing", "/foto/999.png"):
        assert (await wire(visitor, path)).status == 404


async def test_photos_and_home(visitor: Visitor) -> None:
    home = await wire(visitor, "/")
    assert home.text.count("<article") == len(await rows(visitor))
    photo = await wire(visitor, "/foto/1.png")
    assert photo.headers["content-type"] == "image/png"
    assert photo.body != (await visitor.get(visitor.sample.city_url + "/photo/1.png")).body
