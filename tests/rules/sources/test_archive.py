"""What a sitemap lists that is news, and what is archive."""

from datetime import timedelta

from support import NOON

from syndicator.model.article import ListedItem
from syndicator.model.source import SourceState
from syndicator.rules.sources.archive import LATE, archive_before, first_horizon, is_news

DAY = timedelta(days=1)


def item(age: timedelta | None) -> ListedItem:
    return ListedItem(url="https://kota.example/1", updated_at=None if age is None else NOON - age)


def test_the_archive_begins_before_the_oldest_that_the_first_round_chose() -> None:
    assert first_horizon([item(DAY), item(30 * DAY), item(None)], NOON) == NOON - 30 * DAY
    assert first_horizon([item(DAY)], NOON) == NOON - LATE
    assert first_horizon([], NOON) == NOON - LATE


def test_what_is_as_old_as_the_oldest_is_news() -> None:
    horizon = NOON - 30 * DAY
    assert is_news(item(30 * DAY), horizon)
    assert not is_news(item(31 * DAY), horizon)
    assert is_news(item(31 * DAY), None)


def test_what_has_no_date_is_as_young_as_its_sitemap() -> None:
    assert is_news(item(None), NOON)
    assert is_news(item(None), NOON, latest=NOON)
    assert not is_news(item(None), NOON, latest=NOON - DAY)


def test_the_date_of_publication_counts_before_that_of_a_change() -> None:
    touched = ListedItem(url="https://kota.example/1", published_at=NOON - 9 * DAY, updated_at=NOON)
    assert not is_news(touched, NOON - DAY)


def test_a_source_without_a_memory_of_its_archive_begins_two_days_before_its_first_round() -> None:
    assert archive_before(SourceState()) is None
    assert archive_before(SourceState(first_success_at=NOON)) == NOON - LATE
    assert archive_before(SourceState(first_success_at=NOON, archive_before=NOON - 9 * DAY)) == NOON - 9 * DAY
