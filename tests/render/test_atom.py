from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace
from render.render_values import NOON, SITE, article, busy_snapshot, full_snapshot, snapshot, withdrawal

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import FeedSpec, Format, Site
from syndicator.model.ids import FeedId
from syndicator.render import render
from syndicator.render.items import article_uri
from syndicator.rules.articles.withdrawal import FEED_SAYS_DELETED

SCHEMA = Path(__file__).parents[3] / "shared" / "data" / "schemas" / "atom.rnc"
NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "media": "http://search.yahoo.com/mrss/",
    "at": "http://purl.org/atompub/tombstones/1.0",
}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def tree(of: Any) -> Any:
    return etree.fromstring(render(of, Format.ATOM).body)


def found(root: Any, path: str) -> list[Any]:
    result: list[Any] = root.xpath(path, namespaces=NAMESPACES)
    return result


def test_the_feed_says_who_it_is() -> None:
    feed = tree(busy_snapshot())
    assert feed.get(LANG) == "id"
    assert found(feed, "a:title")[0].text == "Berita terbaru"
    assert found(feed, "a:subtitle")[0].text == "Dari semua portal"
    assert [dict(link.attrib) for link in found(feed, "a:link")] == [
        {
            "href": "https://feeds.example/news/feeds/latest.atom",
            "rel": "self",
            "type": "application/atom+xml",
        },
        {"href": "https://feeds.example/news/feeds/latest", "rel": "alternate", "type": "text/html"},
    ]


def test_the_id_of_a_feed_survives_a_new_host_but_is_its_own() -> None:
    def id_of(site: Site, feed: str) -> str:
        spec = FeedSpec(id=FeedId(feed), title="x")
        text: str = found(tree(snapshot(site=site, spec=spec)), "a:id")[0].text
        return text

    assert id_of(SITE, "latest") == "tag:feeds.example,2026:/news/feeds/latest"
    assert id_of(replace(SITE, public_url="http://lain.example/news"), "latest") == id_of(SITE, "latest")
    others = {id_of(SITE, "popular"), id_of(replace(SITE, tag_authority="lain.example,2026"), "latest")}
    assert len(others | {id_of(SITE, "latest")}) == 3


def test_an_entry_carries_everything() -> None:
    first, second, third, _ = found(tree(busy_snapshot()), "a:entry")
    assert [dict(link.attrib) for link in found(first, "a:link")] == [
        {
            "href": "https://berita.example/2026/11/05/banjir-0",
            "rel": "alternate",
            "type": "text/html",
            "hreflang": "id",
        },
        {
            "href": "https://berita.example/lama",
            "rel": "related",
            "type": "text/html",
            "title": "Banjir tahun lalu",
        },
    ]
    assert found(first, "a:content")[0].get("type") == "html"
    assert first.get(LANG) is None
    assert second.get(LANG) == "en"
    assert found(second, "a:updated")[0].text[:19] == NOON.isoformat()[:19]
    assert found(second, "a:published")[0].text == "2026-11-05T04:00:00+00:00"
    assert [name.text for name in found(first, "a:author/a:name")] == ["Sari Dewi", "Budi Santoso"]
    assert [name.text for name in found(second, "a:author/a:name")] == ["Berita Kota"]
    assert found(third, "a:content") == []
    assert found(third, "a:summary")[0].text == "Air setinggi lutut menggenangi jalan utama."


def test_the_origin_is_named() -> None:
    source = found(tree(busy_snapshot()), "a:entry[2]/a:source")[0]
    assert found(source, "a:id")[0].text == "https://berita.example/rss"
    assert found(source, "a:title")[0].text == "Berita Kota"
    assert found(source, "a:updated")[0].text == NOON.isoformat()
    links = {link.get("rel"): link.get("href") for link in found(source, "a:link")}
    assert links == {"self": "https://berita.example/rss", "alternate": "https://berita.example/"}


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schemas are not at hand")
@pytest.mark.parametrize(
    "of", [full_snapshot(), busy_snapshot(), snapshot(), snapshot(article(0, authors=()))]
)
def test_it_is_valid_by_the_schema_of_rfc_4287(of: Any) -> None:
    rnc2rng = pytest.importorskip("rnc2rng")
    # The converter writes the empty namespace of the schema as a prefix, which XML forbids and nothing uses.
    grammar = rnc2rng.dumps(rnc2rng.load(str(SCHEMA))).replace('xmlns:local=""', "")
    schema = etree.RelaxNG(etree.fromstring(grammar.encode()))
    document = tree(of)
    assert schema.validate(document), schema.error_log
    found(document, "a:id")[0].tag = "{http://www.w3.org/2005/Atom}nonsense"
    assert not schema.validate(document), "the schema must be able to refuse"


@pytest.mark.parametrize(
    ("by", "reason", "language", "told"),
    [
        (WithdrawnBy.PAGE, "its page is gone (http_410)", "id", "Portal telah menghapus halamannya."),
        (WithdrawnBy.PAGE, "its page is gone (http_410)", "en-GB", "The portal has taken its page away."),
        (WithdrawnBy.FEED, FEED_SAYS_DELETED, "id", "Portal telah menghapusnya."),
        (WithdrawnBy.FEED, "Ralat: berita keliru", "id", "Ralat: berita keliru"),
        (WithdrawnBy.STATUS, "its source says: stat:canceled", "id", "Portal telah membatalkannya."),
        (WithdrawnBy.OPERATOR, "atas permintaan", "en", "atas permintaan"),
    ],
)
def test_readers_are_told_why_an_entry_is_gone_in_the_language_of_the_feed(
    by: WithdrawnBy, reason: str, language: str, told: str
) -> None:
    of = snapshot(
        site=replace(SITE, language=language), withdrawn=(withdrawal(article(3), by=by, reason=reason),)
    )
    assert [one.text for one in found(tree(of), "at:deleted-entry/at:comment")] == [told]


def test_withdrawn_entries_are_told_as_deleted() -> None:
    gone = withdrawal(article(3), reason="atas <permintaan> portal")
    feed = tree(snapshot(article(1), withdrawn=(gone,)))
    (deleted,) = found(feed, "at:deleted-entry")
    assert deleted.get("ref") == article_uri(gone.article.id, SITE)
    assert deleted.get("when") == gone.at.isoformat()
    assert found(deleted, "at:comment")[0].text == gone.reason
    assert found(feed, "a:updated")[0].text == gone.at.isoformat()
    body = render(snapshot(article(1), withdrawn=(gone,)), Format.ATOM).body.decode()
    assert gone.article.title not in body
    assert "tombstones" not in render(snapshot(article(1)), Format.ATOM).body.decode()
