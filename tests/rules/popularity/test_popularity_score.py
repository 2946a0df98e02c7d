"""Scores, shares, order, coverage and variety: pure, so tried by themselves."""

import math
import random
from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import NOON

from syndicator.model.feed import Window
from syndicator.model.ids import ArticleId
from syndicator.model.signal import SignalKind
from syndicator.rules.popularity.popularity_score import (
    COPIES,
    PopularityPolicy,
    PortalMean,
    Score,
    ScoredArticle,
    StoryPublisher,
    coverage,
    place_weight,
    ranked,
    score,
    varied,
)

POLICY = PopularityPolicy()
CITY = PortalMean(readings=200, log_rate=math.log(10))


def standing(
    name: str, total: float, *, owner: str = "city", story: str = "", age_h: float = 0
) -> ScoredArticle:
    return ScoredArticle(
        article_id=ArticleId(name),
        score=Score(total=total),
        published_at=NOON - timedelta(hours=age_h),
        owner=owner,
        story=story,
    )


def names(standings: list[ScoredArticle]) -> str:
    return "".join(one.article_id for one in standings)


def test_shares_add_up_and_weights_are_the_policys() -> None:
    sums = {SignalKind.VIEWS: 100.0, SignalKind.COVERAGE: 3.0, SignalKind.CLICKS: 10.0, SignalKind.BOX: 2.0}
    told = score(sums, CITY, Window.DAY, POLICY)
    assert told.total == pytest.approx(sum(told.shares.values()))
    assert told.shares[SignalKind.COVERAGE] == pytest.approx(math.log(4))
    assert told.shares[SignalKind.CLICKS] == pytest.approx(0.5 * math.log(3))
    assert told.counted == sums
    without = score(sums, CITY, Window.DAY, replace(POLICY, coverage=0.0))
    assert without.total == pytest.approx(told.total - math.log(4))


@pytest.mark.parametrize("kind", SignalKind)
@pytest.mark.parametrize("window", Window)
def test_more_never_counts_less(kind: SignalKind, window: Window) -> None:
    totals = [score({kind: counted}, CITY, window, POLICY).total for counted in (0.0, 1e-9, 0.5, 1, 7, 1e6)]
    assert totals == sorted(totals)
    assert totals[0] == 0
    assert totals[-1] > totals[1] > 0


def test_one_click_at_night_does_not_win() -> None:
    one = score({SignalKind.CLICKS: 1.0}, None, Window.HOUR, POLICY)
    told_by_two = score({SignalKind.COVERAGE: 1.0}, None, Window.HOUR, POLICY)
    assert one.total < told_by_two.total / 5


def test_views_count_by_what_is_usual_at_their_portal() -> None:
    large = PortalMean(readings=200, log_rate=math.log(10_000))
    star = score({SignalKind.VIEWS: 2_000.0}, CITY, Window.DAY, POLICY)
    usual = score({SignalKind.VIEWS: 150_000.0}, large, Window.DAY, POLICY)
    assert star.total > usual.total
    # Of a portal of which little is known yet, nobody can say that this is much.
    fresh = score({SignalKind.VIEWS: 2_000.0}, replace(CITY, readings=2), Window.DAY, POLICY)
    assert fresh.total < star.total / 3


def test_equal_ones_stand_by_age_and_then_by_id() -> None:
    rows = [standing("d", 1, age_h=2), standing("c", 1), standing("b", 1), standing("a", 1, age_h=3)]
    rows.append(standing("e", 1 + 1e-13, age_h=9))
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert names(ranked([*rows, standing("x", 0)])) == "bcdae"


def test_no_portal_fills_a_list_where_there_are_others() -> None:
    rows = [standing(name, 9 - place) for place, name in enumerate("abcde")]
    rows += [standing(name, 0.5, owner="wire") for name in "xy"]
    assert names(varied(rows, 10, POLICY)) == "abxcdye"
    assert names(varied(rows, 3, POLICY)) == "abx"
    assert names(varied(rows, 10, replace(POLICY, in_a_row=1))) == "axbycde"
    assert names(varied(rows[:5], 10, POLICY)) == "abcde"


def test_no_story_fills_a_list() -> None:
    rows = [standing(name, 9, owner=name, story="fire") for name in "abcd"]
    rows += [standing(name, 1, owner=name) for name in "xyz"]
    assert names(varied(rows, 10, POLICY)) == "abxyz"


def test_coverage_counts_other_owners_once_and_copies_in_part() -> None:
    tellers = [
        StoryPublisher(owner="city", at=NOON),
        StoryPublisher(owner="wire", at=NOON + timedelta(hours=1)),
        StoryPublisher(owner="wire", at=NOON + timedelta(hours=2)),
        StoryPublisher(owner="copyist", at=NOON + timedelta(hours=3), copies=True),
        StoryPublisher(owner="both", at=NOON + timedelta(hours=4), copies=True),
        StoryPublisher(owner="both", at=NOON + timedelta(hours=5)),
    ]
    found = sorted(coverage(tellers, "city"))
    assert found == [
        (NOON + timedelta(hours=1), 1.0),
        (NOON + timedelta(hours=3), COPIES),
        (NOON + timedelta(hours=5), 1.0),
    ]
    assert coverage(tellers[:1], "city") == []


def test_the_first_place_counts_most() -> None:
    assert [place_weight(rank) for rank in (1, 3, 7)] == pytest.approx([1, 1 / 2, 1 / 3])
