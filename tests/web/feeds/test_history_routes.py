"""All that is retained, through the links of feeds (RFC 5005): pages that go on, archives that stay."""

import asyncio
import json
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import feedparser
import pytest
from support import NOON, ManualClock
from web.web_world import Answer, Client, World, client_of, story

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import FeedSpec, Filter, Format, Order, Per
from syndicator.model.ids import FeedId
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.rules.feeds import history_windows
from syndicator.store.store import Store
from syndicator.web.app import create_app
from syndicator.web.http.options import WebOptions

SPECS = (
    FeedSpec(id=FeedId("latest"), title="Terbaru", size=5),
    FeedSpec(id=FeedId("sport"), title="Olahraga", size=3, filter=Filter(section=("olahraga",))),
    FeedSpec(id=FeedId("words"), title="Kata", size=3, filter=Filter(query="genap"), per=Per.STORY),
    FeedSpec(id=FeedId("popular"), title="Terpopuler", order=Order.POPULAR),
    FeedSpec(id=FeedId("partner"), title="Mitra", private=True),
)
PUBLIC = "https://feeds.example/news"
FIRST = {form: f"/feeds/latest.{form}" for form in Format}


@pytest.fixture
def world(store: Store, clock: ManualClock) -> World:
    return World(store, clock, specs=SPECS)


async def fill(world: World, count: int, apart: timedelta) -> None:
    """Admit articles as the first round of a source does: listed by their own dates."""
    candidates = [
        story(
            number,
            title=f"Berita {number}",
            section="Olahraga" if number % 3 == 0 else "Politik",
            body_html=f"<p>Nomor {'genap' if number % 2 == 0 else 'ganjil'} {number}.</p>",
            published_at=NOON - number * apart,
        )
        for number in range(count)
    ]
    await Admitter(world.store.articles, world.specs, world.clock).admit(candidates[::-1], backfill=True)


def titles(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    if answer.headers["Content-Type"].startswith("application/feed+json"):
        return [item["title"] for item in answer.json["items"]]
    return [entry.title for entry in feedparser.parse(answer.body).entries]


def links(answer: Answer) -> dict[str, str]:
    """Read the links of the header; those of the document must be the same."""
    found = {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="([^"]+)"', answer.headers["Link"])}
    of_history = {"next", "first", "current", "prev-archive"}
    told = {rel: url for rel, url in found.items() if rel in of_history}
    if answer.headers["Content-Type"].startswith("application/feed+json"):
        document = answer.json
        assert document.get("next_url") == told.get("next")
        assert document["_syndicator"].get("prev_archive") == told.get("prev-archive")
        assert document["feed_url"] == found["self"]
    else:
        feed = feedparser.parse(answer.body).feed
        stated = {link["rel"]: link["href"] for link in feed.links}
        assert {rel: url for rel, url in stated.items() if rel in of_history} == told
        assert stated["self"] == found["self"]
    return found


async def walk(client: Client, path: str, rel: str) -> list[Answer]:
    """Follow a relation from a feed on to its end."""
    answers = [await client.get(path)]
    while (url := links(answers[-1]).get(rel)) is not None:
        assert url.startswith(PUBLIC)
        answers.append(await client.get(url.removeprefix(PUBLIC)))
        assert len(answers) < 200
    return answers


@pytest.mark.parametrize("form", [Format.RSS, Format.ATOM, Format.JSON])
async def test_pages_lead_to_everything_once_and_in_order(client: Client, world: World, form: Format) -> None:
    await fill(world, 23, timedelta(hours=7))
    answers = await walk(client, FIRST[form], "next")
    assert [len(titles(one)) for one in answers] == [5, 5, 5, 5, 3]
    shown = [title for one in answers for title in titles(one)]
    assert shown == [f"Berita {number}" for number in range(23)]
    assert {links(one)["first"] for one in answers[1:]} == {PUBLIC + FIRST[form]}
    own = [links(one)["self"] for one in answers]
    assert own[1:] == [links(one)["next"] for one in answers[:-1]]


async def test_many_of_one_instant_are_all_there(client: Client, world: World) -> None:
    await fill(world, 23, timedelta(0))
    answers = await walk(client, FIRST[Format.RSS], "next")
    shown = [title for one in answers for title in titles(one)]
    assert sorted(shown) == sorted(f"Berita {number}" for number in range(23))


async def test_pages_stay_complete_while_articles_come(client: Client, world: World) -> None:
    await fill(world, 23, timedelta(hours=7))
    path, shown = FIRST[Format.RSS], list[str]()
    for number in range(100, 200):
        answer = await client.get(path)
        shown += titles(answer)
        world.clock.advance(60)
        await world.admit(story(number, title=f"Baru {number}", published_at=world.clock()))
        url = links(answer).get("next")
        if url is None:
            break
        path = url.removeprefix(PUBLIC)
    assert shown == [f"Berita {number}" for number in range(23)]


async def test_a_last_page_that_is_full_leads_nowhere(client: Client, world: World) -> None:
    await fill(world, 10, timedelta(hours=1))
    answers = await walk(client, FIRST[Format.RSS], "next")
    assert [len(titles(one)) for one in answers] == [5, 5]


@pytest.mark.parametrize("feed", ["latest", "sport", "words"])
@pytest.mark.parametrize("most", [history_windows.MOST, 3])
async def test_archives_lead_to_everything_that_is_settled(
    client: Client, world: World, feed: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_windows, "MOST", most)
    await fill(world, 60, timedelta(hours=5))
    archives = (await walk(client, f"/feeds/{feed}.atom", "prev-archive"))[1:]
    everything = [title for one in await walk(client, f"/feeds/{feed}.atom", "next") for title in titles(one)]
    shown = [title for one in archives for title in titles(one)]
    settled = history_windows.settled_until(world.clock())
    assert shown == [one for one in everything if NOON - int(one.split()[1]) * timedelta(hours=5) < settled]
    assert len(archives) > (3 if most == 3 else 1)
    for one in archives:
        assert titles(one), "no archive is empty"
        assert links(one)["current"] == f"{PUBLIC}/feeds/{feed}.atom"
        assert b"<fh:archive" in one.body
    names = [links(one)["self"].rpartition("/")[2] for one in archives]
    assert len(set(names)) == len(names)


async def test_an_archive_says_so_in_every_format(client: Client, world: World) -> None:
    await fill(world, 20, timedelta(days=1))
    for form in Format:
        answer = await client.get(f"/feeds/latest/archive/2026-W44.{form}")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=86400, stale-if-error=604800"
        assert f'<{PUBLIC}/feeds/latest.{form}>; rel="current"' in answer.headers["Link"]
        assert (
            f'<{PUBLIC}/feeds/latest/archive/2026-W43.{form}>; rel="prev-archive"' in answer.headers["Link"]
        )
    rss = await client.get("/feeds/latest/archive/2026-W44.rss")
    assert b'<fh:archive xmlns:fh="http://purl.org/syndication/history/1.0"/>' in rss.body or (
        b'xmlns:fh="http://purl.org/syndication/history/1.0"' in rss.body and b"<fh:archive/>" in rss.body
    )
    assert json.loads((await client.get("/feeds/latest/archive/2026-W44.json")).body)["_syndicator"][
        "archive_of"
    ] == (f"{PUBLIC}/feeds/latest.json")
    feeds = [feedparser.parse((await client.get(path)).body).feed.id
             for path in ("/feeds/latest.atom", "/feeds/latest/archive/2026-W44.atom")]  # fmt: skip
    assert feeds[0] == feeds[1], "they are documents of one feed"


async def test_older_documents_say_since_when_they_are_as_they_are(client: Client, world: World) -> None:
    await fill(world, 20, timedelta(days=1))
    path = "/feeds/latest/archive/2026-W44.rss"
    first = await client.get(path)
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert (await client.get(path, since)).status == 304
    await asyncio.sleep(1.1)  # dates of HTTP are whole seconds
    await world.admit(story(50, title="Lain"))
    same = await client.get(path, since)
    assert (same.status, same.headers["Last-Modified"]) == (304, first.headers["Last-Modified"])
    withdrawer = Withdrawer(world.store, SPECS, open_metrics(), world.clock, count_coverage)
    gone = feedparser.parse(first.body).entries[0].id.rpartition("/")[2]
    assert await withdrawer.withdraw(gone, WithdrawnBy.OPERATOR, "salah")
    changed = await client.get(path, since)
    assert changed.status == 200
    assert parsedate_to_datetime(changed.headers["Last-Modified"]) > parsedate_to_datetime(
        first.headers["Last-Modified"]
    )


async def test_an_archive_stays_as_it_is_but_for_what_is_withdrawn(
    client: Client, world: World, store: Store, clock: ManualClock
) -> None:
    await fill(world, 30, timedelta(hours=13))
    before = (await walk(client, FIRST[Format.ATOM], "prev-archive"))[1:]
    assert len(before) >= 3
    for number in range(100, 112):
        world.clock.advance(3600)
        found_late = world.clock() - timedelta(days=3)
        published = found_late if number % 2 else world.clock()
        await world.admit(story(number, title=f"Baru {number}", published_at=published))
    async with client_of(create_app(World(store, clock, specs=SPECS).reading, WebOptions())) as other:
        for one in before:
            path = links(one)["self"].removeprefix(PUBLIC)
            for asked in (client, other):
                again = await asked.get(path, {"If-None-Match": one.headers["ETag"]})
                assert again.status == 304, path
    gone = titles(before[-1])[0]
    (article,) = [
        one
        for one in await store.articles.get_many(
            [place.article_id for place in (await store.articles.timeline(["all"], 100))[0]]
        )
        if one and one.title == gone
    ]
    withdrawer = Withdrawer(store, SPECS, open_metrics(), clock, count_coverage)
    await withdrawer.withdraw(article.id, WithdrawnBy.OPERATOR, "keliru")
    changed = [
        (
            await client.get(links(one)["self"].removeprefix(PUBLIC), {"If-None-Match": one.headers["ETag"]})
        ).status
        for one in before
    ]
    assert changed == [304] * (len(before) - 1) + [200]


async def test_what_a_feed_shows_reaches_what_is_settled_or_leads_on(client: Client, world: World) -> None:
    await fill(world, 40, timedelta(minutes=10))
    first = await client.get(FIRST[Format.ATOM])
    archived = [title for one in (await walk(client, FIRST[Format.ATOM], "prev-archive"))[1:]
                for title in titles(one)]  # fmt: skip
    paged = [title for one in await walk(client, FIRST[Format.ATOM], "next") for title in titles(one)]
    assert archived == paged[-len(archived) :]
    assert len(archived) < len(paged) - len(titles(first)), (
        "the last hour is in pages only, until it is settled"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/popular/archive/2026-W44.rss", "/feeds/partner/archive/2026-W44.rss",
        "/feeds/nothing/archive/2026-W44.rss", "/feeds/latest/archive/2026-W45.rss",
        "/feeds/latest/archive/2031-W45.rss", "/feeds/latest/archive/2026-11-05T12.rss",
        "/feeds/latest/archive/2026-11-05T11.rss", "/feeds/latest/archive/newest.rss",
        "/feeds/latest/archive/2026-W44.xml", "/feeds/latest/before/x.rss", "/feeds/latest/before/1-2.rss",
        "/feeds/latest/before/99999999999999999999-abcdefghijklmnop.rss",
        "/feeds/popular/before/1762344000000-abcdefghijklmnop.rss",
        "/feeds/partner/before/1762344000000-abcdefghijklmnop.rss",
    ],
)  # fmt: skip
async def test_what_there_is_not(client: Client, world: World, path: str) -> None:
    await fill(world, 20, timedelta(days=1))
    assert (await client.get(path)).status == 404


async def test_popular_and_private_feeds_lead_nowhere(client: Client, world: World) -> None:
    await fill(world, 20, timedelta(days=1))
    assert not {"next", "prev-archive"} & links(await client.get("/feeds/popular.rss")).keys()
    snapshot = await world.publisher.snapshot(FeedId("partner"))
    assert snapshot.links == ()


async def test_documents_are_sent_as_feeds_are(client: Client, world: World) -> None:
    await fill(world, 20, timedelta(days=1))
    place = links(await client.get(FIRST[Format.RSS]))["next"].removeprefix(PUBLIC)
    for path in ("/feeds/latest/archive/2026-W44.rss", place):
        plain = await client.get(path)
        packed = await client.get(path, {"Accept-Encoding": "br"})
        assert packed.headers["Content-Encoding"] == "br"
        assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
        assert plain.headers["Access-Control-Allow-Origin"] == "*"
        head = await client.get(path, method="HEAD")
        assert head.headers["ETag"] == plain.headers["ETag"]
        assert (await client.get(path, {"If-None-Match": plain.headers["ETag"]})).status == 304
        assert (await client.get(path, method="POST")).status == 405
        assert (await client.get("/news" + path)).body == plain.body
        assert (await client.get(path, method="OPTIONS")).status == 204
