"""The file of a back-up: frames of msgpack in one zstd stream, with a digest at its end.

    length (4 bytes, big-endian) frame, length frame, …      first a head, then records, last an end

A key may come several times: the last record counts.
"""

import hashlib
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
from msgspec import Struct

from syndicator.errors import StoreError
from syndicator.store.files.atomic_files import writing
from syndicator.store.keys.partitions import Spread

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT = 1
WITH_TEXTS = 2
"""The format where objects of the cold store are in it."""
_LEVEL = 3
_LENGTH = struct.Struct(">I")
_LONGEST_FRAME = 1024 * 1024 * 1024
"""Bytes: Redis holds no value of more than half of that."""


class BackupHead(Struct, frozen=True, kw_only=True, tag="head"):
    """What a back-up is of."""

    format: int = FORMAT
    namespace: str
    server: str
    """The engine and its version, as `valkey 8.1.0`: an older one may not read its values."""
    began_at: datetime
    sealed_by: str = ""
    """The fingerprint of the key that secrets in it are sealed with."""
    layout: int = 1
    """The stored layout: an older one is migrated at the next start, a newer one cannot be read."""
    release: str = ""
    """Which release brought the data into that layout; empty where that is not known."""
    partitions: int = 1
    """Over how many partitions the data of endpoints is spread."""
    hub_partitions: int = 1
    text_partitions: int = 1

    @property
    def spread(self) -> Spread:
        """Over how many partitions each kind of data is spread."""
        return Spread(endpoints=self.partitions, hub=self.hub_partitions, texts=self.text_partitions)


class KeyRecord(Struct, frozen=True, array_like=True):
    """One key, as Redis packs it."""

    name: bytes
    """Without the prefix of its namespace."""
    packed: bytes | None
    """As DUMP gives it, with a checksum; None: the key is gone."""
    expires_ms: int
    """Milliseconds since 1970; 0: it stays."""


class KeyRecords(Struct, frozen=True, kw_only=True, tag="keys"):
    records: list[KeyRecord]


class ColdRecords(Struct, frozen=True, kw_only=True, tag="cold"):
    """Objects of the cold store by name, as they are there."""

    objects: dict[str, bytes]


class BackupEnd(Struct, frozen=True, kw_only=True, tag="end"):
    """What must have been read before."""

    keys: int
    texts: int = 0
    """Objects of the cold store."""
    digest: str


Frame = BackupHead | KeyRecords | ColdRecords | BackupEnd

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Frame)


class BackupWriter:
    """Writes the frames of one file, and its end."""

    def __init__(self, file: zstd.ZstdFile, head: BackupHead) -> None:
        self._file = file
        self._digest = hashlib.blake2b(digest_size=16)
        self._texts = 0
        self._frame(head)

    def write(self, records: Sequence[KeyRecord]) -> None:
        if records:
            self._frame(KeyRecords(records=list(records)))

    def write_cold(self, objects: Mapping[str, bytes]) -> None:
        """Write objects of the cold store."""
        if objects:
            self._texts += len(objects)
            self._frame(ColdRecords(objects=dict(objects)))

    def finish(self, keys: int) -> None:
        """Write the end: so many keys are in the file."""
        self._frame(BackupEnd(keys=keys, texts=self._texts, digest=self._digest.hexdigest()))

    def _frame(self, frame: Frame) -> None:
        packed = _ENCODER.encode(frame)
        self._digest.update(packed)
        self._file.write(_LENGTH.pack(len(packed)) + packed)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def written(path: Path, head: BackupHead) -> Iterator[BackupWriter]:
    """Open a back-up to write: a file of mode 0600, which is there whole or not at all."""
    with writing(path) as whole, zstd.ZstdFile(_binary(whole), "wb", level=_LEVEL) as packed:
        yield BackupWriter(packed, head)


def frames(path: Path) -> Iterator[Frame]:
    """Yield the frames of a back-up, and raise StoreError where it is damaged, or none."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with zstd.open(path, "rb") as file:
            frame: Frame | None = None
            while (packed := _next(file)) is not None:
                before = digest.hexdigest()
                digest.update(packed)
                frame = _DECODER.decode(packed)
                if isinstance(frame, BackupHead) and frame.format > WITH_TEXTS:
                    raise StoreError(
                        f"{path} has format {frame.format}: this version of syndicator reads formats up to "
                        f"{WITH_TEXTS}"
                    )
                if isinstance(frame, BackupEnd) and frame.digest != before:
                    raise StoreError(f"{path} is damaged: its digest is another one than its end says")
                yield frame
            if not isinstance(frame, BackupEnd):
                raise StoreError(f"{path} is damaged: its end is missing")
    except (zstd.ZstdError, EOFError, msgspec.MsgspecError) as error:
        raise StoreError(f"{path} is damaged, or no back-up of syndicator: {error}") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def checked(path: Path) -> tuple[BackupHead, BackupEnd]:
    """Read a whole back-up, and return its head and end. Raises StoreError where it is damaged."""
    head: BackupHead | None = None
    end: BackupEnd | None = None
    for frame in frames(path):
        if isinstance(frame, BackupHead):
            head = frame
        elif isinstance(frame, BackupEnd):
            end = frame
    if head is None or end is None:
        raise StoreError(f"{path} is damaged: its head is missing")
    return head, end


def _next(file: _Readable) -> bytes | None:
    length = file.read(_LENGTH.size)
    if not length:
        return None
    if len(length) < _LENGTH.size:
        raise EOFError("it ends within a frame")
    (size,) = _LENGTH.unpack(length)
    if size > _LONGEST_FRAME:
        raise EOFError("a frame is too long")
    packed = file.read(size)
    if len(packed) < size:
        raise EOFError("it ends within a frame")
    return packed


def _binary(file: object) -> BinaryIO:
    return file  # type: ignore[return-value]


def check_head(path: Path, head: BackupHead, layout: int, partitions: Spread) -> None:
    """Raise StoreError where a back-up cannot be brought back here."""
    if head.layout > layout:
        raise StoreError(
            f"{path} has layout {head.layout}, and this release knows layouts up to {layout}: "
            f"restore it with syndicator {head.release or 'of the release that wrote it'} or newer"
        )
    there = head.spread.counts()
    for kind, count in partitions.counts().items():
        if count != there[kind] and head.layout < layout:
            raise StoreError(
                f"{path} has layout {head.layout}, with {there[kind]} of [store.partitions] {kind}, and "
                f"{kind} is {count}: set it to {there[kind]}, restore, and start the service, which migrates "
                "the data; then change the number"
            )


def short_name(prefix: str, name: bytes) -> bytes:
    """Return a key without the name of its namespace: `meta`, or `:e:03}:queue:kabar` of a partition."""
    own = prefix.encode()
    return name.removeprefix(own) if name.startswith(own) else name.removeprefix(own[:-2])


def full_name(prefix: str, short: bytes) -> bytes:
    """Return the key that `short_name` made short, in the namespace with a prefix."""
    own = prefix.encode()
    return (own[:-2] if short.startswith(b":") else own) + short
