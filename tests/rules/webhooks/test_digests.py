"""When digests leave, and what is in them."""

import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support import NOON

from syndicator.model.delivery import Digest
from syndicator.model.ids import EndpointId, EventId
from syndicator.rules.webhooks.digests import digest_id, sent_at, split_by_size

A, B = EndpointId("a"), EndpointId("b")


@given(every_s=st.floats(1, 86400), passed_s=st.floats(0, 1e6))
def test_nothing_waits_longer_than_it_may(every_s: float, passed_s: float) -> None:
    now = NOON + timedelta(seconds=passed_s)
    at = sent_at(A, Digest(items=5, every_s=every_s), now)
    assert timedelta() < at - now <= timedelta(seconds=every_s + 0.001)


def test_what_happens_in_one_interval_leaves_at_one_instant() -> None:
    digest = Digest(items=5, every_s=600)
    end = sent_at(A, digest, NOON)
    times = {sent_at(A, digest, end - timedelta(seconds=before)) for before in (0.001, 1, 300, 599)}
    assert times == {end}
    assert sent_at(A, digest, end) == end + timedelta(seconds=600)
    assert sent_at(B, digest, NOON) != end, "not all at once"


@given(sizes=st.lists(st.integers(1, 120), max_size=40), items=st.integers(1, 10))
def test_parts_keep_order_and_bounds(sizes: list[int], items: int) -> None:
    groups = split_by_size(((size, size) for size in sizes), items, 100)
    assert [one for group in groups for one in group] == sizes
    for group in groups:
        assert 1 <= len(group) <= items
        assert sum(group) <= 100 or len(group) == 1
    for group, following in itertools.pairwise(groups):
        assert len(group) == items or sum(group) + following[0] > 100, "as few as can be"


def test_the_same_events_are_the_same_digest() -> None:
    ids = [EventId(f"evt_{number}") for number in range(3)]
    assert digest_id(ids) == digest_id(ids[::-1])
    assert digest_id(ids) != digest_id(ids[:2])
    assert "." not in digest_id(ids)
