"""What the portals invent is news: articles are stories of their own, and what was taken over joins its original."""

from datetime import timedelta

from msgspec import Struct
from sample.sample_values import NOON, HandClock
from support import candidate, grouping_admitter

from syndicator.model.article import Candidate
from syndicator.sample.newsroom import SampleArticle
from syndicator.sample.world import World
from syndicator.sample.writer import SampleText
from syndicator.store.store import Store

ARTICLES = 200
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


async def test_most_articles_are_stories_of_their_own_and_copies_join_their_originals(store: Store) -> None:
    clock = HandClock()
    world = World(clock, seed=1, interval_s=INTERVAL_S)
    clock.now += timedelta(seconds=ARTICLES * INTERVAL_S)
    world.advance()
    told = published(world)
    stories = await stories_of(store, told)
    matters: dict[str, set[str]] = {}
    for one, story in zip(told, stories, strict=True):
        matters.setdefault(one.matter, set()).add(story)
    assert len(told) > len(matters) > ARTICLES  # some were taken over
    assert all(len(of_one) == 1 for of_one in matters.values())
    assert len(set(stories)) > 0.9 * len(matters)
