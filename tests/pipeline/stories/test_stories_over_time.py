"""Stories and copies as time goes on: nothing is lost to readers, nothing comes twice."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from pipeline.stories.test_copies_and_stories import (
    BY_ARTICLE,
    BY_STORY,
    FIRE,
    admit,
    admitter,
    shown,
    telling,
    text,
    versions,
)
from pipeline.stories.test_editing import story_editing, three_of_one
from support import NOON, ManualClock

from syndicator.model.article import WithdrawnBy
from syndicator.model.feed import Filter, Per
from syndicator.model.ids import ArticleId, StoryId
from syndicator.observe.metrics import open_metrics
from syndicator.pipeline.articles.withdrawals import Withdrawer
from syndicator.pipeline.stories.coverage import count_coverage
from syndicator.pipeline.stories.editing import StoryEditing
from syndicator.pipeline.stories.representatives import MEMBERS
from syndicator.store.store import Store

__all__ = ["story_editing"]


@pytest.fixture
def withdrawer(store: Store, clock: ManualClock) -> Withdrawer:
    return Withdrawer(store, [BY_STORY, BY_ARTICLE], open_metrics(), clock, count_coverage)


async def copies(store: Store, clock: ManualClock, *sources: str) -> list[ArticleId]:
    found = []
    for number, source in enumerate(sources, 1):
        found += await admit(store, clock, telling(number, source, FIRE, f"{FIRE} {text(1)}"))
        clock.advance(60)
    return found


async def sources(store: Store, per: Per, *wanted: str) -> list[str]:
    return [source for source, _ in await shown(store, per, Filter(source=wanted))]


async def test_of_copies_whose_original_leaves_one_is_shown(
    store: Store, clock: ManualClock, withdrawer: Withdrawer
) -> None:
    original, *_ = await copies(store, clock, "wire", "city", "post")
    await withdrawer.withdraw(original, WithdrawnBy.OPERATOR, "x")
    assert await sources(store, Per.ARTICLE) == ["city"]
    await withdrawer.restore(original)
    assert await sources(store, Per.ARTICLE) == ["wire"]
    await store.articles.sweep(clock() + timedelta(days=1), timedelta(days=1) + timedelta(seconds=150), 9)
    assert await sources(store, Per.ARTICLE) == ["city"]


async def test_of_copies_whose_original_a_feed_does_not_have_it_shows_one(
    store: Store, clock: ManualClock
) -> None:
    await copies(store, clock, "wire", "city", "post")
    assert await sources(store, Per.ARTICLE, "city", "post") == ["city"]
    assert await sources(store, Per.STORY, "city", "post") == ["city"]
    assert await sources(store, Per.ARTICLE, "post") == ["post"]


async def test_what_a_copy_stands_for_is_not_lost_when_its_original_is_split_off(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    original, *_ = await copies(store, clock, "wire", "city")
    await admit(store, clock, telling(3, "post", FIRE, f"{FIRE} {text(3, 5)}"))
    await story_editing.split(original)
    assert sorted(await shown(store, Per.STORY)) == [("city", ["post"]), ("wire", [])]
    assert sorted(await sources(store, Per.ARTICLE)) == ["post", "wire"]


async def test_a_story_of_which_a_feed_has_none_of_the_first_is_one_entry_all_the_same(
    store: Store, clock: ManualClock
) -> None:
    many = [telling(number, "wire", FIRE, f"{FIRE} {text(number, 5)}") for number in range(MEMBERS)]
    await admit(store, clock, *many)
    clock.advance(60)
    for number in (201, 202):
        await admit(store, clock, telling(number, "city", FIRE, f"{FIRE} {text(number, 5)}"))
        clock.advance(60)
    assert await store.stories.count() == 1
    assert len(await sources(store, Per.STORY, "city")) == 1


async def test_what_was_kept_back_does_not_take_the_lead_from_what_readers_have_seen(
    store: Store, clock: ManualClock
) -> None:
    held = telling(1, "wire", FIRE, f"{FIRE} {text(1, 5)}")
    held = replace(held, provenance=replace(held.provenance, held_since=clock(), held_until=NOON))
    clock.advance(600)
    await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {text(2, 5)}"))
    clock.advance(600)
    await admit(store, clock, held)
    assert await shown(store, Per.STORY) == [("city", ["wire"])]


@pytest.mark.parametrize("per", list(Per))
async def test_a_source_that_comes_later_and_claims_to_be_first_takes_no_lead(
    store: Store, clock: ManualClock, per: Per
) -> None:
    first = replace(telling(1, "wire", FIRE, text(1)), published_at=NOON - timedelta(hours=4))
    late = replace(telling(2, "city", FIRE, text(1)), published_at=NOON - timedelta(hours=9))
    await admitter(store, clock).admit([first], backfill=True)
    clock.advance(4000)
    await admitter(store, clock).admit([late], backfill=True)
    assert await sources(store, per) == ["wire"]


async def test_stories_are_listed_whose_first_article_has_left(
    store: Store, clock: ManualClock, story_editing: StoryEditing, withdrawer: Withdrawer
) -> None:
    first, second, third = await three_of_one(store, clock)
    await withdrawer.withdraw(first, WithdrawnBy.OPERATOR, "x")
    (listed,) = await story_editing.newest(10)
    assert [one.article for one in listed.members] == [second, third]
    await withdrawer.withdraw(second, WithdrawnBy.OPERATOR, "x")
    await withdrawer.withdraw(third, WithdrawnBy.OPERATOR, "x")
    assert await story_editing.newest(10) == []


async def test_what_is_restored_into_a_story_that_was_made_anew_meanwhile_is_shown(
    store: Store, clock: ManualClock, story_editing: StoryEditing, withdrawer: Withdrawer
) -> None:
    first, second, _ = await three_of_one(store, clock)
    (fourth,) = await admit(store, clock, telling(4, "s4", FIRE, f"{FIRE} {text(4, 5)}"))
    await withdrawer.withdraw(second, WithdrawnBy.OPERATOR, "x")
    await story_editing.split(fourth)
    await withdrawer.restore(second)
    shown_sources = {source for told, others in await shown(store, Per.STORY) for source in (told, *others)}
    assert shown_sources == {"s1", "s2", "s3", "s4"}
    assert [one.article for one in (await story_editing.story(second)).members] == [second]
    assert second in [one.article for one in (await story_editing.join(first, second)).members]


async def test_what_leaves_while_a_story_is_changed_does_not_come_back_as_a_shadow(
    store: Store, clock: ManualClock, withdrawer: Withdrawer
) -> None:
    first, second, third = await three_of_one(store, clock)
    record = await store.stories.record(first)
    assert record is not None
    await withdrawer.withdraw(second, WithdrawnBy.OPERATOR, "x")
    alone = [one for one in record.members if one.id == StoryId(third)]
    rest = [one for one in record.members if one.id != StoryId(third)]
    assert not await store.stories.regroup([record], [alone, rest], clock())
    assert await store.articles.get(second) is None


async def test_a_story_of_thousands_is_split_whole(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    first, second, _ = await three_of_one(store, clock)
    record = await store.stories.record(first)
    assert record is not None
    keys = store.stories._keys
    (sketch,) = await store.connection.batch([("HGET", keys.article(first), "sketch")])
    published = await store.connection.call("HGET", keys.article(first), "published")
    for number in range(5000):
        name = ArticleId(f"zzz{number:013}")
        await store.connection.batch(
            [
                ("HSET", keys.article(name), "sketch", sketch, "published", published, "story", record.id),
                ("ZADD", keys.members(record.id), 2**45, name),
            ]
        )
    left = await story_editing.split(second)
    assert left.id == record.id
    assert len((await store.stories.members([left.id]))[left.id]) == 5002


async def test_a_copy_that_gets_a_text_of_its_own_is_shown(store: Store, clock: ManualClock) -> None:
    _, copy = await copies(store, clock, "wire", "city")
    before = await versions(store)
    await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {text(1)} {text(2, 20)}"))
    assert await sources(store, Per.ARTICLE) == ["wire"]
    await admit(store, clock, telling(2, "city", FIRE, f"{FIRE} {text(2, 300)}"))
    assert sorted(await sources(store, Per.ARTICLE)) == ["city", "wire"]
    (place,) = await store.stories.places([copy])
    assert place.copy_of is None
    assert (await versions(store))[BY_ARTICLE.id] > before[BY_ARTICLE.id]


async def test_a_copy_whose_original_gets_another_text_is_shown(store: Store, clock: ManualClock) -> None:
    await copies(store, clock, "wire", "city", "post")
    await admit(store, clock, telling(1, "wire", f"{FIRE} (diperbarui)", f"{FIRE} {text(1)}"))
    assert await sources(store, Per.ARTICLE) == ["wire"]
    await admit(store, clock, telling(1, "wire", FIRE, f"{FIRE} {text(2)}"))
    assert sorted(await sources(store, Per.ARTICLE)) == ["city", "post", "wire"]
