"""What the queue of an endpoint is to do, as values in memory."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from syndicator.model.ids import EventId


@dataclass
class Row:
    """A delivery that waits, or is under way."""

    due: datetime
    """When it is due; of what is under way, when its lease ends."""
    is_urgent: bool = False
    token: str | None = None
    behind: EventId | None = None
    """The newer event that waits until this one is off its way."""


@dataclass
class Queue:
    """What the model knows of one endpoint."""

    rows: dict[EventId, Row] = field(default_factory=dict)
    dead: dict[EventId, datetime] = field(default_factory=dict)
    tries: Counter[EventId] = field(default_factory=Counter)
    log: Counter[tuple[EventId, str]] = field(default_factory=Counter)
    delivered: int = 0
    fell_off: int = 0

    def close(self, event: EventId) -> None:
        """Take out what was superseded."""
        self.rows.pop(event, None)
        self.dead.pop(event, None)
        self.tries.pop(event, None)
        self.log[event, "superseded"] += 1

    def let_go(self, newer: EventId, now: datetime) -> None:
        row = self.rows.get(newer)
        if row is not None and row.token is None:
            row.due = min(row.due, now)

    def supersede(self, newer: EventId, older: list[EventId], now: datetime) -> bool:
        """Close the older, and return whether one of them is under way."""
        flying = False
        for event in older:
            row = self.rows.get(event)
            if row is not None and row.token is not None and row.due > now:
                row.behind, flying = newer, True
            elif row is not None or event in self.dead:
                self.close(event)
        return flying

    def give_back(self, event: EventId, now: datetime) -> EventId | None:
        """End a lease; return the newer event that takes its place, if one waited."""
        row = self.rows[event]
        newer, row.token, row.behind = row.behind, None, None
        if newer is not None:
            self.let_go(newer, now)
        return newer
