"""Pictures that we serve, as files: a cache by size, the least recently used leave first.

One file each, named by the digest of its address and by nothing that a source can choose. Several processes
may share the folder. Whatever is lost here is fetched again.
"""

import os
import re
import time
from pathlib import Path

from msgspec import Struct

from syndicator.store.files.atomic_files import UNFINISHED, writing

MAX_FILES = 20_000
"""However small they are: the folder is looked through after each new one."""

_NAME = re.compile(r"[a-z2-7]{26}")
_UNFINISHED_S = 600.0
_USED_PRECISION_S = 3600.0
"""How exactly it is known when a file was last used: reading rarely writes."""
_LOWERED = 0.9
_LARGEST_SHARE = 4


class KeptPicture(Struct, frozen=True, kw_only=True):
    body: bytes
    rested: bool
    """Whether it was not used for an hour or more."""


class _File(Struct, frozen=True, kw_only=True):
    path: Path
    size: int
    used_at_s: float


class PictureFiles:
    """A folder of at most `max_bytes`. Blocking: call it in a thread. Raises OSError where the disk fails."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def read(self, digest: str) -> KeptPicture | None:
        """Return the bytes, and note that they were used; None for what is not there."""
        path = self._path(digest)
        try:
            body = path.read_bytes()
            idle_s = time.time() - path.stat().st_mtime
            if idle_s > _USED_PRECISION_S:
                os.utime(path)
        except FileNotFoundError:  # also when another process took it out just now
            return None
        return KeptPicture(body=body, rested=idle_s > _USED_PRECISION_S) if body else None

    def write(self, digest: str, body: bytes) -> None:
        """Keep the bytes, whole or not at all; what was not used for longest goes where there is no room."""
        if len(body) > self._max_bytes // _LARGEST_SHARE:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with writing(self._path(digest)) as part:
            part.write(body)
            part.flush()
            os.fsync(part.fileno())
        self._make_room()

    def _path(self, digest: str) -> Path:
        if not _NAME.fullmatch(digest):
            raise ValueError("no digest of a picture")
        return self._folder / digest

    def _make_room(self) -> None:
        files = sorted(self._files(), key=lambda file: file.used_at_s)
        size, count = sum(file.size for file in files), len(files)
        if size <= self._max_bytes and count <= MAX_FILES:
            return
        for file in files:  # a tenth below the bound, so that not every new file pushes one out
            if size <= self._max_bytes * _LOWERED and count <= MAX_FILES * _LOWERED:
                return
            file.path.unlink(missing_ok=True)
            size, count = size - file.size, count - 1

    def _files(self) -> list[_File]:
        """List the pictures; what a killed process left unfinished is removed."""
        found: list[_File] = []
        abandoned_s = time.time() - _UNFINISHED_S
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if _NAME.fullmatch(entry.name):
                    found.append(_File(path=Path(entry.path), size=about.st_size, used_at_s=about.st_mtime))
                elif entry.name.endswith(UNFINISHED) and about.st_mtime < abandoned_s:
                    Path(entry.path).unlink(missing_ok=True)
        return found
