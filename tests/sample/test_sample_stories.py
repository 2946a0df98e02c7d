"""What the portals invent is news: no two matters become one story, and both portals' reports of one are."""

from datetime import timedelta

import pytest
from msgspec import Struct
from sample.sample_values import NOON, HandClock
from support import candidate, grouping_admitter

from syndicator.model.article import Candidate
from syndicator.sample.newsroom import SampleArticle
from syndicator.sample.world import World
from syndicator.sample.writer import SampleText
from syndicator.store.store import Store

ARTICLES = 320
INTERVAL_S = 5.0
BATCH = 20


class Published(Struct, frozen=True, kw_only=True):
    matter: str
    candidate: Candidate


def published(world: World) -> list[Published]:
    """Return all articles of both portals, in the order of time, each with the matter that it tells."""
    city = [(f"city {each.n}", each, world.city_text(each)) for each in world.city.newest_first()]
    wire = [
        (f"wire {each.n}" if each.of is None else f"city {each.of}", each, world.wire_text(each))
        for each in world.wire.newest_first()
    ]
    told = [*(of("city", *each) for each in city), *(of("wire", *each) for each in wire)]
    return sorted(told, key=lambda one: (one.candidate.published_at or NOON, one.candidate.url))


def of(source: str, matter: str, article: SampleArticle, text: SampleText) -> Published:
    made = candidate(
        article.n,
        source=source,
        title=text.title,
        url=f"https://{source}.example/read/{article.n}",
        published_at=article.published_at,
        body_html="".join(f"<p>{each}</p>" for each in (text.lead, *text.paragraphs)),
        section=text.section,
        tags=text.tags,
    )
    return Published(matter=matter, candidate=made)


async def stories_of(store: Store, told: list[Published]) -> list[str]:
    clock = HandClock()
    admitter = grouping_admitter(store, (), clock)
    ids = []
    for start in range(0, len(told), BATCH):
        batch = [one.candidate for one in told[start : start + BATCH]]
        clock.now = max(clock.now, *(one.published_at or NOON for one in batch))
        ids += [one.article_id for one in await admitter.admit(batch)]
    places = await store.stories.places(ids)
    return [place.story or article for place, article in zip(places, ids, strict=True)]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_story_is_one_matter_and_a_matter_one_story(store: Store, seed: int) -> None:
    clock = HandClock()
    world = World(clock, seed=seed, interval_s=INTERVAL_S)
    clock.now += timedelta(seconds=ARTICLES * INTERVAL_S)
    world.advance()
    told = published(world)
    stories = await stories_of(store, told)
    matters: dict[str, set[str]] = {}
    for one, story in zip(told, stories, strict=True):
        matters.setdefault(story, set()).add(one.matter)
    assert {story: found for story, found in matters.items() if len(found) > 1} == {}
    assert len(told) > ARTICLES + 80  # some were taken over
    assert len(matters) == len({one.matter for one in told})
