"""Updates the health of endpoints after attempts: circuits, disabling, and notices to operators."""

import asyncio
import random
from datetime import datetime
from weakref import WeakValueDictionary

from syndicator.model.clock import Clock
from syndicator.model.delivery import Dead, DeliveryOutcome, Endpoint, RetryAt
from syndicator.model.endpoint import EndpointState
from syndicator.model.event import EndpointNotice, Event, EventType
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.observe.logs import get_logger
from syndicator.rules.identity.identity import new_event
from syndicator.rules.webhooks.circuit import CircuitChange, FailedAttempt, after_endpoint_failure
from syndicator.store.store import Store

log = get_logger(__name__)

GONE, ASKED = "gone", "asked"
"""Why an endpoint is disabled by its own answers: 410, and the header `webhook-delivery: disable`."""

_TRIES = 20


class CircuitKeeper:
    """Updates circuits and standings, and announces failing, recovered and disabled endpoints."""

    def __init__(self, store: Store, clock: Clock, rng: random.Random) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._one_by_one = WeakValueDictionary[EndpointId, asyncio.Lock]()

    async def record_failure(self, endpoint: Endpoint, outcome: DeliveryOutcome) -> None:
        """Draw from one attempt what follows for its endpoint, but that it recovered.

        To be called before the attempt is settled: settling makes room for the next one.
        """
        now = self._clock()
        if outcome.disable:
            reason = GONE if isinstance(outcome, Dead) and outcome.reason == GONE else ASKED
            await self._disable(endpoint, reason, now)
        elif isinstance(outcome, RetryAt) or (isinstance(outcome, Dead) and outcome.was_tried):
            await self._failed(endpoint, outcome, now)

    async def recovered(self, endpoint: Endpoint) -> None:
        """Announce the first successful delivery after failures."""
        now = self._clock()
        log.info("endpoint_recovered", endpoint=endpoint.id)
        await self._announce(EventType.ENDPOINT_RECOVERED, endpoint, "", now, now)

    async def _failed(self, endpoint: Endpoint, outcome: RetryAt | Dead, now: datetime) -> None:
        reason = outcome.reason.rpartition(":")[2]
        failure = FailedAttempt(reason=reason, at=now, retry_after_s=outcome.retry_after_s)
        # Attempts of this process take turns, so that only other processes can conflict.
        async with self._one_by_one.setdefault(endpoint.id, asyncio.Lock()):
            for _ in range(_TRIES):
                state = await self._store.endpoints.state(endpoint.id)
                change = after_endpoint_failure(state, endpoint.retry, failure, self._rng.uniform(-1, 1))
                if change is None:
                    return
                if await self._store.endpoints.note_failure(endpoint.id, state, change):
                    break
            else:
                log.warning("endpoint_failure_not_counted", endpoint=endpoint.id, reason=reason)
                return
        await self._follow(endpoint, state, change, reason, now)

    async def _follow(
        self, endpoint: Endpoint, state: EndpointState, change: CircuitChange, reason: str, now: datetime
    ) -> None:
        if change.disable is not None:
            await self._disable(endpoint, change.disable, now)
        elif change.opened:
            log.warning("endpoint_failing", endpoint=endpoint.id, reason=reason, failures=change.failures)
            since = state.last_success_at or change.failing_since
            await self._announce(EventType.ENDPOINT_FAILING, endpoint, reason, since, now)

    async def _disable(self, endpoint: Endpoint, reason: str, now: datetime) -> None:
        if not await self._store.endpoints.disable(endpoint.id, reason, now):
            return
        log.warning("endpoint_disabled", endpoint=endpoint.id, reason=reason)
        state = await self._store.endpoints.state(endpoint.id)
        if state.standing is EndpointStanding.DISABLED:
            since = state.last_success_at or state.failing_since or now
            await self._announce(EventType.ENDPOINT_DISABLED, endpoint, reason, since, now)

    async def _announce(
        self, kind: EventType, endpoint: Endpoint, why: str, since: datetime, now: datetime
    ) -> None:
        counts = await self._store.deliveries.counts(endpoint.id, now)
        notice = EndpointNotice(why=why, since=since, waiting=counts.waiting)

        def event(revision: int, before: int | None) -> Event:
            return new_event(kind, endpoint.id, revision, now, follows=before, details=notice)

        await self._store.endpoints.add_event(endpoint.id, event, now)
