"""Copies and stories from admission to feeds and partners, over a real Redis."""

import asyncio
import random
from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON, ManualClock, assigner_of, candidate, grouping_admitter

from syndicator.model.article import Candidate
from syndicator.model.feed import FeedSpec, Filter, Per
from syndicator.model.ids import ArticleId, FeedId
from syndicator.pipeline.articles.admission import Admitter
from syndicator.pipeline.feeds.article_selection import select
from syndicator.pipeline.filter_matching import Filtering
from syndicator.store.store import Store

RNG = random.Random(5)
FIRE = "Kebakaran Hanguskan Pasar Tambora, Ratusan Pedagang Mengungsi"
BY_STORY = FeedSpec(id=FeedId("stories"), title="x", per=Per.STORY)
BY_ARTICLE = FeedSpec(id=FeedId("articles"), title="x")


def text(seed: int, words: int = 150) -> str:
    rng = random.Random(seed)
    return " ".join(f"kata{rng.randrange(3000)}" for _ in range(words))


def telling(number: int, source: str, title: str, body: str) -> Candidate:
    return candidate(
        number,
        source=source,
        url=f"https://{source}.example/{number}",
        title=title,
        body_html=f"<p>{body}</p>",
    )


def admitter(store: Store, clock: ManualClock) -> Admitter:
    return grouping_admitter(store, [BY_STORY, BY_ARTICLE], clock)


async def admit(store: Store, clock: ManualClock, *candidates: Candidate) -> list[ArticleId]:
    admitted = await admitter(store, clock).admit(candidates)
    return [one.article_id for one in admitted]


async def shown(store: Store, per: Per, wanted: Filter | None = None) -> list[tuple[str, list[str]]]:
    found = (await select(store, Filtering(store), wanted or Filter(), 10, per)).entries
    return [(told.article.source, [other.source for other in told.others]) for told in found]


async def versions(store: Store) -> dict[FeedId, int]:
    found = await store.feeds.versions([BY_STORY.id, BY_ARTICLE.id])
    return {feed: version.version for feed, version in found.items()}


async def test_a_copy_is_kept_and_shown_once(store: Store, clock: ManualClock) -> None:
    (original,) = await admit(store, clock, telling(1, "wire", FIRE, text(1)))
    clock.advance(60)
    (copy,) = await admit(store, clock, telling(2, "city", FIRE, text(1)))
    assert copy != original
    (place,) = await store.stories.places([copy])
    assert place.copy_of == original
    assert place.kin is not None
    assert place.kin.copy is not None
    assert place.kin.copy.containment == 1
    assert await shown(store, Per.ARTICLE) == [("wire", [])]
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    # Whoever reads the copying portal alone is not robbed of it.
    assert await shown(store, Per.ARTICLE, Filter(source=("city",))) == [("city", [])]


async def test_a_story_is_one_entry_that_keeps_its_place(store: Store, clock: ManualClock) -> None:
    await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {text(1, 5)}"))
    clock.advance(600)
    await admit(store, clock, telling(2, "city", "Persebaya Taklukkan Arema di Kanjuruhan", text(2)))
    before = await versions(store)
    clock.advance(600)
    third = telling(
        3, "post", "Pedagang Pasar Tambora Mengungsi Usai Kebakaran Hebat", f"{FIRE} {text(3, 5)}"
    )
    await admit(store, clock, replace(third, published_at=clock()))
    assert await shown(store, Per.STORY) == [("city", []), ("wire", ["post"])]
    assert [source for source, _ in await shown(store, Per.ARTICLE)] == ["post", "city", "wire"]
    assert (await versions(store))[BY_STORY.id] > before[BY_STORY.id]
    assert await store.stories.count() == 1


async def test_of_other_feeds_only_those_that_show_the_story_hear_that_it_grew(
    store: Store, clock: ManualClock
) -> None:
    specs = [
        FeedSpec(id=FeedId(name), title=name, per=Per.STORY, filter=Filter(source=(name,)))
        for name in ("wire", "city", "post")
    ]
    told = grouping_admitter(store, specs, clock)

    async def risen(one: Candidate) -> set[FeedId]:
        before = await store.feeds.versions([spec.id for spec in specs])
        clock.advance(600)
        await told.admit([replace(one, published_at=clock())])
        after = await store.feeds.versions([spec.id for spec in specs])
        return {feed for feed, version in after.items() if version != before[feed]}

    assert await risen(telling(1, "wire", FIRE, f"{FIRE} {text(1, 5)}")) == {"wire"}
    second = telling(
        2, "post", "Pedagang Pasar Tambora Mengungsi Usai Kebakaran Hebat", f"{FIRE} {text(3, 5)}"
    )
    assert await risen(second) == {"wire", "post"}, "the first names it as another who tells"
    assert await risen(telling(3, "city", "Persebaya Taklukkan Arema di Kanjuruhan", text(2))) == {"city"}


async def test_copies_in_one_document_find_each_other(store: Store, clock: ManualClock) -> None:
    first, second, third = await admit(
        store,
        clock,
        telling(1, "wire", FIRE, text(1)),
        telling(2, "wire", FIRE, text(1)),
        telling(3, "wire", FIRE, text(1)),
    )
    places = await store.stories.places([first, second, third])
    assert [place.copy_of for place in places] == [None, first, first]
    assert {str(place.story) for place in places} == {first}


async def test_the_page_of_another_day_stays(store: Store, clock: ManualClock) -> None:
    await admit(store, clock, telling(1, "wire", "Harga Emas Antam Hari Ini 12 Mei 2026", text(1)))
    await admit(store, clock, telling(2, "wire", "Harga Emas Antam Hari Ini 13 Mei 2026", text(1)))
    assert len(await shown(store, Per.STORY)) == 2


async def test_what_comes_days_later_is_another_story(store: Store, clock: ManualClock) -> None:
    for number in range(3):
        one = telling(number, "wire", FIRE, f"{FIRE} {text(number, 5)}")
        await admit(store, clock, replace(one, published_at=clock()))
        clock.advance(80 * 3600)
    assert len(await shown(store, Per.STORY)) == 3


async def test_the_log_of_assignments_holds_three_days(store: Store, clock: ManualClock) -> None:
    told = grouping_admitter(store, [], clock)
    for number in range(300):
        await told.admit([telling(number, "wire", f"Kabar {number}", text(number, 20))])
        clock.advance(3600)
    # Redis trims a stream by whole nodes, of 100 entries at most.
    entries, _ = await store.assignments.log("0-0", 1000)
    assert 72 <= len(entries) <= 72 + 100


async def test_racing_workers_make_one_story_of_copies(store: Store, clock: ManualClock) -> None:
    workers = [admitter(store, clock) for _ in range(8)]
    bodies = [text(100 + number) for number in range(6)]
    copies = [
        telling(10 * worker + number, f"portal{worker}", f"{FIRE} {bodies[number][:40]}", bodies[number])
        for worker in range(8)
        for number in range(6)
    ]

    shares = [[one for one in copies if one.source == f"portal{worker}"] for worker in range(8)]
    for share in shares:
        RNG.shuffle(share)
    done = await asyncio.gather(*(worker.admit(share) for worker, share in zip(workers, shares, strict=True)))
    # A worker waits for the assigner no longer than a reader would.
    assert await assigner_of(store, (), clock).drain(30) == 0
    ids = [one.article_id for some in done for one in some]
    articles = [article for article in await store.articles.get_many(ids) if article]
    assert len({article.id for article in articles}) == len(copies)
    places = await store.stories.places([article.id for article in articles])
    roots = {body: set[ArticleId]() for body in bodies}
    for article, place in zip(articles, places, strict=True):
        body = next(body for body in bodies if body in article.body_html)
        roots[body].add(place.copy_of or article.id)
    assert {len(found) for found in roots.values()} == {1}, "each text has one original"


async def test_a_story_survives_its_first_article(store: Store, clock: ManualClock) -> None:
    (first,) = await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {text(1, 5)}"))
    clock.advance(1)
    (second,) = await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {text(2, 5)}"))
    assert await shown(store, Per.STORY) == [("wire", ["city"])]
    clock.advance(60)
    await store.articles.sweep(clock(), timedelta(0), 1)
    assert [bool(one) for one in await store.articles.get_many([first, second])] == [False, True]
    assert await shown(store, Per.STORY) == [("city", [])]


@pytest.mark.parametrize("per", list(Per))
async def test_the_first_publisher_of_two_first_rounds_leads(
    store: Store, clock: ManualClock, per: Per
) -> None:
    taken = replace(telling(1, "wire", FIRE, text(1)), published_at=NOON - timedelta(hours=4))
    first = replace(telling(2, "city", FIRE, text(1)), published_at=NOON - timedelta(hours=6))
    late = replace(telling(3, "post", FIRE, text(1)), published_at=NOON - timedelta(hours=9))
    for one in (taken, first):
        await admitter(store, clock).admit([one], backfill=True)
        clock.advance(5)
    expected = [("city", ["wire"] if per is Per.STORY else [])]
    assert await shown(store, per) == expected
    await admit(store, clock, late)
    assert [source for source, _ in await shown(store, per)] == ["city"], "later, the lead is settled"
