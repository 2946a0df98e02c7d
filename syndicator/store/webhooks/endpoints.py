"""The directory of endpoints: the configured and the registered, in one set that all workers share.

Fan-out goes by what is stored here, so an event is queued for every endpoint, whichever worker comes to it
first. Of configured ones the secrets stay in the configuration; those of registered ones are sealed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from syndicator.errors import SealError, StoreUnavailable, UnreadableRecord
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.delivery import Endpoint, Secret
from syndicator.model.endpoint import EndpointListed, EndpointState, Registration
from syndicator.model.event import Event
from syndicator.model.ids import EndpointId
from syndicator.model.ops.states import EndpointStanding
from syndicator.rules.webhooks.circuit import CircuitChange
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.codec import pack, pack_beside, unpack
from syndicator.store.connection import Command, Connection, Repository, Transaction, pairs
from syndicator.store.keys.table import Keys
from syndicator.store.outbox import VERSION, append_event
from syndicator.store.partitions.reach import Reach
from syndicator.store.webhooks.endpoint_records import (
    REMEDY,
    EndpointRecord,
    SealedParts,
    bare,
    created_at,
    read_record,
    read_state,
)
from syndicator.store.webhooks.handover import Handover, across
from syndicator.store.webhooks.overflows import CHANGES

_WRITERS = 10
"""Workers that may add an event of one endpoint at one moment."""

LONG_AGO_MS = 0


class EndpointSnapshot(Struct, frozen=True, kw_only=True):
    """All endpoints as they were at one version of the directory, and which of them rest."""

    version: str = ""
    endpoints: Mapping[EndpointId, EndpointListed] = {}
    resting: frozenset[EndpointId] = frozenset()
    """Paused or disabled: their events wait."""


class Endpoints(Repository):
    """Who receives webhooks, and how each of them stands."""

    def __init__(
        self,
        connection: Connection,
        keys: Keys,
        sealer: Sealer,
        handover: Handover | None = None,
        reach: Reach | None = None,
    ) -> None:
        super().__init__(connection, keys)
        self._handover = handover or Handover(connection, keys)
        self._reach = reach or Reach(connection, keys.partitions)
        self._sealer = sealer

    async def version(self) -> str:
        """Return what changes whenever the directory does; "" is an empty one."""
        found = await self._redis.call("HGET", self._keys.endpoints_changed(), VERSION)
        return found.decode() if found else ""

    async def load(self) -> EndpointSnapshot:
        """Read the whole directory. What cannot be read or opened makes its own endpoint unreadable."""
        version, rows, resting = await self._redis.batch(
            [
                ("HGET", self._keys.endpoints_changed(), VERSION),
                ("HGETALL", self._keys.endpoints()),
                ("HKEYS", self._keys.endpoints_resting()),
            ]
        )
        return EndpointSnapshot(
            version=version.decode() if version else "",
            endpoints={
                EndpointId(name.decode()): self._listed(EndpointId(name.decode()), record)
                for name, record in pairs(rows)
            },
            resting=frozenset(EndpointId(name.decode()) for name in resting),
        )

    async def get(self, endpoint: EndpointId) -> EndpointListed | None:
        record = await self._redis.call("HGET", self._keys.endpoints(), endpoint)
        return self._listed(endpoint, record) if record else None

    async def publish(self, configured: Iterable[Endpoint], now: datetime) -> None:
        """Make configured endpoints known to all workers, as they are described here.

        Those that were not there before get `now` as the time of their creation.
        """
        wanted = list(configured)
        if not wanted:
            return
        found = await self._redis.call("HMGET", self._keys.endpoints(), *(one.id for one in wanted))
        writes: list[Command] = []
        for one, known in zip(wanted, found, strict=True):
            created = created_at(known) if known else now
            record = pack(EndpointRecord(endpoint=bare(one), created_at=created))
            if record != known:
                writes += [("HSET", self._keys.endpoints(), one.id, record), *self._bounds(one)]
                writes += self._noted_change(one.id)
        if writes:
            await self._commit(writes=across(self._keys, (*writes, self._raised())))
            await self._applied({one.id for one in wanted}, now)

    async def register(self, registration: Registration) -> bool:
        """Add an endpoint; False where its id is taken. Raises SealError."""
        return await self._write(registration, (self._keys.endpoints(), registration.endpoint.id, ""))

    async def change(self, registration: Registration) -> bool:
        """Write a registered endpoint anew; False where it was changed or removed since it was read.

        So of two changes at once neither is lost: read again, and change that. Raises SealError.
        """
        name = registration.endpoint.id
        before = await self._redis.call("HGET", self._keys.endpoints(), name)
        changed = (self._keys.endpoints_changed(), name, str(registration.version))
        return await self._write(registration, changed, before)

    async def registration(self, endpoint: EndpointId, *, or_bare: bool = False) -> Registration | None:
        """Return a registered endpoint with its secrets; None where there is none.

        Raises SealError where these cannot be opened; with `or_bare` it is given without them then, and
        without its headers. Raises UnreadableRecord where it is damaged, or of a newer version: to write it
        would lose what that version knows.
        """
        version, found = await self._redis.batch(
            [
                ("HGET", self._keys.endpoints_changed(), endpoint),
                ("HGET", self._keys.endpoints(), endpoint),
            ]
        )
        record = unpack(found, EndpointRecord) if found else None
        if record is None or record.owner is None or record.created_at is None:
            return None
        try:
            opened = self._opened(record)
        except SealError:
            if not or_bare:
                raise
            opened = record.endpoint
        return Registration(
            endpoint=opened,
            owner=record.owner,
            created_at=record.created_at,
            verified_at=record.verified_at,
            has_moved=record.has_moved,
            version=int(version or 0),
        )

    async def remove(self, endpoint: EndpointId) -> bool:
        """Take a registered endpoint out, for good; a sweep then removes all that waits for it."""
        keys = self._keys
        if not await self._redis.call("HEXISTS", keys.endpoints(), endpoint):
            return False
        writes: tuple[Command, ...] = (
            ("HDEL", keys.endpoints(), endpoint),
            ("HDEL", keys.endpoints_changed(), endpoint),
            ("HDEL", keys.endpoints_resting(), endpoint),
            ("ZREM", keys.queues(keys.partitions.of(endpoint)), endpoint),
            ("HDEL", keys.left_in_log(keys.partitions.of(endpoint)), endpoint),
            ("HSET", keys.configured(), f"endpoint:{endpoint}", LONG_AGO_MS),
            *self._noted_change(endpoint),
            self._raised(),
        )
        return await self._commit(writes=across(keys, writes), replicated=True)

    async def state(self, endpoint: EndpointId) -> EndpointState:
        return (await self.states([endpoint]))[endpoint]

    async def states(self, endpoints: Sequence[EndpointId]) -> Mapping[EndpointId, EndpointState]:
        rows = await self._redis.batch([("HGETALL", self._keys.standing(name)) for name in endpoints])
        return {name: read_state(pairs(row)) for name, row in zip(endpoints, rows, strict=True)}

    async def slowed_until(self, endpoints: Sequence[EndpointId]) -> Mapping[EndpointId, datetime]:
        """Return when the rate of each endpoint lets the next delivery go; without those that have none."""
        rows = await self._redis.batch(
            [("HMGET", self._keys.standing(name), "tat_ms", "gap_ms", "burst") for name in endpoints]
        )
        return {
            name: from_ms(int(float(tat) - (int(burst or 1) - 1) * float(gap)))
            for name, (tat, gap, burst) in zip(endpoints, rows, strict=True)
            if tat is not None and gap is not None
        }

    async def pause(self, endpoint: EndpointId, reason: str, now: datetime) -> None:
        """Let an endpoint rest: its events wait."""
        paused = self._rest(endpoint, EndpointStanding.PAUSED, reason, now)
        await self._redis.commit([paused], replicated=True)
        await self._applied([endpoint], now)

    async def disable(self, endpoint: EndpointId, reason: str, now: datetime) -> bool:
        """Send nothing there until it is resumed: its events wait. False where it rests already."""
        rests = self._rest(endpoint, EndpointStanding.DISABLED, reason, now)
        (is_written,) = await self._redis.commit([rests])
        await self._applied([endpoint], now)
        return is_written

    async def note_failure(self, endpoint: EndpointId, state: EndpointState, change: CircuitChange) -> bool:
        """Write what a failed attempt made of an endpoint's state; False where that has changed meanwhile."""
        key = self._keys.standing(endpoint)
        fields: list[str | int] = ["failures", change.failures, "openings", change.openings]
        fields += ["failing_since_ms", to_ms(change.failing_since)]
        if change.held_until is not None:
            fields += ["held_until_ms", to_ms(change.held_until)]
        if change.rest_until is not None:
            fields += ["rest_until_ms", to_ms(change.rest_until)]
        failures = str(state.failures) if state.failures else ""
        return await self._commit(expects=((key, "failures", failures),), writes=(("HSET", key, *fields),))

    async def add_event(
        self, endpoint: EndpointId, event_of: Callable[[int, int | None], Event], now: datetime
    ) -> None:
        """Add an event about an endpoint. `event_of` makes it from its revision and the one before, if any.

        A revision is an instant in ms and more than the one before: where all that was kept is lost, no event
        gets the id of an earlier one.
        """
        key, field = self._keys.standing(endpoint), "notices"
        if not self._keys.partitions.is_one:  # it is written in one step with the outbox
            key, field = self._keys.endpoint_notices(), str(endpoint)
        for _ in range(_WRITERS):
            found = await self._redis.call("HGET", key, field)
            before = int(found) if found else None
            revision = max(to_ms(now), (before or 0) + 1)
            writes: tuple[Command, ...] = (
                ("HSET", key, field, revision),
                append_event(self._keys, event_of(revision, before)),
            )
            expects = ((key, field, str(before) if before else ""),)
            if await self._commit(expects=expects, writes=writes):
                return

    def _rest(
        self, endpoint: EndpointId, standing: EndpointStanding, reason: str, now: datetime
    ) -> Transaction:
        """Write that an endpoint rests; of one that rests already, nothing."""
        keys = self._keys
        fields = ("standing", standing.value, "reason", reason, "since_ms", to_ms(now))
        writes: tuple[Command, ...] = (
            ("HSET", keys.standing(endpoint), *fields),
            ("HSET", keys.endpoints_resting(), endpoint, standing.value),
            ("ZREM", keys.queues(keys.partitions.of(endpoint)), endpoint),
            self._raised(),
        )
        return Transaction(
            expects=((keys.endpoints_resting(), endpoint, ""),),
            writes=tuple(across(keys, writes)),
        )

    async def resume(self, endpoint: EndpointId, now: datetime) -> EndpointState:
        """Let an endpoint work again: what waits goes out, and its failures are forgotten.

        Returns its state before: since when it rested, and how many deliveries fell off meanwhile.
        """
        keys, before = self._keys, await self.state(endpoint)
        forgotten = (
            "standing", "reason", "since_ms", "failing_since_ms", "failures", "openings", "held_until_ms",
            "rest_until_ms", "fell_off", "tat_ms",
        )  # fmt: skip
        writes: tuple[Command, ...] = (
            ("HDEL", keys.standing(endpoint), *forgotten),
            ("HDEL", keys.endpoints_resting(), endpoint),
            ("ZADD", keys.queues(keys.partitions.of(endpoint)), to_ms(now), endpoint),
            self._raised(),
        )
        await self._commit(writes=across(keys, writes), replicated=True)
        await self._applied([endpoint], now)
        return before

    async def _applied(self, endpoints: Iterable[EndpointId], now: datetime) -> None:
        """Have partitions do now what was handed over to them; those that do not answer do it later."""
        partitions = {self._keys.partitions.of(endpoint) for endpoint in endpoints}
        with suppress(StoreUnavailable):
            await self._reach.each(lambda one: self._handover.run(one, now), partitions)

    def _raised(self) -> Command:
        return ("HINCRBY", self._keys.endpoints_changed(), VERSION, 1)

    def _noted_change(self, endpoint: EndpointId) -> list[Command]:
        """Tell the partition of an endpoint that it changed, where the directory is in another slot."""
        if self._keys.partitions.is_one:
            return []
        return [("HINCRBY", self._keys.standing(endpoint), CHANGES, 1)]

    async def _write(
        self, registration: Registration, expected: tuple[str, str, str], before: bytes | None = None
    ) -> bool:
        name, written = registration.endpoint.id, self._record(registration)
        record = pack_beside(written, before) if before else pack(written)
        writes: tuple[Command, ...] = (
            ("HSET", self._keys.endpoints(), name, record),
            ("HINCRBY", self._keys.endpoints_changed(), name, 1),
            ("HDEL", self._keys.configured(), f"endpoint:{name}"),
            *self._bounds(registration.endpoint),
            *self._noted_change(name),
            self._raised(),
        )
        return await self._commit(expects=(expected,), writes=across(self._keys, writes), replicated=True)

    def _bounds(self, endpoint: Endpoint) -> tuple[Command, ...]:
        """Write what the claiming of an endpoint's deliveries is bounded by."""
        key, rate = self._keys.standing(endpoint.id), endpoint.rate
        events = endpoint.digest.items if endpoint.digest else 1  # of one push
        capped: Command = ("HSET", key, "cap", endpoint.max_in_flight * events)
        if rate is None:
            return (capped, ("HDEL", key, "gap_ms", "burst", "tat_ms"))
        return (capped, ("HSET", key, "gap_ms", f"{rate.gap_ms:.3f}", "burst", rate.burst))

    def _record(self, registration: Registration) -> EndpointRecord:
        endpoint = registration.endpoint
        secrets = tuple((secret.reveal(), secret.until) for secret in endpoint.secrets)
        hidden = pack(SealedParts(secrets=secrets, headers=endpoint.headers))
        return EndpointRecord(
            endpoint=bare(endpoint),
            owner=registration.owner,
            created_at=registration.created_at,
            verified_at=registration.verified_at,
            has_moved=registration.has_moved,
            sealed=self._sealer.seal(endpoint.id, hidden),
        )

    def _listed(self, name: EndpointId, data: bytes) -> EndpointListed:
        try:
            record = read_record(data)
        except UnreadableRecord as error:
            nothing = Endpoint(id=name, url="", secrets=(), events=())
            return EndpointListed(endpoint=nothing, unreadable=f"{error}. {REMEDY}")
        listed = EndpointListed(
            endpoint=record.endpoint,
            owner=record.owner,
            created_at=record.created_at,
            verified_at=record.verified_at,
            has_moved=record.has_moved,
        )
        if record.owner is None:
            return listed
        try:
            return replace(listed, endpoint=self._opened(record))
        except (SealError, UnreadableRecord) as error:
            return replace(listed, unreadable=str(error))

    def _opened(self, record: EndpointRecord) -> Endpoint:
        hidden = unpack(self._sealer.open(record.endpoint.id, record.sealed), SealedParts)
        secrets = tuple(Secret(text, until=until) for text, until in hidden.secrets)
        return replace(record.endpoint, secrets=secrets, headers=hidden.headers)
