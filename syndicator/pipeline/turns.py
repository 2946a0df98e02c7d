"""Turns to request something of a scope, as one process takes them.

Many tasks ask at once and Redis is asked in few calls: what is wanted, given back and still under way goes
into one exchange, and while one is on its way the next one gathers. Giving back therefore costs no waiting.

Fairness: inside a process, who came first to a scope is served first, and only the first of the line asks
Redis, so that a thousand waiting tasks cost no more calls than one. Between processes chance decides: each
asks again after a moment of its own choosing.
"""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import count
from weakref import WeakValueDictionary

from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.store.politeness import Answer, Held, HoldOff, Pace, SharedTurns, Wanted, Why

LEASE = timedelta(seconds=15)
EXTEND_S = 5.0
MAX_WAIT_S = 60.0
"""For one turn, besides what those before it in the line must take by their pace."""

_POLL_S = 0.25
_UNSENT = 1000
"""So many turns that could not be given back are remembered; more end with their leases."""

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Waits for the event, but not longer than so many seconds."""


async def pause(freed: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await freed.wait()


class _Line:
    """Those of this process that wait for one scope."""

    def __init__(self) -> None:
        self.first = asyncio.Lock()
        self.freed = asyncio.Event()
        self.length = 0


class Turns:
    """Takes turns and gives them back. Share one by all tasks of an event loop; close it at the end."""

    def __init__(self, shared: SharedTurns, clock: Clock, rng: random.Random, pause: Pause = pause) -> None:
        self._shared = shared
        self._clock = clock
        self._rng = rng
        self._pause = pause
        self._name = uuid.uuid4().hex[:16]
        self._numbers = count()
        self._lines: WeakValueDictionary[str, _Line] = WeakValueDictionary()
        self._flying: dict[str, Held] = {}
        self._asking: list[tuple[Wanted, asyncio.Future[Answer]]] = []
        self._returned: list[Held] = []
        self._extended: list[Held] = []
        self._held_off: list[HoldOff] = []
        self._exchanging: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def take(self, scope: str, max_in_flight: int, paces: Sequence[Pace] = ()) -> Held | Answer:
        """Wait for a turn; give the refusal where it does not come in time.

        A turn is held, however long its request takes, until it is given back or this process ends. Raises
        StoreUnavailable while Redis is away.
        """
        turn = Wanted(
            scope=scope,
            token=f"{self._name}.{next(self._numbers)}",
            max_in_flight=max_in_flight,
            paces=tuple(paces),
        )
        if scope not in self._lines and (await self._ask(turn)).why is Why.TAKEN:
            return turn
        line = self._lines.setdefault(scope, _Line())
        slowest_s = max((pace.interval_s for pace in paces), default=0.0)
        deadline = self._clock() + timedelta(seconds=MAX_WAIT_S + slowest_s * line.length)
        line.length += 1
        try:
            async with line.first:
                while True:
                    line.freed.clear()
                    answer = await self._ask(turn)
                    left_s = (deadline - self._clock()).total_seconds()
                    if answer.why is Why.TAKEN:
                        return turn
                    if left_s <= 0 or (answer.wait_s > left_s and answer.why is not Why.IN_FLIGHT):
                        return answer
                    await self._wait(line, answer)
        finally:
            line.length -= 1

    async def _wait(self, line: _Line, answer: Answer) -> None:
        if answer.why is Why.IN_FLIGHT:
            # Others of this process tell when they are done; those of other processes must be asked.
            await self._pause(line.freed, min(answer.wait_s, _POLL_S) * self._rng.uniform(0.5, 1.5))
        else:
            later_s = self._rng.uniform(0, min(0.1 * answer.wait_s, _POLL_S))
            await self._pause(asyncio.Event(), answer.wait_s + later_s)

    def give_back(self, turn: Held) -> None:
        """Give a turn back, soon and without waiting: cancellation cannot come between."""
        self._flying.pop(turn.token, None)
        self._returned.append(turn)
        line = self._lines.get(turn.scope)
        if line is not None:
            line.freed.set()
        self._wake()

    def hold_off(self, scope: str, seconds: float) -> None:
        """Let nobody begin a request of a scope for a while."""
        self._held_off.append(HoldOff(scope=scope, until=self._clock() + timedelta(seconds=seconds)))
        self._wake()

    async def close(self) -> None:
        """Give back what is left to give back, if Redis is there."""
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        self._returned += self._flying.values()
        self._flying.clear()
        while self._exchanging is not None and not self._exchanging.done():
            await self._exchanging
        await self._exchange()

    async def _ask(self, turn: Wanted) -> Answer:
        told: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asking.append((turn, told))
        self._wake()
        try:
            return await told
        except asyncio.CancelledError:
            if turn.token in self._flying:  # it came at the moment at which nobody wanted it any more
                self.give_back(turn)
            elif told.done() and not told.cancelled():
                told.exception()  # nobody else looks at it
            raise

    def _wake(self) -> None:
        if self._exchanging is None or self._exchanging.done():
            self._exchanging = asyncio.create_task(self._exchange())

    async def _exchange(self) -> None:
        await asyncio.sleep(0)  # all that are ready now go along
        while self._asking or self._returned or self._extended or self._held_off:
            asking, self._asking = self._asking, []
            returned, self._returned = self._returned, []
            extended, self._extended = self._extended, []
            held_off, self._held_off = self._held_off, []
            wanted = [turn for turn, _ in asking]
            try:
                answers = await self._shared.exchange(
                    wanted,
                    now=self._clock(),
                    lease=LEASE,
                    returned=returned,
                    extended=extended,
                    held_off=held_off,
                )
            except StoreError as error:
                # Perhaps it was carried out all the same: whatever it may have taken goes back next time.
                self._returned = [*returned, *wanted, *self._returned][-_UNSENT:]
                self._held_off = [*held_off, *self._held_off][-_UNSENT:]
                for _, told in asking:
                    if not told.done():
                        told.set_exception(error)
                if not self._asking:
                    return
            else:
                for (turn, told), answer in zip(asking, answers, strict=True):
                    self._tell(turn, told, answer)

    def _tell(self, turn: Wanted, told: asyncio.Future[Answer], answer: Answer) -> None:
        if answer.why is Why.TAKEN:
            if told.done():  # cancelled meanwhile
                self._returned.append(turn)
                return
            self._flying[turn.token] = turn
            if self._keeping is None or self._keeping.done():
                self._keeping = asyncio.create_task(self._keep())
        if not told.done():
            told.set_result(answer)

    async def _keep(self) -> None:
        """Extend the leases of requests that take long."""
        while self._flying:
            await asyncio.sleep(EXTEND_S)
            self._extended = list(self._flying.values())
            self._wake()
