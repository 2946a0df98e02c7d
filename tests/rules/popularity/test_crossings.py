"""Who comes to the top is told once, however he swings."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NOON

from syndicator.model.event import Measure
from syndicator.model.feed import Announce, EntryPopularity
from syndicator.model.ids import ArticleId
from syndicator.rules.popularity.crossings import REST, crossings, in_question

ONE = ArticleId("abcdefghijklmnop")
TOP = Announce(top=5)


class Feed:
    """A feed with one article, ranked again and again; remembers as the store does."""

    def __init__(self, announce: Announce) -> None:
        self.announce = announce
        self.now: datetime = NOON
        self.before: dict[ArticleId, EntryPopularity] = {}
        self.remembered: dict[tuple[ArticleId, Measure], datetime] = {}

    def ranked(self, place: EntryPopularity | None, after: timedelta = timedelta(seconds=2)) -> list[Measure]:
        self.now += after
        ranking = {ONE: place} if place else {}
        found = crossings(self.announce, self.before, ranking, self.remembered, self.now)
        self.remembered |= dict.fromkeys(found.near, self.now)
        self.before = ranking
        return [passed.measure for passed in found.announced]

    def ranks(self, ranks: Iterable[int | None], after: timedelta = timedelta(seconds=2)) -> int:
        return sum(len(self.ranked(at(rank), after)) for rank in ranks)


def at(rank: int | None, score: float = 1.0, views: int | None = None) -> EntryPopularity | None:
    return None if rank is None else EntryPopularity(rank=rank, score=score, views=views)


@pytest.mark.parametrize(
    ("ranks", "times"),
    [
        ([5], 1),
        ([6, 10, 11, None], 0),
        ([9, 5, 4, 5], 1),
        ([5, 6, 5, 6, 5, 6, 5], 1),
        ([5, 10, 5], 1),
        ([5, 50, 5, None, 5, 50, 1], 1),
    ],
)
def test_an_article_that_swings_is_told_once(ranks: list[int | None], times: int) -> None:
    assert Feed(TOP).ranks(ranks) == times


def test_one_that_was_far_below_for_long_is_told_again() -> None:
    feed = Feed(TOP)
    assert feed.ranks([3, 11]) == 1
    assert feed.ranks([11] * 30, after=timedelta(minutes=1)) == 0
    assert feed.ranks([5]) == 0, "half an hour is too short"
    assert feed.ranks([11] * 61, after=timedelta(minutes=1)) == 0
    assert feed.ranks([5, 5, 6]) == 1


def test_one_that_stayed_near_for_long_is_not() -> None:
    feed = Feed(TOP)
    assert feed.ranks([5] + [9] * 300, after=timedelta(minutes=1)) == 1
    assert feed.ranks([5]) == 0


def test_what_stood_there_while_nobody_ranked_is_not_told_again() -> None:
    feed = Feed(TOP)
    assert feed.ranks([5]) == 1
    assert feed.ranked(at(2), after=10 * REST) == []


def test_what_stood_there_before_anything_was_asked_for_is_not_told() -> None:
    feed = Feed(TOP)
    feed.before = {ONE: EntryPopularity(rank=4, score=1.0)}
    assert feed.ranks([4, 5, 6, 4]) == 0


def test_each_threshold_is_told_for_itself() -> None:
    feed = Feed(Announce(top=5, score=4.0, views=1000))
    assert feed.ranked(at(5, 3.9, 10)) == [Measure.TOP]
    assert feed.ranked(at(5, 4.0, 10)) == [Measure.SCORE]
    assert feed.ranked(at(5, 2.0, 999)) == []
    assert feed.ranked(at(5, 5.0, 1000)) == [Measure.VIEWS]


def test_a_score_is_told_again_once_it_was_under_half_of_it_for_long() -> None:
    feed = Feed(Announce(score=4.0))
    assert [len(feed.ranked(at(1, score), 2 * REST)) for score in (4, 2.1, 4, 1.9, 1.9, 4)] == [
        1, 0, 0, 0, 0, 1,
    ]  # fmt: skip


def test_a_number_of_views_is_passed_once() -> None:
    feed = Feed(Announce(views=1000))
    assert [len(feed.ranked(at(1, views=views), 3 * REST)) for views in (999, 1000, 3, 2000)] == [0, 1, 0, 0]


@given(ranks=st.lists(st.one_of(st.none(), st.integers(1, 30)), max_size=60))
def test_within_an_hour_nothing_is_told_twice(ranks: list[int | None]) -> None:
    assert Feed(TOP).ranks(ranks) == (min((rank or 99 for rank in ranks), default=99) <= 5)


def test_only_what_is_near_is_asked_for() -> None:
    ranking = {ArticleId(f"a{rank}"): EntryPopularity(rank=rank, score=20.0 - rank) for rank in range(1, 20)}
    assert in_question(Announce(top=3), ranking) == [f"a{rank}" for rank in range(1, 7)]
    assert in_question(Announce(top=1, score=18.0), ranking) == [f"a{rank}" for rank in range(1, 12)]
    assert in_question(Announce(views=1), ranking) == []
