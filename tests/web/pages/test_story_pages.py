from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser
from support import NOON
from web.web_world import HARBOUR, SPECS, Answer, Client, World, client_of, story

from syndicator.model.article import Candidate, WithdrawnBy
from syndicator.model.feed import FeedSpec, Order
from syndicator.model.ids import ArticleId, FeedId
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.feeds.any_filter_feeds import AnyFilterFeeds
from syndicator.pipeline.feeds.page_details import SHOWN_FOR
from syndicator.pipeline.popularity.scoring import Scoring
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.popularity.popularity_score import PopularityPolicy
from syndicator.store.feeds.feeds import Ranked
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

PAGE = {"Accept": "text/html"}
POPULAR = FeedId("popular")
TEXT = " ".join(
    f"Kebakaran pasar lama menghanguskan {number} kios di sisi {side}, kata petugas regu {number + 40}."
    for number, side in enumerate(("utara", "timur", "selatan", "barat", "tengah", "depan", "belakang"), 3)
)


def fire(number: int, **changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "title": "Kebakaran pasar lama hanguskan puluhan kios",
        "lead": "",
        "body_html": f"<p>{TEXT}</p>",
        "published_at": NOON - timedelta(minutes=30 - number),
    }
    return story(number, **(values | changes))


async def original_and_copy(world: World) -> list[ArticleId]:
    first = await world.admit(fire(1))
    return first + await world.admit(
        fire(2, source=HARBOUR, url="https://pelabuhan.example/2", published_at=NOON - timedelta(minutes=10))
    )


async def note(world: World, feed: FeedId, *rounds: Sequence[ArticleId]) -> None:
    """Note how articles stood, ten minutes apart; the clock stands at the last note afterwards."""
    for ids in rounds:
        world.clock.advance(600)
        ranking = [Ranked(article_id=one, score=9.0 - at) for at, one in enumerate(ids)]
        now = world.clock()
        await world.store.popularity.note_ranks(feed, ranking, now, unless_since=now - timedelta(minutes=9))


def tree(answer: Answer) -> LexborHTMLParser:
    return LexborHTMLParser(answer.body)


def texts(root: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(one.text().split()) for one in root.css(selector)]


async def test_a_story_tells_who_reported_it_and_when(client: Client, world: World) -> None:
    ids = await original_and_copy(world)
    answer = await client.get(f"/stories/{ids[0]}", PAGE)
    assert answer.status == 200
    assert answer.headers["Vary"] == "Accept-Language, Accept-Encoding"
    page = tree(answer)
    assert texts(page, "h1") == ["Kebakaran pasar lama hanguskan puluhan kios"]
    assert texts(page, ".page-head .section") == ["Satu berita, 2 portal"]
    assert texts(page, ".page-head .lead") == [
        (
            "Pertama diberitakan oleh Berita Kota, Kamis, 5 November 2026, 18.31 WIB. "
            "Terakhir oleh Kabar Pelabuhan, Kamis, 5 November 2026, 18.50 WIB."
        )
    ]
    assert texts(page, ".timeline .when") == ["5 Nov 2026, 18.31", "5 Nov 2026, 18.50 19 menit kemudian"]
    assert [a.attributes.get("href") for a in page.css(".timeline h3 a")] == [
        f"/news/articles/{one}" for one in ids
    ]
    assert texts(page, ".timeline .mark") == ["Salinan dari Berita Kota"]
    assert [a.attributes.get("href") for a in page.css(".timeline .facts a")] == [
        "https://kota.example/read/1/kabar",
        "https://pelabuhan.example/2",
    ]
    assert texts(page, ".ranks .empty") == ["Berita ini belum masuk daftar terpopuler."]


async def test_a_copy_that_is_dated_earlier_was_not_first(client: Client, world: World) -> None:
    first = await world.admit(fire(1))
    world.clock.advance(60)
    copied = await world.admit(
        fire(2, source=HARBOUR, url="https://pelabuhan.example/2", published_at=NOON - timedelta(minutes=50))
    )
    page = tree(await client.get(f"/stories/{first[0]}", PAGE))
    hrefs = [a.attributes.get("href") for a in page.css(".timeline h3 a")]
    assert hrefs == [f"/news/articles/{one}" for one in (*copied, *first)]
    assert texts(page, ".timeline .copy .portal") == ["Kabar Pelabuhan"]
    assert texts(page, ".page-head .lead")[0].startswith("Pertama diberitakan oleh Berita Kota")


async def test_a_late_find_stands_where_it_was_found(client: Client, world: World) -> None:
    ids = await original_and_copy(world)
    world.clock.advance(7200)
    await world.admit(fire(3, url="https://kota.example/late", published_at=NOON - timedelta(hours=5)))
    page = tree(await client.get(f"/stories/{ids[0]}", PAGE))
    assert texts(page, ".timeline .when")[-1] == (
        "5 Nov 2026, 21.00 2 jam kemudian menurut portalnya terbit 5 Nov 2026, 14.00"
    )


async def test_other_names_of_a_story_lead_to_it(client: Client, world: World) -> None:
    first, second = await original_and_copy(world)
    for prefix in ("", "/news"):
        answer = await client.get(f"{prefix}/stories/{second}", PAGE)
        assert (answer.status, answer.headers["Location"]) == (302, first)
    (alone,) = await world.admit(story(9))
    assert (await client.get(f"/stories/{alone}", PAGE)).status == 200
    await world.story_editing.join(alone, second)
    stories = {
        one: (await client.get(f"/stories/{one}", PAGE)).headers.get("Location", one)
        for one in (first, second, alone)
    }
    assert len(set(stories.values())) == 1
    assert len(tree(await client.get(f"/stories/{stories[first]}", PAGE)).css(".timeline > li")) == 3


async def test_a_story_that_was_split_is_two(client: Client, world: World) -> None:
    first, second = await original_and_copy(world)
    await world.story_editing.split(first)
    for one in (first, second):
        page = tree(await client.get(f"/stories/{one}", PAGE))
        assert texts(page, ".page-head .section") == ["Satu berita, satu portal"]
        assert not page.css(".timeline .mark")


async def test_a_story_outlives_the_article_that_it_is_named_by(client: Client, world: World) -> None:
    first, second = await original_and_copy(world)
    withdrawer = Withdrawer(world.store, SPECS, open_metrics(), world.clock, count_coverage)
    assert await withdrawer.withdraw(first, WithdrawnBy.OPERATOR, "private reason")
    page = tree(await client.get(f"/stories/{first}", PAGE))
    assert [a.attributes.get("href") for a in page.css(".timeline h3 a")] == [f"/news/articles/{second}"]
    assert texts(page, ".timeline .mark") == ["Salinan"]
    assert await withdrawer.withdraw(second, WithdrawnBy.OPERATOR, "private reason")
    answer = await client.get(f"/stories/{first}", PAGE)
    assert answer.status == 410
    assert b"private" not in answer.body


@pytest.mark.parametrize("name", ["aaaaaaaaaaaaaaaa", "ABC", "a" * 65, "%00"])
async def test_no_such_story(client: Client, name: str) -> None:
    assert (await client.get(f"/stories/{name}", PAGE)).status == 404


async def test_a_story_has_a_feed_of_its_own_where_feeds_of_any_filter_are_served(
    client: Client, world: World
) -> None:
    first, _ = await original_and_copy(world)
    assert not tree(await client.get(f"/stories/{first}", PAGE)).css(".subscribe, link[rel=alternate]")
    site = replace(world.site, news_sitemap=True)
    whole = World(world.store, world.clock, site=site)
    feeds = AnyFilterFeeds(
        store=world.store,
        publisher=whole.publisher,
        scoring=Scoring(world.store, PopularityPolicy()),
        clock=world.clock,
    )
    async with client_of(create_app(whole.reading, WebOptions(), any_filter_feeds=feeds)) as other:
        page = tree(await other.get(f"/stories/{first}", PAGE))
        addresses = [one.attributes.get("value") or "" for one in page.css(".subscribe input")]
        assert addresses == [
            f"https://feeds.example/news/articles.{form}?story={first}" for form in ("rss", "atom", "json")
        ]
        answer = await other.get(addresses[0].removeprefix("https://feeds.example/news"))
        assert answer.status == 200
        assert answer.text.count("<item>") == 1, "without the copy"
        assert not page.css("meta[name=robots]"), "search engines are invited"


async def test_the_best_rank_of_a_storys_articles_is_drawn(client: Client, world: World) -> None:
    first, second = await original_and_copy(world)
    others = await world.admit(*(story(number) for number in range(10, 13)))
    await note(world, POPULAR, [*others, first], [others[0], second, first], [*others, second], [first])
    page = tree(await client.get(f"/stories/{first}", PAGE))
    assert texts(page, "#ranks") == ["Peringkat dalam Terpopuler hari ini"]
    (drawing,) = page.css(".chart svg")
    assert drawing.attributes["role"] == "img"
    assert drawing.attributes["aria-labelledby"] == "ranks-title ranks-description"
    assert texts(page, "#ranks-description") == [
        "Peringkat terbaik 1, 5 Nov 2026, 19.40. Dari 5 Nov 2026, 18.40 sampai 5 Nov 2026, 19.40."
    ]
    assert texts(page, ".ranks tbody tr") == [
        "5 Nov 2026, 19.40 1",
        "5 Nov 2026, 19.30 4",
        "5 Nov 2026, 19.20 2",
        "5 Nov 2026, 19.10 4",
    ]


async def test_where_the_front_pages_feed_never_listed_it_another_one_tells(
    client: Client, world: World
) -> None:
    first, _ = await original_and_copy(world)
    await note(world, FeedId("private-or-gone"), [first], [first])
    assert not tree(await client.get(f"/stories/{first}", PAGE)).css(".chart")
    hourly = FeedSpec(id=FeedId("hourly"), title="Jam ini", order=Order.POPULAR)
    world.publisher.public = {**world.publisher.public, hourly.id: hourly}
    await note(world, hourly.id, [first])
    assert texts(tree(await client.get(f"/stories/{first}", PAGE)), "#ranks") == ["Peringkat dalam Jam ini"]


async def test_pages_link_what_others_tell_too(client: Client, world: World) -> None:
    ids = await original_and_copy(world)
    (alone,) = await world.admit(story(20))
    await world.rank(ids[0], alone)
    for path in ("/", "/feeds/latest", "/feeds/popular", "/feeds/kota"):
        page = tree(await client.get(path, PAGE))
        links = {a.attributes.get("href") for a in page.css(".reports")}
        assert links == {f"/news/stories/{ids[0]}"}, path
        assert set(texts(page, ".reports")) == {"2 laporan tentang ini"}
    page = tree(await client.get(f"/articles/{ids[1]}", PAGE))
    assert [a.attributes.get("href") for a in page.css(".related .more a")] == [f"/news/stories/{ids[0]}"]
    assert not tree(await client.get(f"/articles/{alone}", PAGE)).css("[href*=stories]")


async def test_what_is_popular_shows_how_it_went(client: Client, world: World) -> None:
    one, two, three = await world.admit(*(story(number) for number in range(3)))
    await world.rank(one, two, three)
    assert not tree(await client.get("/", PAGE)).css(".spark"), "nothing was noted yet"
    await note(world, FeedId("another"), [three])
    await note(world, POPULAR, [one, two], [one, two])
    for path in ("/", "/feeds/popular"):
        page = tree(await client.get(path, PAGE))
        labels = [svg.attributes.get("aria-label") for svg in page.css("svg.spark[role=img]")]
        # By what was noted, and by how it stands now.
        assert labels == [
            "Minat sejak 5 Nov 2026, 19.20: tetap",
            "Minat sejak 5 Nov 2026, 19.20: turun",
        ]
    world.clock.advance(SHOWN_FOR.total_seconds() + 1)
    assert not tree(await client.get("/", PAGE)).css(".spark"), "too long ago"
