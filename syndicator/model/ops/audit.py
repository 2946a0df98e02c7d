"""An entry of the audit log: what somebody changed while the service runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct


class AuditEntry(Struct, frozen=True, kw_only=True):
    """A change: who made it, when, of what, and what was there before and after."""

    id: str
    """Its place in the log; later entries sort higher."""
    at: datetime
    who: str
    """Id of a token, `operator (CLI, user@host)`, `files` or `service`."""
    what: str
    """As `source.paused`: what was changed, and how."""
    name: str
    """Id of the source, endpoint, token, article or whatever else was changed."""
    before: Mapping[str, Any] = {}
    """What was there, without secrets; empty for what is new."""
    after: Mapping[str, Any] = {}
    """What is there now, without secrets; empty for what is gone."""
