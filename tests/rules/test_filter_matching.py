"""Which article belongs into which feed, and by which index it is found."""

import random
from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON, candidate

from syndicator.model.article import Article
from syndicator.model.feed import FeedSpec, Filter, Order, Per
from syndicator.model.ids import FeedId
from syndicator.rules.articles.admission import decide
from syndicator.rules.filter_matching import (
    FeedIndex,
    concerned,
    facets_for,
    facets_of,
    matches,
    matches_keys,
    story_feeds,
)
from syndicator.rules.identity.identity import identify


def article(section: str = "Transportasi", tags: tuple[str, ...] = ("MRT",)) -> Article:
    one = candidate(1, section=section, tags=tags)
    found = decide(one, identify([one])[0], None, specs=(), now=NOON, backfill=False, rechecked=False).article
    assert found is not None
    return replace(found, authors=("Sari  Dewi",))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), True),
        (Filter(section=("TRANSPORTASI",)), True),
        (Filter(section=("olahraga", "transportasi")), True),
        (Filter(section=("olahraga",)), False),
        (Filter(section=("transportasi",), tag=("mrt",)), True),
        (Filter(section=("transportasi",), tag=("banjir",)), False),
        (Filter(source=("city",)), True),
        (Filter(author=("sari dewi",)), True),
        (Filter(language=("en",)), False),
        (Filter(since=NOON), False),
        (Filter(since=NOON - timedelta(hours=1), until=NOON), True),
        (Filter(until=NOON - timedelta(hours=1)), False),
    ],
)
def test_alternatives_within_a_key_agreement_between_keys(wanted: Filter, expected: bool) -> None:
    assert matches(wanted, article()) is expected


def test_a_new_article_concerns_no_ranking() -> None:
    specs = [
        FeedSpec(id=FeedId("latest"), title="x"),
        FeedSpec(id=FeedId("popular"), title="x", order=Order.POPULAR),
        FeedSpec(id=FeedId("sport"), title="x", filter=Filter(section=("olahraga",))),
    ]
    assert concerned(specs, article()) == ("latest",)
    assert concerned(specs, article("Olahraga"), article()) == ("latest", "popular", "sport")


@pytest.mark.parametrize(
    "wanted",
    [Filter(), Filter(section=("transportasi",)), Filter(tag=("MRT", "x")), Filter(author=("sari dewi",))],
)
def test_every_match_is_listed_by_the_facets_of_the_filter(wanted: Filter) -> None:
    assert matches(wanted, article())
    assert set(facets_for(wanted)) & set(facets_of(article()))


def test_the_index_of_feeds_finds_what_looking_at_each_would() -> None:
    rng = random.Random(3)
    values = ("Transportasi", "Olahraga", "MRT", "id", "city", "Sari Dewi")

    def some() -> tuple[str, ...]:
        return tuple(rng.sample(values, rng.choice((0, 0, 1, 2))))

    specs = [
        FeedSpec(
            id=FeedId(f"feed-{number}"),
            title="x",
            order=rng.choice(list(Order)),
            per=rng.choice(list(Per)),
            filter=Filter(
                source=some(),
                section=some(),
                tag=some(),
                language=some(),
                author=some(),
                query=rng.choice((None, None, "berita", "tidakada")),
            ),
        )
        for number in range(400)
    ]
    index = FeedIndex(specs)
    assert list(index) == specs
    for section, tags in (("Transportasi", ("MRT",)), ("Olahraga", ()), ("Lain", ("x", "MRT"))):
        one, before = article(section, tags), article("Olahraga")
        assert concerned(index, one) == concerned(specs, one)
        assert concerned(index, one, before) == concerned(specs, one, before)
        assert set(story_feeds(index, [one])) == {
            spec.id
            for spec in specs
            if spec.per is Per.STORY and spec.order is Order.LATEST and matches_keys(spec.filter, one)
        }
        assert len(list(index.near(one))) < len(specs)
    assert story_feeds(index, []) == ()
