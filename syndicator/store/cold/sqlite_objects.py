"""Objects in one file of SQLite, for processes of one machine."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from syndicator.errors import ColdStoreAway

_BUSY_S = 5.0
"""So long a call waits for one of another process."""
_AT_ONCE = 500

T = TypeVar("T")


class SqliteObjects:
    """Objects in a file that several processes share: made by the first that is written.

    Written ahead and synchronised: a power cut loses none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cold-store")
        self._opened: sqlite3.Connection | None = None

    async def get(self, names: Sequence[str]) -> Mapping[str, bytes]:
        def read(database: sqlite3.Connection) -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            for start in range(0, len(names), _AT_ONCE):
                piece = names[start : start + _AT_ONCE]
                marks = ",".join("?" * len(piece))
                statement = f"SELECT name, content FROM objects WHERE name IN ({marks})"  # noqa: S608
                found.update(database.execute(statement, piece).fetchall())
            return found

        return await self._run(read) if self._path.exists() else {}

    async def put(self, objects: Mapping[str, bytes]) -> None:
        def write(database: sqlite3.Connection) -> None:
            database.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?)", objects.items())

        await self._run(write)

    async def delete(self, names: Sequence[str]) -> None:
        def remove(database: sqlite3.Connection) -> None:
            database.executemany("DELETE FROM objects WHERE name = ?", [(name,) for name in names])

        await self._run(remove)

    async def listed(self, folder: str) -> list[str]:
        def names(database: sqlite3.Connection) -> list[str]:
            # `0` is the character after `/`.
            span = (f"{folder}/", f"{folder}0")
            rows = database.execute("SELECT name FROM objects WHERE name > ? AND name < ?", span)
            return [name for (name,) in rows]

        return await self._run(names) if self._path.exists() else []

    async def close(self) -> None:
        def end() -> None:
            if self._opened is not None:
                with suppress(sqlite3.Error):
                    self._opened.close()
                self._opened = None

        await asyncio.get_running_loop().run_in_executor(self._thread, end)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def whole() -> T:
            try:
                if self._opened is None:
                    self._opened = _open(self._path)
                with self._opened:
                    return work(self._opened)
            except (sqlite3.Error, OSError) as error:
                raise ColdStoreAway(f"the cold store {self._path} cannot be used: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, whole)


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    database = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    # What is deleted leaves the file as well: rights may ask for that.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE IF NOT EXISTS objects (name TEXT PRIMARY KEY, content BLOB NOT NULL)")
    return database
