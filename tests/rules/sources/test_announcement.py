"""What of new articles is told to endpoints."""

from datetime import timedelta

from gather.gather_values import source
from support import NOON

from syndicator.model.source import SourceState
from syndicator.rules.sources.announcement import LONG_PAUSE, announced_from, is_back

DAY = timedelta(days=1)


def test_a_first_round_announces_what_is_young() -> None:
    found = announced_from(source(), NOON, at_first=True, back=False, archive_before=None)
    assert found == NOON - 2 * DAY
    own = source(announce_age_s=3600.0)
    assert announced_from(own, NOON, at_first=True, back=False, archive_before=None) == NOON - DAY / 24


def test_later_rounds_announce_all_but_the_archive() -> None:
    assert announced_from(source(), NOON, at_first=False, back=False, archive_before=None) is None
    long_ago = NOON - 30 * DAY
    assert announced_from(source(), NOON, at_first=False, back=False, archive_before=long_ago) == long_ago
    # What a first round had no time for, an hour ago, is announced by the same age.
    just_now = NOON - DAY / 24
    assert (
        announced_from(source(), NOON, at_first=False, back=False, archive_before=just_now) == NOON - 2 * DAY
    )


def test_a_source_is_back_after_a_week_of_silence() -> None:
    assert not is_back(SourceState(), NOON)
    assert not is_back(SourceState(last_success_at=NOON - LONG_PAUSE), NOON)
    assert is_back(SourceState(last_success_at=NOON - LONG_PAUSE - timedelta(seconds=1)), NOON)
