"""All `*.toml` files of a folder, and of the folders in it, read as one document that knows its origins."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from syndicator.errors import Fault

KeyPath = tuple[str, ...]
Location = tuple[str | int, ...]
"""Also into lists, by position."""

_WHERE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
EXAMPLES = "examples"
"""The one folder inside that is left alone: things to copy from."""
NO_FILES = "*.toml"
"""The key of the fault that a folder holds nothing."""
MAX_FILE_BYTES = 4 * 2**20


class ConfigDocument:
    """What people wrote: one tree of tables, the origin of each key, and what is wrong so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree: dict[str, object] = {}
        self.faults: list[Fault] = []
        self.complete = True
        """False when a file could not be read, so that what seems to be missing may be in it."""
        self._origins: dict[Location, str] = {}

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
        self.faults.append(Fault(file=self.origin(path), key=show(path), reason=reason, remedy=remedy))

    def table(self, *path: str) -> Mapping[str, object]:
        """Return the table at a path; an empty one where there is none."""
        node: object = self.tree
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else {}

    def merge(self, table: Mapping[str, object], file: str) -> None:
        """Add the keys of one file; the same key in two files is a fault."""
        self._merge(self.tree, table, file, ())

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
                reason = f"is set in {self.origin(path)} as well"
                self.faults.append(Fault(file=file, key=show(path), reason=reason, remedy="keep one of them"))


def show(path: Location) -> str:
    """Write a path as people do: `feed.latest.filter.source[0]`, in one line whatever the keys hold."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return _CONTROL.sub("�", text.removeprefix("."))


def read_folder(folder: Path) -> ConfigDocument:
    """Read every `*.toml` of the folder, and of those in it but `examples`, in the order of their names."""
    document = ConfigDocument(folder)
    if not folder.is_dir():
        reason = "is a file, not a folder" if folder.exists() else "there is no such folder"
        document.complete = False
        document.faults.append(
            Fault(
                file=str(folder),
                key="--config",
                reason=reason,
                remedy="name the one that holds your *.toml files; `syndicator init` writes one",
            )
        )
        return document
    files = list(_toml_files(folder))
    for file in files:
        _read_file(document, file)
    if not files or (document.complete and not document.tree):
        document.complete = False
        reason = "the configuration is empty" if files else "no *.toml file is here"
        remedy = "`syndicator init` writes one to begin with"
        document.faults.append(Fault(file=str(folder), key=NO_FILES, reason=reason, remedy=remedy))
    return document


def _toml_files(folder: Path) -> Iterator[Path]:
    found = [*folder.glob("*.toml"), *folder.glob("*/*.toml")]
    visible = [
        path
        for path in found
        if path.relative_to(folder).parts[0] != EXAMPLES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return iter(sorted(visible, key=lambda path: (len(path.parts), path)))


def _read_file(document: ConfigDocument, file: Path) -> None:
    def unreadable(key: str, reason: str, remedy: str) -> None:
        document.complete = False
        document.faults.append(Fault(file=str(file), key=key, reason=reason, remedy=remedy))

    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            unreadable(
                "(file)", f"is larger than {MAX_FILE_BYTES // 2**20} MiB", "split it into several files"
            )
            return
        table = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        unreadable("(file)", f"cannot be read ({error.strerror})", "check its permissions")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        unreadable(f"line {line}", "is not written in UTF-8", "save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        key, reason = _syntax_fault(str(error), content)
        unreadable(key, f"is not valid TOML: {reason}", "see https://toml.io for how it is written")
    except RecursionError:
        unreadable("(file)", "is nested too deeply", "write tables as [table.below] instead of { … }")
    else:
        document.merge(table, str(file))


def _syntax_fault(message: str, content: bytes) -> tuple[str, str]:
    where = _WHERE.search(message)
    reason = _CONTROL.sub("�", _WHERE.sub("", message))
    if where is None:
        return "(file)", reason
    if where["line"] is None:
        last = content.rstrip().count(b"\n") + 1
        return f"line {last}", f"{reason} at the end of the file"
    return f"line {where['line']}", f"{reason} in column {where['column']}"
