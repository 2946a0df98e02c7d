"""One round of a source: fetch, read, admit, record popularity, and schedule the next round.

claim → fetch → read → admit → views → settle
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from syndicator.errors import ColdStoreAway, GatherError, StoreUnavailable
from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed, Reason
from syndicator.model.ids import SourceId
from syndicator.model.ops.states import RoundStatus
from syndicator.model.source import Round, Source, SourceKind, SourceState
from syndicator.model.sources.round_history import RoundLine
from syndicator.observe.logs import get_logger
from syndicator.observe.tracing import span
from syndicator.pipeline.lease_keeper import LeaseKeeper, LeaseLost
from syndicator.pipeline.sources.redirect_tracking import RedirectTracking
from syndicator.pipeline.sources.request_slots import NoSlot
from syndicator.pipeline.sources.round_result import KindOfRound, Outcome, RoundFailed
from syndicator.pipeline.sources.round_settlement import RoundSettlement
from syndicator.pipeline.steps import Job, JobReport, Taken
from syndicator.pipeline.store_retry import retry_until_available
from syndicator.rules.identity.identity import spec_hash
from syndicator.rules.sources.alarm import with_alarm
from syndicator.rules.sources.freshness import with_freshness
from syndicator.rules.sources.health import LATE_AFTER, failed_rounds
from syndicator.rules.sources.redesign import redesigned
from syndicator.rules.sources.redirect_tracking import news
from syndicator.rules.sources.round_history import with_round
from syndicator.store.lease_owners import new_token
from syndicator.store.sources.source_queue import ClaimedSources
from syndicator.store.store import Store

LEASE = timedelta(seconds=15)
COLD_PAUSE = timedelta(minutes=5)
"""Until the next round of a source with a changed article whose text cannot be read."""
HEARTBEAT_S = 5.0
ROUND_DEADLINE_S = 300.0

log = get_logger(__name__)


class SourceReport(JobReport, frozen=True, kw_only=True):
    """The result of one round of a source, for logs and metrics."""

    source: SourceId
    status: RoundStatus
    round: Round = Round()
    reason: str | None = None
    duration_s: float = 0.0
    late_s: float = 0.0
    """Seconds between the time at which the round was due and its start."""


class GatherStep:
    """Leases due sources and gathers each in a job of its own."""

    name = "gather"

    def __init__(
        self,
        store: Store,
        sources: Mapping[SourceId, Source],
        rounds: Mapping[SourceKind, KindOfRound],
        clock: Clock,
        rng: random.Random,
        *,
        take_received: Callable[[SourceId], int] = lambda _: 0,
    ) -> None:
        """`take_received`: see `PoliteClient.take_received`."""
        self._store = store
        self._take_received = take_received
        self._sources = sources
        self._hashes = {name: spec_hash(source) for name, source in sources.items()}
        self._redirect_tracking = RedirectTracking(store.articles, rounds)
        self._clock = clock
        self._settlement = RoundSettlement(self._hashes, clock, rng)
        self._up_since: datetime = clock()
        """What was due before was not gathered because no worker ran, or the store was away."""
        self._is_cut_off = False
        self._leases = LeaseKeeper[tuple[SourceId, str]](
            lambda leased: store.sources.extend(leased, clock(), LEASE), HEARTBEAT_S
        )

    async def enlist(self) -> None:
        """Schedule the configured sources; new and changed ones are due now."""
        known = await self._store.sources.described(list(self._sources))
        renewed = [
            source
            for source, description in zip(self._sources, known, strict=True)
            if description != self._hashes[source]
        ]
        await self._store.sources.enlist(self._sources, renewed, self._clock())

    async def take(self, room: int) -> Taken:
        """Lease at most `room` due sources.

        A source that only another process has configured stays leased until the lease ends, and is then left
        to that process. A source that no process has configured is removed from the schedule.
        """
        jobs: list[Job] = []
        next_due_at: datetime | None = None
        has_foreign = bool(room)
        while has_foreign and len(jobs) < room:
            token, now = new_token(), self._clock()
            claim = await self._claimed(token, now, room - len(jobs))
            known = [
                (self._sources[name], state) for name, state in claim.states.items() if name in self._sources
            ]
            if claim.are_pauses or any(state.pause for _, state in known):
                known = await self._rested(known, now)
            jobs += [partial(self._gather_in_turn, source, token, state) for source, state in known]
            next_due_at = claim.next_due_at
            foreign = [name for name in claim.states if name not in self._sources]
            if unused := await self._store.configured.unused(foreign, now):
                await self._store.sources.delist(unused, token)
                log.info("sources_delisted", sources=", ".join(unused))
            has_foreign = bool(foreign)
        return Taken(jobs=tuple(jobs), next_due_at=next_due_at)

    async def _claimed(self, token: str, now: datetime, room: int) -> ClaimedSources:
        try:
            claim = await self._store.sources.claim(token, now, LEASE, room)
        except StoreUnavailable:
            self._is_cut_off = True
            raise
        if self._is_cut_off:
            self._is_cut_off, self._up_since = False, now
        return claim

    async def _rested(
        self, known: Sequence[tuple[Source, SourceState]], now: datetime
    ) -> list[tuple[Source, SourceState]]:
        """Return sources with their states as the pauses that hold make them."""
        sources, states = [source for source, _ in known], [state for _, state in known]
        named = [(source.id, source) for source in sources]
        return list(zip(sources, await self._store.sources.pauses.applied(named, states, now), strict=True))

    async def lease(self, source: SourceId) -> str | None:
        """Lease one source, due or not, and return the token; None while another worker holds the lease."""
        token = new_token()
        return token if await self._store.sources.lease(source, token, self._clock(), LEASE) else None

    async def gather(
        self, source: Source, token: str, state: SourceState | None = None, *, named: bool = False
    ) -> SourceReport | None:
        """Gather a leased source and settle its lease, also where the round fails.

        `state`: the state that the claim of the lease returned; None reads it. Returns None, without a round,
        for a paused source unless an operator `named` it. Returns None as well when Redis fails during the
        round, so that the source is due again when Redis is back, and when the lease is lost, so that another
        worker settles the source. Raises NoSlot when its server has no free request slot; the source is then
        due again, after those that are due already.
        """
        no_slot: NoSlot | None = None
        with span("source round", source=source.id) as current:
            try:
                report = await self._gather(source, token, state, named=named)
            except NoSlot as error:  # no failure: the round is put off
                no_slot, report = error, None
                current.note(result="no_slot")
            if report is not None:
                current.note(result=report.status, new=report.round.new, changed=report.round.changed)
                if report.reason is not None:
                    current.fail(report.reason)
        if no_slot is not None:
            raise no_slot
        return report

    async def _gather(
        self, source: Source, token: str, state: SourceState | None, *, named: bool
    ) -> SourceReport | None:
        began = self._clock()
        self._take_received(source.id)  # of a round that was not settled
        if state is None:
            ((_, state),) = await self._rested([(source, await self._store.sources.state(source.id))], began)
        state = self._settlement.still_valid(source, state)
        if state.pause is not None and not named:
            paused_state = self._settlement.paused(state, state.pause)
            await retry_until_available(lambda: self._store.sources.settle(source.id, token, paused_state))
            return None
        try:
            with self._leases.keep([(source.id, token)]):
                outcome, failed = await self._tried(source, state, began)
        except LeaseLost:
            log.warning("round_stopped", source=source.id, reason="its lease was lost")
            return None
        except (StoreUnavailable, NoSlot) as error:  # the state does not change
            due = self._clock()
            if isinstance(
                error, ColdStoreAway
            ):  # Redis is there: at once, its server would be asked in a loop
                due += COLD_PAUSE
                log.warning("round_put_off", source=source.id, reason=str(error), next_due=due.isoformat())
            await retry_until_available(lambda: self._store.sources.release(source.id, token, due))
            if isinstance(error, NoSlot):
                raise
            return None
        settled = self._settlement.settled(source, state, outcome, failed, began)
        if sentence := news(state.move, settled.move):
            log.warning("source_address_changed", source=source.id, detail=sentence)
        report = _report(source, state, outcome, failed, began=began, now=self._clock())
        line = _line(report, began, self._take_received(source.id))
        settled, event = with_alarm(source, replace(settled, log=with_round(state.log, line)), self._clock())
        settled, delays, change = with_freshness(
            source, settled, outcome.sightings, began, self._clock(), paused_at=state.resting_since
        )
        events = [one for one in (event, change) if one is not None]
        await retry_until_available(
            lambda: self._store.sources.settle(source.id, token, settled, events, line=line, delays=delays)
        )
        _log_redesign(source.id, state, settled)
        return report

    async def _tried(
        self, source: Source, state: SourceState, began: datetime
    ) -> tuple[Outcome, FetchFailed | None]:
        """Return the outcome of a round, with the failure where it failed.

        Raises StoreUnavailable and NoSlot.
        """
        try:
            async with asyncio.timeout(ROUND_DEADLINE_S):
                return await self._redirect_tracking.gather(source, state, began), None
        except (StoreUnavailable, NoSlot):
            raise
        except RoundFailed as error:
            failed = error.failed
        except (GatherError, TimeoutError) as error:
            failed = self._as_failure(source, error)
        except Exception as error:  # a bug, or an error of Redis, must not stop the worker without a log line
            log.exception("source_round_crashed", source=source.id)
            failed = self._as_failure(source, error)
        return Outcome(), failed

    async def _gather_in_turn(self, source: Source, token: str, state: SourceState) -> SourceReport | None:
        """Gather a source that is due, unless its calendar puts that off."""
        state = self._settlement.still_valid(source, state)
        missed = state.next_due_at is not None and state.next_due_at < self._up_since - LATE_AFTER
        put_off = self._settlement.put_off(source, state, missed=missed)
        if put_off is not None and not state.paused:
            await retry_until_available(lambda: self._store.sources.settle(source.id, token, put_off))
            return None
        with suppress(NoSlot):  # the worker goes on with other sources
            return await self.gather(source, token, state)
        return None

    def _as_failure(self, source: Source, error: Exception) -> FetchFailed:
        if isinstance(error, GatherError):
            reason, detail = Reason(error.reason), error.detail
        elif isinstance(error, TimeoutError):
            reason, detail = Reason.TIMEOUT, f"the whole round took longer than {ROUND_DEADLINE_S:.0f} s"
        else:
            reason, detail = Reason.INTERNAL, f"{type(error).__name__} (the log has the details)"
        return FetchFailed(requested_url=source.url, reason=reason, detail=detail, fetched_at=self._clock())


class ChosenSources:
    """A step that gathers the given sources once each, due or not; paused ones only if `named`."""

    name = "gather"

    def __init__(self, step: GatherStep, sources: Sequence[Source], *, named: bool = False) -> None:
        self._step = step
        self._named = named
        self._remaining = list(sources)

    async def take(self, room: int) -> Taken:
        """Lease the next of the given sources; skip those that another worker has leased."""
        jobs: list[Job] = []
        while self._remaining and len(jobs) < room:
            source = self._remaining.pop(0)
            token = await self._step.lease(source.id)
            if token is not None:
                jobs.append(partial(self._gather, source, token))
        return Taken(jobs=tuple(jobs))

    async def _gather(self, source: Source, token: str) -> SourceReport | None:
        try:
            return await self._step.gather(source, token, named=self._named)
        except NoSlot:
            self._remaining.append(source)
            return None


def _log_redesign(source: SourceId, before: SourceState, now: SourceState) -> None:
    """Log which selectors have stopped matching in this round, and which match again."""
    lost, known = (redesigned(state.missing, state.lacked) for state in (now, before))
    if fresh := [name for name in lost if name not in known]:
        log.warning(
            "selectors_find_nothing",
            source=source,
            selectors=", ".join(fresh),
            detail="the portal may have been redesigned",
        )
    if back := [name for name in known if now.missing.get(name) == 0]:
        log.info("selectors_find_again", source=source, selectors=", ".join(back))


def _line(report: SourceReport, began: datetime, received_bytes: int) -> RoundLine:
    """Return the line of a round in the history of its source."""
    return RoundLine(
        began_at=began,
        late_s=report.late_s,
        status=report.status,
        reason=report.reason,
        new=report.round.new,
        changed=report.round.changed,
        received_bytes=received_bytes,
        took_ms=round(report.duration_s * 1000),
    )


def _report(
    source: Source,
    state: SourceState,
    outcome: Outcome,
    failed: FetchFailed | None,
    *,
    began: datetime,
    now: datetime,
) -> SourceReport:
    """Return the report of a round; `state` is that of before it."""
    duration_s = (now - began).total_seconds()
    late_s = max((began - state.next_due_at).total_seconds(), 0.0) if state.next_due_at else 0.0
    if failed is not None:
        return SourceReport(
            step="gather",
            event="source_round_failed",
            fields=(("source", source.id), ("reason", failed.code), ("detail", failed.detail)),
            failed=True,
            source=source.id,
            status=RoundStatus.FAILED,
            reason=failed.code,
            duration_s=duration_s,
            late_s=late_s,
        )
    counts = outcome.round
    news = counts.new + counts.changed
    numbers = (("new", counts.new), ("changed", counts.changed), ("duplicate", counts.duplicate))
    shown = tuple((name, number) for name, number in numbers if number)
    failures = 0 if outcome.only_pushed else failed_rounds(state)
    return SourceReport(
        step="gather",
        event="source_recovered" if failures else "source_gathered",
        fields=(("source", source.id), *shown, *((("failed_rounds", failures),) if failures else ())),
        quiet=news == 0 and not failures,
        brought_news=news > 0,
        source=source.id,
        status=RoundStatus.UNCHANGED if outcome.not_modified else RoundStatus.OK,
        round=counts,
        duration_s=duration_s,
        late_s=late_s,
    )
