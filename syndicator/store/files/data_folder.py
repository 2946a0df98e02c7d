"""The data folder: it holds secrets of partners and subscribers, which other users must not read."""

import os
import stat
from pathlib import Path

from syndicator.observe.logs import get_logger

_log = get_logger(__name__)


_OURS = frozenset({"admin.token", "appendonlydir", "engine.json", "marks", "operators.token", "seal.key"})
"""Files and folders by which a data folder is known as one: /var/lib, of root as well, has none of them."""


def make_private(folder: Path) -> bool:
    """Make a data folder with mode 0700; close one of ours that all users of the machine can open.

    A group that has access while others have none keeps it. Returns False where others have access and the
    folder is not ours to close: it has another owner, holds nothing of ours, or is shared on purpose, as
    /tmp is. A folder that cannot be made raises nothing here: what writes to it raises the reason.
    """
    try:
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return True
    if not status.st_mode & stat.S_IRWXO:
        return True
    if status.st_uid != os.getuid() or status.st_mode & stat.S_ISVTX:
        return False
    try:
        held = {one.name for one in folder.iterdir()}
        if held and not held & _OURS:
            return False
        folder.chmod(stat.S_IRWXU)
    except OSError:  # a file system that is read-only
        return False
    before = f"{stat.S_IMODE(status.st_mode):04o}"
    _log.warning("data_folder_closed", folder=str(folder.resolve()), mode_before=before, mode="0700")
    return True
