"""Which events a newer one closes, and how far a fan-out is spread."""

from datetime import UTC, datetime

import msgspec
import pytest

from syndicator.model.event import ARTICLE_EVENTS, Event, EventType
from syndicator.rules.identity.identity import event_id
from syndicator.rules.webhooks.event_matching import AT_ONCE, LONGEST_SPREAD_S, spread_s
from syndicator.rules.webhooks.supersession import (
    REVISIONS,
    REVISIONS_OF_OTHERS,
    closes_for_all,
    is_urgent,
    older,
)

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def event(kind: EventType, revision: int, subject: str = "abcdefghijklmnop") -> Event:
    return Event(id=event_id(subject, revision, kind), type=kind, subject=subject, revision=revision, at=NOON)


@pytest.mark.parametrize("kind", ARTICLE_EVENTS)
def test_a_revision_closes_all_earlier_ones_of_its_article(kind: EventType) -> None:
    named = {one.id: one.type for one in older(event(kind, 4))}
    assert named == {event(other, revision).id: other for revision in (1, 2, 3) for other in ARTICLE_EVENTS}


def test_the_first_revision_closes_nothing() -> None:
    assert older(event(EventType.ARTICLE_CREATED, 1)) == ()


def test_what_is_looked_for_is_bounded() -> None:
    assert len(older(event(EventType.ARTICLE_UPDATED, 10_000))) == REVISIONS * len(ARTICLE_EVENTS)
    assert len(older(event(EventType.FEED_UPDATED, 10_000, "latest"))) == REVISIONS_OF_OTHERS


def test_a_feed_closes_its_own_events_only() -> None:
    (one,) = older(event(EventType.FEED_UPDATED, 2, "latest"))
    assert one.id == event(EventType.FEED_UPDATED, 1, "latest").id


def test_where_revisions_are_instants_the_one_before_is_closed() -> None:
    late = msgspec.structs.replace(event(EventType.SOURCE_RECOVERED, 1_795_724_670_163, "city"), follows=77)
    kinds = [kind for kind in EventType if kind.group == EventType.SOURCE_RECOVERED.group]
    assert {one.id for one in older(late)} == {event(kind, 77, "city").id for kind in kinds}


def test_a_withdrawal_is_urgent_and_like_a_restoration_for_all() -> None:
    assert [kind for kind in EventType if is_urgent(event(kind, 2))] == [EventType.ARTICLE_WITHDRAWN]
    assert [kind for kind in EventType if closes_for_all(event(kind, 2))] == [
        EventType.ARTICLE_WITHDRAWN,
        EventType.ARTICLE_RESTORED,
    ]


def test_many_that_will_fetch_are_spread_and_few_are_not() -> None:
    assert spread_s(AT_ONCE) == 0
    assert spread_s(1000) == 10
    assert spread_s(1_000_000) == LONGEST_SPREAD_S
