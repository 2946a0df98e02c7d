"""When an article page is read again."""

from datetime import timedelta

import pytest
from support import NOON

from syndicator.rules.articles.admission import next_recheck


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(), timedelta(seconds=20)),
        (timedelta(seconds=39), timedelta(seconds=20)),
        (timedelta(minutes=10), timedelta(minutes=5)),
        (timedelta(hours=10), timedelta(hours=5)),
        (timedelta(hours=48), timedelta(hours=6)),
        (timedelta(hours=48, seconds=1), None),
        (-timedelta(seconds=1), timedelta(hours=6)),
        (-timedelta(days=300), timedelta(hours=6)),
    ],
)
def test_pages_are_read_again_at_half_their_age(age: timedelta, wait: timedelta | None) -> None:
    assert next_recheck(NOON - age, NOON) == (wait and NOON + wait)
