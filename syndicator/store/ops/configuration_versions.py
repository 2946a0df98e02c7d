"""The configuration that all processes of a service run: one version at a time, counted up with each change.

Files hold secrets, so all that is stored of them is sealed. A process that has the same files need not open
them: their digest is enough.
"""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from syndicator.errors import SealError
from syndicator.model.clock import from_ms, to_ms
from syndicator.model.ops.configuration import AddedTable, ConfigFile, ConfigurationVersion, ProcessNote
from syndicator.store.access.secret_encryption import Sealer
from syndicator.store.codec import pack, readable, unpack
from syndicator.store.connection import Command, Connection, Transaction, pairs
from syndicator.store.keys.table import Keys

NOTED_FOR = timedelta(seconds=30)
"""How long what a process says of itself is believed."""

_FIELDS = ("version", "digest", "changed_ms", "published_ms", "by")
_NAME = "the configuration"
_REMEDY = (
    "this process has another seal key than the one that published them; give all processes the same "
    "[store] seal_key_file, or the same data folder"
)


class StoredConfiguration(Struct, frozen=True, kw_only=True):
    """A version with all that belongs to it."""

    version: ConfigurationVersion
    sealed: bytes
    """Its files; empty where tables were added before any process published files."""
    added: tuple[AddedTable, ...] = ()


class ConfigurationVersions:
    """The current version, the tables added beside the files, and what each process runs."""

    def __init__(self, connection: Connection, keys: Keys, sealer: Sealer) -> None:
        self._redis = connection
        self._keys = keys
        self._sealer = sealer

    async def number(self) -> int:
        """Return the number of the current version; 0 where there is none."""
        found = await self._redis.call("HGET", self._keys.configuration(), "version")
        return int(found or 0)

    async def described(self) -> ConfigurationVersion | None:
        """Return what is known of the current version without opening it; None where there is none."""
        return _version(await self._redis.call("HMGET", self._keys.configuration(), *_FIELDS))

    async def load(self) -> StoredConfiguration | None:
        """Return the current version; None where there is none. Raises SealError for the added tables."""
        (*values, sealed), added = await self._redis.batch(
            [
                ("HMGET", self._keys.configuration(), *_FIELDS, "files"),
                ("HGETALL", self._keys.configuration_added()),
            ]
        )
        version = _version(values)
        if version is None:
            return None
        tables = [unpack(self._opened(record), AddedTable) for _, record in pairs(added)]
        in_order = tuple(sorted(tables, key=lambda each: (each.kind, each.id)))
        return StoredConfiguration(version=version, sealed=sealed or b"", added=in_order)

    async def published(self) -> StoredConfiguration | None:
        """Return the current version as `load` does, without its added tables: none of them is opened."""
        *values, sealed = await self._redis.call("HMGET", self._keys.configuration(), *_FIELDS, "files")
        version = _version(values)
        return StoredConfiguration(version=version, sealed=sealed or b"") if version else None

    async def added_names(self) -> list[tuple[str, str]]:
        """Return kind and id of all added tables, in alphabetical order, without opening one."""
        fields = await self._redis.call("HKEYS", self._keys.configuration_added())
        pairs_of = (field.decode().partition(":") for field in fields)
        return sorted((kind, name) for kind, _, name in pairs_of)

    async def added(self, names: Sequence[tuple[str, str]]) -> list[AddedTable]:
        """Return those of these tables, by kind and id, that were added. Raises SealError."""
        if not names:
            return []
        fields = [f"{kind}:{name}" for kind, name in names]
        found = await self._redis.call("HMGET", self._keys.configuration_added(), *fields)
        return [unpack(self._opened(record), AddedTable) for record in found if record]

    def files(self, stored: StoredConfiguration) -> tuple[ConfigFile, ...]:
        """Return the files of a version. Raises SealError where no key of this process opens them."""
        return unpack(zlib.decompress(self._opened(stored.sealed)), tuple[ConfigFile, ...])

    async def publish(
        self, files: Sequence[ConfigFile], described: ConfigurationVersion, besides: Sequence[Command] = ()
    ) -> bool:
        """Make files the current version; False where another was published meanwhile. Raises SealError.

        `described.version` is the number that it gets: one more than that of the version it follows.
        `besides`: writes of the same transaction.
        """
        sealed = self._sealer.seal(_NAME, zlib.compress(pack(tuple(files))))
        write: Command = (
            "HSET",
            self._keys.configuration(),
            *("digest", described.digest, "changed_ms", to_ms(described.changed_at)),
            *("published_ms", to_ms(described.published_at), "by", described.by, "files", sealed),
        )
        return await self._change(described.version - 1, write, *besides)

    async def add(self, tables: Sequence[AddedTable], besides: Sequence[Command], *, after: int) -> bool:
        """Add tables beside the files; False where the version is not `after` any more. Raises SealError.

        `besides`: writes of the same transaction.
        """
        key = self._keys.configuration_added()
        sealed = [(f"{each.kind}:{each.id}", self._sealer.seal(_NAME, pack(each))) for each in tables]
        return await self._change(after, *(("HSET", key, *pair) for pair in sealed), *besides)

    async def remove(
        self, names: Sequence[tuple[str, str]], besides: Sequence[Command], *, after: int
    ) -> bool:
        """Remove added tables, by kind and id; False where the version is not `after` any more."""
        fields = [f"{kind}:{name}" for kind, name in names]
        return await self._change(after, ("HDEL", self._keys.configuration_added(), *fields), *besides)

    async def note(self, note: ProcessNote) -> None:
        """Store what a process runs."""
        await self._redis.call("HSET", self._keys.configuration_processes(), note.process, pack(note))

    async def forget(self, process: str) -> None:
        """Remove what a process that ends has noted."""
        await self._redis.call("HDEL", self._keys.configuration_processes(), process)

    async def notes(self, now: datetime) -> list[ProcessNote]:
        """Return what each living process runs; those that have said nothing for `NOTED_FOR` are removed."""
        key = self._keys.configuration_processes()
        found = [
            (name, readable(data, ProcessNote))
            for name, data in pairs(await self._redis.call("HGETALL", key))
        ]
        alive = [note for _, note in found if note is not None and note.at > now - NOTED_FOR]
        gone = [name.decode() for name, note in found if note is None or note.at <= now - NOTED_FOR]
        if gone:
            await self._redis.call("HDEL", key, *gone)
        return sorted(alive, key=lambda note: note.process)

    async def _change(self, after: int, *writes: Command) -> bool:
        key = self._keys.configuration()
        expected = (key, "version", str(after) if after else "")
        change = Transaction(expects=(expected,), writes=(*writes, ("HINCRBY", key, "version", 1)))
        return (await self._redis.commit([change], replicated=True))[0]

    def _opened(self, sealed: bytes) -> bytes:
        try:
            return self._sealer.open(_NAME, sealed)
        except SealError:
            raise SealError(f"The stored configuration cannot be opened: {_REMEDY}.") from None


def _version(values: Sequence[bytes | None]) -> ConfigurationVersion | None:
    version, digest, changed_ms, published_ms, by = (value or b"" for value in values)
    if not version:
        return None
    return ConfigurationVersion(
        version=int(version),
        digest=digest.decode(),
        changed_at=from_ms(int(changed_ms or 0)),
        published_at=from_ms(int(published_ms or 0)),
        by=by.decode(),
    )
