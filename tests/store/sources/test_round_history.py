"""The history of a source in Redis: 30 days in at most 20 kB, written in place."""

from datetime import timedelta

import pytest
from support import NOON, ManualClock

from syndicator.model.fetch import Reason
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import RoundStatus
from syndicator.model.sources.round_history import HOUR, RoundHistory, RoundLine, RoundLog
from syndicator.rules.sources.round_history import with_round
from syndicator.store.keys.table import Keys
from syndicator.store.sources.round_history import KEPT_ROUNDS, SIZE_BYTES, history_writes
from syndicator.store.store import Store

CITY, VILLAGE = SourceId("city"), SourceId("village")
MOST_BYTES = 20_000


def line(number: int = 0, **other: object) -> RoundLine:
    """Return one of rounds that begin every 2 minutes."""
    values: dict[str, object] = {
        "began_at": NOON + number * timedelta(minutes=2),
        "late_s": 0.25,
        "status": RoundStatus.OK,
        "new": 1,
        "received_bytes": 65_536,
        "took_ms": 500,
    }
    return RoundLine(**(values | other))  # type: ignore[arg-type]


async def write(store: Store, lines: list[RoundLine], source: SourceId = CITY) -> RoundLog:
    keys, log, commands = Keys(store.again.namespace), RoundLog(), []
    for one in lines:
        log = with_round(log, one)
        commands += history_writes(keys, source, log, one)
    await store.connection.batch(commands)
    return log


async def test_30_days_of_a_round_every_2_minutes_take_at_most_20_kb(
    store: Store, clock: ManualClock
) -> None:
    failed = {"status": RoundStatus.FAILED, "reason": "http_503", "new": 0}
    lines = [line(number, **(failed if number % 30 == 7 else {})) for number in range(35 * 720)]
    await write(store, lines)
    clock.now = lines[-1].began_at
    key = Keys(store.again.namespace).round_history(CITY)
    assert await store.connection.call("STRLEN", key) == SIZE_BYTES
    assert await store.connection.call("MEMORY", "USAGE", key) <= MOST_BYTES
    found = await store.round_histories.read(CITY, clock())
    assert list(found.rounds) == lines[: -KEPT_ROUNDS - 1 : -1]
    assert len(found.hours) == 720
    newest, oldest = found.hours[0], found.hours[-1]
    assert newest.began_at - oldest.began_at == 719 * HOUR
    for hour in found.hours:
        assert (hour.rounds, hour.failed, hour.new, hour.reason) == (30, 1, 29, "http_503")
        assert (hour.late_s, hour.took_ms) == (0.2, 15_000)
        assert hour.received_bytes == pytest.approx(30 * 65_536, rel=0.001)


async def test_a_first_round_takes_no_more_memory_than_the_last(store: Store, clock: ManualClock) -> None:
    await write(store, [line()])
    key = Keys(store.again.namespace).round_history(CITY)
    assert await store.connection.call("MEMORY", "USAGE", key) <= MOST_BYTES
    found = await store.round_histories.read(CITY, clock())
    assert found.rounds == (line(),)
    assert [hour.began_at for hour in found.hours] == [NOON]


async def test_what_is_older_than_30_days_is_not_shown(store: Store, clock: ManualClock) -> None:
    await write(store, [line()])
    clock.advance(30 * 86_400 - 1)
    found = await store.round_histories.read(CITY, clock())
    assert (found.rounds, [hour.began_at for hour in found.hours]) == ((line(),), [NOON])
    clock.advance(1)
    assert await store.round_histories.read(CITY, clock()) == RoundHistory()
    clock.advance(86_400 * 30 * 91)  # 65,520 hours: the record of an hour holds 16 bits of its number
    assert await store.round_histories.read(CITY, clock()) == RoundHistory()
    assert await store.round_histories.last_hours([CITY], clock(), 24) == [[]]


async def test_nothing_is_known_of_a_source_without_rounds(store: Store, clock: ManualClock) -> None:
    assert await store.round_histories.read(CITY, clock()) == RoundHistory()
    assert await store.round_histories.last_hours([CITY, VILLAGE], clock(), 24) == [[], []]


async def test_every_reason_is_kept(store: Store, clock: ManualClock) -> None:
    reasons = [reason.value for reason in Reason if reason is not Reason.HTTP] + ["http_404", "http_599"]
    lines = [line(number, status=RoundStatus.FAILED, reason=reason) for number, reason in enumerate(reasons)]
    lines.append(line(len(lines), status=RoundStatus.UNCHANGED))
    await write(store, lines)
    clock.now = lines[-1].began_at
    found = await store.round_histories.read(CITY, clock())
    assert list(found.rounds) == lines[::-1]


async def test_huge_numbers_are_cut_off(store: Store, clock: ManualClock) -> None:
    huge = line(late_s=1e9, new=10**6, changed=10**6, received_bytes=10**15, took_ms=10**12)
    await write(store, [huge])
    found = await store.round_histories.read(CITY, clock())
    assert (found.rounds[0].new, found.rounds[0].received_bytes) == (65_535, 2**32 - 1)
    assert (found.hours[0].changed, found.hours[0].late_s) == (65_535, 65_504)


@pytest.mark.parametrize("hours_on", [0, 1, 100, 719])
async def test_the_last_hours_of_several_sources_come_at_once(
    store: Store, clock: ManualClock, hours_on: int
) -> None:
    """Wherever in the ring they lie."""
    begin = hours_on * 30
    await write(store, [line(number) for number in range(begin, begin + 30 * 30)])
    await write(store, [line(begin + 29 * 30)], VILLAGE)
    clock.now = NOON + (hours_on + 29) * HOUR
    nobody = SourceId("nobody")
    city, none, village = await store.round_histories.last_hours([CITY, nobody, VILLAGE], clock(), 24)
    assert [hour.began_at for hour in city] == [clock() - number * HOUR for number in range(24)]
    assert ([hour.rounds for hour in village], none) == ([1], [])
