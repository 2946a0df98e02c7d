"""The audit log: who changed what, in order, the newest 10,000 changes."""

import re
from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct, to_builtins

from syndicator.model.clock import from_ms
from syndicator.model.ops.audit import AuditEntry
from syndicator.observe.actor import actor
from syndicator.observe.redact import clean
from syndicator.store.codec import pack, readable
from syndicator.store.connection import Command, Connection
from syndicator.store.keys.table import Keys

KEPT_ENTRIES = 10_000
PLACE = re.compile("[0-9]{1,18}-[0-9]{1,18}")
"""Ids of entries, by which a list goes on."""


class _Record(Struct, frozen=True, kw_only=True):
    who: str
    what: str
    name: str
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}


class AuditLog:
    """A stream of changes; times are those of Redis."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._redis = connection
        self._key = keys.audit()

    def command(
        self,
        what: str,
        name: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> Command:
        """Return the write of an entry, for the transaction that makes the change; who is `actor()`.

        `what` is a stable name, as `source.paused`. Of `before` and `after`, secrets are hidden, and what is
        the same in both is left out.
        """
        old, new = _shown(before), _shown(after)
        same = {key for key in old.keys() & new.keys() if old[key] == new[key]}
        record = _Record(
            who=actor(),
            what=what,
            name=name,
            before={key: value for key, value in old.items() if key not in same},
            after={key: value for key, value in new.items() if key not in same},
        )
        return ("XADD", self._key, "MAXLEN", "~", KEPT_ENTRIES, "*", "entry", pack(record))

    async def append(
        self,
        what: str,
        name: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write an entry for a change that was made outside of a transaction; see `command`."""
        await self._redis.call(*self.command(what, name, before=before, after=after))

    async def list(self, limit: int, before: str | None = None) -> tuple[list[AuditEntry], str | None]:
        """Return up to `limit` entries, newest first, and the place where the list goes on, if it does.

        `before`: the place that the call before returned. `limit` 0 is all.
        """
        begin = f"({before}" if before else "+"
        count = ("COUNT", limit + 1) if limit else ()
        rows = await self._redis.call("XREVRANGE", self._key, begin, "-", *count)
        page = rows[:limit] if limit else rows
        entries = [entry for row in page if (entry := _entry(*row)) is not None]
        return entries, page[-1][0].decode() if len(rows) > len(page) else None


def _entry(place: bytes, fields: list[bytes]) -> AuditEntry | None:
    record = readable(fields[1], _Record)
    if record is None:
        return None
    at_ms = int(place.partition(b"-")[0])
    return AuditEntry(
        id=place.decode(),
        at=from_ms(at_ms),
        who=record.who,
        what=record.what,
        name=record.name,
        before=record.before,
        after=record.after,
    )


def _shown(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return cast("dict[str, Any]", clean(to_builtins(dict(values or {}))))
