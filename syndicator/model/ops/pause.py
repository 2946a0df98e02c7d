"""A pause that an operator ordered: of a source, a group, a tag, or all sources."""

from datetime import datetime

from msgspec import Struct


class Pause(Struct, frozen=True, kw_only=True):
    """Sources of this scope are not asked until it ends; also sources that join the scope later."""

    scope: str
    """`source:ID`, `group:NAME`, `tag:NAME` or `all`."""
    since: datetime
    until: datetime | None = None
    """When it ends by itself; None: when it is lifted."""
    reason: str = ""
    by: str = ""
    """Who ordered it: see `AuditEntry.who`."""

    def holds(self, now: datetime) -> bool:
        """Return whether it has not ended by itself."""
        return self.until is None or now < self.until
