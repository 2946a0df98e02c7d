"""Secrets of partners, sealed before they are stored: who reads Redis, or a copy of it, cannot sign as we do.

The key stands in a file: that which the configuration names, or `seal.key` in the data folder, made once. A
key may be replaced: the first seals, every one opens.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from syndicator.errors import SealError
from syndicator.model.delivery import Secret
from syndicator.store.files.atomic_files import make_once

KEY_FILE = "seal.key"


class Sealer:
    """Seals and opens by the keys of this process."""

    def __init__(self, keys: Sequence[Secret], data_dir: Path) -> None:
        self._keys = keys
        self._path = data_dir / KEY_FILE
        self._box: MultiFernet | None = None

    def seal(self, name: str, content: bytes) -> bytes:
        """Seal what belongs to a name; a key is made when there is none yet. Raises SealError."""
        return self._opened(making=True).encrypt(_named(name) + content)

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed for a name. Raises SealError where no key of ours opens it."""
        try:
            content = self._opened(making=False).decrypt(sealed)
        except InvalidToken:
            raise SealError(
                f"The secrets of endpoint {name} were sealed with another key: {_REMEDY}"
            ) from None
        if not content.startswith(_named(name)):
            raise SealError(f"What is kept as the secrets of endpoint {name} belongs to another one.")
        return content.removeprefix(_named(name))

    def fingerprint(self) -> str:
        """Return what tells the key that seals from others; empty where there is none yet."""
        try:
            key = (self._keys or [self._own_key(making=False)])[0]
        except SealError:
            return ""
        return hashlib.blake2b(key.reveal().encode(), digest_size=8, person=b"seal key").hexdigest()

    def _opened(self, *, making: bool) -> MultiFernet:
        if self._box is None:
            self._box = MultiFernet([_fernet(key) for key in self._keys or [self._own_key(making=making)]])
        return self._box

    def _own_key(self, *, making: bool) -> Secret:
        """Read the key of the data folder, or make it; of two processes that make one, the first counts."""
        try:
            if making:
                make_once(self._path, Fernet.generate_key() + b"\n")
            return Secret(self._path.read_text("ascii").strip())
        except FileNotFoundError:
            raise SealError(f"The key {self._path} is missing: {_REMEDY}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SealError(f"The key {self._path} cannot be read: {error}") from error


_REMEDY = (
    "copy seal.key there from the data folder of a machine that has it, or from a back-up of that folder, "
    "or name it by [store] seal_key_file, or give the endpoint a new secret (rotate)"
)


def is_seal_key(text: str) -> bool:
    """Return whether a text is a key: base64 of 32 bytes."""
    try:
        _fernet(Secret(text))
    except SealError:
        return False
    return True


def _fernet(key: Secret) -> Fernet:
    try:
        return Fernet(key.reveal().replace("+", "-").replace("/", "_"))
    except ValueError:
        raise SealError("A key to seal with is the base64 of 32 bytes; this one is not.") from None


def _named(name: str) -> bytes:
    return name.encode() + b"\n"
