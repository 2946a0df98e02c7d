"""Limits concurrent attempts so that slow receivers do not block fast ones.

An attempt takes a quick slot. When it has not ended within a second it moves to a slow slot, so that
receivers that hang never fill what others need. Only where even the slow slots are taken it stays.
Of the quick slots, an endpoint has a share, which grows while its receiver answers.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable

from syndicator.model.ids import EndpointId
from syndicator.rules.webhooks.attempt_share import FIRST_SHARE, share_after, share_when_slow

SLOW_AFTER_S = 1.0

FORGOTTEN_AFTER_S = 10.0
"""The share of an endpoint without attempts."""


class AttemptSlots:
    """The slots of one process."""

    def __init__(self, quick: int, slow: int) -> None:
        self._all_quick = quick
        self.quick, self.slow = quick, slow
        """Free slots of each kind."""
        self._running = Counter[EndpointId]()
        self._shares = dict[EndpointId, tuple[int, float]]()
        """Other ones than the first, and when an attempt changed them last."""

    @property
    def room(self) -> int:
        """Return how many attempts may begin now; 0 where it is better to wait for more free slots.

        A claim costs as much as some ten attempts, so it is made for many at once, while others are running.
        """
        few = self.quick < self._all_quick // 4
        return 0 if few else self.quick

    def bounds(self, claimed: Iterable[EndpointId]) -> dict[EndpointId, int]:
        """Return how many attempts may begin for endpoints, where that is not the first share.

        `claimed`: the endpoint of each that is to begin already.
        """
        forgotten_s = asyncio.get_running_loop().time() - FORGOTTEN_AFTER_S
        for endpoint, (_, changed_s) in list(self._shares.items()):
            if changed_s < forgotten_s and endpoint not in self._running:
                del self._shares[endpoint]
        running = self._running + Counter(claimed)
        return {name: max(self._share(name) - running[name], 0) for name in {*running, *self._shares}}

    def begin(self, endpoint: EndpointId) -> None:
        """Count an attempt against the share of its endpoint."""
        self._running[endpoint] += 1

    def leave(self, endpoint: EndpointId) -> None:
        """Count an attempt no more."""
        self._running[endpoint] -= 1
        if not self._running[endpoint]:
            del self._running[endpoint]

    def note_slow(self, endpoint: EndpointId) -> None:
        """Note that an attempt has had no answer for a second."""
        self._set(endpoint, share_when_slow(self._share(endpoint)))

    def note_end(self, endpoint: EndpointId, *, was_slow: bool, is_delivered: bool) -> None:
        """Note how an attempt ended."""
        share, running = self._share(endpoint), self._running[endpoint]
        self._set(endpoint, share_after(share, running, was_slow=was_slow, is_delivered=is_delivered))

    def _share(self, endpoint: EndpointId) -> int:
        return self._shares.get(endpoint, (FIRST_SHARE, 0.0))[0]

    def _set(self, endpoint: EndpointId, share: int) -> None:
        if share == FIRST_SHARE:
            self._shares.pop(endpoint, None)
        else:
            self._shares[endpoint] = share, asyncio.get_running_loop().time()


class AttemptSlot:
    """Holds a slot while the body runs. A class and no generator: one is made for every attempt.

    It counts against the share of its endpoint from when it is made.
    """

    __slots__ = ("_counts", "_endpoint", "_has_slow", "_slots", "_timer", "_was_slow", "is_delivered")

    def __init__(self, slots: AttemptSlots, endpoint: EndpointId) -> None:
        self._slots = slots
        self._endpoint = endpoint
        self._counts = True
        self._has_slow = self._was_slow = False
        self.is_delivered = False
        slots.begin(endpoint)

    def leave(self) -> None:
        """Count against the share no more."""
        if self._counts:
            self._counts = False
            self._slots.leave(self._endpoint)

    def _move(self) -> None:
        self._was_slow = True
        self._slots.note_slow(self._endpoint)
        if self._slots.slow > 0:
            self._has_slow = True
            self._slots.quick += 1
            self._slots.slow -= 1
            self.leave()

    def __enter__(self) -> None:
        self._slots.quick -= 1
        self._timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._move)

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._slots.note_end(self._endpoint, was_slow=self._was_slow, is_delivered=self.is_delivered)
        self.leave()
        if self._has_slow:
            self._slots.slow += 1
        else:
            self._slots.quick += 1
