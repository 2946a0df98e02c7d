"""The log of attempts of each endpoint, to be asked by event, article, result and time."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ids import EndpointId, EventId
from syndicator.model.ops.states import AttemptResult
from syndicator.store.connection import Repository, pairs

KEPT_ATTEMPTS = 5000
_PAGE = 500


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
    """The beginning of what the receiver answered: 1 KiB of a failure, less of what was delivered."""

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
    any_of: frozenset[str] = frozenset()
    """Ids of events and subjects: only attempts of any of them; empty takes all."""
    is_superseded: bool | None = None
    """Whether what a newer revision took the place of, or all but that."""
    before: str | None = None
    """Only what stands before this position: the last one of the page before."""


class Attempts(Repository):
    """The newest 5 000 attempts of each endpoint."""

    async def find(self, endpoint: EndpointId, query: AttemptQuery, limit: int) -> list[LoggedAttempt]:
        """Return the newest attempts that the query takes, the newest first; `limit` 0 is all."""
        end = f"({query.before}" if query.before else "+" if query.until is None else _first(query.until)
        begin = "-" if query.since is None else _first(query.since)
        found: list[LoggedAttempt] = []
        # Most of a long log is of other events: only what can be meant is decoded.
        named = {value.encode() for value in query.any_of or filter(None, (query.event, query.subject))}
        while True:
            rows = await self._redis.call(
                "XREVRANGE", self._keys.attempts(endpoint), end, begin, "COUNT", _PAGE
            )
            for position, fields in rows:
                if named and named.isdisjoint(fields):
                    continue
                attempt = _attempt(endpoint, position.decode(), pairs(fields))
                if attempt is not None and _takes(query, attempt):
                    found.append(attempt)
                    if len(found) == limit:
                        return found
            if len(rows) < _PAGE:
                return found
            end = f"({rows[-1][0].decode()}"

    async def newest(self, endpoint: EndpointId) -> LoggedAttempt | None:
        """Return the newest attempt; what was superseded was not tried."""
        found = await self.find(endpoint, AttemptQuery(is_superseded=False), 1)
        return found[0] if found else None


def _first(at: datetime) -> str:
    """Return the position before all others of an instant; what was before 1970 is no position."""
    return str(max(to_ms(at), 0))


def _attempt(endpoint: EndpointId, position: str, row: Iterable[tuple[bytes, bytes]]) -> LoggedAttempt | None:
    """Return an attempt; None for one with a result that only a newer version knows."""
    fields = {name.decode(): value.decode() for name, value in row}
    if fields["result"] not in list(AttemptResult):
        return None
    return LoggedAttempt(
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


def _takes(query: AttemptQuery, attempt: LoggedAttempt) -> bool:
    return (
        query.event in {None, attempt.event}
        and query.subject in {None, attempt.subject}
        and query.result in {None, attempt.result}
        and (not query.any_of or not query.any_of.isdisjoint((attempt.event, attempt.subject)))
        and query.is_superseded in {None, attempt.result is AttemptResult.SUPERSEDED}
    )
