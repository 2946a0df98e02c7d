"""Files that are there whole or not at all, whenever a process ends."""

from collections.abc import Iterator
from contextlib import contextmanager
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
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise
