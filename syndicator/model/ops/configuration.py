"""One version of the configuration, as all processes of a service share it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from syndicator.model.ops.states import ProcessState


class ConfigFile(Struct, frozen=True, kw_only=True):
    """One file as it was written."""

    name: str
    """Relative to the configuration folder."""
    content: bytes


class AddedTable(Struct, frozen=True, kw_only=True):
    """A source, feed or group that stands in no file: it was added while the service ran."""

    kind: str
    """`source`, `feed` or `group`."""
    id: str
    table: dict[str, Any]
    """As it would stand in a file, as JSON has it."""
    by: str
    at: datetime


class WrittenTable(Struct, frozen=True, kw_only=True):
    """A table of the configuration that stands in a file."""

    table: Mapping[str, Any]
    """As it is written, with its secrets."""
    file: str
    """Relative to the configuration folder; the first one where several have parts of it."""
    line: int | None
    """Where it begins there."""
    version: int | None = None
    """The version whose file it is; None: this process has the same files."""


class ConfigurationVersion(Struct, frozen=True, kw_only=True):
    """What is known of a version without opening it."""

    version: int
    """Counts up by one with each change."""
    digest: str
    """Of the shared tables of the files; the same files have the same one."""
    changed_at: datetime
    """When the files were last changed, where they lie."""
    published_at: datetime
    by: str
    """The process, or person, that published it."""


class ProcessNote(Struct, frozen=True, kw_only=True):
    """What one process says of its configuration."""

    process: str
    """`HOST:PID`."""
    version: int
    """What it runs; 0: its own files."""
    refused: tuple[str, ...] = ()
    """Why it does not run what is newer, a sentence each; empty where nothing is newer."""
    restart_for: tuple[str, ...] = ()
    """Keys that were changed and that only a start applies."""
    operators: str = ""
    """Where its metrics are, `HOST:PORT`; empty where it has no listener for them."""
    layout: int = 1
    """The stored layout that it reads and writes."""
    at: datetime

    def state(self, newest: int) -> ProcessState:
        """Return how it stands to the newest version of the configuration."""
        if self.refused:
            return ProcessState.REFUSED
        if self.version < newest:
            return ProcessState.WAITING
        return ProcessState.RESTART_NEEDED if self.restart_for else ProcessState.CURRENT
