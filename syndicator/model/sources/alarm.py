"""The last trouble of a source that operators were notified of."""

from enum import StrEnum

from msgspec import Struct


class Trouble(StrEnum):
    FAILING = "failing"
    """It cannot be read: it fails, is gone, or nothing is found in what it sends."""
    QUIET = "quiet"
    """It can be read, and brings nothing."""


class Alarm(Struct, frozen=True, kw_only=True):
    """The trouble that was announced and is not over, and the last event's revision."""

    trouble: Trouble | None = None
    revision: int = 0
