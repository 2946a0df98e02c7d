"""Secrets that stand in files: the `…_file` twin of a key. Paths are relative to the configuration folder."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from syndicator.model.delivery import Secret
from syndicator.settings.value_texts import signing_secret, wrong
from syndicator.store.access.secret_encryption import is_seal_key

MAX_SECRET_BYTES = 64 * 1024


def read_secret(name: object, info: ValidationInfo) -> str:
    """Read a secret's file without the line break at its end; says what is wrong if it cannot."""
    if not isinstance(name, str) or not name or not name.isprintable():
        raise wrong("must be the path of a file, in quotes", 'write it as in "/run/secrets/name"')
    folder = info.context["folder"] if info.context else Path()
    path = Path(folder, name)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise wrong(f"cannot be read: {path} ({error.strerror})", "put the secret into that file") from None
    if len(content) > MAX_SECRET_BYTES:
        raise wrong(f"is too large to hold a secret: {path}", "name the file that holds the secret alone")
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise wrong(f"is not a text file: {path}", "name the file that holds the secret alone") from None
    if not text:
        raise wrong(f"is empty: {path}", "put the secret into that file")
    return text


def _read_signing_secrets(name: object, info: ValidationInfo) -> tuple[Secret, ...] | None:
    return None if name is None else tuple(signing_secret(line) for line in read_secret(name, info).split())


def _read_seal_keys(name: object, info: ValidationInfo) -> tuple[Secret, ...] | None:
    if name is None:
        return None
    lines = read_secret(name, info).split()
    if not all(is_seal_key(line) for line in lines):
        raise wrong("has a line that is not a key", 'write what "openssl rand -base64 32" gives, one a line')
    return tuple(Secret(line) for line in lines)


def _read_text(name: object, info: ValidationInfo) -> str | None:
    return None if name is None else read_secret(name, info)


_PATH = WithJsonSchema({"type": "string", "description": "Path of a file"})

SigningSecretsFile = Annotated[tuple[Secret, ...] | None, BeforeValidator(_read_signing_secrets), _PATH]
"""One secret a line; every one signs."""

SealKeysFile = Annotated[tuple[Secret, ...] | None, BeforeValidator(_read_seal_keys), _PATH]
"""One key a line; the first seals."""

TextFile = Annotated[str | None, BeforeValidator(_read_text), _PATH]
