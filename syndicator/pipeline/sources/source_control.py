"""Pauses, resumes and runs sources on behalf of operators."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import SyndicatorError
from syndicator.model.clock import Clock
from syndicator.model.ids import SourceId
from syndicator.model.ops.pause import Pause
from syndicator.model.source import Source
from syndicator.observe.actor import actor
from syndicator.rules.sources.rests import ALL, scope_of, scopes_of
from syndicator.store.lease_owners import new_token
from syndicator.store.store import Store

LEASE = timedelta(seconds=15)
_RESUMED = "resumed by an operator"


class ControlRefused(SyndicatorError):
    """Sources cannot be paused, resumed or run as requested; the message gives the reason."""


class Choice(Struct, frozen=True, kw_only=True):
    """Which sources an operator means: some by their ids, or one scope of many."""

    sources: tuple[SourceId, ...] = ()
    group: str | None = None
    tag: str | None = None
    all: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes that are meant; raise ControlRefused unless it is one kind of them."""
        kinds = (
            tuple(scope_of(source) for source in dict.fromkeys(self.sources)),
            (f"group:{self.group}",) if self.group else (),
            (f"tag:{self.tag}",) if self.tag else (),
            (ALL,) if self.all else (),
        )
        (chosen, *more) = [scopes for scopes in kinds if scopes] or [()]
        if more or not chosen:
            raise ControlRefused(
                "say which: ids of sources, or a group, or a tag, or all; and only one of these"
            )
        return chosen


class Steered(Struct, frozen=True, kw_only=True):
    """What became of the sources of one scope."""

    scope: str
    """`source:ID`, `group:NAME`, `tag:NAME` or `all`."""
    sources: int
    """So many sources are of the scope now."""
    pause: Pause | None = None
    """The pause that holds for the scope; of a source, for itself or for a group or tag that it is of."""


class RunOrder(Struct, frozen=True, kw_only=True):
    """Sources that were made due."""

    ok: bool = True
    asked_at: datetime
    """Rounds that begin from then on are those that were asked for."""
    sources: tuple[SourceId, ...]
    resting: tuple[SourceId, ...] = ()
    """Paused ones, which are not asked."""


class SourceControl:
    """Changes what is asked of sources while workers run."""

    def __init__(self, store: Store, sources: Mapping[SourceId, Source], clock: Clock) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock

    async def pause(
        self, choice: Choice, *, until: datetime | None = None, reason: str = ""
    ) -> list[Steered]:
        """Pause sources until a time, or until they are resumed, in place of a pause of the same scope.

        A round that runs goes on to its end. Raises ControlRefused.
        """
        now = self._clock()
        if until is not None and until <= now:
            raise ControlRefused(f"the pause would have ended already: {until:%Y-%m-%d %H:%M} UTC is past")
        members = self._members(choice)
        pauses = [Pause(scope=scope, since=now, until=until, reason=reason, by=actor()) for scope in members]
        before = await self._store.sources.pauses.named(list(members))
        await self._store.sources.pauses.order(
            pauses,
            [
                self._store.audit.command(
                    "source.paused",
                    pause.scope.removeprefix("source:"),
                    before=_end_and_reason(known),
                    after=_end_and_reason(pause),
                )
                for pause, known in zip(pauses, before, strict=True)
            ],
        )
        await self._wake([known.scope for known in before if known], members)
        return [
            Steered(scope=pause.scope, sources=len(members[pause.scope]), pause=pause) for pause in pauses
        ]

    async def resume(self, choice: Choice) -> list[Steered]:
        """Lift pauses, also of scopes without sources. What rested is due now, unless another pause holds.

        A source that is named is due now in any case, also where it was stopped because it is gone (410).
        Raises ControlRefused.
        """
        before = await self._store.sources.pauses.named(choice.scopes)
        members = self._members(choice, [pause.scope for pause in before if pause])
        await self._store.sources.pauses.lift(
            list(members),
            [
                self._store.audit.command(
                    "source.resumed", scope.removeprefix("source:"), before=_end_and_reason(known)
                )
                for scope, known in zip(members, before, strict=True)
            ],
        )
        if not choice.sources:
            await self._wake(list(members), members)
            return [Steered(scope=scope, sources=len(of_it)) for scope, of_it in members.items()]
        names = list(dict.fromkeys(choice.sources))
        resting = await self._resting(names)
        for name, pause in zip(names, resting, strict=True):
            if pause is None:
                await self._start(name)
        return [
            Steered(scope=scope_of(name), sources=1, pause=pause)
            for name, pause in zip(names, resting, strict=True)
        ]

    async def pauses(self) -> list[Pause]:
        """Return the pauses that hold."""
        return await self._store.sources.pauses.all(self._clock())

    async def run(self, choice: Choice) -> RunOrder:
        """Make sources due now, but for paused ones; the next worker with room gathers them.

        Raises ControlRefused.
        """
        members = self._members(choice)
        names = list(dict.fromkeys(name for each in members.values() for name in each))
        pauses = await self._resting(names)
        wanted = [name for name, pause in zip(names, pauses, strict=True) if pause is None]
        asked_at = self._clock()
        await self._store.sources.wake_all(wanted, asked_at)
        for scope in members:
            await self._store.audit.append("source.run", scope.removeprefix("source:"))
        resting = tuple(name for name, pause in zip(names, pauses, strict=True) if pause is not None)
        return RunOrder(asked_at=asked_at, sources=tuple(wanted), resting=resting)

    def _members(self, choice: Choice, known: Collection[str] = ()) -> dict[str, list[SourceId]]:
        """Return the configured sources of each chosen scope.

        Raises ControlRefused for a scope without any, unless it is one of `known`.
        """
        wanted = {scope: list[SourceId]() for scope in choice.scopes}
        for name, source in self._sources.items():
            for scope in scopes_of(name, source):
                if scope in wanted:
                    wanted[scope].append(name)
        if empty := [scope for scope, names in wanted.items() if not names and scope not in known]:
            raise ControlRefused(_unknown(empty[0], self._sources))
        return wanted

    async def _resting(self, names: Sequence[SourceId]) -> list[Pause | None]:
        return await self._store.sources.pauses.resting(
            [(name, self._sources.get(name)) for name in names], self._clock()
        )

    async def _wake(self, scopes: Sequence[str], members: Mapping[str, Sequence[SourceId]]) -> None:
        """Have workers look again at the sources that they put off for a pause of these scopes."""
        names = list(dict.fromkeys(name for scope in scopes for name in members[scope]))
        states = await self._store.sources.states(names)
        put_off = [name for name, state in zip(names, states, strict=True) if state.pause is not None]
        await self._store.sources.wake_all(put_off, self._clock())

    async def _start(self, source: SourceId) -> None:
        """Make a source due now; while a worker has it, it is due again after that."""
        now, token = self._clock(), new_token()
        if not await self._store.sources.lease(source, token, now, LEASE):
            await self._store.sources.wake(source, now)
            return
        state = await self._store.sources.state(source)
        state = replace(state, paused=False, pause=None, stopped=None, next_due_at=now, due_because=_RESUMED)
        await self._store.sources.settle(source, token, state)


def _end_and_reason(pause: Pause | None) -> dict[str, object] | None:
    return {"until": pause.until, "reason": pause.reason} if pause else None


def _unknown(scope: str, sources: Mapping[SourceId, Source]) -> str:
    kind, _, name = scope.partition(":")
    if kind in {"source", ALL}:
        return f"no source is called {name!r}" if name else "no source is configured"
    there = sorted(
        {
            other.partition(":")[2]
            for source_id, source in sources.items()
            for other in scopes_of(source_id, source)
            if other.startswith(f"{kind}:")
        }
    )
    return f"no source has the {kind} {name!r} (there are: {', '.join(there) or 'none'})"
