"""Leases that last as long as the work: they are short, and lengthened while it goes on.

So a dead worker's deliveries are soon taken over, however long an attempt may take.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicator.errors import StoreError
from syndicator.model.clock import Clock
from syndicator.store.webhooks.deliveries import Deliveries, Leased

_AT_ONCE = 256


class HeldLease:
    """A lease that is kept, and when it ends."""

    __slots__ = ("leased", "until")

    def __init__(self, leased: Leased) -> None:
        self.leased = leased
        self.until: datetime = leased.until


class Heartbeat:
    """Lengthens all leases that this process keeps, three times in each one's time."""

    def __init__(self, deliveries: Deliveries, clock: Clock, lease: timedelta) -> None:
        self._deliveries = deliveries
        self._clock = clock
        self._lease = lease
        self._kept: dict[int, HeldLease] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._beat: asyncio.Task[None] | None = None

    def keep(self, leased: Sequence[Leased]) -> "_Keeping":
        """Lengthen leases while the body runs."""
        return _Keeping(self, [HeldLease(one) for one in leased])

    def add(self, leases: Sequence[HeldLease]) -> None:
        """Lengthen these leases from now on."""
        for lease in leases:
            self._kept[id(lease)] = lease
        if self._timer is None:
            self._wait()

    def remove(self, leases: Sequence[HeldLease]) -> None:
        """Lengthen these leases no more."""
        for lease in leases:
            del self._kept[id(lease)]
        if not self._kept and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._lease.total_seconds() / 3, self._begin)

    def _begin(self) -> None:
        self._wait()
        if self._beat is None or self._beat.done():
            self._beat = asyncio.create_task(self._lengthen())

    async def _lengthen(self) -> None:
        leases = list(self._kept.values())
        for part in (leases[at : at + _AT_ONCE] for at in range(0, len(leases), _AT_ONCE)):
            until = self._clock() + self._lease
            try:
                held = await self._deliveries.extend([lease.leased for lease in part], until)
            except StoreError:
                return  # the next beat tries again; a lease that ends meanwhile is another worker's
            for lease, is_held in zip(part, held, strict=True):
                if is_held:
                    lease.until = until


class _Keeping:
    """Leases while they are kept. A class and no generator: it is made for every attempt."""

    __slots__ = ("_heartbeat", "_leases")

    def __init__(self, heartbeat: Heartbeat, leases: Sequence[HeldLease]) -> None:
        self._heartbeat = heartbeat
        self._leases = leases

    def __enter__(self) -> Sequence[HeldLease]:
        self._heartbeat.add(self._leases)
        return self._leases

    def __exit__(self, *_: object) -> None:
        self._heartbeat.remove(self._leases)
