"""Computes the state of a source after a round, with the time of the next round and the reason for it."""

import random
from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from syndicator.model.clock import Clock
from syndicator.model.fetch import FetchFailed
from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.source import Failure, FeedHints, Move, Round, Source, SourceState
from syndicator.model.sources.source_findings import GuidRecord, Honesty, Walled
from syndicator.pipeline.sources.round_result import Outcome, address
from syndicator.rules.identity.guid_trust import after_round
from syndicator.rules.identity.guid_trust import sentence as ladder_sentence
from syndicator.rules.sources.cadence import (
    GONE,
    after_failure,
    after_success,
    counts_against,
    excuses,
    is_gone,
    put_off,
    resting,
)
from syndicator.rules.sources.hints import asked_by
from syndicator.rules.sources.paywall_detection import sentence as wall_sentence
from syndicator.rules.sources.paywall_detection import walled
from syndicator.rules.sources.redesign import lengthened, noted
from syndicator.rules.sources.redesign import warning as redesign_warning
from syndicator.rules.sources.redirect_tracking import Led, followed, given_up
from syndicator.rules.sources.redirect_tracking import sentence as move_sentence
from syndicator.rules.sources.rhythm import gap_warning, learned
from syndicator.rules.sources.timetable.schedule_times import Due
from syndicator.rules.sources.validator_trust import judged
from syndicator.rules.sources.validator_trust import sentence as honesty_sentence


class RoundSettlement:
    """Computes the state of a source from its round."""

    def __init__(self, hashes: Mapping[SourceId, str], clock: Clock, rng: random.Random) -> None:
        """`hashes`: the hash of each source's configuration (`rules.identity.identity.spec_hash`)."""
        self._hashes = hashes
        self._clock = clock
        self._rng = rng

    def paused(self, state: SourceState, pause: Pause) -> SourceState:
        """Return the state of a paused source: it is not due."""
        return _due(state, resting(pause, self._clock()))

    def put_off(self, source: Source, state: SourceState, *, missed: bool) -> SourceState | None:
        """Return the state of a source that is due in a time in which it rests; None where it runs now.

        `missed`: it was due while nothing ran.
        """
        due = put_off(
            source.schedule,
            now=self._clock(),
            rng=self._rng,
            state=state,
            timezone=source.timezone,
            calendar=source.calendar,
            missed=missed,
        )
        return _due(state, due) if due else None

    def still_valid(self, source: Source, state: SourceState) -> SourceState:
        """Return the state of a source without what a change of its configuration has made invalid."""
        if state.spec_hash == self._hashes[source.id]:
            return state
        return replace(
            state,
            etag=None,
            last_modified=None,
            body_hash=None,
            next_due_at=None,
            warnings=(),
            own_warnings=(),
            missing={},
            lacked={},
            walled=Walled(),
            honesty=Honesty(),
            move=None,
            guids=GuidRecord(),
            hints=FeedHints(),
            interval_s=None,
            stopped=None,
        )

    def settled(
        self,
        source: Source,
        state: SourceState,
        outcome: Outcome,
        failed: FetchFailed | None,
        began: datetime,
    ) -> SourceState:
        """Return the state after a round that `began` at that time.

        Where the round `failed`, `outcome` is the empty one.
        """
        before = state = replace(state, spec_hash=self._hashes[source.id], last_attempt_at=began)
        if failed is not None:
            state = self._after_failure(source, state, failed, began)
        else:
            state = self._after_success(source, state, outcome, began)
            state = state if state.paused else replace(state, resting_since=None)
        if outcome.from_configured or address(source, state) != address(source, before):
            # Validators of one address do not apply to the document of the other.
            state = replace(state, etag=None, last_modified=None, body_hash=None)
        return self.paused(state, state.pause) if state.pause else state

    def _after_failure(
        self, source: Source, state: SourceState, failed: FetchFailed, began: datetime
    ) -> SourceState:
        now, asked = self._clock(), address(source, state)
        failures = state.failures + counts_against(failed)
        excused = state.excused + excuses(failed)
        due = after_failure(
            source.schedule,
            failed,
            failures=failures,
            excused=excused,
            began_at=began,
            now=now,
            rng=self._rng,
            state=state,
            timezone=source.timezone,
            calendar=source.calendar,
        )
        state = replace(
            state,
            failures=failures,
            excused=excused,
            failure=Failure(reason=failed.code, detail=failed.detail, at=now),
            last_failure_at=now,
            stopped=GONE if is_gone(failed) else None,
        )
        if is_gone(failed) and asked != source.url:
            because = f"where it had moved to is gone ({failed.code}): the configured address is asked again"
            state, due = (
                replace(state, move=given_up(state.move, now), stopped=None),
                Due(at=now, because=because),
            )
        return _due(replace(state, warnings=state.own_warnings + _noticed(source, state, now)), due)

    def _after_success(
        self, source: Source, state: SourceState, outcome: Outcome, began: datetime
    ) -> SourceState:
        now = self._clock()
        # First: it compares with the round before, which the state still describes.
        state = learned(state, outcome.poll, schedule=source.schedule, timezone=source.timezone, now=now)
        if outcome.only_pushed:
            return replace(
                state,
                fruitful=state.fruitful or _took(outcome.round),
                # A push without articles is no statement about the source.
                last_round=state.last_round if outcome.round == Round() else outcome.round,
                warnings=state.own_warnings + _noticed(source, state, now) + outcome.of_pushes,
            )
        state = replace(
            state,
            etag=outcome.etag,
            last_modified=outcome.last_modified,
            validators_of=outcome.validators_of,
            body_hash=outcome.body_hash,
            last_success_at=now,
            read_at=now if outcome.read_whole else state.read_at,
            cut_short=outcome.cut_short,
            first_success_at=state.first_success_at or now,
            archive_before=state.archive_before or outcome.archive_before,
            last_round=outcome.round,
            failures=0,
            excused=0,
            failure=None,
            stopped=None,
            hints=outcome.hints or state.hints,
            missing=noted(state.missing, found=outcome.found, missing=outcome.missing),
            lacked=lengthened(state.lacked, state.missing, found=outcome.found),
            walled=walled(state.walled, outcome.pages),
            move=_moved(source, state, outcome, began, now),
            guids=after_round(state.guids, outcome.guids, now),
            completeness=outcome.completeness or state.completeness,
        )
        if outcome.held_news is not None:
            state = replace(state, honesty=judged(state.honesty, held_news=outcome.held_news, now=now))
        due = after_success(
            source.schedule,
            began_at=began,
            now=now,
            rng=self._rng,
            state=state,
            wish=asked_by(outcome.headers, state.hints, now=now),
            timezone=source.timezone,
            pushed=outcome.hub_delivers,
            calendar=source.calendar,
        )
        state = replace(state, fruitful=state.fruitful or _took(outcome.round))
        # Warnings about a document still hold while it is unchanged. Warnings about unreadable pages still
        # hold while all articles wait for another try.
        is_same = not outcome.read_whole or not (state.fruitful or outcome.warnings)
        own = state.own_warnings if is_same else outcome.warnings
        gap = gap_warning(outcome.poll, source.schedule)
        warnings = (*own, *([gap] if gap else []), *_noticed(source, state, now), *outcome.of_pushes)
        return _due(replace(state, own_warnings=own, warnings=warnings), due)


def _took(counts: Round) -> bool:
    return counts.new + counts.changed + counts.duplicate > 0


def _moved(
    source: Source, state: SourceState, outcome: Outcome, began: datetime, now: datetime
) -> Move | None:
    """Return where the source is after a round; `state` is that of before the round."""
    from_configured = outcome.from_configured or address(source, state) == source.url
    led = Led(
        moved_to=outcome.moved_to,
        overlap=outcome.overlap,
        from_configured=from_configured,
        after_failure=state.failures > 0,
    )
    move = followed(state.move, led, began=began, now=now)
    return replace(move, looked_back_at=now) if move is not None and outcome.looked_back else move


def _noticed(source: Source, state: SourceState, now: datetime) -> tuple[str, ...]:
    """Return the warnings that follow from several rounds."""
    sentences = (
        redesign_warning(state.missing, state.lacked),
        wall_sentence(state.walled),
        honesty_sentence(state.honesty, now),
        move_sentence(state.move),
        ladder_sentence(source, state),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _due(state: SourceState, due: Due) -> SourceState:
    return replace(state, next_due_at=due.at, due_because=due.because)
