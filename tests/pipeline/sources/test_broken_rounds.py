"""What becomes of a source whose round breaks by a fault of ours."""

import io
import json
import logging
import random
from collections.abc import Iterator

import pytest
import structlog
from msgspec.structs import replace
from support import ManualClock

from syndicator.model.ids import SourceId
from syndicator.model.schedule import Every
from syndicator.model.source import Source, SourceKind, SourceState
from syndicator.observe.logs import configure
from syndicator.pipeline.sources.gather_step import GatherStep, SourceReport
from syndicator.pipeline.sources.round_result import Outcome
from syndicator.store.keys.table import Keys
from syndicator.store.store import Store

SOURCE = Source(
    id=SourceId("city"),
    title="City",
    kind=SourceKind.FEED,
    url="https://portal.example/rss?key=geheim",
    schedule=Every(interval_s=300),
)


class Broken:
    """A kind of round with a fault, and then without."""

    def __init__(self) -> None:
        self.mended = False

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        if self.mended:
            return Outcome(read_whole=True)
        raise ZeroDivisionError(source.url)


async def gathered(step: GatherStep) -> SourceReport | None:
    token = await step.lease(SOURCE.id)
    assert token is not None
    return await step.gather(SOURCE, token)


async def test_a_fault_of_ours_is_told_and_does_not_count(
    store: Store, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Broken()
    step = GatherStep(store, {SOURCE.id: SOURCE}, {SourceKind.FEED: broken}, clock, random.Random(1))
    await step.enlist()
    for wait_s in (60, 120, 240, 480):
        with caplog.at_level(logging.CRITICAL):
            report = await gathered(step)
        assert report is not None
        assert report.reason == "internal"
        state = await store.sources.state(SOURCE.id)
        assert state.failures == 0
        assert state.failure is not None
        assert state.failure.detail == "ZeroDivisionError (the log has the details)"
        assert state.next_due_at is not None
        assert wait_s <= (state.next_due_at - clock()).total_seconds() <= 1.1 * wait_s
        clock.advance(wait_s)
    broken.mended = True
    report = await gathered(step)
    assert report is not None
    assert report.status == "ok"
    state = await store.sources.state(SOURCE.id)
    assert replace(state, failure=None) == state


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what a process of the service writes to its log, while the test runs."""
    root, out = logging.getLogger(), io.StringIO()
    level, handlers = root.level, list(root.handlers)
    configure(stream=out)
    yield out
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.setLevel(level)
    root.handlers[:] = handlers


class Refused:
    """A kind of round that asks Redis for what it refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def gather(self, source: Source, state: SourceState) -> Outcome:
        key = Keys("refused").feeds_version()
        await self._store.connection.call("SET", key, "x")
        await self._store.connection.call("HGETALL", key)
        return Outcome()


async def test_a_round_that_redis_refuses_is_in_the_log_with_the_cause(
    store: Store, clock: ManualClock, log: io.StringIO
) -> None:
    step = GatherStep(store, {SOURCE.id: SOURCE}, {SourceKind.FEED: Refused(store)}, clock, random.Random(1))
    await step.enlist()
    report = await gathered(step)
    assert report is not None
    assert report.reason == "internal"
    (told,) = [one for line in log.getvalue().splitlines() if (one := json.loads(line))["level"] == "error"]
    assert (told["event"], told["source"]) == ("source_round_crashed", SOURCE.id)
    assert "StoreError" in told["exception"]
    assert "WRONGTYPE" in told["exception"], "the cause"
    assert "geheim" not in told["exception"]
