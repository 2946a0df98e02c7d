"""The clock that all processes share: that of Redis, with this machine's steady counter between readings.

Leases are times in Redis, so two workers whose clocks differ by more than a lease do the same work twice.
The counter stands still while a virtual machine is paused, and runs at its own speed. So Redis' time is read
again and again. The clock never goes back: where it is ahead, it runs at half speed until it agrees. Nor does
it from one process to the next: each writes its time down, and a start goes on from there. Else, where the
clock of Redis was set back by an hour, all that is due would wait for an hour.

Where another server has taken over whose clock is ahead, time runs at one and a half speed until it agrees.
Processes read its time up to `READ_INTERVAL_S` after each other: with a jump, who reads first would take the
leases of the others for run out.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from syndicator.background import meanwhile
from syndicator.errors import StoreError
from syndicator.model.clock import Clock, from_ms, system_clock, to_ms
from syndicator.observe.logs import get_logger
from syndicator.store.connection import Connection

READ_INTERVAL_S = 10.0
"""Less than the shortest lease (15 s): after a pause two workers may do the same for so long."""

MAX_READING_S = 1.0
"""Of a reading: one that takes longer says too little, and the next one is waited for."""

JUMP_S = 10.0
"""A difference that no counter comes to between two readings."""

CONFIRMED_AFTER = timedelta(hours=1)
"""After a jump, before what is old by this clock is removed: a time that was set wrong is noticed by then."""

AGREEMENT = timedelta(hours=1)
"""Between this clock and this machine's own, for what is old to be removed: it is kept for days at least."""

GAIN = 0.5
"""By this share time runs faster or slower until the clocks agree. Two processes differ by 5 s at most then,
and a lease that is extended lasts 10 s more."""

CARRIED = timedelta(days=1)
"""A start goes on from a time that is so far ahead of Redis' at most: time at half speed takes twice that."""

_CARRIED_MS = CARRIED // timedelta(milliseconds=1)

_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

log = get_logger(__name__)


def steady_s() -> float:
    """Return a count of seconds that also goes on while the machine sleeps, where the system has one."""
    return time.clock_gettime(_STEADY)


class SharedClock:
    """A clock that follows readings of another one, and never goes back."""

    def __init__(self, there: datetime, at_s: float, steady: Callable[[], float], own: Clock) -> None:
        """`there`: what the other clock said when `steady` said `at_s`. `own`: this machine's time."""
        self._steady = steady
        self._own = own
        self._base = there
        self._base_s = self._agrees_at_s = at_s
        self._gain = 0.0
        """By how much faster time runs until then: half as fast again, or half as fast."""
        self._jumped_at_s: float | None = None

    def __call__(self) -> datetime:
        return self._at(self._steady())

    def follow(self, there: datetime, at_s: float, *, is_another: bool = False) -> float:
        """Take a reading of the other clock; return by how many seconds this one was behind it.

        What is ahead runs at half speed until it agrees. What is behind goes on from the reading at once; but
        what is behind since another clock is read (`is_another`), a day at most, runs faster until it agrees.
        """
        now_s = max(self._steady(), at_s)
        now = self._at(now_s)
        behind_s = (there + timedelta(seconds=now_s - at_s) - now).total_seconds()
        slow_s = CARRIED.total_seconds() if is_another else max(self.behind_s(now_s), 0.0)
        caught_up_s = min(behind_s, slow_s)
        self._base = now + timedelta(seconds=max(behind_s, 0.0) - max(caught_up_s, 0.0))
        self._base_s = now_s
        self._agrees_at_s = now_s + abs(caught_up_s) / GAIN
        self._gain = GAIN if caught_up_s > 0 else -GAIN
        if abs(behind_s) > JUMP_S:
            self.doubt()
        return behind_s

    def behind_s(self, now_s: float) -> float:
        """Return by how many seconds this clock is behind the other one by what was read; ahead: below 0."""
        return max(self._agrees_at_s - now_s, 0.0) * self._gain

    def doubt(self) -> None:
        """Have nothing old removed for a while, as after a jump."""
        self._jumped_at_s = self._steady()

    @property
    def ahead_of_own_s(self) -> float:
        """By how many seconds this clock is ahead of this machine's own."""
        return (self() - self._own()).total_seconds()

    def is_confirmed(self) -> bool:
        """Return whether what is old by this clock may be removed.

        That is so where this machine's own clock agrees, and no jump was seen recently: a clock that is days
        ahead would have everything removed.
        """
        if abs(self.ahead_of_own_s) > AGREEMENT.total_seconds():
            return False
        jumped_at_s = self._jumped_at_s
        return jumped_at_s is None or self._steady() - jumped_at_s >= CONFIRMED_AFTER.total_seconds()

    def _at(self, now_s: float) -> datetime:
        passed_s = now_s - self._base_s
        if passed_s > 0 and self._agrees_at_s > self._base_s:
            passed_s += (min(now_s, self._agrees_at_s) - self._base_s) * self._gain
        return self._base + timedelta(0, passed_s)


def time_at_start(there: datetime, written: tuple[datetime, datetime] | None) -> datetime:
    """Return the time from which a process goes on that starts when the other clock says `there`.

    `written`: the time of a process that ran before, and what the other clock said then.
    """
    if written is None:
        return there
    ahead = ahead_before(there, written)
    return there + ahead if abs(ahead) <= CARRIED else there


def ahead_before(there: datetime, written: tuple[datetime, datetime]) -> timedelta:
    """Return how far a process that ran before would be ahead of the other clock by now; behind: below 0."""
    then, there_then = written
    passed = max(there - there_then, timedelta())
    if then < there_then:  # it ran faster
        return min(then - there_then + passed * GAIN, timedelta())
    return max(then + passed * (1 - GAIN) - there, timedelta())


@asynccontextmanager
async def redis_clock(connection: Connection, key: str) -> AsyncIterator[SharedClock]:
    """Yield a clock that follows Redis' time, so that all workers on all machines agree.

    `key`: where processes write their time down.
    """
    there, at_s, _ = await _reading(connection)
    server = (await connection.server()).place
    written = await _written(connection, key)
    clock = SharedClock(time_at_start(there, written), at_s, steady_s, system_clock)
    if written is not None and (ahead := ahead_before(there, written)) > CARRIED:
        clock.doubt()
        _warn_of_time_before(ahead)
    behind_s = clock.follow(there, at_s, is_another=True)
    if abs(behind_s) > JUMP_S:
        _warn_of_jump(behind_s, is_another=behind_s > 0)
    if abs(clock.ahead_of_own_s) > AGREEMENT.total_seconds():
        _warn_of_disagreement(clock)
    async with meanwhile(_follow(connection, key, clock, server), "follow the time of Redis"):
        yield clock


async def redis_time(connection: Connection) -> datetime:
    """Return what time it is by Redis, aware, in UTC."""
    seconds, microseconds = await connection.call("TIME")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(microseconds))


async def _reading(connection: Connection) -> tuple[datetime, float, float]:
    """Return Redis' time, when by the counter it said so, and how many seconds the reading took."""
    before_s = steady_s()
    there = await redis_time(connection)
    after_s = steady_s()
    return there, (before_s + after_s) / 2, after_s - before_s


async def _written(connection: Connection, key: str) -> tuple[datetime, datetime] | None:
    """Return the time that a process wrote down, and that of Redis then."""
    found = await connection.call("GET", key)
    if found is None:
        return None
    then_ms, there_ms = map(int, found.split())
    return from_ms(then_ms), from_ms(there_ms)


async def _follow(connection: Connection, key: str, clock: SharedClock, server: str) -> None:
    agrees = True
    while True:
        await asyncio.sleep(READ_INTERVAL_S)
        try:
            asked = (await connection.server()).place
            there, at_s, took_s = await _reading(connection)
            answering = (await connection.server()).place
        except StoreError:
            continue  # the next one is waited for
        if took_s > MAX_READING_S or answering != asked:
            continue
        is_another, server = server != answering, answering
        expected_s = clock.behind_s(steady_s())
        behind_s = clock.follow(there, at_s, is_another=is_another)
        if abs(behind_s - expected_s) > JUMP_S:
            _warn_of_jump(behind_s, is_another=is_another)
        agreed, agrees = agrees, abs(clock.ahead_of_own_s) <= AGREEMENT.total_seconds()
        if agreed and not agrees:
            _warn_of_disagreement(clock)
        with suppress(StoreError):  # it may take no writes now
            await connection.call("SET", key, f"{to_ms(clock())} {to_ms(there)}", "PX", _CARRIED_MS)


def _warn_of_jump(behind_s: float, *, is_another: bool) -> None:
    if behind_s > 0 and is_another:
        log.warning(
            "clock_jumped",
            seconds=round(behind_s),
            detail="another Redis has taken over, whose clock is ahead: all processes run at one and a half "
            "speed until they agree; nothing old is removed for an hour",
        )
        return
    if behind_s > 0:
        log.warning(
            "clock_jumped",
            seconds=round(behind_s),
            detail="this process was paused, or the clock of Redis was set forward; nothing old is removed "
            "for an hour",
        )
        return
    log.warning(
        "clock_jumped",
        seconds=round(behind_s),
        detail="the clock of Redis was set back: all processes are ahead, and run at half speed until it "
        "agrees",
    )


def _warn_of_time_before(ahead: timedelta) -> None:
    log.warning(
        "clock_jumped",
        seconds=-round(ahead.total_seconds()),
        detail="the processes before were more than a day ahead of Redis; this one goes on from the time of "
        "Redis, what is due by the wrong time waits for it, and nothing old is removed for an hour",
    )


def _warn_of_disagreement(clock: SharedClock) -> None:
    log.warning(
        "clocks_disagree",
        redis_ahead_s=round(clock.ahead_of_own_s),
        detail="Redis and this machine differ by more than an hour; nothing old is removed until they agree: "
        "have both set by NTP",
    )
