"""Servers that say "unchanged" and lie."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import NOON

from syndicator.model.source import SourceState
from syndicator.model.sources.source_findings import Honesty
from syndicator.rules.sources.validator_trust import (
    LONGEST_DISTRUST,
    ONE_IN,
    ONE_IN_AT_FIRST,
    is_check_due,
    judged,
    sentence,
    trusts,
)

DAY = timedelta(days=1)


CHECKED = Honesty(checks=1)


@pytest.mark.parametrize(
    "state",
    [SourceState(etag='"a"', honesty=CHECKED), SourceState(last_modified="yesterday", honesty=CHECKED)],
)
def test_one_in_a_hundred_is_checked(state: SourceState) -> None:
    rng = random.Random(1)
    checks = sum(is_check_due(state, rng) for _ in range(20_000))
    assert 0.8 * 20_000 / ONE_IN < checks < 1.2 * 20_000 / ONE_IN


def test_a_source_that_was_never_checked_is_checked_soon() -> None:
    rng = random.Random(1)
    checks = sum(is_check_due(SourceState(etag='"a"'), rng) for _ in range(2000))
    assert 0.8 * 2000 / ONE_IN_AT_FIRST < checks < 1.2 * 2000 / ONE_IN_AT_FIRST


def test_without_a_validator_there_is_nothing_to_check() -> None:
    rng = random.Random(1)
    assert not any(is_check_due(SourceState(), rng) for _ in range(2000))


def test_an_honest_source_stays_trusted() -> None:
    honesty = Honesty()
    for _ in range(50):
        honesty = judged(honesty, held_news=False, now=NOON)
    assert honesty == Honesty(checks=50)
    assert trusts(honesty, NOON)
    assert sentence(honesty) is None


@pytest.mark.parametrize(("lies", "days"), [(1, 7), (2, 14), (3, 28), (4, 56), (5, 60), (99, 60)])
def test_every_lie_is_distrusted_for_longer(lies: int, days: int) -> None:
    honesty = Honesty(checks=lies, lies=lies - 1)
    honesty = judged(honesty, held_news=True, now=NOON)
    assert honesty.lies == lies
    assert not trusts(honesty, NOON + days * DAY - timedelta(seconds=1))
    assert trusts(honesty, NOON + days * DAY)


def test_an_honest_check_keeps_the_distrust_and_the_count() -> None:
    lied = judged(Honesty(checks=8), held_news=True, now=NOON)
    again = judged(lied, held_news=False, now=NOON + DAY)
    assert (again.checks, again.lies, again.distrusted_until) == (10, 1, NOON + 7 * DAY)


def test_a_lie_is_told() -> None:
    liar = judged(Honesty(checks=40, lies=1), held_news=True, now=NOON)
    assert sentence(liar, NOON + 14 * DAY) is None
    assert sentence(liar, NOON + 13 * DAY) == sentence(liar)
    assert sentence(liar) == (
        "in 2 of 41 checks it had news where it said that nothing had changed: "
        "it is read whole each time until 2026-11-19 12:00 UTC"
    )


@given(st.lists(st.booleans(), max_size=80))
def test_lies_never_outnumber_checks_and_distrust_has_an_end(checks: list[bool]) -> None:
    honesty = Honesty()
    for held_news in checks:
        honesty = judged(honesty, held_news=held_news, now=NOON)
    assert honesty.lies == sum(checks) <= honesty.checks == len(checks)
    assert trusts(honesty, NOON) is not any(checks)
    assert trusts(honesty, NOON + LONGEST_DISTRUST)
