"""What a withdrawal makes of an article, of what is still to be sent of it, and when a page is gone."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace
from rules.articles.test_revision import stored
from support import NOON

from syndicator.model.article import Article, WithdrawnBy
from syndicator.model.feed import FeedSpec, Filter, Order, Per
from syndicator.model.ids import FeedId, SourceId
from syndicator.rules.articles.withdrawal import (
    MAX_REASON,
    is_confirmed,
    is_portal_wide,
    may_be_withdrawn,
    restoring,
    withdrawing,
)

SPECS = (
    FeedSpec(id=FeedId("latest"), title="x"),
    FeedSpec(id=FeedId("popular"), title="x", order=Order.POPULAR),
    FeedSpec(id=FeedId("sport"), title="x", filter=Filter(section=("olahraga",))),
    FeedSpec(id=FeedId("stories"), title="x", per=Per.STORY, filter=Filter(section=("olahraga",))),
)


def test_each_step_raises_the_revision_and_concerns_the_feeds_that_may_show_it() -> None:
    out = withdrawing(stored(), WithdrawnBy.OPERATOR, " on \n request ", specs=SPECS, now=NOON)
    assert (out.withdrawal.revision, out.event.revision, out.event.reason) == (2, 2, "on request")
    assert out.feeds == ("latest", "popular", "stories")
    back = restoring(out.withdrawal, specs=SPECS, now=NOON + timedelta(hours=1))
    assert (back.article.revision, back.event.revision, back.event.reason) == (3, 3, None)
    assert back.feeds == out.feeds
    assert back.article.updated_at > out.withdrawal.at
    assert back.article.listed_at == stored().listed_at


def test_a_reason_is_one_short_line() -> None:
    out = withdrawing(stored(), WithdrawnBy.FEED, "x " * 1000, specs=(), now=NOON)
    assert len(out.withdrawal.reason) <= MAX_REASON


def test_only_an_operator_takes_out_what_an_operator_restored() -> None:
    restored = replace(stored(), restored_at=NOON)
    assert [by for by in WithdrawnBy if may_be_withdrawn(restored, by)] == [WithdrawnBy.OPERATOR]
    assert all(may_be_withdrawn(stored(), by) for by in WithdrawnBy)


@pytest.mark.parametrize(
    ("status", "seconds", "confirmed"),
    [(404, 599, False), (404, 600, True), (410, 59, False), (410, 60, True)],
)
def test_a_page_is_gone_when_it_was_so_before(status: int, seconds: int, *, confirmed: bool) -> None:
    now = NOON + timedelta(seconds=seconds)
    assert is_confirmed(NOON, status, now) is confirmed
    assert not is_confirmed(None, status, now)


@pytest.mark.parametrize(
    ("gone", "read", "wide"),
    [(1, 1, False), (2, 2, False), (3, 3, True), (3, 5, True), (3, 6, False), (6, 10, True)],
)
def test_many_pages_gone_at_once_are_the_portals_fault(gone: int, read: int, *, wide: bool) -> None:
    assert is_portal_wide(gone, read) is wide


def test_of_the_feeds_of_stories_only_those_that_show_it_or_a_teller_are_made_anew() -> None:
    def feed(name: str, per: Per = Per.STORY) -> FeedSpec:
        return FeedSpec(id=FeedId(name), title=name, per=per, filter=Filter(source=(name,)))

    mine, other = (replace(stored(), source=SourceId(name)) for name in ("city", "post"))
    specs = [feed("city", Per.ARTICLE), feed("post"), feed("wire")]

    def named(members: Sequence[Article] | None) -> tuple[FeedId, ...]:
        return withdrawing(mine, WithdrawnBy.OPERATOR, "x", specs=specs, now=NOON, members=members).feeds

    assert named(()) == ("city",)
    assert named((mine, other)) == ("city", "post")
    assert named(None) == ("city", "post", "wire"), "where it is not known, all are"
