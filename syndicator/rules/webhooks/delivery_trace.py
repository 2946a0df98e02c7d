"""What became of the events of an article at one endpoint, and why: one word and one sentence. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.article import Article
from syndicator.model.delivery import Delivery
from syndicator.model.endpoint import EndpointListed, Overflow
from syndicator.model.event import Event
from syndicator.model.ids import EventId
from syndicator.model.ops.states import AttemptResult, TraceStatus
from syndicator.rules.webhooks.event_matching import COPY_SENT, Refusal, refusal_sentence
from syndicator.rules.webhooks.waiting_reasons import Waiting, instant, next_at, obstacle

_REACHED = frozenset(
    {
        TraceStatus.DELIVERED,
        TraceStatus.IN_FLIGHT,
        TraceStatus.READY,
        TraceStatus.DELAYED,
        TraceStatus.DEAD,
        TraceStatus.IN_OUTBOX,
        TraceStatus.IN_LOG,
        TraceStatus.SET_ASIDE,
    }
)
"""Of events that went to the endpoint, or will."""
_MOST_TELLING = (
    TraceStatus.SUPERSEDED,
    TraceStatus.COPY_SENT,
    TraceStatus.NOT_WANTED,
    TraceStatus.UNVERIFIED,
    TraceStatus.ADDED_LATER,
    TraceStatus.NOT_RECORDED,
)
"""Of events that never went there: which says most about why, first."""


LOGGED_WITHIN = timedelta(minutes=5)
"""Largest delay between an event and its fan-out."""


class DeliveryTrace(Struct, frozen=True, kw_only=True):
    """What became of one event at one endpoint."""

    event: EventId | None
    """None of `not_announced` and `not_recorded`, where no event is kept."""
    type: str | None
    revision: int | None
    status: TraceStatus
    reason: str = ""
    """One word: the HTTP status, why it failed or waits, or the setting that refuses it."""
    why: str
    """The same as one sentence."""
    at: datetime | None = None
    """When it was delivered, superseded or dead; since when it waits."""
    next_at: datetime | None = None
    """When it is sent next, of what waits."""
    attempts: int = 0


class Unsent(Struct, frozen=True, kw_only=True):
    """An event that was never queued for an endpoint, with all that may be the reason."""

    event: Event
    listed: EndpointListed
    refusal: Refusal | None
    article: Article | None
    """The article of the event, as a filter sees it."""
    held_by: TraceStatus | None = None
    """`in_outbox` or `set_aside`, where it was not fanned out."""
    dropped: int = 0
    """Deliveries that fell off while the endpoint rested."""
    overflow: Overflow | None = None
    """What waits in the log of events for the endpoint."""


class Ended(Struct, frozen=True, kw_only=True):
    """How a delivery ended, or how its last attempt did."""

    event: EventId
    type: str
    revision: int | None
    """None where the event is not kept any more."""
    result: AttemptResult
    """`retry`: it failed, and does not wait any more."""
    reason: str
    at: datetime
    attempts: int
    newer: Event | None = None
    """Of `superseded`: the event that came in its place, where it is kept."""


def waiting_trace(one: Waiting, now: datetime) -> DeliveryTrace:
    """Return why a delivery waits: the first obstacle, as nothing else matters before that is gone."""
    event, delivery = one.delivery.event, one.delivery
    since = delivery.replayed.at if delivery.replayed else event.at
    reason, words = obstacle(one, now)
    verb = "is" if reason == "sending" else "waits:"
    return DeliveryTrace(
        event=event.id,
        type=event.type.value,
        revision=event.revision,
        status=TraceStatus(one.status),
        reason=reason,
        why=f"{event.type.value} {verb} {words}.",
        at=since,
        next_at=next_at(one, reason, now),
        attempts=delivery.attempts,
    )


def dead_trace(delivery: Delivery, at: datetime) -> DeliveryTrace:
    """Return why a delivery is dead that may be sent again."""
    event = delivery.event
    again = f"`syndicator deliveries resend {delivery.endpoint} {event.id}` sends it again"
    return DeliveryTrace(
        event=event.id,
        type=event.type.value,
        revision=event.revision,
        status=TraceStatus.DEAD,
        reason=delivery.last_reason or "",
        why=f"{event.type.value} is dead since {instant(at)}, after {_attempts(delivery.attempts)} "
        f"({delivery.last_reason}); {again}.",
        at=at,
        attempts=delivery.attempts,
    )


def ended_trace(one: Ended) -> DeliveryTrace:
    """Return how a delivery ended that neither waits nor is kept among the dead."""
    at, status, reason = instant(one.at), TraceStatus.NOT_RECORDED, one.reason
    match one.result:
        case AttemptResult.DELIVERED:
            status = TraceStatus.DELIVERED
            words = f"was delivered at {at}, at attempt {one.attempts} (HTTP {reason})"
        case AttemptResult.SUPERSEDED:
            status = TraceStatus.SUPERSEDED
            newer = one.newer
            by = f"{newer.type.value} of revision {newer.revision}" if newer else reason
            words = f"was not sent: at {at}, {by} took its place"
        case AttemptResult.DEAD:
            status = TraceStatus.DEAD
            words = f"is dead since {at}, after {_attempts(one.attempts)} ({reason}), and is kept no more"
        case _:
            reason = "dropped"
            words = (
                f"was dropped after {_attempts(one.attempts)}, the last at {at} ({one.reason}): "
                "too much waited for the endpoint, or for too long"
            )
    return DeliveryTrace(
        event=one.event,
        type=one.type,
        revision=one.revision,
        status=status,
        reason=reason,
        why=f"{one.type} {words}.",
        at=one.at,
        attempts=one.attempts,
    )


def unsent_trace(one: Unsent) -> DeliveryTrace:
    """Return why an event was never queued for an endpoint."""
    event = one.event
    status, reason, words = next(_hindrances(one))
    return DeliveryTrace(
        event=event.id,
        type=event.type.value,
        revision=event.revision,
        status=status,
        reason=reason,
        why=f"{event.type.value} {words}.",
        at=event.at if status in _REACHED else None,
    )


def _hindrances(one: Unsent) -> Iterator[tuple[TraceStatus, str, str]]:
    """Yield what kept an event out of a queue, the first first: status, word, and half a sentence."""
    listed, name, happened = one.listed, one.listed.endpoint.id, one.event.at
    backfill = f"`syndicator endpoints backfill {name}` sends what was published before"
    if listed.unreadable is not None and not listed.endpoint.events:  # not even its choice can be read
        unreadable = listed.unreadable.rstrip(".")
        yield TraceStatus.NOT_RECORDED, "unreadable", f"may not have been sent: {unreadable}"
    if (refusal := one.refusal) is not None:
        is_copy = refusal.key == COPY_SENT
        status = TraceStatus.COPY_SENT if is_copy else TraceStatus.NOT_WANTED
        yield status, refusal.key, f"is not sent: {refusal_sentence(listed.endpoint, refusal, one.article)}"
    if one.held_by is TraceStatus.IN_OUTBOX:
        yield one.held_by, "no_worker", "waits to be fanned out: see that a worker runs (`syndicator work`)"
    if one.held_by is TraceStatus.SET_ASIDE:
        words = "was set aside, because it or its article cannot be read: see `syndicator doctor`"
        yield one.held_by, "unreadable", words
    if listed.created_at is not None and listed.created_at > happened:
        added = f"the endpoint was added at {instant(listed.created_at)}, after the event"
        yield TraceStatus.ADDED_LATER, "added_later", f"was not sent: {added}; {backfill}"
    if not listed.gets_events:
        how = f"its address is not verified; `syndicator endpoints verify {name}`"
        yield TraceStatus.UNVERIFIED, "unverified", f"is not sent: {how}"
    if listed.verified_at is not None and listed.verified_at > happened:
        verified = f"its address was verified at {instant(listed.verified_at)}, after the event"
        yield TraceStatus.UNVERIFIED, "unverified", f"was not sent: {verified}; {backfill}"
    if (overflow := one.overflow) is not None and happened >= overflow.since - LOGGED_WITHIN:
        much = f"about {overflow.events} events wait there since {instant(overflow.since)}"
        why = "waits in the log of events, because the queue of the endpoint is full"
        yield TraceStatus.IN_LOG, "queue_full", f"{why}: {much}, and are sent in their order"
    if one.dropped:
        lost = f"it may be one of {one.dropped} deliveries that were dropped because they waited too long"
        yield TraceStatus.NOT_RECORDED, "dropped", f"is not recorded: {lost}; {backfill}"
    unknown = (
        "is wanted by the settings of today, and no delivery is recorded: they were changed since, "
        "the endpoint was configured later, or its log of attempts does not reach back so far"
    )
    yield TraceStatus.NOT_RECORDED, "not_recorded", unknown


def without_events(*, is_quiet: bool, is_shown: bool, kept_days: int) -> DeliveryTrace:
    """Return why an article without events was sent to nobody.

    `is_quiet`: it was not announced when it was admitted. `is_shown`: it waits for no story any more.
    """
    status, reason = TraceStatus.NOT_ANNOUNCED, "announce_age"
    why = "No event was sent: the article was too old when it was admitted (announce_age)."
    if not is_shown:
        reason = "unassigned"
        why = "No event was sent yet: the article waits to be assigned to a story."
    elif not is_quiet:
        status, reason = TraceStatus.NOT_RECORDED, "not_recorded"
        why = f"No event of the article is kept: events are kept for {kept_days} days."
    return DeliveryTrace(event=None, type=None, revision=None, status=status, reason=reason, why=why)


def summary(traces: Sequence[DeliveryTrace]) -> DeliveryTrace:
    """Return the trace that answers whether an endpoint has an article, and else why not.

    `traces`: of all events of the article, the newest first; at least one. The newest event of the article
    that went to the endpoint counts, before what else is sent about it. Where none went there, it is the
    strongest reason.
    """
    reached = [one for one in traces if one.status in _REACHED]
    own = [one for one in reached if one.type is not None and one.type.startswith("article.")]
    if own or reached:
        return (own or reached)[0]
    return min(traces, key=_telling)


def _telling(one: DeliveryTrace) -> tuple[bool, int, bool]:
    """Order traces of events that never went to an endpoint, the most telling first."""
    by_choice = one.reason in {"events", "feeds"}
    rank = _MOST_TELLING.index(one.status) if one.status in _MOST_TELLING else -1
    return by_choice, rank, not (one.type or "").startswith("article.")


def _attempts(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"
