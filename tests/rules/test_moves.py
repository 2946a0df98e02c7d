"""Permanent redirects: followed at once, believed late, given up again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import NOON

from syndicator.model.source import Move
from syndicator.rules.moves import BAD_ROUNDS, SIGHTINGS, overlaps, rolled_back, sentence, sighted, to_ask

URL = "https://old.example/rss"
TARGET = "https://new.example/feed"
HOUR = timedelta(hours=1)
ADOPTED = Move(target=TARGET, sightings=SIGHTINGS, first_seen_at=NOON - 30 * HOUR, adopted_at=NOON)


def led(rounds: list[tuple[str | None, bool | None]], step: timedelta = 6 * HOUR) -> Move | None:
    move = None
    for number, (moved_to, overlap) in enumerate(rounds):
        move = sighted(move, moved_to, overlap=overlap, now=NOON + number * step)
    return move


GOOD: tuple[str | None, bool | None] = (TARGET, True)
UNREAD: tuple[str | None, bool | None] = (TARGET, None)


@pytest.mark.parametrize(
    ("rounds", "step", "sightings", "adopted"),
    [
        ([GOOD], 6 * HOUR, 1, False),
        ([GOOD] * 4, 6 * HOUR, 4, False),
        ([GOOD] * 5, 6 * HOUR, 5, True),
        ([GOOD] * 5, 5 * HOUR, 5, False),
        ([GOOD] * 6, 5 * HOUR, 6, True),
        ([GOOD] * 99, HOUR / 12, 99, False),
        ([GOOD, UNREAD, GOOD, UNREAD, GOOD], 6 * HOUR, 3, False),
        ([UNREAD] * 99, 6 * HOUR, 0, False),
        ([*[GOOD] * 4, (None, None), *[GOOD] * 4], 6 * HOUR, 4, False),
        ([*[GOOD] * 4, ("https://parked.example/", True), *[GOOD] * 4], 6 * HOUR, 4, False),
        ([*[GOOD] * 4, (TARGET, False), *[GOOD] * 4], 6 * HOUR, 4, False),
        ([(TARGET, False)] * 99, 6 * HOUR, 0, False),
    ],
)
def test_a_target_is_adopted_after_several_rounds_over_a_day(
    rounds: list[tuple[str | None, bool | None]], step: timedelta, sightings: int, *, adopted: bool
) -> None:
    move = led(rounds, step)
    assert move is not None
    assert move.target == TARGET
    assert move.sightings == sightings
    assert (move.adopted_at is not None) is adopted
    assert to_ask(URL, move) == (TARGET if adopted else URL)


def test_a_redirect_that_stops_is_forgotten() -> None:
    assert led([GOOD, GOOD, (None, True)]) is None
    assert to_ask(URL, None) == URL


def test_an_adopted_move_stays_whatever_is_sighted() -> None:
    for moved_to, overlap in ((None, None), (None, True), ("https://third.example/", False)):
        assert sighted(ADOPTED, moved_to, overlap=overlap, now=NOON) is ADOPTED


@pytest.mark.parametrize(
    ("rounds", "left"),
    [
        ([(True, True)], SIGHTINGS),
        ([(True, None)] * 9, SIGHTINGS),
        ([(False, None)], BAD_ROUNDS - 1),
        ([(False, None)] * 2, 1),
        ([(False, None)] * 3, None),
        ([(True, False)] * 3, None),
        ([(False, None), (True, False), (False, None)], None),
        ([(False, None), (True, None), (False, None)], 1),
        ([(False, None)] * 2 + [(True, True)] + [(False, None)] * 2, 1),
    ],
)
def test_a_target_that_turns_bad_is_given_up(
    rounds: list[tuple[bool, bool | None]], left: int | None
) -> None:
    move: Move | None = ADOPTED
    for ok, overlap in rounds:
        move = rolled_back(move, ok=ok, overlap=overlap)
    assert (move and move.sightings) == left
    assert to_ask(URL, move) == (TARGET if left else URL)


def test_only_what_is_adopted_can_be_rolled_back() -> None:
    young = replace(ADOPTED, adopted_at=None)
    assert rolled_back(young, ok=False, overlap=None) is young
    assert rolled_back(None, ok=False, overlap=None) is None


@pytest.mark.parametrize(
    ("url", "target", "private", "asked"),
    [
        (URL, TARGET, False, TARGET),
        (URL, TARGET, True, URL),
        (URL, "https://old.example/feed", True, "https://old.example/feed"),
        (URL, "https://old.example:8443/feed", True, URL),
        (URL, "http://new.example/feed", False, URL),
        ("http://old.example/rss", "https://old.example/rss", False, "https://old.example/rss"),
        ("http://old.example/rss", "https://old.example/rss", True, "http://old.example/rss"),
    ],
)
def test_no_adoption_leaks_headers_or_gives_up_encryption(
    url: str, target: str, asked: str, *, private: bool
) -> None:
    assert to_ask(url, replace(ADOPTED, target=target), private=private) == asked


@pytest.mark.parametrize(
    ("known", "total", "same"),
    [(0, 0, False), (0, 20, False), (1, 1, True), (1, 20, False), (7, 20, True), (6, 20, False)],
)
def test_a_document_of_which_a_third_is_known_is_the_same(known: int, total: int, *, same: bool) -> None:
    assert overlaps(known, total) is same


def test_moves_are_told_without_secrets() -> None:
    assert sentence(None) is None
    move = Move(target="https://me:pass@new.example/feed?token=x", sightings=2, first_seen_at=NOON)
    assert sentence(move) == (
        "it redirects for good to https://new.example/feed: confirmed in 2 rounds since "
        "2026-11-05 12:00 UTC, believed after 5 over a day"
    )
    assert sentence(ADOPTED) == (
        "it has moved to https://new.example/feed, believed since 2026-11-05 12:00 UTC: please configure it"
    )


@given(
    st.lists(
        st.tuples(st.sampled_from([None, TARGET, "https://x.example/"]), st.sampled_from([None, True, False]))
    )
)
def test_nothing_is_adopted_without_five_confirmations_in_a_row(
    rounds: list[tuple[str | None, bool | None]],
) -> None:
    move = led(rounds)
    if move is not None and move.adopted_at is not None:
        assert sum(one == (move.target, True) for one in rounds) >= SIGHTINGS
