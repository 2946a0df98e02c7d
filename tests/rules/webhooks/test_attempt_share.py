"""How many attempts to one endpoint may begin, by how its receiver answers."""

import pytest

from syndicator.rules.webhooks.attempt_share import FIRST_SHARE, SLOW_SHARE, share_after, share_when_slow


@pytest.mark.parametrize(
    ("share", "running", "was_slow", "is_delivered", "then"),
    [
        (16, 16, False, True, 18),
        (200, 50, False, True, 202),
        (200, 49, False, True, 200),  # it is not made use of
        (16, 16, True, True, 18),
        (SLOW_SHARE, 96, True, True, SLOW_SHARE),
        (200, 200, True, False, FIRST_SHARE),
        (200, 200, False, False, 200),  # refused at once: that takes no place for long
    ],
)
def test_a_share_grows_by_answers_and_begins_anew_without(
    share: int, running: int, was_slow: bool, is_delivered: bool, then: int
) -> None:
    assert share_after(share, running, was_slow=was_slow, is_delivered=is_delivered) == then


@pytest.mark.parametrize(("share", "then"), [(16, 16), (96, 96), (192, 96)])
def test_a_slow_attempt_bounds_the_share(share: int, then: int) -> None:
    assert share_when_slow(share) == then


def test_a_receiver_that_answers_has_all_places_after_some_round_trips() -> None:
    share, trips = FIRST_SHARE, 0
    while share < 192:
        for running in range(share, 0, -1):
            share = share_after(share, running, was_slow=False, is_delivered=True)
        trips += 1
    assert trips == 4
