"""When a feed is compared with a sitemap, and which of its articles are."""

from datetime import timedelta

from msgspec.structs import replace
from rules.sources.test_freshness import DAY, KOTA, MINUTE
from support import NOON

from syndicator.model.article import ListedItem
from syndicator.model.source import SourceState
from syndicator.model.sources.completeness import ComparedDay, Completeness, CompletenessRule
from syndicator.rules.sources.completeness import compared, is_due, not_compared, of_last_day

WATCHED = SourceState(first_success_at=NOON - 3 * DAY)
COMPARED = replace(KOTA, completeness=CompletenessRule())


def item(hours_ago: float, *, changed: bool = False) -> ListedItem:
    """Return an article that was published, or only changed, so long ago."""
    at = NOON - timedelta(hours=hours_ago)
    return ListedItem(
        url=f"https://kota.example/{hours_ago}",
        published_at=None if changed else at,
        updated_at=at if changed else None,
    )


def test_a_feed_is_compared_once_a_day() -> None:
    def due(state: SourceState) -> bool:
        return is_due(COMPARED, state, NOON)

    assert not is_due(KOTA, WATCHED, NOON)
    assert not due(SourceState())
    assert not due(SourceState(first_success_at=NOON - DAY + MINUTE)), "what it showed before is not known"
    assert due(SourceState(first_success_at=NOON - DAY))
    for hours, expected in ((23, False), (24, True)):
        checked = Completeness(checked_at=NOON - timedelta(hours=hours))
        assert due(replace(WATCHED, completeness=checked)) is expected


def test_articles_of_a_day_that_ended_an_hour_ago_are_compared() -> None:
    items = [item(hours) for hours in (26, 25, 24, 2, 1, 0.5)]
    assert of_last_day(items, WATCHED, NOON) == [items[3], items[2], items[1]]
    young = SourceState(first_success_at=NOON - timedelta(hours=3))
    assert of_last_day(items, young, NOON) == [items[3]]
    assert of_last_day([ListedItem(url="https://kota.example/undated")], WATCHED, NOON) == []


def test_a_change_is_no_publication_unless_there_is_no_other_date() -> None:
    changed, published = item(3, changed=True), item(4)
    assert of_last_day([changed, published], WATCHED, NOON) == [published]
    assert of_last_day([changed], WATCHED, NOON) == [changed]


def test_comparisons_of_30_days_are_kept() -> None:
    found = Completeness()
    for day in range(40):
        result = ComparedDay(NOON + day * DAY, 10, 2, 1)
        found = compared(found, "https://kota.example/sitemap.xml", result, [item(hour) for hour in range(7)])
    assert (len(found.days), found.days[-1].at) == (30, NOON + 39 * DAY)
    assert len(found.examples) == 5
    failed = not_compared(found, "http_404", NOON + 40 * DAY)
    assert (failed.why, failed.days, failed.examples) == ("http_404", found.days, ())
    assert compared(failed, "x", ComparedDay(NOON + 41 * DAY, 1, 0, 0), []).why == ""
