"""What happened in a newsroom, in order. Only kinds, numbers and times: every text follows from them."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct


class LedgerKind(StrEnum):
    PUBLISH = "publish"
    EDIT = "edit"
    WITHDRAW = "withdraw"


class LedgerEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened to article `n` of this newsroom."""

    n: int
    kind: LedgerKind
    at: datetime
    of: int | None = None
    """For what was taken over from the other newsroom: its number there."""


class Ledger:
    """An append-only list of entries; with a path, a file of JSON lines that survives a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.entries = _read(path) if path is not None else []

    def append(self, entry: LedgerEntry) -> None:
        """Note an entry; where its file cannot be written, raise OSError and leave everything as it was."""
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(entry) + b"\n")
        self.entries.append(entry)


def _read(path: Path) -> list[LedgerEntry]:
    """Read what is there; a last line that was cut off by a crash is cut off here too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        path.write_bytes(whole)
    return [msgspec.json.decode(line, type=LedgerEntry) for line in whole.splitlines()]
