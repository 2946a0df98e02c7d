"""The last lines of this process' log, for who looks at it in the console."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from msgspec import Struct
from structlog.typing import EventDict, WrappedLogger

KEPT_LINES = 2000
WAITING_LINES = 500
"""Lines that wait for one who listens; whoever is slower than that misses the oldest."""


class LogLine(Struct, frozen=True, kw_only=True):
    """An event of the log, with secrets hidden."""

    number: int
    """Later lines have higher ones."""
    at: datetime
    level: str
    event: str
    fields: Mapping[str, Any]


class RecentLines:
    """A processor of structlog: keeps what passes, and hands it to who listens."""

    def __init__(self) -> None:
        self._lines = deque[LogLine](maxlen=KEPT_LINES)
        self._listening: set[asyncio.Queue[LogLine]] = set()
        self._numbers = count(1)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Keep an event, which was cleaned before; it goes on unchanged."""
        line = LogLine(
            number=next(self._numbers),
            at=datetime.now(UTC),
            level=str(event["level"]),
            event=str(event["event"]),
            fields={key: value for key, value in event.items() if key not in {"level", "event"}},
        )
        self._lines.append(line)
        for queue in self._listening:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(line)
        return event

    def newest(self) -> Iterator[LogLine]:
        """Return the lines that are kept, the newest first."""
        return reversed(self._lines)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[LogLine]]:
        """Return a queue that gets each new line, until the context ends."""
        queue = asyncio.Queue[LogLine](WAITING_LINES)
        self._listening.add(queue)
        try:
            yield queue
        finally:
            self._listening.discard(queue)


RECENT = RecentLines()
"""Of this process: its log is one for all parts, as structlog is."""
