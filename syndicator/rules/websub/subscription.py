"""The states of a subscription at a hub, as pure functions that return the record after an event.

    advertised → plan → answered → verified (or denied) → pushed … → plan (renewal) → …

The worker plans and sends, the web hears the hub. A renewal asks for a new subscription beside the one that
works, and takes the old one back once the new one is verified; so a renewal that fails changes nothing, and
callbacks and secrets change with each (WebSub, 5.1).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.subscription import Grant, Pushed, PushedDocument, Subscription

ASKED_LEASE_S = 10 * 86400
LONGEST_LEASE_S = 30 * 86400
DEFAULT_LEASE_S = 86400
"""Used where a hub leaves out the length, contrary to the specification."""
RENEWAL_PAUSE = timedelta(minutes=5)
"""Least time between a verification and a renewal."""

ANSWER_WAIT = timedelta(minutes=3)
"""Longest wait for the answer to a request; after that its worker is considered dead."""
VERIFICATION_WAIT = timedelta(hours=1)
"""Longest wait for the verification by a hub that accepted a request."""
LEAVING_WAIT = timedelta(hours=1)
MAX_LEAVING, MAX_LEAVING_TRIES = 4, 3
TRIES_PER_HUB = 3
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(days=1)
CHANGE_PAUSE = timedelta(minutes=10)
"""Pause between two requests after the source has changed its hubs."""
ROUND_PAUSE = timedelta(days=1)
"""Pause after all hubs have failed."""
LOOK_AGAIN = timedelta(hours=1)
"""Each record is examined at least this often, because configurations change."""

MAX_WAITING, MAX_WAITING_BYTES = 50, 16 * 1024 * 1024
"""Of one source; a single document may be as large as the source's own limit."""
WAITING_KEPT = timedelta(days=1)
MAX_TAKES = 5
"""Most attempts to read a document: one that broke so many rounds would break the next one too."""
MAX_REASON = 300


class SubscribeRequest(Struct, frozen=True, kw_only=True):
    """A request to send to a hub."""

    mode: str
    """`subscribe` or `unsubscribe`."""
    grant: Grant


def advertised(sub: Subscription, topic: str | None, hubs: Sequence[str], now: datetime) -> Subscription:
    """Return the record with the topic and hubs that a document advertises.

    `topic` is None and `hubs` is empty where the document has no hub.
    A lease continues even if a document has no hub: one odd document must not end it.
    """
    if (sub.topic, sub.hubs) == (topic, tuple(hubs)):
        return sub
    return replace(
        sub,
        topic=topic,
        hubs=tuple(hubs),
        place=0,
        failures=0,
        # A source that names another hub each time does not make us ask them all.
        retry_at=sub.requested_at + CHANGE_PAUSE if sub.requested_at else None,
        reason=None,
        attend_at=now,
    )


def plan(
    sub: Subscription, *, wanted: bool, callback_base: str, callback_id: str, secret: str, now: datetime
) -> tuple[Subscription, SubscribeRequest | None]:
    """Return the record, which must be stored *before* the request is sent, and the request, if any.

    `wanted` is whether the source is to be pushed at all; `callback_base` is what its callbacks begin with;
    `callback_id` and `secret` are fresh random ones, for a request that needs them. An empty record means
    that nothing is left to be remembered.
    """
    sub = _without_ended(sub, now)
    if not wanted:
        sub = _given_up(sub)
    sub, request = _plan_leaving(sub, now)
    if request is None and wanted and _needs_request(sub, callback_base, now):
        sub, request = _plan_request(sub, callback_base, callback_id, secret, now)
    if not wanted and not sub.leaving:
        return Subscription(), None
    return replace(sub, attend_at=_attend_at(sub, request, now)), request


def answered(
    sub: Subscription,
    request: SubscribeRequest,
    *,
    refusal: str | None,
    lasting: bool = False,
    retry_after_s: float | None = None,
    now: datetime,
) -> Subscription:
    """Return the record after a hub's answer; `refusal`: None if accepted; `lasting`: try the next hub."""
    if request.mode == "unsubscribe":
        return replace(sub, attend_at=now)  # `plan` has counted it
    if sub.pending is None or sub.pending.callback_id != request.grant.callback_id:
        return sub  # the hub asked back (or denied) before it answered
    if refusal is None:
        return replace(sub, pending_until=now + VERIFICATION_WAIT, attend_at=now)
    return _failed(sub, refusal, lasting=lasting, retry_after_s=retry_after_s, now=now)


def verified(
    sub: Subscription, callback_id: str, topic: str, lease_s: int | None, now: datetime
) -> Subscription | None:
    """Return the record after a hub's verification; None where we did not subscribe (WebSub, 5.3).

    A hub may verify an active subscription again.
    """
    grant = _one(callback_id, sub.pending, sub.active)
    if grant is None or grant.topic != topic:
        return None
    lease = timedelta(seconds=min(DEFAULT_LEASE_S if lease_s is None else lease_s, LONGEST_LEASE_S))
    granted = replace(grant, verified_at=now, lease_ends_at=now + lease)
    if grant is sub.active:
        return replace(sub, active=granted, attend_at=now)
    old = (sub.active,) if sub.active else ()
    return replace(
        sub,
        active=granted,
        pending=None,
        pending_until=None,
        leaving=(*sub.leaving, *old)[-MAX_LEAVING:],
        failures=0,
        retry_at=now + RENEWAL_PAUSE,
        reason=None,
        attend_at=now,
    )


def unsubscribed(sub: Subscription, callback_id: str, topic: str, now: datetime) -> Subscription | None:
    """Return the record after a hub's verification of an unsubscription; None where we did not ask for it."""
    left = tuple(grant for grant in sub.leaving if (grant.callback_id, grant.topic) != (callback_id, topic))
    return replace(sub, leaving=left, attend_at=now) if len(left) < len(sub.leaving) else None


def denied(
    sub: Subscription, callback_id: str, topic: str, reason: str, now: datetime
) -> Subscription | None:
    """Return the record after a hub has denied or ended a subscription (WebSub, 5.2); None if not ours."""
    if (left := unsubscribed(sub, callback_id, topic, now)) is not None:
        return left
    grant = _one(callback_id, sub.pending, sub.active)
    if grant is None or grant.topic != topic:
        return None
    if grant is sub.active:
        sub = replace(sub, active=None)
    result = f"the hub denies it: {reason}" if reason else "the hub denies it"
    return _failed(sub, result[:MAX_REASON], lasting=True, retry_after_s=None, now=now)


def pushing(sub: Subscription, callback_id: str, now: datetime) -> Grant | None:
    """Return the grant of a callback; None where the hub has no right to push."""
    # A grant that is being ended may still push while its successor is active.
    grants = (sub.active, *sub.leaving) if sub.active is not None else ()
    grant = _one(callback_id, *grants)
    return grant if grant is not None and _runs(grant, now) else None


def knows(sub: Subscription, callback_id: str) -> bool:
    """Return whether a callback belongs or belonged to this record."""
    return _one(callback_id, sub.active, sub.pending, *sub.leaving) is not None


def is_full(sub: Subscription, size: int) -> bool:
    """Return whether there is no room for a document of so many bytes; a single one always has room."""
    held = sum(pushed.size for pushed in sub.waiting)
    return bool(sub.waiting) and (len(sub.waiting) >= MAX_WAITING or held + size > MAX_WAITING_BYTES)


def pushed(sub: Subscription, document: Pushed) -> Subscription:
    """Return the record with a valid push added; a document that waits already is not added twice."""
    now = document.received_at
    waiting = tuple(pushed for pushed in sub.waiting if now - pushed.received_at < WAITING_KEPT)
    if document.id not in {pushed.id for pushed in waiting}:
        waiting += (PushedDocument(id=document.id, size=len(document.body), received_at=now),)
    return replace(sub, waiting=waiting, last_push_at=now, pushes=sub.pushes + 1)


def refused(sub: Subscription) -> Subscription:
    """Return the record after an invalid push: too large, or without our signature."""
    return replace(sub, refused=sub.refused + 1)


def taken(sub: Subscription) -> Subscription:
    """Return the record when a round begins to read waiting documents; drop those with MAX_TAKES failures."""
    left = (pushed for pushed in sub.waiting if pushed.takes < MAX_TAKES)
    return replace(sub, waiting=tuple(replace(pushed, takes=pushed.takes + 1) for pushed in left))


def settled(
    sub: Subscription, documents: Sequence[str], *, new: int, changed: int, now: datetime
) -> Subscription:
    """Return the record after documents were read, with the number of new and changed articles."""
    return replace(
        sub,
        waiting=tuple(pushed for pushed in sub.waiting if pushed.id not in documents),
        articles_by_push=sub.articles_by_push + new,
        brought_at=now if new or changed else sub.brought_at,
    )


def polled(sub: Subscription, new: int, now: datetime) -> Subscription:
    """Return the record after a poll that found new articles.

    Where pushes are relied on, that counts as a missed push, unless a push arrived during the round.
    """
    if not new:
        return sub
    missed = sub.brought_at is not None and not sub.waiting
    return replace(
        sub,
        articles_by_poll=sub.articles_by_poll + new,
        missed_at=now if missed else sub.missed_at,
    )


def delivers(sub: Subscription, now: datetime) -> bool:
    """Return whether pushes are relied on, so that polling is only a precaution; see `why`."""
    return (
        sub.active is not None
        and _runs(sub.active, now)
        and sub.brought_at is not None
        and (sub.missed_at is None or sub.brought_at > sub.missed_at)
    )


def why(sub: Subscription, now: datetime) -> str:
    """Return a sentence that says why pushes are relied on, or why not.

    The rule: the lease runs, a push has brought something before, and since then no poll found an article
    that a push should have brought. After such a miss the source is polled as ever, until a push brings
    something again; a hub that is merely slow does so soon. Pushes that bring nothing (unreadable, too large,
    not signed, long known) prove nothing.
    """
    if not sub.hubs and sub.active is None:
        return "the source names no hub"
    if sub.active is None or not _runs(sub.active, now):
        return f"not subscribed: {sub.reason}" if sub.reason else "not subscribed yet"
    return "the hub pushes" if delivers(sub, now) else _why_not(sub)


def _why_not(sub: Subscription) -> str:
    """Return why pushes are not relied on although a subscription is active."""
    if sub.missed_at is not None:
        return "a poll found articles that no push had brought; polled as ever until one brings something"
    if sub.last_push_at is not None:
        return "subscribed, but no push has brought anything yet; polled as ever until one does"
    if sub.refused:
        return f"subscribed, but what came was too large or not signed with our secret ({sub.refused} times)"
    return "subscribed, but the hub has not pushed yet"


def renewal_at(grant: Grant) -> datetime | None:
    """Return when to renew a verified grant: after 60 to 70 % of its lease, to spread the requests."""
    if grant.verified_at is None or grant.lease_ends_at is None:
        return None
    spread = sum(grant.callback_id.encode()) % 101 / 1000
    return grant.verified_at + (grant.lease_ends_at - grant.verified_at) * (0.6 + spread)


def _one(callback_id: str, *grants: Grant | None) -> Grant | None:
    return next((grant for grant in grants if grant is not None and grant.callback_id == callback_id), None)


def _runs(grant: Grant, now: datetime) -> bool:
    return grant.lease_ends_at is not None and now < grant.lease_ends_at


def _without_ended(sub: Subscription, now: datetime) -> Subscription:
    """Return the record without grants that have ended; a hub that never verified counts as failed."""
    active = sub.active if sub.active and _runs(sub.active, now) else None
    leaving = tuple(
        grant
        for grant in sub.leaving
        if _runs(grant, now) and (grant.tries < MAX_LEAVING_TRIES or now - grant.requested_at < LEAVING_WAIT)
    )
    sub = replace(sub, active=active, leaving=leaving)
    if sub.pending is not None and sub.pending_until is not None and now >= sub.pending_until:
        return _failed(sub, "the hub did not ask back", lasting=False, retry_after_s=None, now=now)
    return sub


def _given_up(sub: Subscription) -> Subscription:
    """Return the record with all grants to be ended, because no pushes are wanted."""
    old = (sub.active,) if sub.active else ()
    return Subscription(
        leaving=(*sub.leaving, *old)[-MAX_LEAVING:], waiting=sub.waiting, reason="no push is wanted"
    )


def _plan_leaving(sub: Subscription, now: datetime) -> tuple[Subscription, SubscribeRequest | None]:
    for place, grant in enumerate(sub.leaving):
        if grant.tries == 0 or (grant.tries < MAX_LEAVING_TRIES and now - grant.requested_at >= LEAVING_WAIT):
            asked = replace(grant, tries=grant.tries + 1, requested_at=now)
            leaving = (*sub.leaving[:place], asked, *sub.leaving[place + 1 :])
            return replace(sub, leaving=leaving), SubscribeRequest(mode="unsubscribe", grant=asked)
    return sub, None


def _needs_request(sub: Subscription, callback_base: str, now: datetime) -> bool:
    """Return whether to request a new grant now."""
    if not sub.hubs or (sub.retry_at is not None and now < sub.retry_at):
        return False
    if sub.pending is not None and _fits(sub.pending, sub, callback_base):
        return False  # its answer is waited for
    if sub.active is None or not _fits(sub.active, sub, callback_base):
        return True
    renewal = renewal_at(sub.active)
    return renewal is None or now >= renewal


def _fits(grant: Grant, sub: Subscription, callback_base: str) -> bool:
    return grant.topic == sub.topic and grant.hub in sub.hubs and grant.callback.startswith(callback_base)


def _plan_request(
    sub: Subscription, callback_base: str, callback_id: str, secret: str, now: datetime
) -> tuple[Subscription, SubscribeRequest]:
    grant = Grant(
        callback_id=callback_id,
        callback=callback_base + callback_id,
        hub=sub.hubs[sub.place % len(sub.hubs)],
        topic=sub.topic or "",
        secret=secret,
        requested_at=now,
    )
    sub = replace(sub, pending=grant, pending_until=now + ANSWER_WAIT, requested_at=now)
    return sub, SubscribeRequest(mode="subscribe", grant=grant)


def _failed(
    sub: Subscription, reason: str, *, lasting: bool, retry_after_s: float | None, now: datetime
) -> Subscription:
    """Return the record after a failed request: retry later, go to the next hub, or pause after the last."""
    failures, place = sub.failures + 1, sub.place
    wait = min(FIRST_RETRY * 5 ** (failures - 1), LONGEST_RETRY)
    if lasting or failures >= TRIES_PER_HUB:
        failures, place, wait = 0, sub.place + 1, timedelta()
        if place >= len(sub.hubs):
            place, wait = 0, ROUND_PAUSE
    elif retry_after_s is not None:
        wait = min(max(wait, timedelta(seconds=retry_after_s)), LONGEST_RETRY)
    return replace(
        sub,
        pending=None,
        pending_until=None,
        failures=failures,
        place=place,
        retry_at=now + wait,
        reason=reason,
        attend_at=now,
    )


def _attend_at(sub: Subscription, request: SubscribeRequest | None, now: datetime) -> datetime:
    """Return when to examine the record again: soon after a request, else at its next deadline."""
    if request is not None:
        return now + ANSWER_WAIT
    times = [now + LOOK_AGAIN]
    if sub.pending_until is not None:
        times.append(sub.pending_until)
    elif sub.hubs and sub.retry_at is not None:
        times.append(sub.retry_at)
    if sub.active is not None:
        times += [time for time in (renewal_at(sub.active), sub.active.lease_ends_at) if time is not None]
    times += [grant.requested_at + LEAVING_WAIT for grant in sub.leaving]
    return min(time for time in times if time > now)
