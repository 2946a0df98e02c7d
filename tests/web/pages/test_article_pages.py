"""Feeds of any filter: what is in them, at which price, and that they are never older than the question."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import brotli
import feedparser
import pytest
from render.feed_checks import FAULTS
from support import NOON, candidate, until
from web.web_world import Client, World, client_of, story

from syndicator.model.article import Candidate, WithdrawnBy
from syndicator.model.feed import FeedSnapshot, Filter, Format, Order, Per, Rendition
from syndicator.model.ids import ArticleId, SourceId
from syndicator.model.signal import Signal, SignalKind
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.concurrency_limits import MOST_WAITING_EACH
from syndicator.pipeline.feeds import any_filter_feeds as ad_hoc_feeds
from syndicator.pipeline.feeds import requested_documents
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.search.article_search import ArticleSearch
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.rules.feeds.any_filter_feeds import AdHoc
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.rules.popularity.visitors import household_of
from syndicator.store.search.search_index import SearchIndex
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

PUBLIC = "https://feeds.example/news"


def feeds_of(world: World, article_search: ArticleSearch | None) -> AnyFilterFeeds:
    return AnyFilterFeeds(
        store=world.store,
        publisher=world.publisher,
        scoring=Scoring(world.store, PopularityPolicy()),
        clock=world.clock,
        article_search=article_search,
    )


@pytest.fixture(params=["index", "no index"])
async def client(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    article_search = ArticleSearch(world.store, SearchIndex(tmp_path))
    if request.param == "index":
        await article_search.build()
    feeds = feeds_of(world, article_search)
    async with client_of(create_app(world.reading, WebOptions(), any_filter_feeds=feeds)) as opened:
        yield opened
    article_search.close()


def other(number: int, **changes: Any) -> Candidate:
    return story(
        number,
        source=SourceId("pelabuhan"),
        url=f"https://pelabuhan.example/{number}",
        title=f"Kapal {number}",
        body_html=f"<p>Kapal nomor {number} datang dari pulau ke-{number} membawa beras.</p>",
        lead="",
        tags=("kapal",),
        **changes,
    )


async def titles(client: Client, query: str) -> list[str]:
    answer = await client.get(f"/articles.json?{query}")
    assert answer.status == 200, answer.text
    return [item["title"] for item in answer.json["items"]]


async def test_any_filter_is_a_feed(client: Client, world: World) -> None:
    await world.admit(
        story(1, section="Olahraga", title="Bola"),
        story(2, title="Jalan"),
        other(3),
        other(4, section="Olahraga"),
    )
    assert await titles(client, "") == ["Bola", "Jalan", "Kapal 3", "Kapal 4"]
    assert await titles(client, "section=OLAHRAGA") == ["Bola", "Kapal 4"]
    assert await titles(client, "section=olahraga&source=kota") == ["Bola"]
    assert await titles(client, "source=kota&source=pelabuhan&limit=3") == ["Bola", "Jalan", "Kapal 3"]
    assert await titles(client, "tag=kapal&limit=1") == ["Kapal 3"]
    assert await titles(client, "q=beras+NOT+%22kapal+nomor+3%22") == ["Kapal 4"]
    assert await titles(client, "author=sari+dewi&tag=jalan") == ["Bola", "Jalan"]
    assert await titles(client, "until=2026-11-05T11:35:00Z") == ["Kapal 3", "Kapal 4"]
    assert await titles(client, "since=2026-11-05T11:45:00%2B00:00") == ["Bola"]
    assert await titles(client, "tag=nothing") == []


@pytest.mark.parametrize("form", list(Format))
async def test_its_address_is_the_one_spelling_of_what_is_asked(
    client: Client, world: World, form: Format
) -> None:
    await world.admit(story(1, section="Olahraga"))
    answer = await client.get(
        f"/articles.{form}?utm_source=x&tag=Jalan&section=Olahraga&limit=50&sort=latest"
    )
    own = f"{PUBLIC}/articles.{form}?section=olahraga&tag=jalan"
    assert f'<{own}>; rel="self"' in answer.headers["Link"]
    assert f'<{PUBLIC}/articles?section=olahraga&tag=jalan>; rel="alternate"' in answer.headers["Link"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert own.replace("&", "&amp;" if form in {Format.RSS, Format.ATOM} else "&") in answer.text
    assert (await client.get(f"/articles.{form}?section=OLAHRAGA&tag=jalan")).headers[
        "ETag"
    ] == answer.headers["ETag"]
    if form in {Format.RSS, Format.ATOM}:
        assert feedparser.parse(answer.body).feed.title == "olahraga · jalan – Warta Nusantara"


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "tag=nothing",
        "q=%22kabar+nomor%22+OR+%3Cb%3E&limit=7",
        "sort=popular",
        "author=a%26b&since=2026-01-01T00:00:00Z",
    ],
)
async def test_validators_find_no_fault(client: Client, world: World, form: Format, query: str) -> None:
    await world.admit(story(1), other(2))
    asked = f"/articles.{form}?{query}"
    answer = await client.get(asked)
    assert answer.status == 200
    own = re.findall(r'<([^>]*)>; rel="self"', answer.headers["Link"])[0]
    # The query is told in the title as it was asked: `<b>` looks like markup there.
    assert [one for one in FAULTS[form.value](answer.body, own) if "markup in" not in one] == []


async def test_an_entry_has_the_id_that_it_has_everywhere(client: Client, world: World) -> None:
    await world.admit(story(1))
    here = (await client.get("/articles.json?source=kota")).json["items"]
    there = (await client.get("/feeds/kota.json")).json["items"]
    assert here == there


async def test_a_new_article_a_change_and_a_withdrawal_are_shown_at_once(
    client: Client, world: World
) -> None:
    assert await titles(client, "section=metropolitan") == []
    (first,) = await world.admit(story(1, title="Satu"))
    assert await titles(client, "section=metropolitan") == ["Satu"]
    world.clock.advance(60)
    await world.admit(story(1, title="Satu lagi yang lain"))
    assert await titles(client, "section=metropolitan") == ["Satu lagi yang lain"]
    withdrawer = Withdrawer(world.store, (), open_metrics(), world.clock, count_coverage)
    await withdrawer.withdraw(first, by=WithdrawnBy.OPERATOR, reason="salah")
    answer = await client.get("/articles.json?section=metropolitan")
    assert answer.json["items"] == []
    assert len(answer.json["_syndicator"]["deleted"]) == 1


async def test_conditional_requests_methods_and_codings_as_of_every_feed(
    client: Client, world: World
) -> None:
    await world.admit(story(1))
    path = "/articles.rss?tag=banjir"
    plain = await client.get(path)
    packed = await client.get(path, {"Accept-Encoding": "gzip"})
    small = await client.get(path, {"Accept-Encoding": "br;q=1, gzip;q=0.5"})
    assert gzip.decompress(packed.body) == plain.body == brotli.decompress(small.body)
    assert len({one.headers["ETag"] for one in (plain, packed, small)}) == 3
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert plain.headers["Cache-Control"].startswith("public, max-age=60")
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert (await client.get(path, {"If-None-Match": plain.headers["ETag"]})).status == 304
    assert (await client.get(path, {"If-Modified-Since": plain.headers["Last-Modified"]})).status == 304
    head = await client.get(path, method="HEAD")
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", plain.headers["ETag"])
    assert (await client.get(path, method="OPTIONS")).status == 204
    assert (await client.get(path, method="POST")).status == 405


async def test_what_does_not_concern_a_feed_does_not_change_it(client: Client, world: World) -> None:
    await world.admit(story(1))
    before = await client.get("/articles.atom?source=kota")
    world.clock.advance(600)
    await world.admit(other(9))
    after = await client.get("/articles.atom?source=kota")
    assert (after.headers["ETag"], after.headers["Last-Modified"]) == (
        before.headers["ETag"],
        before.headers["Last-Modified"],
    )


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=yesterday", '"since" is not a date and time'),
        ("limit=1000", '"limit" is not a number from 1 to 200'),
        ("source=kotta", "did you mean kota"),
        ("source=xyz", "_syndicator.source.id"),
        ("q=a+OR", '"q" misses a word'),
        ("sort=best", '"sort" is not latest or popular'),
    ],
)
async def test_a_bad_value_is_a_problem_that_names_its_parameter(
    client: Client, query: str, says: str
) -> None:
    answer = await client.get(f"/articles.rss?{query}", {"Accept": "text/html"})
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert says in answer.json["detail"]


async def test_the_popular_of_any_filter(client: Client, world: World) -> None:
    ids = await world.admit(
        *(
            story(n, title=f"Kabar {n} {'x' * n}", body_html=f"<p>{n} {n * 7} {n * 11} isi</p>")
            for n in range(1, 5)
        ),
        other(5),
    )
    views = [(ids[2], 900), (ids[4], 500), (ids[0], 100)]
    await world.store.signals.add(
        [
            Signal(article_id=one, kind=SignalKind.CLICKS, count=count, at=world.clock())
            for one, count in views
        ],
        world.clock(),
    )
    assert await titles(client, "sort=popular&source=kota") == ["Kabar 3 xxx", "Kabar 1 x"]
    assert await titles(client, "sort=popular&limit=2") == ["Kabar 3 xxx", "Kapal 5"]
    answer = await client.get("/articles.json?sort=popular&window=1h&tag=kapal")
    assert answer.json["items"][0]["_syndicator"]["popularity"]["rank"] == 1
    assert answer.json["title"] == "Terpopuler (1h) · kapal – Warta Nusantara"
    by_story = await client.get("/articles.json?sort=popular&per=story&limit=1")
    assert by_story.json["feed_url"].endswith("/articles.json?sort=popular&per=story&limit=1")
    assert len(by_story.json["items"]) == 1


async def test_the_articles_of_one_story(client: Client, world: World) -> None:
    fire = "Kebakaran besar melanda pasar lama Jatinegara semalam; tujuh puluh kios hangus"
    ids = await world.admit(
        candidate(1, source="kota", title="Kebakaran pasar Jatinegara", body_html=f"<p>{fire}.</p>"),
        candidate(
            2,
            source="pelabuhan",
            title="Pasar lama",
            url="https://pelabuhan.example/2",
            body_html="<p>Lain sama sekali.</p>",
        ),
        story(3),
    )
    await StoryEditing(world.store, (), world.story_editing._policy, world.clock).join(ids[0], ids[1])
    for named in ids[:2]:
        assert set(await titles(client, f"story={named}")) == {"Kebakaran pasar Jatinegara", "Pasar lama"}
    assert await titles(client, f"story={ids[0]}&source=pelabuhan") == ["Pasar lama"]
    assert (await titles(client, f"story={ids[2]}")) == ["Kabar <nomor> 3 & lainnya"]
    assert (await client.get("/articles.json?story=aaaaaaaaaaaaaaaa")).status == 404


async def test_a_page_shows_what_a_feed_holds_and_where_it_is(client: Client, world: World) -> None:
    await world.admit(
        story(1, section="Olahraga", title="Bola <b>"),
        story(2, section="Ekonomi"),
        other(3, section="Olahraga"),
    )
    answer = await client.get(
        "/articles?section=OLAHRAGA&x=y", {"Accept": "text/html", "Accept-Language": "en"}
    )
    assert answer.status == 200
    assert "Bola &lt;b&gt;" in answer.text
    assert "Kapal 3" in answer.text
    assert "Kabar &lt;nomor&gt; 2" not in answer.text
    assert f'<link rel="canonical" href="{PUBLIC}/articles?section=olahraga">' in answer.text
    assert f'href="{PUBLIC}/articles.rss?section=olahraga">' in answer.text
    assert '<meta name="robots" content="noindex">' in answer.text
    assert "<title>olahraga – Warta Nusantara</title>" in answer.text
    for path, status in (("?limit=0", 400), ("?story=aaaaaaaaaaaaaaaa", 404)):
        assert (await client.get(f"/articles{path}", {"Accept": "text/html"})).status == status


async def test_who_is_sent_one_feed_very_often_is_told_to_wait_and_not_who_has_it(world: World) -> None:
    await world.admit(story(1))
    options = WebOptions(feeds_a_minute=3)
    async with client_of(
        create_app(world.reading, options, any_filter_feeds=feeds_of(world, None))
    ) as client:
        answers = [await client.get("/articles.rss?tag=banjir") for _ in range(5)]
        assert [one.status for one in answers] == [200, 200, 200, 429, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        tag = {"If-None-Match": answers[0].headers["ETag"]}
        assert (await client.get("/articles.rss?tag=banjir", tag)).status == 304
        assert (await client.get("/articles.rss?tag=jalan")).status == 200


async def test_a_story_that_an_operator_splits_is_split_at_once(client: Client, world: World) -> None:
    ids = await world.admit(
        candidate(1, source="kota"), candidate(2, source="pelabuhan", url="https://pelabuhan.example/2")
    )
    story_editing = StoryEditing(world.store, (), world.story_editing._policy, world.clock)
    before = len(await titles(client, ""))
    await (story_editing.join(*ids) if before == 2 else story_editing.split(ids[0]))
    assert len(await titles(client, "")) == 3 - before


async def test_all_who_ask_at_once_wait_for_one_rendering(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.admit(story(1))
    feeds, asked = feeds_of(world, None), AdHoc()
    rendered = 0
    real = world.publisher.rendered

    async def counted(snapshot: FeedSnapshot, form: Format) -> Rendition:
        nonlocal rendered
        rendered += 1
        return await real(snapshot, form)

    monkeypatch.setattr(world.publisher, "rendered", counted)
    await asyncio.gather(*(feeds.rendition(asked, Format.RSS, f"c{n}") for n in range(40)))
    assert rendered == 1
    await world.admit(other(7, section="x"))
    await feeds.rendition(asked, Format.RSS, "c")
    assert rendered == 2


@pytest.mark.parametrize(
    "asked", [AdHoc(), AdHoc(order=Order.POPULAR, per=Per.ARTICLE), AdHoc(filter=Filter(tag=("x",)))]
)
async def test_every_process_makes_the_same_bytes(world: World, asked: AdHoc) -> None:
    ids = await world.admit(story(1), other(2))
    clicks = [Signal(article_id=one, kind=SignalKind.CLICKS, count=7, at=world.clock()) for one in ids]
    await world.store.signals.add(clicks, world.clock())
    one, two = feeds_of(world, None), feeds_of(world, None)
    first, _ = await one.rendition(asked, Format.ATOM, "c")
    world.clock.advance(3)
    if asked.filter == Filter(tag=("x",)):
        await world.admit(other(9))  # which does not concern it
    second, _ = await two.rendition(asked, Format.ATOM, "c")
    assert first.body == second.body
    assert first.body == (await one.rendition(asked, Format.ATOM, "c"))[0].body


async def test_what_an_index_did_not_hold_yet_is_shown_as_soon_as_it_does(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ad_hoc_feeds, "DEEPEST", 20)
    article_search = ArticleSearch(world.store, SearchIndex(tmp_path))
    await article_search.build()
    feeds, asked = feeds_of(world, article_search), AdHoc(filter=Filter(query="lama"))
    newer = [other(number, published_at=NOON - timedelta(minutes=5)) for number in range(100, 325)]
    await world.admit(*newer)
    await world.admit(story(9, title="Kabar lama"))
    # More changed than one request takes in, and it stands deeper than is looked without an index.
    assert b"Kabar lama" not in (await feeds.rendition(asked, Format.JSON, "c"))[0].body
    assert b"Kabar lama" in (await feeds.rendition(asked, Format.JSON, "c"))[0].body
    article_search.close()


async def test_what_is_kept_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.admit(story(1))
    monkeypatch.setattr(ad_hoc_feeds, "KEPT_FEEDS", 3)
    few = feeds_of(world, None)
    monkeypatch.setattr(requested_documents, "KEPT_BYTES", 1)
    small = feeds_of(world, None)
    for size in range(1, 9):
        for feeds in (few, small):
            await feeds.rendition(AdHoc(size=size), Format.RSS, "c")
    assert len(few._documents._kept) == 3
    assert len(small._documents._kept) == 1


async def test_a_client_that_asks_for_very_much_at_once_is_sent_away_and_others_are_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, real = asyncio.Event(), world.publisher.withdrawn

    async def slowly(spec: Any) -> Any:
        await goes_on.wait()
        return await real(spec)

    monkeypatch.setattr(world.publisher, "withdrawn", slowly)
    feeds = feeds_of(world, None)
    options = WebOptions(trusted_proxies=(ip_network("127.0.0.0/8"),))
    async with client_of(create_app(world.reading, options, any_filter_feeds=feeds)) as client:
        one, two = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        waiting = [
            asyncio.create_task(client.get(f"/articles.rss?limit={n}", one))
            for n in range(1, MOST_WAITING_EACH + 1)
        ]
        await until(lambda: feeds._places._waiting[household_of("192.0.2.1")] >= MOST_WAITING_EACH)
        refused = await client.get("/articles.rss?limit=190", one)
        assert refused.status == 503
        assert "Retry-After" in refused.headers
        served = asyncio.create_task(client.get("/articles.rss?limit=191", two))
        await until(lambda: feeds._places._waiting[household_of("192.0.2.2")])
        goes_on.set()
        assert {answer.status for answer in await asyncio.gather(*waiting, served)} == {200}
    assert not feeds._places._own


async def test_popular_ones_keep_their_order_for_some_seconds(world: World) -> None:
    ids = await world.admit(story(1, title="Satu"), other(2))
    feeds = feeds_of(world, None)
    asked = AdHoc(order=Order.POPULAR, per=Per.ARTICLE)

    async def count(one: ArticleId, times: int) -> None:
        await world.store.signals.add(
            [Signal(article_id=one, kind=SignalKind.CLICKS, count=times, at=world.clock())], world.clock()
        )

    await count(ids[0], 10)
    first, _ = await feeds.rendition(asked, Format.JSON, "c")
    await count(ids[1], 1000)
    assert (await feeds.rendition(asked, Format.JSON, "c"))[0] is first
    world.clock.advance(ad_hoc_feeds.RANKED_FOR_S)
    later, _ = await feeds.rendition(asked, Format.JSON, "c")
    assert later.body.index(b"Kapal 2") < later.body.index(b"Satu")
