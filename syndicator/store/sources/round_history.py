"""The history of the rounds of each source: one string of fixed size, written in place.

It holds two rings of records of fixed size: one record for each of the last `KEPT_HOURS` hours, at the place
that its number gives, and the last `KEPT_ROUNDS` rounds. A settlement writes one record of each by SETRANGE,
so it reads nothing, and a source takes the same memory however often it is gathered.
"""

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from syndicator.model.clock import EPOCH, to_ms
from syndicator.model.fetch import Reason
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import RoundStatus
from syndicator.model.sources.round_history import (
    HOUR,
    KEPT_HOURS,
    HourSum,
    RoundHistory,
    RoundLine,
    RoundLog,
)
from syndicator.store.connection import Command, Connection, pieces
from syndicator.store.keys.table import Keys

KEPT_ROUNDS = 150

_HOUR = struct.Struct(">HHHHHeeeH")
"""Number of the hour (its last 16 bits), rounds, failed ones, new, changed; MiB received, seconds spent and
the most seconds late, each with three digits; reason of the last failure."""
_ROUND = struct.Struct(">IIHHHII")
"""Seconds since 1970, ms late, outcome, new, changed, bytes received, ms spent."""
_ROUNDS_AT = KEPT_HOURS * _HOUR.size
SIZE_BYTES = _ROUNDS_AT + KEPT_ROUNDS * _ROUND.size

_MIB = 1024 * 1024
_MOST_16, _MOST_32, _MOST_HALF = 2**16 - 1, 2**32 - 1, 65504.0
_OUTCOMES = (RoundStatus.OK, RoundStatus.UNCHANGED, *Reason)
"""Outcomes by number. Numbers are stored: `Reason` grows at its end only."""
_HTTP = 1000
"""Added to the status of a response that is a failure."""
_SOURCES_AT_ONCE = 200


def history_writes(keys: Keys, source: SourceId, log: RoundLog, line: RoundLine) -> list[Command]:
    """Return the commands that add a round, of which `log` knows already."""
    key = keys.round_history(source)
    # From the end: the first write gives the string its final length, and Redis allocates just that.
    slot = KEPT_ROUNDS - 1 - (log.rounds - 1) % KEPT_ROUNDS
    writes: list[Command] = [("SETRANGE", key, _ROUNDS_AT + slot * _ROUND.size, _round(line))]
    if log.hour is not None:
        place = _number(log.hour.began_at) % KEPT_HOURS
        writes.append(("SETRANGE", key, place * _HOUR.size, _hour(log.hour)))
    return writes


class RoundHistories:
    """Reads the history of sources."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys

    async def read(self, source: SourceId, now: datetime) -> RoundHistory:
        """Return all that is kept of a source."""
        data: bytes = await self._redis.call("GET", self._keys.round_history(source)) or b""
        since = now - KEPT_HOURS * HOUR
        rounds = [line for line in _rounds(data[_ROUNDS_AT:]) if line.began_at > since]
        rounds.sort(key=lambda line: line.began_at, reverse=True)
        hours = _hours(data[:_ROUNDS_AT], 0, _number(now), KEPT_HOURS)
        return RoundHistory(rounds=tuple(rounds), hours=tuple(hours))

    async def last_hours(self, sources: Sequence[SourceId], now: datetime, count: int) -> list[list[HourSum]]:
        """Return the last `count` hours with rounds of each source, newest first."""
        last, found = _number(now), list[list[HourSum]]()
        ranges = list(_ranges(last, count))
        for piece in pieces(sources, _SOURCES_AT_ONCE):
            replies = await self._redis.batch(
                [
                    (
                        "GETRANGE",
                        self._keys.round_history(source),
                        first * _HOUR.size,
                        end * _HOUR.size - 1,
                    )
                    for source in piece
                    for first, end in ranges
                ]
            )
            for position in range(len(piece)):
                parts = replies[position * len(ranges) : (position + 1) * len(ranges)]
                hours = [
                    hour
                    for (first, _), data in zip(ranges, parts, strict=True)
                    for hour in _hours(data, first, last, count)
                ]
                found.append(sorted(hours, key=lambda hour: hour.began_at, reverse=True))
        return found


def _ranges(last: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the last `count` hours, as one range or two."""
    first, end = (last - count + 1) % KEPT_HOURS, last % KEPT_HOURS + 1
    if first < end:
        yield first, end
    else:
        yield first, KEPT_HOURS
        yield 0, end


def _hours(data: bytes, first_place: int, last: int, count: int) -> list[HourSum]:
    """Decode the records from a place on: those of the `count` hours up to number `last`, newest first."""
    hours = []
    for place in range(len(data) // _HOUR.size):
        stamp, rounds, failed, new, changed, mib, spent_s, late_s, reason = _HOUR.unpack_from(
            data, place * _HOUR.size
        )
        number = last - (last - first_place - place) % KEPT_HOURS
        if not rounds or number & _MOST_16 != stamp or number <= last - count:
            continue
        hours.append(
            HourSum(
                began_at=EPOCH + number * HOUR,
                rounds=rounds,
                failed=failed,
                late_s=round(late_s, 1),
                reason=_outcome(reason)[1] if failed else None,
                new=new,
                changed=changed,
                received_bytes=round(mib * _MIB),
                took_ms=round(spent_s * 1000),
            )
        )
    return sorted(hours, key=lambda hour: hour.began_at, reverse=True)


def _rounds(data: bytes) -> Iterator[RoundLine]:
    for place in range(len(data) // _ROUND.size):
        began_s, late_ms, outcome, new, changed, received, took_ms = _ROUND.unpack_from(
            data, place * _ROUND.size
        )
        if not began_s:
            continue
        status, reason = _outcome(outcome)
        yield RoundLine(
            began_at=datetime.fromtimestamp(began_s, UTC),
            late_s=late_ms / 1000,
            status=status,
            reason=reason,
            new=new,
            changed=changed,
            received_bytes=received,
            took_ms=took_ms,
        )


def _hour(hour: HourSum) -> bytes:
    return _HOUR.pack(
        _number(hour.began_at) & _MOST_16,
        min(hour.rounds, _MOST_16),
        min(hour.failed, _MOST_16),
        min(hour.new, _MOST_16),
        min(hour.changed, _MOST_16),
        min(hour.received_bytes / _MIB, _MOST_HALF),
        min(hour.took_ms / 1000, _MOST_HALF),
        min(hour.late_s, _MOST_HALF),
        _code(RoundStatus.FAILED, hour.reason),
    )


def _round(line: RoundLine) -> bytes:
    return _ROUND.pack(
        to_ms(line.began_at) // 1000,
        min(round(line.late_s * 1000), _MOST_32),
        _code(line.status, line.reason),
        min(line.new, _MOST_16),
        min(line.changed, _MOST_16),
        min(line.received_bytes, _MOST_32),
        min(line.took_ms, _MOST_32),
    )


def _number(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(hours=1)


def _code(status: RoundStatus, reason: str | None) -> int:
    if reason is not None and reason.startswith("http_"):
        return _HTTP + int(reason.removeprefix("http_"))
    return _OUTCOMES.index(reason or (status if status is not RoundStatus.FAILED else Reason.INTERNAL))


def _outcome(code: int) -> tuple[RoundStatus, str | None]:
    """Return status and reason; `internal` for what only a newer version knows."""
    if code >= _HTTP:
        return RoundStatus.FAILED, f"http_{code - _HTTP}"
    if code < _OUTCOMES.index(Reason.BLOCKED):
        return RoundStatus(_OUTCOMES[code]), None
    return RoundStatus.FAILED, str(_OUTCOMES[code]) if code < len(_OUTCOMES) else Reason.INTERNAL.value
