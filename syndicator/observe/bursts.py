"""Sums up what would fill a terminal: `delivery_succeeded  sample-partner  40 delivered` for 40 lines."""

import asyncio

import structlog
from structlog.typing import EventDict, WrappedLogger

BURST_S = 1.0
"""How long deliveries to an endpoint are counted before a line tells of them."""

_COUNTED = {"delivery_succeeded": ("endpoint", "delivered")}
"""Events that are summed up, the field by which, and the name of their number."""


class Bursts:
    """A processor of structlog. Outside of an event loop, and at the level debug, all lines stay."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Drop an event that is counted until its burst is over; raise `structlog.DropEvent`."""
        fields = _COUNTED.get(event["event"])
        if fields is None or fields[1] in event or method != "info":
            return event
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return event
        if not self._counts:
            loop.call_later(BURST_S, self.tell)
        key = (event["event"], str(event.get(fields[0], "")))
        self._counts[key] = self._counts.get(key, 0) + 1
        raise structlog.DropEvent

    def tell(self) -> None:
        """Log one line for each endpoint."""
        counts, self._counts = self._counts, {}
        for (event, subject), count in counts.items():
            by, number = _COUNTED[event]
            structlog.get_logger().info(event, **{by: subject, number: count})
