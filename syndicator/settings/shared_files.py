"""The part of the configuration that all processes share, and the part that is one process's own.

Every process of a service runs the same sources, feeds, endpoints and policies. Where it listens, which Redis
it uses and how many processes it starts are its own, and so is what its environment overrides.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from syndicator.model.ops.configuration import AddedTable, ConfigFile, WrittenTable
from syndicator.settings.files import (
    ConfigDocument,
    ConfigFiles,
    Look,
    add_files,
    document_of,
    look,
    read_files,
)
from syndicator.settings.known_sources import KnownSources
from syndicator.settings.load import settings_of
from syndicator.settings.settings import Settings

ADDED_KINDS = ("source", "feed", "group")
"""Tables that may be added while the service runs."""

OWN_TABLES = frozenset({"server", "work", "store", "sample"})
"""Tables that each process takes from its own files."""


class WrittenTables:
    """Tables as they stand in files, which are read once."""

    def __init__(self, document: ConfigDocument, folder: Path, version: int | None) -> None:
        """`version`: of the files, where they are not those of the folder."""
        self._document = document
        self._above = _of_version(version) if version else str(folder) + os.sep
        self._version = version

    def find(self, kind: str, name: str) -> WrittenTable | None:
        """Return a table and where it stands; None where it does not."""
        document, path = self._document, (kind, name)
        if not document.has(path):
            return None
        file = document.origin(path)
        return WrittenTable(
            table=document.table(*path),
            file=file.removeprefix(self._above),
            line=document.line(file, path),
            version=self._version,
        )

    def names(self) -> Mapping[str, Collection[str]]:
        """Return the ids of tables, by kind, of each of `ADDED_KINDS`."""
        return _names(self._document)


class LocalConfiguration:
    """The files and the environment of this process."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = environ
        self._known = KnownSources()

    def look(self) -> Look:
        """Return what changes whenever a file does."""
        return look(self.folder)

    def read(self) -> ConfigFiles:
        """Read the files."""
        return read_files(self.folder)

    def settings(
        self,
        own: ConfigFiles,
        added: Iterable[AddedTable] = (),
        shared: tuple[int, Sequence[ConfigFile]] | None = None,
    ) -> Settings:
        """Return the settings of these files, with the tables that were added while the service ran.

        `shared`: a version and its files, which take the place of all tables but `OWN_TABLES`. A table that
        stands in a file wins over an added one of the same name.

        Raises:
            ConfigError: with every fault at once.

        """
        return self._completed(self._document(own, shared), added)

    def settings_and_digest(self, own: ConfigFiles, added: Iterable[AddedTable] = ()) -> tuple[Settings, str]:
        """Return the settings of these files, as `settings` does, and the digest of their shared tables."""
        document = document_of(own, self.folder)
        digest = _digest(document)  # before anything else is laid over the files
        return self._completed(document, added), digest

    def checked(
        self,
        own: ConfigFiles,
        added: Iterable[AddedTable],
        shared: tuple[int, Sequence[ConfigFile]] | None,
    ) -> Mapping[str, Collection[str]]:
        """Check what `settings` would read; return the ids in the files alone, of each of `ADDED_KINDS`."""
        document = self._document(own, shared)
        names = _names(document)
        self._completed(document, added)
        return names

    def written(self, own: ConfigFiles, shared: tuple[int, Sequence[ConfigFile]] | None) -> WrittenTables:
        """Return the tables as these files, or those of a version, have them."""
        version = shared[0] if shared else None
        return WrittenTables(self._document(own, shared), self.folder, version)

    def _completed(self, document: ConfigDocument, added: Iterable[AddedTable]) -> Settings:
        for each in added:
            if each.id not in document.table(each.kind):
                document.put((each.kind, each.id), each.table, f"added by {each.by}")
        return settings_of(document, self._environ, self._known)

    def _document(self, own: ConfigFiles, shared: tuple[int, Sequence[ConfigFile]] | None) -> ConfigDocument:
        document = document_of(own, self.folder)
        if shared is not None:
            version, files = shared
            document.keep(OWN_TABLES)
            add_files(document, files, _of_version(version), without=OWN_TABLES)
        return document


def _names(document: ConfigDocument) -> Mapping[str, Collection[str]]:
    return {kind: frozenset(document.table(kind)) for kind in ADDED_KINDS}


def _of_version(version: int) -> str:
    return f"version {version}: "


def shared_digest(files: ConfigFiles) -> str:
    """Return a digest of the shared tables of files that can be read."""
    return _digest(document_of(files, Path()))


def _digest(document: ConfigDocument) -> str:
    shared = {name: table for name, table in document.tree.items() if name not in OWN_TABLES}
    written = msgspec.json.encode(shared, order="deterministic")
    return hashlib.blake2b(written, digest_size=16).hexdigest()
