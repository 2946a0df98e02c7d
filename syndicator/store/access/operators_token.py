"""The token of the operators' listener: who can read its file may do everything there.

The file stands in the data folder and is made by the first process that listens. To have another token,
remove it and start again: links and sign-ins that were made with the old one end, too.
"""

import os
import stat
from pathlib import Path

from syndicator.errors import StoreError
from syndicator.rules.access.credentials import is_plausible, new_value
from syndicator.store.files.atomic_files import make_once

TOKEN_FILE = "operators.token"  # noqa: S105  the name of a file


def operators_token(data_dir: Path, *, making: bool) -> str:
    """Read the token of a data folder; make it where there is none yet, if `making`.

    Raises StoreError where there is none, or others than its owner could have read or written it.
    """
    path = data_dir.absolute() / TOKEN_FILE
    try:
        if making:
            make_once(path, new_value().encode() + b"\n")
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            value = file.read(1024).decode("ascii").strip()
    except FileNotFoundError:
        raise StoreError(
            f"there is no {path}: the first start of the service makes it "
            "([store] data_dir must be that of the service; a relative one begins at the working folder)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no token"
        raise StoreError(f"the token of the operators' listener, {path}, cannot be read: {reason}") from error
    owners = {os.getuid(), data_dir.stat().st_uid}
    if status.st_mode & stat.S_IRWXO or status.st_uid not in owners:  # a group is who was let in on purpose
        raise StoreError(
            f"{path} is open to other users of this machine: remove it, and start the service again to have "
            "another one made"
        )
    if not is_plausible(value):
        raise StoreError(f"{path} holds no token: remove it, and start the service again")
    return value
