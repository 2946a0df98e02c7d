"""Permanent redirects: followed at once, believed late, given up again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support import NOON

from syndicator.model.source import Move
from syndicator.rules.sources.redirect_tracking import (
    BAD_ROUNDS,
    LOOK_BACK_EVERY,
    SIGHTINGS,
    Led,
    followed,
    given_up,
    known_until,
    looks_back,
    news,
    overlaps,
    sentence,
    to_ask,
)

URL = "https://old.example/rss"
TARGET = "https://new.example/feed"
HOUR = timedelta(hours=1)
ADOPTED = Move(target=TARGET, sightings=SIGHTINGS, first_seen_at=NOON - 30 * HOUR, adopted_at=NOON)


def led(rounds: list[tuple[str | None, bool | None]], step: timedelta = 6 * HOUR) -> Move | None:
    move = None
    for number, (moved_to, overlap) in enumerate(rounds):
        now = NOON + number * step
        move = followed(move, Led(moved_to=moved_to, overlap=overlap), began=now, now=now)
    return move


def at_target(move: Move | None, *overlaps: bool | None) -> Move | None:
    """Have documents come from an adopted target."""
    for overlap in overlaps:
        led = Led(moved_to=None, overlap=overlap, from_configured=False)
        move = followed(move, led, began=NOON, now=NOON + HOUR)
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


@pytest.mark.parametrize(
    ("documents", "left"),
    [
        ([True], SIGHTINGS),
        ([None] * 9, SIGHTINGS),
        ([False], BAD_ROUNDS - 1),
        ([False] * 2, 1),
        ([False] * 3, None),
        ([False, None, False, None, False], None),
        ([False, False, True, False, False], 1),
    ],
)
def test_a_target_that_turns_bad_is_given_up(documents: list[bool | None], left: int | None) -> None:
    move = at_target(ADOPTED, *documents)
    assert move is not None
    assert to_ask(URL, move) == (TARGET if left else URL)
    if left:
        assert move.sightings == left
    else:
        assert (move.given_up_at, move.sightings) == (NOON + HOUR, 0)
        assert "the configured address is asked again" in (sentence(move) or "")


def test_what_a_foreign_target_brings_never_becomes_known() -> None:
    known = known_until(ADOPTED, NOON)
    for documents in ([False], [False, False], [False, False, False]):
        assert known_until(at_target(ADOPTED, *documents), NOON) == known
    assert known_until(at_target(ADOPTED, True), NOON) == NOON + HOUR
    strange = led([(TARGET, False)] * 9)
    assert known_until(strange, NOON + 99 * HOUR) == NOON
    elsewhere = Led(moved_to="https://x.example/", overlap=False)
    assert (
        known_until(followed(strange, elsewhere, began=NOON + 99 * HOUR, now=NOON + 99 * HOUR), NOON) == NOON
    )


def test_what_was_given_up_may_be_adopted_again_when_it_holds_what_was_known() -> None:
    move = given_up(ADOPTED, NOON)
    assert move is not None
    for number in range(SIGHTINGS + 1):
        now = NOON + (number + 1) * 6 * HOUR
        move = followed(move, Led(moved_to=TARGET, overlap=True), began=now, now=now)
    assert move is not None
    assert (to_ask(URL, move), move.given_up_at) == (TARGET, None)


@pytest.mark.parametrize(
    ("looked", "asked"),
    [
        (Led(moved_to=TARGET, overlap=True), TARGET),
        (Led(moved_to=TARGET, overlap=None), TARGET),
        (Led(moved_to=None, overlap=True), URL),
        (Led(moved_to=None, overlap=False), TARGET),
        (Led(moved_to=None, overlap=None), TARGET),
        (Led(moved_to=None, overlap=False, after_failure=True), URL),
        (Led(moved_to=None, overlap=None, after_failure=True), URL),
        (Led(moved_to="https://third.example/", overlap=True), URL),
        (Led(moved_to="https://third.example/", overlap=False), TARGET),
    ],
)
def test_a_configured_address_that_serves_the_feed_again_counts_again(looked: Led, asked: str) -> None:
    move = followed(ADOPTED, looked, began=NOON, now=NOON)
    assert to_ask(URL, move) == asked
    assert bool(news(ADOPTED, move)) is (asked == URL)


def test_the_configured_address_is_looked_at_once_a_day_and_after_failures() -> None:
    assert not looks_back(None, failing=True, now=NOON)
    assert not looks_back(led([GOOD]), failing=True, now=NOON)
    assert not looks_back(ADOPTED, failing=False, now=NOON + LOOK_BACK_EVERY - HOUR)
    assert looks_back(ADOPTED, failing=True, now=NOON)
    later = NOON + LOOK_BACK_EVERY
    assert looks_back(ADOPTED, failing=False, now=later)
    assert not looks_back(replace(ADOPTED, looked_back_at=later), failing=False, now=later)


def test_only_what_is_adopted_can_be_given_up() -> None:
    young = replace(ADOPTED, adopted_at=None)
    assert given_up(young, NOON) is young
    assert given_up(None, NOON) is None


def test_operators_are_told_when_another_address_is_asked() -> None:
    young = led([GOOD])
    assert news(None, young) is None
    assert news(young, young) is None
    assert news(ADOPTED, replace(ADOPTED, sightings=1)) is None
    assert news(young, ADOPTED) == sentence(ADOPTED)
    assert news(ADOPTED, given_up(ADOPTED, NOON)) == sentence(given_up(ADOPTED, NOON))
    assert news(ADOPTED, None) == (
        "its configured address serves it again, and is asked in place of https://new.example/feed"
    )


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
    [(0, 0, None), (0, 20, False), (1, 1, True), (1, 20, False), (7, 20, True), (6, 20, False)],
)
def test_a_document_of_which_a_third_is_known_is_the_same(
    known: int, total: int, *, same: bool | None
) -> None:
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
