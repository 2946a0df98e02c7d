"""Delivers events to endpoints: leases due deliveries and attempts them; endpoints do not block each other.

fan out ──▶ claim (fair shares) ──▶ prepare, for all at once ──▶ attempt ──▶ settle (many in one call)
"""

import asyncio
import random
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial

from msgspec.structs import replace

from syndicator.egress.client import Egress
from syndicator.errors import PushError, UnreadableRecord
from syndicator.model.clock import Clock, system_clock
from syndicator.model.delivery import Dead, Delivered, DeliveryOutcome, Endpoint, RetryAt
from syndicator.model.event import Event, EventType
from syndicator.model.feed import Origin, Site
from syndicator.model.ids import EndpointId, EventId, SourceId
from syndicator.model.ops.states import AttemptResult
from syndicator.observe.logs import get_logger
from syndicator.observe.tracing import Span, span
from syndicator.pipeline.endpoint_directory import Directory
from syndicator.pipeline.lease_keeper import LeaseKeeper, LeaseLost
from syndicator.pipeline.steps import JobReport, Taken
from syndicator.pipeline.store_retry import retry_until_available
from syndicator.pipeline.webhooks.attempt_limits import AttemptSlot, AttemptSlots
from syndicator.pipeline.webhooks.endpoint_health import CircuitKeeper
from syndicator.pipeline.webhooks.fan_out import EventFanOut
from syndicator.pipeline.webhooks.payloads import Packed, Payloads, pointless
from syndicator.pipeline.webhooks.refill import RefillWork
from syndicator.pipeline.webhooks.replay_worker import ReplayWork
from syndicator.push.webhook import send
from syndicator.rules.rate_limit import RateLimit
from syndicator.rules.sources.freshness import day_of
from syndicator.rules.webhooks.attempt_share import FIRST_SHARE
from syndicator.store.connection import Command
from syndicator.store.store import Store
from syndicator.store.webhooks.deliveries import ClaimedDeliveries, Leased, SettledDeliveries
from syndicator.store.webhooks.partition_claims import Shares
from syndicator.store.webhooks.unreadable_deliveries import UNREADABLE

LEASE = timedelta(seconds=15)
"""Extended during an attempt; the deliveries of a dead worker are due again after this time."""

QUICK, SLOW = 192, 256
"""Most concurrent attempts of one process: to receivers that answer soon, and to slow ones."""

LOGGED_A_SECOND = 20
"""Most log lines a second about successful deliveries; the next line has the number of those left out."""

log = get_logger(__name__)


class DeliveryReport(JobReport, frozen=True, kw_only=True):
    """The result of one attempt."""

    endpoint: EndpointId
    result: AttemptResult
    duration_s: float
    latency_s: float | None = None
    """Seconds from the event to its delivery; None where it was not delivered."""


class DeliverStep:
    """Fans out the outbox and leases due deliveries."""

    name = "deliver"

    def __init__(
        self,
        store: Store,
        egress: Egress,
        directory: Directory,
        clock: Clock,
        rng: random.Random,
        *,
        site: Site,
        origins: Mapping[SourceId, Origin] | None = None,
        slots: AttemptSlots | None = None,
        wall: Clock = system_clock,
        measured: Collection[SourceId] = (),
    ) -> None:
        """`measured` are the sources with a freshness objective.

        `clock` orders deliveries and leases, `wall` is the time sent to receivers.
        """
        self._store = store
        self._egress = egress
        self._directory = directory
        self._clock = clock
        self._wall = wall
        self._rng = rng
        self.event_fan_out = EventFanOut(store, directory, clock, rng)
        self._replays = ReplayWork(store, directory, self.event_fan_out, clock)
        self._refills = RefillWork(store, directory, self.event_fan_out, clock, rng)
        self._payloads = Payloads(store, site, origins or {})
        self._measured = frozenset(measured)
        self._health = CircuitKeeper(store, clock, rng)
        self._slots = slots or AttemptSlots(QUICK, SLOW)
        self._log_limit = RateLimit[str](LOGGED_A_SECOND, 1 / LOGGED_A_SECOND, time.monotonic)
        self._unlogged = 0
        self._leases = LeaseKeeper[Leased](
            lambda leased: store.deliveries.extend(leased, clock() + LEASE), LEASE.total_seconds() / 3
        )
        self._under_way = set[tuple[EndpointId, EventId]]()
        self._losses = store.connection.losses
        self._took_all = True

    async def take(self, room: int) -> Taken:
        """Fan out the outbox, lease due deliveries, continue replays and refill queues."""
        if not self._slots.room:
            return Taken()  # an attempt that ends wakes the worker
        await self._free_lost()
        self._took_all = False
        claimed = await self._claim(room, after_queuing=True)
        replays = claimed.replay_due_at is not None and claimed.replay_due_at <= self._clock()
        if replays:
            await self._replays.run()
            await self._refills.run()
        if claimed.unfanned:
            await self.event_fan_out.run()
        if replays or claimed.unfanned:
            claimed = await self._claim(room, after_queuing=False, before=claimed.leased)
        packed = await self._packed(await self._served(claimed.leased))
        self._under_way.update(_place(one.leased) for one in packed)
        self._took_all = True
        return Taken(
            jobs=tuple(
                partial(self._attempt, parcel, AttemptSlot(self._slots, parcel[0].endpoint.id))
                for parcel in self._parcels(packed)
            ),
            next_due_at=min(filter(None, (claimed.next_due_at, claimed.replay_due_at)), default=None),
        )

    async def _free_lost(self) -> None:
        """Release claimed deliveries that are not running, after a failed claim or a lost connection."""
        losses = self._store.connection.losses
        if self._took_all and losses == self._losses:
            return
        await self._directory.ensure()
        count = await self._store.deliveries.free_lost(self._directory.listed, self._under_way, self._clock())
        if count:
            log.info("lost_leases_freed", deliveries=count)
        self._losses = losses

    async def _claim(
        self, room: int, *, after_queuing: bool, before: tuple[Leased, ...] = ()
    ) -> ClaimedDeliveries:
        """Lease due deliveries; `before`: what was leased already, which comes with it."""
        await self._directory.ensure()
        await self._hasten()
        others, room_now = self._directory.foreign, min(room - len(before), self._slots.room)
        bounds = self._slots.bounds(one.delivery.endpoint for one in before)
        bounds |= {one.id: room for one in self._directory.digesting}  # many deliveries are one attempt
        claimed = await self._store.deliveries.claim(
            self._clock(), LEASE, room_now, others=others,
            shares=Shares(each=FIRST_SHARE, of=bounds), after_queuing=after_queuing,
        )  # fmt: skip
        claimed = replace(claimed, leased=before + claimed.leased)
        for endpoint, event in claimed.lost:
            log.error("queue_entry_invalid", endpoint=endpoint, event_id=event)
        for record in claimed.unreadable:
            if not record.is_known:
                _log_unreadable(record.endpoint, record.event, record.reason)
        await self._directory.refresh(claimed.version)
        if set(others).issubset(self._directory.foreign):
            return claimed
        # The directory has changed: endpoints that were skipped may be served now.
        return await self._claim(room, after_queuing=after_queuing, before=claimed.leased)

    async def _hasten(self) -> None:
        """Make digests due that are full before their time."""
        for endpoint in self._directory.digesting:
            if (digest := endpoint.digest) is not None:
                every, now = timedelta(seconds=digest.every_s), self._clock()
                hasten = partial(self._store.digests.hasten, endpoint.id, digest.items, every, now)
                await self._store.reach.ask(endpoint.id, hasten)

    def _parcels(self, packed: Sequence[Packed]) -> list[Sequence[Packed]]:
        """Group deliveries into pushes: digests together, others one by one."""
        parcels: list[Sequence[Packed]] = []
        together: dict[tuple[EndpointId, int, str], list[Packed]] = {}
        for one in packed:
            if one.endpoint.digest is None:
                parcels.append((one,))
            else:
                # What failed together is tried together again, under the same id.
                delivery = one.leased.delivery
                replay = delivery.replayed.id if delivery.replayed else ""
                together.setdefault((one.endpoint.id, delivery.attempts, replay), []).append(one)
        for found in together.values():
            parcels += self._payloads.split_into_pushes(found)
        return parcels

    async def _served(self, leased: tuple[Leased, ...]) -> list[tuple[Leased, Endpoint]]:
        """Return deliveries with their endpoints."""
        served = self._directory.served
        if any(claimed.delivery.endpoint not in served for claimed in leased):
            await self._directory.reload()
            served = self._directory.served
        unknown = {claimed.delivery.endpoint for claimed in leased if claimed.delivery.endpoint not in served}
        if unknown:
            log.warning(
                "delivery_endpoints_unknown", endpoints=sorted(unknown), detail="their leases run out"
            )
        return [
            (claimed, served[claimed.delivery.endpoint])
            for claimed in leased
            if claimed.delivery.endpoint in served
        ]

    async def _packed(self, served: Sequence[tuple[Leased, Endpoint]]) -> list[Packed]:
        """Return deliveries with their prepared events; postpone those that cannot be read."""
        try:
            prepared = await self._payloads.prepare(one.delivery.event for one, _ in served)
        except UnreadableRecord as error:
            if len(served) > 1:  # one of them
                return [found for one in served for found in await self._packed([one])]
            ((leased, endpoint),) = served
            if leased.delivery.last_reason != UNREADABLE:
                _log_unreadable(endpoint.id, leased.delivery.event.id, str(error))
            await self._store.deliveries.put_off(leased, self._clock())
            return []
        return [
            Packed(leased=one, endpoint=endpoint, prepared=prepared[one.delivery.event.id])
            for one, endpoint in served
        ]

    async def _attempt(self, parcel: Sequence[Packed], slot: AttemptSlot) -> DeliveryReport | None:
        with _attempt_span(parcel) as current:
            return await self._attempted(parcel, slot, current)

    async def _attempted(
        self, parcel: Sequence[Packed], slot: AttemptSlot, current: Span
    ) -> DeliveryReport | None:
        endpoint = parcel[0].endpoint
        try:
            if any(self._clock() >= packed.leased.until for packed in parcel):
                # Redis kept us waiting: another worker may have it by now.
                await asyncio.gather(*(self._release(packed.leased) for packed in parcel))
                return None
            with self._leases.keep([packed.leased for packed in parcel]), slot:
                outcomes = await self._outcomes(parcel)
                slot.is_delivered = any(isinstance(outcome, Delivered) for outcome in outcomes)
            result = next(
                (each for each in outcomes if not isinstance(each, Dead) or each.was_tried), outcomes[0]
            )
            if not isinstance(result, Delivered):
                current.fail(result.reason)
            if result.disable or not isinstance(result, Delivered):
                await retry_until_available(lambda: self._health.record_failure(endpoint, result))
            settling = [
                self._settle(packed, outcome) for packed, outcome in zip(parcel, outcomes, strict=True)
            ]
            # Most often it is one, and a task for it would cost as much as it does itself.
            settled = [await settling[0]] if len(settling) == 1 else await asyncio.gather(*settling)
            if not result.disable and any(each.recovered for each in settled):
                await self._health.recovered(endpoint)
            return self._report(parcel, result)
        except LeaseLost:
            log.warning(
                "delivery_stopped",
                endpoint=endpoint.id,
                event_id=parcel[0].leased.delivery.event.id,
                reason="its lease was lost to another worker",
            )
            return None
        finally:
            slot.leave()
            self._under_way.difference_update([_place(packed.leased) for packed in parcel])

    async def _release(self, leased: Leased) -> None:
        await retry_until_available(lambda: self._store.deliveries.release(leased, self._clock()))

    async def _settle(self, packed: Packed, outcome: DeliveryOutcome) -> SettledDeliveries:
        also = self._delay_count(packed) if isinstance(outcome, Delivered) else ()
        return await retry_until_available(
            lambda: self._store.deliveries.settle(packed.leased, outcome, self._clock(), also)
        )

    def _delay_count(self, packed: Packed) -> Command:
        """Return the command that counts how late a new article was pushed; () where that is not measured."""
        delivery, article = packed.leased.delivery, packed.prepared.article
        is_first = delivery.event.type is EventType.ARTICLE_CREATED and delivery.replayed is None
        if not is_first or article is None or article.source not in self._measured:
            return ()
        if article.published_at >= article.first_seen_at:  # it has no date of its own
            return ()
        now = self._clock()
        seconds = (now - article.published_at).total_seconds()
        return self._store.article_delays.count_pushed(article.source, day_of(now), seconds)

    async def _outcomes(self, parcel: Sequence[Packed]) -> list[DeliveryOutcome]:
        """Send the events of a parcel that are still useful; return the outcome of each event."""
        now, endpoint = self._clock(), parcel[0].endpoint
        outcomes: list[DeliveryOutcome | None] = [pointless(packed, now) for packed in parcel]
        left = [packed for packed, outcome in zip(parcel, outcomes, strict=True) if outcome is None]
        if left:
            sent: DeliveryOutcome
            try:
                delivery, body = self._payloads.push(left)
            except PushError as error:  # another attempt would fail in the same way
                name = left[0].leased.delivery.event.id
                log.exception("event_payload_failed", endpoint=endpoint.id, event_id=name, reason=str(error))
                sent = Dead(reason="payload", duration_ms=0, was_tried=False)
            else:
                sent = await send(
                    self._egress, endpoint, delivery, body, now, self._rng, sent_at=self._wall()
                )
        return [outcome or sent for outcome in outcomes]

    def _report(self, parcel: Sequence[Packed], outcome: DeliveryOutcome) -> DeliveryReport:
        delivery = parcel[-1].leased.delivery
        is_logged, unlogged, latency_s = True, 0, None
        match outcome:
            case Delivered():
                word, result = "delivery_succeeded", AttemptResult.DELIVERED
                latency_s = max((self._clock() - delivery.event.at).total_seconds(), 0.0)
                is_logged, unlogged = not self._log_limit.take(""), self._unlogged
                self._unlogged = 0 if is_logged else unlogged + 1
            case RetryAt():
                word, result = "delivery_retrying", AttemptResult.RETRY
            case Dead():
                word, result = "delivery_dead", AttemptResult.DEAD
        return DeliveryReport(
            step="deliver",
            quiet=not is_logged,
            event=word,
            fields=_fields(parcel, outcome, unlogged) if is_logged else (),
            failed=result is not AttemptResult.DELIVERED,
            endpoint=delivery.endpoint,
            result=result,
            duration_s=outcome.duration_ms / 1000,
            latency_s=latency_s,
        )


def _attempt_span(parcel: Sequence[Packed]) -> Span:
    """Begin the span of an attempt: in the trace of its event; of a digest, linked to those of its events."""
    delivery, name = parcel[-1].leased.delivery, "delivery attempt"
    endpoint, attempt = delivery.endpoint, delivery.attempts + 1
    if len(parcel) > 1:
        links = [packed.leased.delivery.event.trace for packed in parcel]
        return span(name, links=links, endpoint=endpoint, attempt=attempt, events=len(parcel))
    event = delivery.event
    return span(
        name, trace=event.trace, endpoint=endpoint, attempt=attempt, event=event.id, article=event.article
    )


def _place(leased: Leased) -> tuple[EndpointId, EventId]:
    return leased.delivery.endpoint, leased.delivery.event.id


def _log_unreadable(endpoint: EndpointId, event: EventId, reason: str) -> None:
    remedy = "it waits for a worker that can read it: run the newest version, or see `syndicator doctor`"
    log.error("delivery_unreadable", endpoint=endpoint, event_id=event, reason=reason, remedy=remedy)


def _fields(
    parcel: Sequence[Packed], outcome: DeliveryOutcome, unlogged: int
) -> tuple[tuple[str, str | int | float], ...]:
    """Return the log fields of an attempt."""
    prepared, delivery = parcel[-1].prepared, parcel[-1].leased.delivery
    event, attempt = delivery.event, delivery.attempts + 1
    fields: list[tuple[str, str | int | float]] = [
        ("endpoint", delivery.endpoint),
        ("event_id", event.id),
        ("type", event.type.value),
        *_subject_fields(event),
    ]
    if prepared.article is not None:
        fields.append(("title", prepared.article.title))
    if len(parcel) > 1:
        fields.append(("events", len(parcel)))
    match outcome:
        case Delivered(status=status, duration_ms=duration_ms):
            fields += [("status", status), ("ms", duration_ms)]
        case RetryAt(reason=reason, at=at):
            fields += [("reason", reason), ("attempt", attempt), ("next", at.strftime("%H:%M:%S"))]
        case Dead(reason=reason):
            fields += [("reason", reason), ("attempt", attempt)]
    if unlogged:
        fields.append(("and_more", unlogged))
    return tuple(fields)


def _subject_fields(event: Event) -> tuple[tuple[str, str], ...]:
    """Return the log fields that say what an event is about."""
    article, family = event.article, event.type.family
    if article is not None:
        return (("article", article), *((("story", event.subject),) if family == "story" else ()))
    # `endpoint` is the one that receives it.
    return ((family if family in {"source", "feed"} else "subject", event.subject),)
