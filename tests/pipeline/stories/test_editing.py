"""Stories explained, split and joined by operators; what they decide stays."""

import pytest
from pipeline.stories.test_copies_and_stories import (
    BY_ARTICLE,
    BY_STORY,
    FIRE,
    admit,
    shown,
    telling,
    text,
    versions,
)
from support import ManualClock

from syndicator.model.feed import Per
from syndicator.model.ids import ArticleId, StoryId
from syndicator.pipeline.stories.editing import StoryEditing, StoryRefused
from syndicator.rules.stories.clustering import StoriesPolicy
from syndicator.rules.stories.near_duplicates import CopyKind
from syndicator.rules.stories.story_match import StoryKind
from syndicator.store.store import Store


@pytest.fixture
def story_editing(store: Store, clock: ManualClock) -> StoryEditing:
    return StoryEditing(store, [BY_STORY, BY_ARTICLE], StoriesPolicy(), clock)


async def three_of_one(store: Store, clock: ManualClock) -> list[ArticleId]:
    found = []
    for number in (1, 2, 3):
        found += await admit(store, clock, telling(number, f"s{number}", FIRE, f"{FIRE} {text(number, 5)}"))
        clock.advance(60)
    return found


async def test_a_split_article_stands_alone_and_the_others_stay_together(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    first, second, third = await three_of_one(store, clock)
    before, position = await versions(store), await store.changes.position()
    left = await story_editing.split(first)
    changed = await store.changes.after(position, 10)
    assert changed is not None
    assert set(changed.ids) == {first, second, third}
    assert [one.article for one in left.members] == [second, third]
    assert left.id == StoryId(second)
    assert sorted(await shown(store, Per.STORY)) == [("s1", []), ("s2", ["s3"])]
    assert all(now > before[feed] for feed, now in (await versions(store)).items())
    with pytest.raises(StoryRefused, match="its own already"):
        await story_editing.split(first)


async def test_what_comes_later_joins_what_is_left_and_brings_nobody_back(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    first, second, _ = await three_of_one(store, clock)
    await story_editing.split(second)
    await admit(store, clock, telling(4, "s4", FIRE, f"{FIRE} {text(9, 5)}"))
    assert (
        len((await story_editing.story(first)).members) + len((await story_editing.story(second)).members)
        == 4
    )
    assert first not in [one.article for one in (await story_editing.story(second)).members]


async def test_a_copy_that_is_split_off_is_shown_again(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    await admit(store, clock, telling(1, "wire", FIRE, text(1)))
    clock.advance(60)
    (copy,) = await admit(store, clock, telling(2, "city", FIRE, text(1)))
    assert await shown(store, Per.ARTICLE) == [("wire", [])]
    await story_editing.split(copy)
    assert sorted(await shown(store, Per.ARTICLE)) == [("city", []), ("wire", [])]


async def test_joined_stories_are_led_by_the_first(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    first, *_ = await three_of_one(store, clock)
    (match,) = await admit(store, clock, telling(5, "s5", "Persebaya Taklukkan Arema", text(5, 5)))
    joined = await story_editing.join(match, first)
    assert joined.id == StoryId(first)
    assert [one.source for one in joined.members] == ["s1", "s2", "s3", "s5"]
    assert await shown(store, Per.STORY) == [("s1", ["s2", "s3", "s5"])]
    with pytest.raises(StoryRefused, match="one story already"):
        await story_editing.join(first, match)
    await story_editing.split(match)
    assert len(await shown(store, Per.STORY)) == 2


async def test_why_two_are_one_is_told_with_numbers_and_words(
    store: Store, clock: ManualClock, story_editing: StoryEditing
) -> None:
    first, second, _ = await three_of_one(store, clock)
    told = await story_editing.explain(second, first)
    assert told.together
    assert told.judged.story.kind is StoryKind.SAME
    assert told.judged.story.similarity > told.judged.story.needed
    assert {"tambora", "kebakaran"} <= set(told.judged.shared_words)
    assert told.judged.copy.kind is not CopyKind.COPY
    await story_editing.split(second)
    assert not (await story_editing.explain(first, second)).together


async def test_what_is_not_there_is_named(story_editing: StoryEditing) -> None:
    with pytest.raises(StoryRefused, match="no article 'nowhere'"):
        await story_editing.story(ArticleId("nowhere"))
    with pytest.raises(StoryRefused, match="no article 'nowhere'"):
        await story_editing.explain(ArticleId("nowhere"), ArticleId("nor-here"))
