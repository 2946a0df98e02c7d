"""The first administrator's token as a file of the data folder, mode 0600: printed once, and found again."""

from contextlib import suppress
from pathlib import Path

from syndicator.rules.access.credentials import digest_of
from syndicator.store.files.atomic_files import make_once

ADMIN_FILE = "admin.token"


def keep_admin_token(data_dir: Path, value: str) -> Path:
    """Write the value in the place of a former one; return the path. Raises OSError."""
    path = data_dir.absolute() / ADMIN_FILE
    path.unlink(missing_ok=True)
    make_once(path, value.encode() + b"\n")
    return path


def kept_admin_token(data_dir: Path, sha256: str) -> tuple[Path, str] | None:
    """Return the path and the value where the file holds the token with this digest; else None."""
    path = data_dir.absolute() / ADMIN_FILE
    try:
        with path.open("rb") as file:
            value = file.read(1024).decode("ascii", "replace").strip()
    except OSError:
        return None
    return (path, value) if digest_of(value) == sha256 else None


def forget_admin_token(data_dir: Path, sha256: str) -> None:
    """Delete the file where it holds the token with this digest, which is worth nothing any more."""
    if found := kept_admin_token(data_dir, sha256):
        with suppress(OSError):
            found[0].unlink()
