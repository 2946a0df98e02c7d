"""Claims from all partitions of a kind at once, each getting an equal part of the room."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.store.keys.partitions import Partitions
from syndicator.store.partitions.reach import Reach

_LOOK_AGAIN = timedelta(seconds=1)
"""After a claim that not all partitions answered."""
_MOST_ROUNDS = 4
_AWAY = -1
"""In place of the numbers of the partitions that were not asked, or did not answer."""

T = TypeVar("T")


class Claimed(Struct, Generic[T], frozen=True, kw_only=True):
    """What a claim brought: of one partition, or of all."""

    rows: Sequence[T]
    next_ms: int
    """When there is more; -1: nothing waits."""
    refill_ms: int = -1
    """When a queue is refilled next; -1: none."""


class Rounds:
    """Asks partitions in turn, so that each is the first at times."""

    def __init__(self, partitions: Partitions, reach: Reach) -> None:
        self._partitions = partitions
        self._reach = reach
        self._first = 0

    async def claim(
        self, now: datetime, room: int, ask: Callable[[int, int], Awaitable[Claimed[T]]]
    ) -> Claimed[T]:
        """Claim an equal part from each; then what is left of the room from those that have more.

        `ask` claims from a partition as many as it is told. One that does not answer is left out.
        """
        if self._partitions.is_one:
            return await ask(0, room)
        count = self._partitions.count
        self._first = (self._first + 1) % count
        asked = [(self._first + place) % count for place in range(count)]
        rows, nexts, refills = list[T](), dict[int, int](), dict[int, int]()
        for _ in range(_MOST_ROUNDS):
            shares = _shares(asked, room - len(rows))
            if not shares:
                break
            answers = await self._round(ask, shares)
            rows += [row for answer in answers.values() for row in answer.rows]
            nexts |= {partition: answer.next_ms for partition, answer in answers.items()}
            refills |= {partition: answer.refill_ms for partition, answer in answers.items()}
            if len(answers) < len(shares):
                nexts[_AWAY] = to_ms(now + _LOOK_AGAIN)
            have_more = [one for one, answer in answers.items() if len(answer.rows) == shares[one]]
            asked = [*(one for one in asked if one not in shares), *have_more]
        if any(one not in nexts for one in asked):  # there was no room to look at all of them
            nexts[_AWAY] = to_ms(now)
        return Claimed(rows=rows, next_ms=_first(nexts), refill_ms=_first(refills))

    async def _round(
        self, ask: Callable[[int, int], Awaitable[Claimed[T]]], shares: Mapping[int, int]
    ) -> dict[int, Claimed[T]]:
        return await self._reach.each(lambda partition: ask(partition, shares[partition]), shares)


def _first(times: Mapping[int, int]) -> int:
    return min((at for at in times.values() if at >= 0), default=-1)


def _shares(partitions: Sequence[int], room: int) -> dict[int, int]:
    """Divide room among partitions; those without any are left out."""
    count = max(len(partitions), 1)
    shares = {
        partition: room // count + (1 if place < room % count else 0)
        for place, partition in enumerate(partitions)
    }
    return {partition: share for partition, share in shares.items() if share > 0}
