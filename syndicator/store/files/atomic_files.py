"""Files that are there whole or not at all, whenever a process ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

UNFINISHED = ".part"
"""How the names of files end that a process may have left behind."""


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of `path` at the end of the context; on a fault, nothing changes.

    Its folder must exist.
    """
    with NamedTemporaryFile(dir=path.parent, suffix=UNFINISHED, delete=False) as part:
        try:
            yield part
            part.flush()
            Path(part.name).replace(path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise


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
