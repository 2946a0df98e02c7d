"""Files of the index for search: each process takes one that no other has, and finds what is in it.

    index-0.db   the index       index-0.lock   locked as long as a process has it

A process that ends, however it ends, leaves its file to the next one. Where files cannot be locked, a file
without a name does: it leaves with the process.
"""

import fcntl
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_MOST = 64
_KEPT_S = 7 * 86400.0
"""After a process had it last, a file that none takes any more is removed."""


class IndexFile:
    """A file that this process alone has, until it is given back."""

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path = path
        self._lock = lock

    @property
    def stays(self) -> bool:
        """Whether the next process will find it."""
        return self._lock is not None

    def give_back(self) -> None:
        """Leave it to the next process."""
        if self._lock is not None:
            os.close(self._lock)  # and with it goes the lock
            self._lock = None

    def remove(self) -> None:
        """Remove what is in it, and give it back."""
        _remove(self.path)
        self.give_back()


def take_file(folder: Path) -> IndexFile:
    """Take a file that no other process has, the one that was used last time if possible."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        taken = next((file for number in range(_MOST) if (file := _taken(folder, number))), None)
        if taken is not None:
            _sweep(folder, taken.path)
            return taken
    except OSError:
        pass  # a file system without locks
    handle, name = tempfile.mkstemp(dir=folder, prefix="search-")
    os.close(handle)
    return IndexFile(Path(name), None)


def _taken(folder: Path, number: int) -> IndexFile | None:
    path = folder / f"index-{number}.db"
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return IndexFile(path, lock)


def _sweep(folder: Path, ours: Path) -> None:
    """Remove files that no process has had for long: there were more processes once."""
    for path in folder.glob("index-*.db"):
        with suppress(OSError):
            if path != ours and time.time() - path.stat().st_mtime > _KEPT_S:
                lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(path)
                finally:
                    os.close(lock)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-journal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
