"""What becomes of a subscription at a hub. Pure: functions give the record as it is after something happened.

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
"""Where a hub leaves the length out, which it must not."""
RENEWAL_PAUSE = timedelta(minutes=5)
"""After a verification, however short the lease is."""

ANSWER_WAIT = timedelta(minutes=3)
"""For the answer to a request: after that the worker that sent it is taken for dead."""
VERIFICATION_WAIT = timedelta(hours=1)
"""For a hub that accepted to ask back."""
LEAVING_WAIT = timedelta(hours=1)
MAX_LEAVING, MAX_LEAVING_TRIES = 4, 3
TRIES_PER_HUB = 3
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(days=1)
CHANGE_PAUSE = timedelta(minutes=10)
"""Between two requests, where the source names other hubs than before."""
ROUND_PAUSE = timedelta(days=1)
"""Once all hubs have been asked in vain."""
LOOK_AGAIN = timedelta(hours=1)
"""At least so often each record is looked at: sources leave, and change their minds."""

MAX_WAITING, MAX_WAITING_BYTES = 50, 16 * 1024 * 1024
"""Of one source; a single document may be as large as the source's own limit."""
WAITING_KEPT = timedelta(days=1)
MAX_TAKES = 5
"""Of one document: what so many rounds broke down on will break the next one too."""
MAX_REASON = 300


class SubscribeRequest(Struct, frozen=True, kw_only=True):
    """What is to be sent to a hub."""

    mode: str
    """`subscribe` or `unsubscribe`."""
    grant: Grant


def advertised(sub: Subscription, topic: str | None, hubs: Sequence[str], now: datetime) -> Subscription:
    """Note what a freshly read document names; None and nothing where it names no hub.

    Without a hub a lease that runs is left to run out: one odd document must not end it.
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
    """Return what is to be sent now, with the record as it must be kept *before* that is sent.

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
    """Note a hub's answer: `refusal` is None where it accepted; after a `lasting` one comes the next hub."""
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
    """Note that a hub asked whether we mean it, and that we do; None where we do not (WebSub, 5.3).

    A hub may ask again later, of one that works.
    """
    one = _one(callback_id, sub.pending, sub.active)
    if one is None or one.topic != topic:
        return None
    lease = timedelta(seconds=min(DEFAULT_LEASE_S if lease_s is None else lease_s, LONGEST_LEASE_S))
    granted = replace(one, verified_at=now, lease_ends_at=now + lease)
    if one is sub.active:
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
    """Note that a hub asked whether we mean to end it, and that we do; None where we do not."""
    left = tuple(one for one in sub.leaving if (one.callback_id, one.topic) != (callback_id, topic))
    return replace(sub, leaving=left, attend_at=now) if len(left) < len(sub.leaving) else None


def denied(
    sub: Subscription, callback_id: str, topic: str, reason: str, now: datetime
) -> Subscription | None:
    """Note that a hub ends it, or will not have it (WebSub, 5.2); None where it is none of ours."""
    if (left := unsubscribed(sub, callback_id, topic, now)) is not None:
        return left
    one = _one(callback_id, sub.pending, sub.active)
    if one is None or one.topic != topic:
        return None
    if one is sub.active:
        sub = replace(sub, active=None)
    result = f"the hub denies it: {reason}" if reason else "the hub denies it"
    return _failed(sub, result[:MAX_REASON], lasting=True, retry_after_s=None, now=now)


def pushing(sub: Subscription, callback_id: str, now: datetime) -> Grant | None:
    """Return the grant that a push comes by; None where the hub has no right to push (any more)."""
    # What is being taken back may push while its successor is there: its last pushes are as good.
    grants = (sub.active, *sub.leaving) if sub.active is not None else ()
    one = _one(callback_id, *grants)
    return one if one is not None and _runs(one, now) else None


def knows(sub: Subscription, callback_id: str) -> bool:
    """Return whether a callback is or was one of this record."""
    return _one(callback_id, sub.active, sub.pending, *sub.leaving) is not None


def is_full(sub: Subscription, size: int) -> bool:
    """Return whether a document of so many bytes must wait outside; one alone always has room."""
    held = sum(one.size for one in sub.waiting)
    return bool(sub.waiting) and (len(sub.waiting) >= MAX_WAITING or held + size > MAX_WAITING_BYTES)


def pushed(sub: Subscription, document: Pushed) -> Subscription:
    """Note a push that the hub signed; what waits already is not kept twice."""
    now = document.received_at
    waiting = tuple(one for one in sub.waiting if now - one.received_at < WAITING_KEPT)
    if document.id not in {one.id for one in waiting}:
        waiting += (PushedDocument(id=document.id, size=len(document.body), received_at=now),)
    return replace(sub, waiting=waiting, last_push_at=now, pushes=sub.pushes + 1)


def refused(sub: Subscription) -> Subscription:
    """Note a push of no use: it was too large, or not signed with our secret."""
    return replace(sub, refused=sub.refused + 1)


def taken(sub: Subscription) -> Subscription:
    """Note that a round begins to read all that waits, but for what too many have begun to read in vain."""
    left = (one for one in sub.waiting if one.takes < MAX_TAKES)
    return replace(sub, waiting=tuple(replace(one, takes=one.takes + 1) for one in left))


def settled(
    sub: Subscription, documents: Sequence[str], *, new: int, changed: int, now: datetime
) -> Subscription:
    """Note that documents were read, and how many articles were new in them, or changed."""
    return replace(
        sub,
        waiting=tuple(one for one in sub.waiting if one.id not in documents),
        articles_by_push=sub.articles_by_push + new,
        brought_at=now if new or changed else sub.brought_at,
    )


def polled(sub: Subscription, new: int, now: datetime) -> Subscription:
    """Note how many new articles a poll found.

    Where pushes are relied on, that is a miss, unless a push waits that came amid the round.
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
    """Return whether pushes really arrive, so that polling is a mere precaution: see `why`."""
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
    """Return why pushes are not relied on though we are subscribed."""
    if sub.missed_at is not None:
        return "a poll found articles that no push had brought; polled as ever until one brings something"
    if sub.last_push_at is not None:
        return "subscribed, but no push has brought anything yet; polled as ever until one does"
    if sub.refused:
        return f"subscribed, but what came was too large or not signed with our secret ({sub.refused} times)"
    return "subscribed, but the hub has not pushed yet"


def renewal_at(grant: Grant) -> datetime | None:
    """Return when a verified grant is to be renewed.

    After 60 to 70 % of its lease, so that nothing clumps.
    """
    if grant.verified_at is None or grant.lease_ends_at is None:
        return None
    spread = sum(grant.callback_id.encode()) % 101 / 1000
    return grant.verified_at + (grant.lease_ends_at - grant.verified_at) * (0.6 + spread)


def _one(callback_id: str, *grants: Grant | None) -> Grant | None:
    return next((one for one in grants if one is not None and one.callback_id == callback_id), None)


def _runs(grant: Grant, now: datetime) -> bool:
    return grant.lease_ends_at is not None and now < grant.lease_ends_at


def _without_ended(sub: Subscription, now: datetime) -> Subscription:
    """Drop what has come to its end by itself, and note a hub that never asked back."""
    active = sub.active if sub.active and _runs(sub.active, now) else None
    leaving = tuple(
        one
        for one in sub.leaving
        if _runs(one, now) and (one.tries < MAX_LEAVING_TRIES or now - one.requested_at < LEAVING_WAIT)
    )
    sub = replace(sub, active=active, leaving=leaving)
    if sub.pending is not None and sub.pending_until is not None and now >= sub.pending_until:
        return _failed(sub, "the hub did not ask back", lasting=False, retry_after_s=None, now=now)
    return sub


def _given_up(sub: Subscription) -> Subscription:
    """Take everything back from the hubs: the source is not to be pushed any more."""
    old = (sub.active,) if sub.active else ()
    return Subscription(
        leaving=(*sub.leaving, *old)[-MAX_LEAVING:], waiting=sub.waiting, reason="no push is wanted"
    )


def _plan_leaving(sub: Subscription, now: datetime) -> tuple[Subscription, SubscribeRequest | None]:
    for place, one in enumerate(sub.leaving):
        if one.tries == 0 or (one.tries < MAX_LEAVING_TRIES and now - one.requested_at >= LEAVING_WAIT):
            asked = replace(one, tries=one.tries + 1, requested_at=now)
            leaving = (*sub.leaving[:place], asked, *sub.leaving[place + 1 :])
            return replace(sub, leaving=leaving), SubscribeRequest(mode="unsubscribe", grant=asked)
    return sub, None


def _needs_request(sub: Subscription, callback_base: str, now: datetime) -> bool:
    """Return whether a new grant is to be asked for now."""
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
    """Note a request in vain: later again, or the next hub, or (all asked) a long pause."""
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
    """Return when to look again: soon after a request was sent, else at the next thing that comes to pass."""
    if request is not None:
        return now + ANSWER_WAIT
    times = [now + LOOK_AGAIN]
    if sub.pending_until is not None:
        times.append(sub.pending_until)
    elif sub.hubs and sub.retry_at is not None:
        times.append(sub.retry_at)
    if sub.active is not None:
        times += [one for one in (renewal_at(sub.active), sub.active.lease_ends_at) if one is not None]
    times += [one.requested_at + LEAVING_WAIT for one in sub.leaving]
    return min(one for one in times if one > now)
