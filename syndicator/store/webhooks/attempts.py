"""The log of attempts of each endpoint, to be asked by event, article, result and time.

Scripts append to it (`lua/webhooks/attempt_log.lua`). An index by subject follows behind, each minute; what
is not indexed yet is searched.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from syndicator.model.clock import EPOCH, from_ms, to_ms
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.states import AttemptResult
from syndicator.store.connection import Connection, Repository, Script, pairs, pieces
from syndicator.store.keys.partitions import grouped
from syndicator.store.keys.table import Keys
from syndicator.store.webhooks.event_records import event_records, read_event

KEPT_ATTEMPTS = 5000
_PAGE = 500
_FIRST_PAGE = 16
_INDEXED_AT_ONCE = 1000
"""About 2 ms of Redis' time."""
_ENDPOINTS_AT_ONCE = 16
_END_MS = 2**48 - 1
"""After all positions."""
_UNKNOWN = ""
"""The subject of an event that a claim found superseded."""


class LoggedAttempt(Struct, frozen=True, kw_only=True):
    """One attempt, or what ended a delivery without one."""

    position: str
    """Later ones have later positions."""
    endpoint: EndpointId
    at: datetime
    event: EventId
    subject: str
    """The event's subject: an article's id, mostly."""
    type: str
    attempt: int
    """From 1; 0 where none was made."""
    result: AttemptResult
    reason: str
    """The status of what was delivered, the word for a failure, or the event that came in its place."""
    duration_ms: int
    answer: str = ""
    """The first KiB of what the receiver answered."""
    answer_dropped: bool = False
    """It is not kept any more: the endpoint gave more than 1 024 other answers since."""

    @property
    def failure(self) -> str | None:
        """Return why it failed, where it did."""
        return self.reason if self.result in {AttemptResult.RETRY, AttemptResult.DEAD} else None


class AttemptQuery(Struct, frozen=True, kw_only=True):
    """Which attempts are asked for; None takes all."""

    event: EventId | None = None
    subject: str | None = None
    result: AttemptResult | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_superseded: bool | None = None
    """Whether what a newer revision took the place of, or all but that."""
    before: str | None = None
    """Only what stands before this position: the last one of the page before."""


class _Row(Struct, frozen=True):
    attempt: LoggedAttempt
    answer_id: str


class Attempts(Repository):
    """The newest 5 000 attempts of each endpoint."""

    _find = Script("webhooks/attempt_index", "webhooks/find_attempts")
    _sweep = Script("webhooks/attempt_index", "webhooks/sweep_attempts")

    def __init__(self, connection: Connection, keys: Keys, kept: timedelta) -> None:
        """`kept`: for how long."""
        super().__init__(connection, keys)
        self._kept = kept

    async def find(self, endpoint: EndpointId, query: AttemptQuery, limit: int) -> list[LoggedAttempt]:
        """Return the newest attempts that the query takes, the newest first; `limit` 0 is all."""
        subjects = await self._subjects(query)
        pages = self._about(endpoint, subjects, query) if subjects else self._log(endpoint, query, limit)
        found: list[_Row] = []
        async for page in pages:
            found += [row for row in page if _takes(query, row.attempt)]
            if 0 < limit <= len(found):
                break
        return await self._answered(endpoint, found[: limit or None])

    async def newest(self, endpoint: EndpointId) -> LoggedAttempt | None:
        """Return the newest attempt; what was superseded was not tried."""
        found = await self.find(endpoint, AttemptQuery(is_superseded=False), 1)
        return found[0] if found else None

    async def newest_of(self, endpoints: Sequence[EndpointId]) -> Mapping[EndpointId, LoggedAttempt]:
        """Return the newest attempt at each endpoint, without its answer; of those with attempts."""
        logs = await self._redis.batch(
            [("XREVRANGE", self._keys.attempts(name), "+", "-", "COUNT", 1) for name in endpoints]
        )
        found: dict[EndpointId, LoggedAttempt] = {}
        for name, entries in zip(endpoints, logs, strict=True):
            rows = [row for row in _rows(name, entries) if row.attempt.result is not AttemptResult.SUPERSEDED]
            last = rows[0].attempt if rows else await self.newest(name) if entries else None
            if last is not None:
                found[name] = last
        return found

    async def about(
        self, endpoints: Sequence[EndpointId], subjects: Collection[str], since: datetime
    ) -> Mapping[EndpointId, Sequence[LoggedAttempt]]:
        """Return the attempts at each endpoint since a time that are about these subjects, the newest first.

        Also those whose subject is not known, and all without their answers; of each endpoint the newest 500.
        """
        found: dict[EndpointId, Sequence[LoggedAttempt]] = {}
        parts = grouped(endpoints, self._keys.partitions.of).values()
        for some in (piece for part in parts for piece in pieces(part, _ENDPOINTS_AT_ONCE)):
            pages = await self._indexed(some, {*subjects, _UNKNOWN}, since, (_END_MS, 0))
            found |= {
                name: [row.attempt for row in _rows(name, entries)]
                for name, entries in zip(some, pages, strict=True)
            }
        return found

    async def sweep(self, endpoint: EndpointId, now: datetime) -> None:
        """Forget attempts that are too old, and answers that none has any more; index the new ones."""
        keys = self._keys
        of_one = (keys.attempts, keys.attempt_index, keys.answers, keys.answers_used)
        indexed = _INDEXED_AT_ONCE
        while indexed == _INDEXED_AT_ONCE:
            names = [key(endpoint) for key in of_one]
            indexed = await self._redis.run(self._sweep, names, _first(now - self._kept), _INDEXED_AT_ONCE)

    async def _subjects(self, query: AttemptQuery) -> Collection[str]:
        """Return the subjects that a query means; none where all attempts are to be looked at."""
        if query.subject is not None:
            return (query.subject,)
        if not query.event:
            return ()
        (record,) = await event_records(self._redis, self._keys, [query.event])
        known = read_event(query.event, record)
        return (known.subject, _UNKNOWN) if known else ()

    async def _log(
        self, endpoint: EndpointId, query: AttemptQuery, limit: int
    ) -> AsyncIterator[Sequence[_Row]]:
        """Yield all attempts of the time that is asked for, page by page."""
        end = f"({query.before}" if query.before else "+" if query.until is None else _first(query.until)
        begin = "-" if query.since is None else _first(query.since)
        count = min(max(limit, _FIRST_PAGE), _PAGE) if limit else _PAGE
        while True:
            entries = await self._redis.call(
                "XREVRANGE", self._keys.attempts(endpoint), end, begin, "COUNT", count
            )
            yield _rows(endpoint, entries)
            if len(entries) < count:
                return
            end, count = f"({entries[-1][0].decode()}", _PAGE

    async def _about(
        self, endpoint: EndpointId, subjects: Collection[str], query: AttemptQuery
    ) -> AsyncIterator[Sequence[_Row]]:
        """Yield the attempts that are about some subjects, of the time that is asked for."""
        end = (_END_MS, 0) if query.until is None else (max(to_ms(query.until), 0) + 1, 0)
        end = _parts(query.before) if query.before else end
        while True:
            (entries,) = await self._indexed([endpoint], subjects, query.since or EPOCH, end)
            yield _rows(endpoint, entries)
            if len(entries) < _PAGE:
                return
            end = _parts(entries[-1][0].decode())

    async def _indexed(
        self,
        endpoints: Sequence[EndpointId],
        subjects: Collection[str],
        since: datetime,
        end: tuple[int, int],
    ) -> Sequence[Sequence[Any]]:
        """Return the entries of each log before a position that are about the subjects, 500 at most."""
        keys = [
            key for name in endpoints for key in (self._keys.attempts(name), self._keys.attempt_index(name))
        ]
        return await self._redis.run(self._find, keys, _first(since), *end, _PAGE, *sorted(subjects))  # type: ignore[no-any-return]

    async def _answered(self, endpoint: EndpointId, rows: Sequence[_Row]) -> list[LoggedAttempt]:
        """Return attempts with the answers that are stored beside the log."""
        names = list(dict.fromkeys(row.answer_id for row in rows if row.answer_id))
        found = await self._redis.call("HMGET", self._keys.answers(endpoint), *names) if names else []
        answers = dict(zip(names, found, strict=True))
        return [
            _with_answer(row.attempt, answers[row.answer_id]) if row.answer_id else row.attempt
            for row in rows
        ]


def _first(at: datetime) -> str:
    """Return the position before all others of an instant; what was before 1970 is no position."""
    return str(max(to_ms(at), 0))


def _parts(position: str) -> tuple[int, int]:
    at_ms, number = position.split("-")
    return int(at_ms), int(number)


def _rows(endpoint: EndpointId, entries: Sequence[Any]) -> list[_Row]:
    rows = (_row(endpoint, position.decode(), pairs(fields)) for position, fields in entries)
    return [row for row in rows if row is not None]


def _row(endpoint: EndpointId, position: str, row: Iterable[tuple[bytes, bytes]]) -> _Row | None:
    """Return an attempt; None for one with a result that only a newer version knows."""
    fields = {name.decode(): value.decode() for name, value in row}
    if fields["result"] not in list(AttemptResult):
        return None
    attempt = LoggedAttempt(
        position=position,
        endpoint=endpoint,
        at=from_ms(int(position.partition("-")[0])),
        event=EventId(fields["event"]),
        subject=fields.get("subject", ""),
        type=fields.get("type", ""),
        attempt=int(float(fields["attempt"])),
        result=AttemptResult(fields["result"]),
        reason=fields.get("reason", ""),
        duration_ms=int(float(fields["duration_ms"])),
        answer=fields.get("answer", ""),
    )
    return _Row(attempt, fields.get("answer_id", ""))


def _with_answer(attempt: LoggedAttempt, answer: bytes | None) -> LoggedAttempt:
    if answer is None:
        return replace(attempt, answer_dropped=True)
    return replace(attempt, answer=answer.decode())


def _takes(query: AttemptQuery, attempt: LoggedAttempt) -> bool:
    return (
        query.event in {None, attempt.event}
        and query.subject in {None, attempt.subject}
        and query.result in {None, attempt.result}
        and query.is_superseded in {None, attempt.result is AttemptResult.SUPERSEDED}
    )
