"""Request slots of politeness scopes, as one process takes them.

Requests for slots, returned slots and lease extensions of all tasks are sent to Redis in one exchange. While
one exchange is under way, the next one is collected. Returning a slot therefore never waits.

Fairness: tasks of a process that request the same kind of slot of a scope wait in one FIFO queue. Only the
first of a queue asks Redis, so a thousand waiting tasks cost no more calls than one. Between queues (pages
with a crawl delay, feeds without), and between processes, the order is random: each asks again after a random
delay.
"""

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.pipeline.lease_keeper import KeptLeases, LeaseKeeper
from syndicator.store.batching import Batcher, retrieve
from syndicator.store.sources.request_slots import (
    HeldSlot,
    HoldOff,
    Pace,
    SharedRequestSlots,
    SlotAnswer,
    Wanted,
    Why,
)

LEASE = timedelta(seconds=15)
EXTEND_S = 5.0
MAX_WAIT_S = 60.0
"""Longest wait for one slot, besides the intervals of those before it in the queue."""
MOMENT_S = 0.5
"""Longest wait for one slot without patience: the caller has other work to do meanwhile."""

RETURN_S = 0.01
"""A returned slot that no task of this process waits for may wait so long for the next exchange."""

_POLL_S = 0.25
_UNSENT = 1000
"""Slots that could not be returned yet and are remembered; others end with their leases."""

_NO_ANSWER = SlotAnswer(why=Why.IN_FLIGHT, wait_s=0.0)
"""The answer to an exchange that asks for no slot."""

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Waits for the event, at most for the given seconds."""


async def pause(freed: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await freed.wait()


class NoSlot(SyndicatorError):
    """No request slot of the scope is free: try again later, and go on with other work meanwhile."""


_Queue = deque[asyncio.Event]
"""The tasks of this process that wait for the same kind of slot. An event is set when a slot was returned, or
when its task has become the first of the queue."""
_SlotKind = tuple[tuple[Pace, ...], bool]
"""The intervals to keep, and whether the caller is patient."""


class RequestSlots:
    """Takes and returns request slots. Share one among all tasks of an event loop; close it at the end."""

    def __init__(
        self, shared: SharedRequestSlots, clock: Clock, rng: random.Random, pause: Pause = pause
    ) -> None:
        self._shared = shared
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._name = uuid.uuid4().hex[:16]
        self._numbers = count()
        self._queues: dict[str, dict[_SlotKind, _Queue]] = {}
        self._held: dict[str, KeptLeases[HeldSlot]] = {}
        self._keeper = LeaseKeeper(self._extend, EXTEND_S)
        self._exchanges = Batcher(self._exchange, apart=False)
        self._returned: list[HeldSlot] = []
        self._extended: list[HeldSlot] = []
        self._held_off: list[HoldOff] = []
        self._returning: asyncio.TimerHandle | None = None

    async def take(
        self, scope: str, max_in_flight: int, paces: Sequence[Pace] = (), *, patient: bool = True
    ) -> HeldSlot | SlotAnswer:
        """Wait for a slot of a scope; return the refusal where none is free in time.

        `patient=False` waits for MOMENT_S only. The slot is held, and its lease extended, until it is
        returned or this process ends. Raises StoreUnavailable while Redis is away.
        """
        slot = Wanted(
            scope=scope,
            token=f"{self._name}.{next(self._numbers)}",
            max_in_flight=max_in_flight,
            paces=tuple(paces),
        )
        kind = (slot.paces, patient)
        if kind not in self._queues.get(scope, {}) and (await self._ask(slot)).why is Why.TAKEN:
            return slot
        queues = self._queues.setdefault(scope, {})
        queue = queues.setdefault(kind, deque())
        slowest_s = max((pace.interval_s for pace in paces), default=0.0)
        most_s = MAX_WAIT_S + slowest_s * len(queue) if patient else MOMENT_S
        waiter = asyncio.Event()
        queue.append(waiter)
        try:
            return await self._wait_in_queue(
                queue, waiter, slot, self._clock() + timedelta(seconds=most_s), patient
            )
        finally:
            queue.remove(waiter)
            if queue:
                queue[0].set()
            else:
                del queues[kind]
            if not queues:
                del self._queues[scope]

    async def _wait_in_queue(
        self, queue: _Queue, waiter: asyncio.Event, slot: Wanted, deadline: datetime, patient: bool
    ) -> HeldSlot | SlotAnswer:
        """Wait in a queue until the deadline."""
        answer = SlotAnswer(why=Why.IN_FLIGHT, wait_s=LEASE.total_seconds())
        while True:
            waiter.clear()
            is_first = queue[0] is waiter
            if is_first:
                answer = await self._ask(slot)
                if answer.why is Why.TAKEN:
                    return slot
            left_s = (deadline - self._clock()).total_seconds()
            if left_s <= 0 or (patient and answer.wait_s > left_s and answer.why is not Why.IN_FLIGHT):
                return answer
            if is_first:
                await self._wait(waiter, answer, left_s)
            else:
                await self._pause(waiter, left_s)

    async def _wait(self, freed: asyncio.Event, answer: SlotAnswer, left_s: float) -> None:
        if answer.why is Why.IN_FLIGHT:
            # Tasks of this process set `freed` when they return a slot; for other processes, poll Redis.
            wait_s = min(answer.wait_s, _POLL_S) * self._rng.uniform(0.5, 1.5)
        else:
            freed = asyncio.Event()
            wait_s = answer.wait_s + self._rng.uniform(0, min(0.1 * answer.wait_s, _POLL_S))
        await self._pause(freed, min(wait_s, left_s))

    def release(self, slot: HeldSlot) -> None:
        """Return a slot with the next exchange. It does not wait, so it cannot be cancelled half-way."""
        self._end_lease(slot.token)
        self._returned.append(slot)
        queues = self._queues.get(slot.scope)
        if queues:
            for queue in queues.values():
                queue[0].set()
            self._wake()
        elif self._returning is None:  # no task waits for a slot: return it with the next exchange, or soon
            self._returning = asyncio.get_running_loop().call_later(RETURN_S, self._return)

    def _return(self) -> None:
        self._returning = None
        if self._returned:
            self._wake()

    def hold_off(self, scope: str, seconds: float) -> None:
        """Let no process begin a request of a scope for so many seconds."""
        self._held_off.append(HoldOff(scope=scope, until=self._clock() + timedelta(seconds=seconds)))
        self._wake()

    async def close(self) -> None:
        """Return all slots that are still held, if Redis is available."""
        for _ in range(2):  # an exchange under way may grant slots: the second one returns them
            with suppress(Exception):  # slots that cannot be returned end with their leases
                await self._exchanges.ask(None)
            self._returned += [slot for token in list(self._held) for slot in self._end_lease(token)]

    async def _ask(self, slot: Wanted) -> SlotAnswer:
        asked = self._exchanges.put(slot)
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(partial(self._release_unwanted, slot))
            raise

    def _release_unwanted(self, slot: Wanted, asked: asyncio.Future[SlotAnswer]) -> None:
        """Return a slot that was granted after its task was cancelled."""
        if slot.token in self._held:
            self.release(slot)
        retrieve(asked)

    def _wake(self) -> None:
        """Begin an exchange, even if no slot is requested."""
        self._exchanges.put(None).add_done_callback(retrieve)

    async def _exchange(self, asked: Sequence[Wanted | None]) -> list[SlotAnswer]:
        wanted = [slot for slot in asked if slot is not None]
        returned, self._returned = self._returned, []
        extended, self._extended = self._extended, []
        held_off, self._held_off = self._held_off, []
        if not (wanted or returned or extended or held_off):
            return [_NO_ANSWER] * len(asked)
        try:
            answers = await self._shared.exchange(
                wanted,
                now=self._clock(),
                lease=LEASE,
                returned=returned,
                extended=extended,
                held_off=held_off,
            )
        except Exception:
            # Redis may have carried it out all the same: return what it may have granted.
            self._returned = [*returned, *wanted, *self._returned][-_UNSENT:]
            self._held_off = [*held_off, *self._held_off][-_UNSENT:]
            raise
        for slot, answer in zip(wanted, answers, strict=True):
            if answer.why is Why.TAKEN:
                self._held[slot.token] = kept = self._keeper.keep([slot])
                self._keeper.add(kept)
        remaining = iter(answers)
        return [_NO_ANSWER if slot is None else next(remaining) for slot in asked]

    async def _extend(self, slots: Sequence[HeldSlot]) -> list[bool]:
        self._extended = list(slots)
        await self._exchanges.ask(None)
        return [True] * len(slots)  # a request whose slot was lost goes on: the server has it already

    def _end_lease(self, token: str) -> Sequence[HeldSlot]:
        """Stop extending the lease of a slot and return the slot; nothing where it is not held here."""
        kept = self._held.pop(token, None)
        if kept is None:
            return ()
        self._keeper.remove(kept)
        return kept.leases
