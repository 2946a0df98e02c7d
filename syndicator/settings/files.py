"""All `*.toml` files of a folder, and of the folders in it, read as one document that knows its origins."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import tomli
from msgspec import Struct

from syndicator.errors import Fault
from syndicator.model.ops.configuration import ConfigFile
from syndicator.rules.toml_lines import Location, key_lines, show, syntax_fault

Look = tuple[tuple[str, int, int], ...]
"""Path, time of the last change in ns and size in bytes of each file."""
KeyPath = tuple[str, ...]

EXAMPLES = "examples"
"""The one folder inside that is left alone: things to copy from."""
NO_FILES = "*.toml"
"""The key of the fault that a folder holds nothing."""
MAX_FILE_BYTES = 4 * 2**20


class ConfigFiles(Struct, frozen=True, kw_only=True):
    """The files of one folder, not yet understood."""

    files: tuple[ConfigFile, ...] = ()
    faults: tuple[Fault, ...] = ()
    changed_at: datetime | None = None
    """When the last of them was written, added or removed."""


class ConfigDocument:
    """What people wrote: one tree of tables, the origin of each key, and what is wrong so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree: dict[str, object] = {}
        self.faults: list[Fault] = []
        self.complete = True
        """False when a file could not be read, so that what seems to be missing may be in it."""
        self._origins: dict[Location, str] = {}
        self._contents: dict[str, bytes] = {}
        self._lines: dict[str, Mapping[Location, int]] = {}

    def origin(self, path: Location) -> str:
        """Return the file in which a key, or else the innermost table around it, was written."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._origins:
                return self._origins[path[:end]]
        return str(self.folder)

    def has(self, path: Location) -> bool:
        """Return whether a key stands in a file itself, not by inheritance."""
        node: object = self.tree
        for part in path:
            if not isinstance(node, dict) or part not in node:
                return False
            node = node[part]
        return True

    def add_fault(self, path: Location, reason: str, remedy: str) -> None:
        self._add(self.origin(path), path, reason, remedy)

    def line(self, file: str, path: Location) -> int | None:
        """Return where in a file a key, or else the innermost table around it, stands; None if unknown."""
        if file not in self._lines:
            self._lines[file] = key_lines(self._contents.get(file, b"").decode("utf-8-sig"))
        ends = range(len(path), 0, -1)
        return next((self._lines[file][path[:end]] for end in ends if path[:end] in self._lines[file]), None)

    def table(self, *path: str) -> Mapping[str, object]:
        """Return the table at a path; an empty one where there is none."""
        node: object = self.tree
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else {}

    def merge(self, table: Mapping[str, object], file: str, content: bytes) -> None:
        """Add the keys of one file; the same key in two files is a fault."""
        self._contents[file] = content
        self._merge(self.tree, table, file, ())

    def keep(self, tables: Collection[str]) -> None:
        """Drop all tables but these, and what was wrong with the others."""
        self.tree = {key: table for key, table in self.tree.items() if key in tables}
        self.faults = [fault for fault in self.faults if fault.key.partition(".")[0] in tables]
        self.complete = True

    def put(self, path: KeyPath, value: object, origin: str) -> None:
        """Set one key, whatever stood there; tables on the way are made."""
        table = self.tree
        for key in path[:-1]:
            below = table.get(key)
            if not isinstance(below, dict):
                below = table[key] = {}
            table = below
        table[path[-1]] = value
        self._origins = {known: file for known, file in self._origins.items() if known[: len(path)] != path}
        self._origins[path] = origin

    def _merge(self, into: dict[str, object], table: Mapping[str, object], file: str, above: KeyPath) -> None:
        for key, value in table.items():
            path = (*above, key)
            standing = into.get(key)
            if key not in into:  # what is inside comes from the same file: `origin` finds that
                self._origins[path] = file
                into[key] = value
            elif isinstance(standing, dict) and isinstance(value, dict):
                self._merge(standing, value, file, path)
            else:
                self._add(file, path, f"is set in {self.origin(path)} as well", "keep one of them")

    def _add(self, file: str, path: Location, reason: str, remedy: str) -> None:
        line = self.line(file, path)
        self.faults.append(Fault(file=file, key=show(path), reason=reason, remedy=remedy, line=line))


def read_folder(folder: Path) -> ConfigDocument:
    """Read every `*.toml` of the folder, and of those in it but `examples`, in the order of their names."""
    return document_of(read_files(folder), folder)


def read_files(folder: Path) -> ConfigFiles:
    """Return the files of the folder as they are on disk, with what cannot be read as faults."""
    if not folder.is_dir():
        reason = "is a file, not a folder" if folder.exists() else "there is no such folder"
        remedy = "name the one that holds your *.toml files; `syndicator init` writes one"
        return ConfigFiles(faults=(Fault(file=str(folder), key="--config", reason=reason, remedy=remedy),))
    files: list[ConfigFile] = []
    faults: list[Fault] = []
    paths = list(_toml_files(folder))
    for path in paths:
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            reason, remedy = f"cannot be read ({error.strerror})", "check its permissions"
            faults.append(Fault(file=str(path), key="(file)", reason=reason, remedy=remedy))
            continue
        if len(content) > MAX_FILE_BYTES:
            reason, remedy = f"is larger than {MAX_FILE_BYTES // 2**20} MiB", "split it into several files"
            faults.append(Fault(file=str(path), key="(file)", reason=reason, remedy=remedy))
            continue
        files.append(ConfigFile(name=str(path.relative_to(folder)), content=content))
    if not paths:
        faults.append(_nothing(folder, "no *.toml file is here"))
    return ConfigFiles(files=tuple(files), faults=tuple(faults), changed_at=_changed_at(folder, paths))


def look(folder: Path) -> Look:
    """Return what changes whenever a file of the folder is written, added or removed, without reading any."""
    seen = []
    for path in _toml_files(folder) if folder.is_dir() else ():
        with suppress(OSError):  # it was removed just now
            stat = path.stat()
            seen.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(seen)


def document_of(found: ConfigFiles, folder: Path, *, without: Collection[str] = ()) -> ConfigDocument:
    """Return files as one document; `without` some of their tables."""
    document = ConfigDocument(folder)
    document.faults += found.faults
    document.complete = not found.faults
    add_files(document, found.files, str(folder) + os.sep, without=without)
    if document.complete and not document.tree:
        document.complete = False
        document.faults.append(_nothing(folder, "the configuration is empty"))
    return document


def add_files(
    document: ConfigDocument, files: Iterable[ConfigFile], where: str, *, without: Collection[str] = ()
) -> None:
    """Add the tables of files to a document; `where` stands before the names of files in faults."""
    for file in files:
        table = _table(document, file.content, where + file.name)
        kept = {key: each for key, each in table.items() if key not in without}
        document.merge(kept, where + file.name, file.content)


def _nothing(folder: Path, reason: str) -> Fault:
    remedy = "`syndicator init` writes one to begin with"
    return Fault(file=str(folder), key=NO_FILES, reason=reason, remedy=remedy)


def _changed_at(folder: Path, paths: Sequence[Path]) -> datetime | None:
    """Return when a file was last written, added or removed, as far as the file system knows."""
    changed_s = []
    for path in {folder, *paths, *(path.parent for path in paths)}:
        with suppress(OSError):
            changed_s.append(path.stat().st_mtime)
    return datetime.fromtimestamp(max(changed_s), UTC) if changed_s else None


def _toml_files(folder: Path) -> Iterator[Path]:
    found = [*folder.glob("*.toml"), *folder.glob("*/*.toml")]
    visible = [
        path
        for path in found
        if path.relative_to(folder).parts[0] != EXAMPLES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return iter(sorted(visible, key=lambda path: (len(path.parts), path)))


def _table(document: ConfigDocument, content: bytes, file: str) -> Mapping[str, object]:
    """Return what a file says; nothing, and a fault in the document, where it cannot be read."""

    def unreadable(line: int | None, reason: str, remedy: str) -> None:
        document.complete = False
        key = "(file)" if line is None else f"line {line}"
        document.faults.append(Fault(file=file, key=key, reason=reason, remedy=remedy, line=line))

    try:
        return tomli.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        unreadable(line, "is not written in UTF-8", "save the file as UTF-8")
    except tomli.TOMLDecodeError as error:
        where, reason = syntax_fault(error, content.decode("utf-8-sig"))
        unreadable(where, f"is not valid TOML: {reason}", "see https://toml.io for how it is written")
    except RecursionError:
        unreadable(None, "is nested too deeply", "write tables as [table.below] instead of { … }")
    return {}
