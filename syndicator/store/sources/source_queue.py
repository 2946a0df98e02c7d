"""What is known of sources between rounds, and which of them are due."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.event import Event
from syndicator.model.ids import SourceId
from syndicator.model.source import SourceState
from syndicator.model.sources.freshness import DelayNotes
from syndicator.model.sources.round_history import RoundLine
from syndicator.store.codec import pack, unpack
from syndicator.store.connection import Command, Connection, Script, Transaction, pairs, pieces
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import is_dead
from syndicator.store.outbox import append_event
from syndicator.store.sources.article_delays import delay_writes
from syndicator.store.sources.pauses import Pauses
from syndicator.store.sources.round_history import history_writes
from syndicator.store.sources.round_settlements import RoundResult, RoundSettlements

STATES_AT_ONCE = 500
"""States that one command reads: up to 2 kB each."""


class _Described(Struct, frozen=True, kw_only=True):
    """The part of a state that says by which description a source was gathered."""

    spec_hash: str | None = None


class Claim(Struct, frozen=True, kw_only=True):
    """Items that this worker alone has until the lease ends."""

    items: tuple[str, ...]
    next_due_at: datetime | None
    """When the first of all others is due; None when there are none."""


class ClaimedSources(Claim, frozen=True, kw_only=True):
    """Sources that this worker alone has until the lease ends."""

    states: Mapping[SourceId, SourceState]
    """What is known of each."""
    are_pauses: bool = False
    """Whether any source, group or tag is paused."""


class SourceQueue:
    """States and due times of the configured sources."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._claim = Script("sources/claim")
        self._rounds = RoundSettlements(connection, keys)
        self.pauses = Pauses(connection, keys)

    async def state(self, source: SourceId) -> SourceState:
        """Return what is known of a source; an empty state when it was never gathered."""
        return (await self.states([source]))[0]

    async def states(self, sources: Sequence[SourceId]) -> list[SourceState]:
        """Return what is known of each source."""
        return [
            _state(data) for piece in pieces(sources, STATES_AT_ONCE) for data in await self._stored(piece)
        ]

    async def described(self, sources: Sequence[SourceId]) -> list[str | None]:
        """Return by which description (`SourceState.spec_hash`) each source was gathered last."""
        return [
            unpack(data, _Described).spec_hash if data else None
            for piece in pieces(sources, STATES_AT_ONCE)
            for data in await self._stored(piece)
        ]

    async def _stored(self, sources: Sequence[SourceId]) -> Sequence[bytes | None]:
        found: Sequence[bytes | None] = await self._redis.call(
            "MGET", *(self._keys.source(source) for source in sources)
        )
        return found

    def due_times(self) -> AsyncIterator[list[tuple[bytes, bytes]]]:
        """Yield all sources that are gathered, with when each is due, ms; while it is leased, until when."""
        return self._redis.scan("ZSCAN", self._keys.sources_due())

    async def first_due(self) -> datetime | None:
        """Return since or from when the source that is due first is due; None where none is gathered.

        One that a worker has counts by the end of its lease.
        """
        first = pairs(await self._redis.call("ZRANGE", self._keys.sources_due(), 0, 0, "WITHSCORES"))
        return from_ms(int(float(first[0][1]))) if first else None

    async def enlist(self, sources: Iterable[SourceId], renewed: Iterable[SourceId], now: datetime) -> None:
        """Have these sources gathered: new and `renewed` ones are due now.

        So are those that a process of this machine had leased when it was killed. Others stay as they are:
        they may be another process'. `delist` takes out what none has.
        """
        wanted = set(sources)
        due = self._keys.sources_due()
        now_ms = to_ms(now)
        await self._redis.batch(
            [
                *_added(due, "NX", now_ms, sorted(wanted)),
                # LT leaves alone what is due already; a lease that is held now simply ends earlier.
                *_added(due, "LT", now_ms, sorted(wanted & set(renewed))),
            ]
        )
        owners = pairs(await self._redis.call("HGETALL", self._keys.sources_owners()))
        await self._redis.commit(
            [
                self._released(SourceId(name.decode()), token.decode(), now)
                for name, token in owners
                if is_dead(token.decode())
            ]
        )

    async def delist(self, sources: Iterable[SourceId], token: str) -> None:
        """Have sources gathered no more that were leased by a token."""
        due, owners = self._keys.sources_due(), self._keys.sources_owners()
        await self._redis.commit(
            [
                Transaction(
                    expects=((owners, source, token),),
                    writes=(("ZREM", due, source), ("HDEL", owners, source)),
                )
                for source in sources
            ]
        )

    async def claim(self, token: str, now: datetime, lease: timedelta, limit: int) -> ClaimedSources:
        """Lease up to `limit` sources that are due."""
        items, following, found, pauses = await self._redis.run(
            self._claim,
            [self._keys.sources_due(), self._keys.sources_owners(), self._keys.pauses()],
            to_ms(now), to_ms(now + lease), token, limit, self._keys.source(SourceId("")),
        )  # fmt: skip
        names = tuple(SourceId(item.decode()) for item in items)
        return ClaimedSources(
            items=names,
            next_due_at=from_ms(int(float(following))) if float(following) >= 0 else None,
            states=dict(zip(names, map(_state, found), strict=True)),
            are_pauses=pauses > 0,
        )

    async def lease(self, source: SourceId, token: str, now: datetime, lease: timedelta) -> bool:
        """Lease one source, due or not; False while another worker has it."""
        key, owners = self._keys.sources_due(), self._keys.sources_owners()
        owner, due_ms = await self._redis.batch([("HGET", owners, source), ("ZSCORE", key, source)])
        lapsed = owner is not None and int(due_ms or 0) <= to_ms(now)
        take = Transaction(
            expects=((owners, source, owner.decode() if lapsed else ""),),
            writes=(("ZADD", key, to_ms(now + lease), source), ("HSET", owners, source, token)),
        )
        return (await self._redis.commit([take]))[0]

    async def extend(
        self, leased: Iterable[tuple[SourceId, str]], now: datetime, lease: timedelta
    ) -> list[bool]:
        """Hold leases, each a source and its token, for longer; False for each that was lost meanwhile."""
        due, owners, ends_ms = self._keys.sources_due(), self._keys.sources_owners(), to_ms(now + lease)
        return await self._redis.commit(
            [
                Transaction(
                    expects=((owners, source, token),),
                    writes=(("ZADD", due, "XX", ends_ms, source),),
                )
                for source, token in leased
            ]
        )

    async def release(self, source: SourceId, token: str, due: datetime) -> bool:
        """Release a lease with nothing done: the source is due at a time."""
        return (await self._redis.commit([self._released(source, token, due)]))[0]

    async def wake(self, source: SourceId, now: datetime) -> None:
        """Make a source due now; one that a worker has is due again as soon as that has settled it."""
        await self.wake_all([source], now)

    async def wake_all(self, sources: Sequence[SourceId], now: datetime) -> None:
        """Do the same for many sources."""
        due, owners, woken = (
            self._keys.sources_due(), self._keys.sources_owners(), self._keys.sources_woken(),
        )  # fmt: skip
        for piece in pieces(sources):
            marked = tuple(("HSET", woken, source, "1") for source in piece)
            free = [
                Transaction(
                    expects=((owners, source, ""),),
                    writes=(("ZADD", due, "XX", "LT", to_ms(now), source), ("HDEL", woken, source)),
                )
                for source in piece
            ]
            await self._redis.commit([Transaction(expects=(), writes=marked), *free])

    async def settle(
        self,
        source: SourceId,
        token: str,
        state: SourceState,
        events: Sequence[Event] = (),
        *,
        line: RoundLine | None = None,
        delays: DelayNotes | None = None,
    ) -> bool:
        """Store what a round brought, when the next is due, its line of the history and events, in one step.

        `delays`: those of its articles, where the source has a freshness objective.
        False when the lease was lost meanwhile: nothing is written.
        """
        due_ms = to_ms(state.next_due_at) if state.next_due_at else 0
        more = [append_event(self._keys, event) for event in events]
        if line is not None:
            more += history_writes(self._keys, source, state.log, line)
        if delays is not None:
            more += delay_writes(self._keys, source, delays)
        return await self._rounds.settle(
            RoundResult(source=source, token=token, due_ms=due_ms, state=pack(state), more=more)
        )

    def _released(self, source: SourceId, token: str, now: datetime) -> Transaction:
        owners = self._keys.sources_owners()
        return Transaction(
            expects=((owners, source, token),),
            writes=(("ZADD", self._keys.sources_due(), "XX", to_ms(now), source), ("HDEL", owners, source)),
        )


def _added(key: str, how: str, score: int, names: Sequence[str]) -> list[Command]:
    """Return the commands that add names to a sorted set, all with one score."""
    return [
        ("ZADD", key, how, *(word for name in piece for word in (score, name))) for piece in pieces(names)
    ]


def _state(data: bytes | None) -> SourceState:
    return unpack(data, SourceState) if data else SourceState()
