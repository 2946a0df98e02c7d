"""How long after their publication articles were seen, shown and pushed: counters by day and class of length.

One string a source: a ring of 32 days, of each day the counters of three stages (16 bits each, in place by
BITFIELD). Rounds set the counters of the days ahead to zero, so that whoever counts reads nothing.
"""

import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from syndicator.model.ids import SourceId
from syndicator.model.sources.freshness import Delay, DelayNotes, Stage, StageDelays
from syndicator.store.connection import Command, Connection
from syndicator.store.keys.table import Keys

BOUNDS_S = (15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400)
"""Upper bounds of the classes; the last class has none."""

_RING_DAYS = 32
_CLASSES = len(BOUNDS_S) + 1
_STAGES = tuple(Stage)
_DAY_COUNTERS = len(_STAGES) * _CLASSES
_DAY_BYTES = 2 * _DAY_COUNTERS


def delay_writes(keys: Keys, source: SourceId, notes: DelayNotes) -> list[Command]:
    """Return the commands that count the delays of a round."""
    key, writes = keys.delays(source), list[Command]()
    for day in sorted(notes.cleared[-_RING_DAYS:], key=lambda day: day % _RING_DAYS, reverse=True):
        writes.append(("SETRANGE", key, day % _RING_DAYS * _DAY_BYTES, bytes(_DAY_BYTES)))
    places = Counter(_place(notes.day, one.stage, one.seconds) for one in notes.delays)
    if places:
        counts = (
            word for place, count in places.items() for word in ("INCRBY", "u16", f"#{place}", str(count))
        )
        writes.append(("BITFIELD", key, "OVERFLOW", "SAT", *counts))
    return writes


class ArticleDelays:
    """Reads the counters of sources."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    def count_pushed(self, source: SourceId, day: int, seconds: float) -> Command:
        """Return the command that counts an article that an endpoint received."""
        delay = Delay(stage=Stage.PUSHED, seconds=seconds)
        (command,) = delay_writes(self._keys, source, DelayNotes(day=day, delays=(delay,)))
        return command

    async def read(self, source: SourceId, days: range) -> dict[Stage, StageDelays]:
        """Return the delays of the stages that articles came to on these days."""
        data: bytes = await self._redis.call("GET", self._keys.delays(source)) or b""
        data = data.ljust(_RING_DAYS * _DAY_BYTES, b"\0")
        sums = [0] * _DAY_COUNTERS
        for day in days:
            counters = struct.unpack_from(f">{_DAY_COUNTERS}H", data, day % _RING_DAYS * _DAY_BYTES)
            sums = [one + other for one, other in zip(sums, counters, strict=True)]
        found = {
            stage: sums[number * _CLASSES : (number + 1) * _CLASSES] for number, stage in enumerate(_STAGES)
        }
        return {stage: _summary(counts) for stage, counts in found.items() if any(counts)}


def _summary(counts: Sequence[int]) -> StageDelays:
    return StageDelays(articles=sum(counts), median_s=_quantile(counts, 0.5), p95_s=_quantile(counts, 0.95))


def _quantile(counts: Sequence[int], share: float) -> float | None:
    """Return the upper bound of the class in which the quantile lies; None for the last class."""
    reached = list(accumulate(counts))
    place = bisect_left(reached, share * reached[-1])
    return float(BOUNDS_S[place]) if place < len(BOUNDS_S) else None


def _place(day: int, stage: Stage, seconds: float) -> int:
    number = _STAGES.index(stage) * _CLASSES + bisect_left(BOUNDS_S, seconds)
    return day % _RING_DAYS * _DAY_COUNTERS + number
