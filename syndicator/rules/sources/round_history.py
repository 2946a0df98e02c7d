"""The history of a source: sums of its rounds by the hour, and a strip of the last 24 hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from syndicator.model.clock import to_ms
from syndicator.model.ops.states import RoundStatus
from syndicator.model.sources.round_history import HOUR, HourSum, RoundHistory, RoundLine, RoundLog

STRIP_HOURS = 24
_ROUNDED = timedelta(seconds=2)
_LEVELS = 4
"""Heights of an hour with new articles."""


def with_round(log: RoundLog, line: RoundLine) -> RoundLog:
    """Return the log with one more round."""
    begin = hour_of(line.began_at)
    hour = log.hour if log.hour is not None and log.hour.began_at == begin else HourSum(began_at=begin)
    is_failed = line.status is RoundStatus.FAILED
    return RoundLog(
        rounds=log.rounds + 1,
        hour=HourSum(
            began_at=begin,
            rounds=hour.rounds + 1,
            failed=hour.failed + is_failed,
            late_s=max(hour.late_s, line.late_s),
            reason=line.reason if is_failed else hour.reason,
            new=hour.new + line.new,
            changed=hour.changed + line.changed,
            received_bytes=hour.received_bytes + line.received_bytes,
            took_ms=hour.took_ms + line.took_ms,
        ),
    )


def hour_of(moment: datetime) -> datetime:
    """Return the begin of the hour (UTC) of a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


class HistoryLine(Struct, frozen=True, kw_only=True):
    """A round, or the sum of the rounds of one hour."""

    began_at: datetime
    """When the round began, or the hour."""
    span: str
    """`round` or `hour`."""
    rounds: int
    failed: int
    status: RoundStatus
    reason: str | None
    """Why it failed, as one word; of an hour, why the last failed round did."""
    late_s: float
    """Seconds between the time at which it was due and its start; of an hour, the most."""
    new: int
    changed: int
    received_bytes: int
    """Of all responses, unpacked."""
    took_ms: int

    @property
    def position(self) -> int:
        """Order in a history; an hour comes before the round that began with it."""
        return to_ms(self.began_at) - (self.span == "hour")


def lines_of(history: RoundHistory) -> list[HistoryLine]:
    """Return the rounds that are kept one by one, and the hours that had more rounds; newest first."""
    lines = [_of_round(line) for line in history.rounds]
    kept: dict[datetime, int] = {}
    for line in history.rounds:
        begin = hour_of(line.began_at)
        kept[begin] = kept.get(begin, 0) + 1
    lines += [_of_hour(hour) for hour in history.hours if hour.rounds > kept.get(hour.began_at, 0)]
    return sorted(lines, key=lambda line: line.position, reverse=True)


def round_at(history: RoundHistory, moment: datetime) -> HistoryLine | None:
    """Return the round that was under way at a moment, or its hour where only that is kept."""
    for line in history.rounds:
        # Of the begin of a round, whole seconds are kept.
        if timedelta() <= moment - line.began_at <= timedelta(milliseconds=line.took_ms) + _ROUNDED:
            return _of_round(line)
    oldest = history.rounds[-1].began_at if history.rounds else None
    hours = {hour.began_at: hour for hour in history.hours if oldest is None or moment < oldest}
    hour = hours.get(hour_of(moment))
    return _of_hour(hour) if hour is not None else None


def _of_round(line: RoundLine) -> HistoryLine:
    return HistoryLine(
        began_at=line.began_at,
        span="round",
        rounds=1,
        failed=int(line.status is RoundStatus.FAILED),
        status=line.status,
        reason=line.reason,
        late_s=line.late_s,
        new=line.new,
        changed=line.changed,
        received_bytes=line.received_bytes,
        took_ms=line.took_ms,
    )


def _of_hour(hour: HourSum) -> HistoryLine:
    whole = RoundStatus.UNCHANGED if hour.new + hour.changed == 0 else RoundStatus.OK
    partly = RoundStatus.PARTLY if hour.failed else whole
    return HistoryLine(
        began_at=hour.began_at,
        span="hour",
        rounds=hour.rounds,
        failed=hour.failed,
        status=RoundStatus.FAILED if hour.failed == hour.rounds else partly,
        reason=hour.reason,
        late_s=hour.late_s,
        new=hour.new,
        changed=hour.changed,
        received_bytes=hour.received_bytes,
        took_ms=hour.took_ms,
    )


class HourKind(StrEnum):
    """How an hour of the strip is drawn."""

    NONE = "none"
    """No round began."""
    CALM = "calm"
    """All rounds worked and brought nothing new."""
    NEWS = "news"
    """All rounds worked and brought something new."""
    PARTLY = "partly"
    """Some rounds failed."""
    FAILED = "failed"
    """All rounds failed."""


class StripHour(Struct, frozen=True, kw_only=True):
    """One hour of the strip."""

    began_at: datetime
    kind: HourKind
    level: int = 0
    """Of an hour with news: 1 to 4 by the number of new articles, 4 for the most of the day."""
    rounds: int = 0
    failed: int = 0
    new: int = 0


class Strip(Struct, frozen=True, kw_only=True):
    """The last 24 hours of a source, the current hour last."""

    hours: tuple[StripHour, ...]
    rounds: int
    failed: int
    new: int

    @property
    def failed_hours(self) -> list[datetime]:
        """Begins of the hours in which rounds failed, newest first."""
        return [hour.began_at for hour in reversed(self.hours) if hour.failed]

    @property
    def characters(self) -> str:
        """One character an hour, for terminals."""
        return "".join(_CHARACTERS.get(hour.kind) or _BARS[hour.level] for hour in self.hours)


_CHARACTERS = {HourKind.NONE: "·", HourKind.CALM: "▁", HourKind.PARTLY: "!", HourKind.FAILED: "x"}
_BARS = ("▁", "▂", "▄", "▆", "█")


def strip_of(hours: Sequence[HourSum], now: datetime) -> Strip:
    """Return the last 24 hours; `hours` in any order, those outside are left out."""
    last = hour_of(now)
    begins = [last - number * HOUR for number in reversed(range(STRIP_HOURS))]
    found = {hour.began_at: hour for hour in hours}
    shown = [found.get(begin, HourSum(began_at=begin)) for begin in begins]
    most = max(hour.new for hour in shown)
    return Strip(
        hours=tuple(_strip_hour(hour, most) for hour in shown),
        rounds=sum(hour.rounds for hour in shown),
        failed=sum(hour.failed for hour in shown),
        new=sum(hour.new for hour in shown),
    )


def day_summary(strip: Strip) -> str:
    """Return the last 24 hours as a sentence."""
    rounds = "1 round" if strip.rounds == 1 else f"{strip.rounds} rounds"
    return f"{rounds}, {strip.failed} failed, {strip.new} new"


def _strip_hour(hour: HourSum, most: int) -> StripHour:
    kind = _kind(hour)
    return StripHour(
        began_at=hour.began_at,
        kind=kind,
        level=-(-hour.new * _LEVELS // most) if kind is HourKind.NEWS else 0,
        rounds=hour.rounds,
        failed=hour.failed,
        new=hour.new,
    )


def _kind(hour: HourSum) -> HourKind:
    if not hour.rounds:
        return HourKind.NONE
    if hour.failed:
        return HourKind.FAILED if hour.failed == hour.rounds else HourKind.PARTLY
    return HourKind.NEWS if hour.new else HourKind.CALM
