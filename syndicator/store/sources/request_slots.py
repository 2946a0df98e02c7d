"""Whose turn it is to request something of a scope, over all workers.

A scope is what a budget is charged to: a URL, a host, a registrable domain (`rules.politeness_scope`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.store.codec import pack
from syndicator.store.connection import Connection, Script
from syndicator.store.keys.table import Keys


class Why(IntEnum):
    """Why there is no turn, as `sources/request_slots.lua` says it."""

    TAKEN = 0
    """There is one."""
    IN_FLIGHT = 1
    PACE = 2
    HELD_OFF = 3


class Pace(Struct, frozen=True, kw_only=True):
    """At least so long from one start to the next, among those that name the same pace of a scope."""

    name: str
    interval_s: float


class HeldSlot(Struct, frozen=True, kw_only=True):
    """A turn that is had, or asked for."""

    scope: str
    token: str
    """New for each turn."""


class Wanted(HeldSlot, frozen=True, kw_only=True):
    max_in_flight: int
    paces: tuple[Pace, ...] = ()


class HoldOff(Struct, frozen=True, kw_only=True):
    """The server asks to be left alone until then."""

    scope: str
    until: datetime


class SlotAnswer(Struct, frozen=True, kw_only=True):
    """The turn is had when `why` is TAKEN; else ask again after `wait_s`.

    Of IN_FLIGHT, `wait_s` is until the first lease would run out: most turns are given back sooner.
    """

    why: Why
    wait_s: float


class SlotUse(Struct, frozen=True, kw_only=True):
    """What of the budget of a scope is used now."""

    in_flight: int
    held_until: datetime | None = None
    """Until then its server asked to be left alone."""


class SharedRequestSlots:
    """The budgets of all scopes. There is no queue: who asks first after a turn was given back has it."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._keys = keys
        self._script = Script("sources/request_slots")

    async def exchange(
        self,
        wanted: Sequence[Wanted] = (),
        *,
        now: datetime,
        lease: timedelta,
        returned: Sequence[HeldSlot] = (),
        extended: Sequence[HeldSlot] = (),
        held_off: Sequence[HoldOff] = (),
    ) -> list[SlotAnswer]:
        """Release slots, have leases end `lease` from `now`, hold scopes off, and ask for slots, in one call.

        An answer for each that is wanted, in that order. `lease` is at most an hour.
        """
        reply = await self._redis.run(
            self._script,
            [self._keys.meta()],
            to_ms(now),
            lease // timedelta(milliseconds=1),
            pack([self._named(one) for one in returned]),
            pack([self._named(one) for one in extended]),
            pack([(self._keys.turns_held(one.scope), to_ms(one.until)) for one in held_off]),
            pack([self._asked(one) for one in wanted]),
        )
        return [SlotAnswer(why=Why(why), wait_s=wait_ms / 1000) for wait_ms, why in reply]

    async def in_use(self, scopes: Sequence[str], now: datetime) -> list[SlotUse]:
        """Return what of each budget is used; leases that ran out are not counted."""
        now_ms = to_ms(now)
        counts = [("ZCOUNT", self._keys.turns(scope), f"({now_ms}", "+inf") for scope in scopes]
        ends = [("GET", self._keys.turns_held(scope)) for scope in scopes]
        replies = await self._redis.batch([*counts, *ends])
        return [
            SlotUse(in_flight=count, held_until=from_ms(int(end)) if end and int(end) > now_ms else None)
            for count, end in zip(replies[: len(scopes)], replies[len(scopes) :], strict=True)
        ]

    def _named(self, one: HeldSlot) -> tuple[str, str]:
        return self._keys.turns(one.scope), one.token

    def _asked(self, one: Wanted) -> tuple[str, str, int, str, list[tuple[str, int]]]:
        paces = [
            (self._keys.turns_pace(one.scope, pace.name), max(round(pace.interval_s * 1000), 1))
            for pace in one.paces
        ]
        return *self._named(one), one.max_in_flight, self._keys.turns_held(one.scope), paces
