"""When an article joins a story."""

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace
from support import NOON, candidate

from syndicator.model.article import Article
from syndicator.model.ids import ArticleId, SourceId, StoryId
from syndicator.model.story import Story
from syndicator.rules.stories.story_match import (
    CENTROID_TERMS,
    StoryKind,
    StoryPolicy,
    StoryVerdict,
    founded,
    joined,
    judge_story,
    place_of,
)
from syndicator.rules.stories.terms import Terms, weigh
from syndicator.rules.stories.vocabulary import look_up

FIRE = "Kebakaran Hanguskan Pasar Tambora, Ratusan Pedagang Mengungsi"
FIRE_TOO = "Pedagang Pasar Tambora Mengungsi Usai Kebakaran Hebat"
MATCH = "Persebaya Taklukkan Arema di Stadion Kanjuruhan"
GOLD = "Harga Emas Antam Hari Ini 12 Mei 2026"
POLICY = StoryPolicy()
AIR_STRIKES = {
    "Baghdadi": (
        "Serangan Udara Lukai Pemimpin Militan Baghdadi di Mosul",
        "Baghdadi Terluka Parah Akibat Serangan Udara Koalisi dekat Mosul",
        "Pejabat Irak: Baghdadi Terluka dalam Serangan di Mosul",
    ),
    "Emwazi": (
        "Serangan Udara Lukai Algojo Militan Emwazi di Raqqa",
        "Algojo Emwazi Terluka Akibat Serangan Udara Koalisi di Raqqa",
        "Inggris Selidiki Kabar Algojo Emwazi Terluka di Raqqa",
    ),
    "Kamara": (
        "Serangan Udara Tewaskan Remaja Militan Kamara asal Brighton",
        "Remaja Brighton Kamara Tewas Akibat Serangan Udara Koalisi",
        "Keluarga Kamara, Remaja Militan asal Brighton, Berduka",
    ),
}
"""Three matters of one field."""


def terms_of(title: str) -> dict[int, int]:
    return weigh(look_up(title), look_up(""))


def story(title: str, name: str = "a", hours: float = 0) -> Story:
    at = NOON + timedelta(hours=hours)
    article = Article(
        id=ArticleId(name), revision=1, source=SourceId("s"), url="https://s.example/1", title=title,
        published_at=at, first_seen_at=at, updated_at=at, listed_at=at,
        provenance=candidate().provenance, content_hash="x",
    )  # fmt: skip
    return founded(article, terms_of(title))


def judged(title: str, *stories: Story, hours: float = 0) -> StoryVerdict:
    return judge_story(title, terms_of(title), NOON + timedelta(hours=hours), stories, POLICY)


def test_what_tells_the_same_joins_and_what_does_not_founds() -> None:
    assert judged(FIRE_TOO, story(FIRE)).kind is StoryKind.SAME
    verdict = judged(MATCH, story(FIRE))
    assert (verdict.kind, verdict.because) == (StoryKind.NONE, "they have too little in common")
    assert judged(FIRE).because


def test_the_nearest_story_is_joined_and_ties_go_by_id() -> None:
    assert judged(FIRE_TOO, story(MATCH, "a"), story(FIRE, "b")).story == StoryId("b")
    assert judged(FIRE, story(FIRE, "c"), story(FIRE, "b")).story == StoryId("b")


def test_a_single_word_in_common_makes_no_story() -> None:
    verdict = judged("Pengantin Sukoharjo Menikah", story("Banjir Rendam Sukoharjo"))
    assert (verdict.kind, verdict.because) == (StoryKind.NONE, "they have too little in common")


def test_words_that_all_stories_of_a_field_have_do_not_join_another_matter_to_one() -> None:
    first = [story(titles[0], name) for name, titles in AIR_STRIKES.items()]
    fourth = "Serangan Udara Koalisi Hancurkan Gudang Militan di Aleppo"
    assert judged(fourth, *first).kind is StoryKind.NONE
    for name, titles in AIR_STRIKES.items():
        assert [judged(title, *first).story for title in titles[1:]] == [StoryId(name)] * 2


def told_in_order(arriving: Sequence[tuple[str, Terms]]) -> list[set[str]]:
    """Return the matters that each story tells, of articles given as matter and terms."""
    stories: dict[StoryId, Story] = {}
    matters: dict[StoryId, set[str]] = {}
    for number, (matter, terms) in enumerate(arriving):
        verdict = judge_story("", terms, NOON, list(stories.values()), POLICY)
        name = StoryId(f"story-{number}")
        if verdict.kind is StoryKind.SAME and verdict.story:
            name = verdict.story
            stories[name] = joined(stories[name], terms, NOON)
        else:
            stories[name] = replace(story(FIRE, name), centroid=terms)
        matters.setdefault(name, set()).add(matter)
    return list(matters.values())


@pytest.mark.parametrize("common", [9, 10])
def test_a_story_does_not_grow_by_single_links(common: int) -> None:
    """Each article shares about half of its 20 terms with the one before it, and none with any other."""
    begins = range(0, 8 * (20 - common), 20 - common)
    chain = [(f"matter {begin}", dict.fromkeys(range(begin, begin + 20), 224)) for begin in begins]
    assert max(len(matters) for matters in told_in_order(chain)) < 4


@pytest.mark.parametrize(
    "order",
    [
        ("E1", "B1", "B0", "K1", "K2", "E0", "E2", "K0", "B2"),
        ("K1", "B1", "B0", "E1", "E0", "E2", "B2", "K0", "K2"),
        ("B1", "K1", "B0", "E1", "K2", "B2", "E0", "K0", "E2"),
    ],
)
def test_three_matters_of_a_field_do_not_become_one_story(order: tuple[str, ...]) -> None:
    of_letter = {name[0]: titles for name, titles in AIR_STRIKES.items()}
    arriving = [(one[0], terms_of(of_letter[one[0]][int(one[1])])) for one in order]
    assert max(len(matters) for matters in told_in_order(arriving)) < 3


def test_a_story_of_hundreds_of_articles_still_grows_and_stays_apart() -> None:
    rng = random.Random(7)

    def report(matter: int) -> Terms:
        names = rng.sample(range(matter * 20, matter * 20 + 20), 12)
        return dict.fromkeys([*names, *rng.sample(range(10**4, 10**5), 18)], 183)

    arriving = [(str(number % 2), report(number % 2)) for number in range(600)]
    assert told_in_order(arriving) == [{"0"}, {"1"}]


def test_a_verdict_does_not_depend_on_the_order_in_which_stories_were_found() -> None:
    first = [story(titles[0], name) for name, titles in AIR_STRIKES.items()]
    verdicts = {judged(AIR_STRIKES["Emwazi"][2], *some) for some in permutations(first)}
    assert len(verdicts) == 1


def test_an_older_story_asks_for_more_and_after_three_days_for_nothing() -> None:
    needed = [judged(FIRE_TOO, story(FIRE), hours=hours).needed for hours in (0, 24, 48, 71)]
    assert needed == sorted(needed)
    assert len(set(needed)) == 4
    assert judged(FIRE, story(FIRE), hours=73).because == "more than three days lie between them"
    assert judged(FIRE, story(FIRE), hours=-73).kind is StoryKind.NONE


@pytest.mark.parametrize("other", ["Harga Emas Antam Hari Ini 13 Mei", "Harga Emas Antam Besok 13 Mei"])
def test_the_next_page_of_a_series_is_another_story(other: str) -> None:
    assert judged(other, story("Harga Emas Antam Hari Ini 12 Mei")).kind is StoryKind.NONE


def test_a_story_keeps_its_first_headline_where_that_of_a_series_tells_it_apart() -> None:
    later = NOON + timedelta(hours=1)
    assert joined(story(GOLD), terms_of(FIRE), later).title == GOLD
    assert joined(story(FIRE), terms_of(GOLD), later).title == ""


def test_a_story_grows_to_a_bound() -> None:
    grown = story(FIRE)
    for number in range(40):
        words = " ".join(f"kata{number}x{word}" for word in range(10))
        grown = joined(grown, terms_of(f"Tambora {words}"), NOON + timedelta(hours=number))
    assert grown.size == 41
    assert grown.latest_at == NOON + timedelta(hours=39)
    assert len(grown.centroid) == CENTROID_TERMS
    assert joined(grown, {}, NOON).latest_at == grown.latest_at


def test_what_first_rounds_bring_is_led_by_its_first_publisher_and_all_else_by_who_came_first() -> None:
    late = story(FIRE, "late", hours=-1)
    found = replace(late, started_at=NOON - timedelta(hours=5))
    earlier = replace(story(FIRE, "earlier"), started_at=NOON - timedelta(hours=9))
    assert place_of(earlier, found) < found.started_at
    assert place_of(earlier, late) == earlier.first_seen_at > late.started_at
