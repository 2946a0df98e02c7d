"""Request slots of politeness scopes, as one process takes them.

Many tasks ask at once and Redis is asked in few calls: what is wanted, given back and still under way goes
into one exchange, and while one is on its way the next one gathers. Giving back therefore costs no waiting.

Fairness: inside a process, those who want the same of a scope stand in one line: who came first is served
first, and only the first of the line asks Redis, so that a thousand waiting tasks cost no more calls than
one. Between lines (pages that keep a delay, feeds that need not), and between processes, chance decides: each
asks again after a moment of its own choosing.
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
"""For one turn, besides what those before it in the line must take by their pace."""
MOMENT_S = 0.5
"""For one turn, where there is something else to do meanwhile."""

RETURN_S = 0.01
"""So long a turn that is given back may wait for a call to go with, where nobody in this process wants it."""

_POLL_S = 0.25
_UNSENT = 1000
"""So many turns that could not be given back are remembered; more end with their leases."""

_NO_ANSWER = SlotAnswer(why=Why.IN_FLIGHT, wait_s=0.0)
"""Where nothing was wanted."""

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Waits for the event, but not longer than so many seconds."""


async def pause(freed: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await freed.wait()


class NoSlot(SyndicatorError):
    """The server is busy with others of us: ask again in a moment, after those who want something else."""


_Line = deque[asyncio.Event]
"""Those of this process that wait for the same of a scope. An event tells of a turn that was given back, or
that one has come to the front."""
_Wish = tuple[tuple[Pace, ...], bool]


class RequestSlots:
    """Takes turns and gives them back. Share one by all tasks of an event loop; close it at the end."""

    def __init__(
        self, shared: SharedRequestSlots, clock: Clock, rng: random.Random, pause: Pause = pause
    ) -> None:
        self._shared = shared
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._name = uuid.uuid4().hex[:16]
        self._numbers = count()
        self._lines: dict[str, dict[_Wish, _Line]] = {}
        self._flying: dict[str, KeptLeases[HeldSlot]] = {}
        self._keeper = LeaseKeeper(self._extend, EXTEND_S)
        self._exchanges = Batcher(self._exchange, apart=False)
        self._returned: list[HeldSlot] = []
        self._extended: list[HeldSlot] = []
        self._held_off: list[HoldOff] = []
        self._returning: asyncio.TimerHandle | None = None

    async def take(
        self, scope: str, max_in_flight: int, paces: Sequence[Pace] = (), *, patient: bool = True
    ) -> HeldSlot | SlotAnswer:
        """Wait for a turn, the impatient for a moment only; give the refusal where it does not come in time.

        A turn is held, however long its request takes, until it is given back or this process ends. Raises
        StoreUnavailable while Redis is away.
        """
        turn = Wanted(
            scope=scope,
            token=f"{self._name}.{next(self._numbers)}",
            max_in_flight=max_in_flight,
            paces=tuple(paces),
        )
        wish = (turn.paces, patient)
        if wish not in self._lines.get(scope, {}) and (await self._ask(turn)).why is Why.TAKEN:
            return turn
        lines = self._lines.setdefault(scope, {})
        line = lines.setdefault(wish, deque())
        slowest_s = max((pace.interval_s for pace in paces), default=0.0)
        most_s = MAX_WAIT_S + slowest_s * len(line) if patient else MOMENT_S
        place = asyncio.Event()
        line.append(place)
        try:
            return await self._stand(line, place, turn, self._clock() + timedelta(seconds=most_s), patient)
        finally:
            line.remove(place)
            if line:
                line[0].set()
            else:
                del lines[wish]
            if not lines:
                del self._lines[scope]

    async def _stand(
        self, line: _Line, place: asyncio.Event, turn: Wanted, deadline: datetime, patient: bool
    ) -> HeldSlot | SlotAnswer:
        """Stand in a line until the deadline."""
        answer = SlotAnswer(why=Why.IN_FLIGHT, wait_s=LEASE.total_seconds())
        while True:
            place.clear()
            is_first = line[0] is place
            if is_first:
                answer = await self._ask(turn)
                if answer.why is Why.TAKEN:
                    return turn
            left_s = (deadline - self._clock()).total_seconds()
            if left_s <= 0 or (patient and answer.wait_s > left_s and answer.why is not Why.IN_FLIGHT):
                return answer
            if is_first:
                await self._wait(place, answer, left_s)
            else:
                await self._pause(place, left_s)

    async def _wait(self, freed: asyncio.Event, answer: SlotAnswer, left_s: float) -> None:
        if answer.why is Why.IN_FLIGHT:
            # Others of this process tell when they are done; those of other processes must be asked.
            wait_s = min(answer.wait_s, _POLL_S) * self._rng.uniform(0.5, 1.5)
        else:
            freed = asyncio.Event()
            wait_s = answer.wait_s + self._rng.uniform(0, min(0.1 * answer.wait_s, _POLL_S))
        await self._pause(freed, min(wait_s, left_s))

    def give_back(self, turn: HeldSlot) -> None:
        """Give a turn back, soon and without waiting: cancellation cannot come between."""
        self._landed(turn.token)
        self._returned.append(turn)
        lines = self._lines.get(turn.scope)
        if lines:
            for line in lines.values():
                line[0].set()
            self._wake()
        elif (
            self._returning is None
        ):  # nobody here waits for it: it goes with what is asked next, if that is soon
            self._returning = asyncio.get_running_loop().call_later(RETURN_S, self._return)

    def _return(self) -> None:
        self._returning = None
        if self._returned:
            self._wake()

    def hold_off(self, scope: str, seconds: float) -> None:
        """Let nobody begin a request of a scope for a while."""
        self._held_off.append(HoldOff(scope=scope, until=self._clock() + timedelta(seconds=seconds)))
        self._wake()

    async def close(self) -> None:
        """Give back what is left to give back, if Redis is there."""
        for _ in range(2):  # what is on its way may bring turns, and go back with the second exchange
            with suppress(Exception):  # those that cannot be given back end with their leases
                await self._exchanges.ask(None)
            self._returned += [slot for token in list(self._flying) for slot in self._landed(token)]

    async def _ask(self, turn: Wanted) -> SlotAnswer:
        asked = self._exchanges.put(turn)
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(partial(self._give_back_unwanted, turn))
            raise

    def _give_back_unwanted(self, turn: Wanted, asked: asyncio.Future[SlotAnswer]) -> None:
        """Give a turn back that comes to nobody."""
        if turn.token in self._flying:
            self.give_back(turn)
        retrieve(asked)

    def _wake(self) -> None:
        """Have an exchange begin although nothing may be wanted."""
        self._exchanges.put(None).add_done_callback(retrieve)

    async def _exchange(self, asked: Sequence[Wanted | None]) -> list[SlotAnswer]:
        wanted = [turn for turn in asked if turn is not None]
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
            # Perhaps it was carried out all the same: whatever it may have taken goes back next time.
            self._returned = [*returned, *wanted, *self._returned][-_UNSENT:]
            self._held_off = [*held_off, *self._held_off][-_UNSENT:]
            raise
        for turn, answer in zip(wanted, answers, strict=True):
            if answer.why is Why.TAKEN:
                self._flying[turn.token] = kept = self._keeper.keep([turn])
                self._keeper.add(kept)
        left = iter(answers)
        return [_NO_ANSWER if turn is None else next(left) for turn in asked]

    async def _extend(self, slots: Sequence[HeldSlot]) -> list[bool]:
        self._extended = list(slots)
        await self._exchanges.ask(None)
        return [True] * len(slots)  # a request whose slot was lost goes on: the server has it already

    def _landed(self, token: str) -> Sequence[HeldSlot]:
        """Extend a slot no more, and return it; none where it is not held here."""
        kept = self._flying.pop(token, None)
        if kept is None:
            return ()
        self._keeper.remove(kept)
        return kept.leases
