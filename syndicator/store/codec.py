"""Values to bytes and back: msgpack by msgspec. Unknown fields are ignored, new ones have defaults."""

import hashlib
from typing import Any, TypeVar

import msgpack
import msgspec

from syndicator.errors import UnreadableRecord

T = TypeVar("T")

_ENCODER = msgspec.msgpack.Encoder()


def pack(value: Any) -> bytes:
    """Encode a value, or the arguments of a script."""
    return _ENCODER.encode(value)


def pack_for_lua(value: Any) -> bytes:
    """Encode lists, dicts, texts, numbers and bytes for a script: its msgpack knows no type for bytes."""
    packed: bytes = msgpack.packb(value, use_bin_type=False, unicode_errors="surrogatepass")
    return packed


def unpack(data: bytes, kind: type[T]) -> T:
    """Decode a value; raise UnreadableRecord where the bytes are none of that kind."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise UnreadableRecord(f"stored bytes are no {kind!r}: {error}") from error


def readable(data: bytes, kind: type[T]) -> T | None:
    """Decode a value; None where the bytes are none of that kind: damaged, or of a newer version."""
    try:
        return unpack(data, kind)
    except UnreadableRecord:
        return None


def pack_beside(value: object, before: bytes) -> bytes:
    """Encode a value, with the fields of what was stored before that only a newer version knows."""
    return pack(_beside(msgspec.msgpack.decode(pack(value)), msgspec.msgpack.decode(before)))


def _beside(fields: Any, before: Any) -> Any:
    if not isinstance(fields, dict) or not isinstance(before, dict):
        return fields
    known = {key: _beside(value, before.get(key)) for key, value in fields.items()}
    return {**known, **{key: value for key, value in before.items() if key not in fields}}


def digest(value: object) -> str:
    """Return a short name of a value: the same in every process, another for every other value."""
    return hashlib.blake2b(pack(value), digest_size=12).hexdigest()
