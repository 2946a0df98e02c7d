"""Secrets that the service makes for itself: files of the data folder, readable by their owner alone."""

import os
from contextlib import suppress
from pathlib import Path


def make_once(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 unless there is one; of two processes that do it, the first counts.

    It is there whole or not at all. Raises OSError.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # never over another's
        os.link(draft, path)
    draft.unlink()
