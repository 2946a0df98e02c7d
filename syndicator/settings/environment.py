"""The environment: the only place that reads it, once, and the overrides `SYNDICATOR__SECTION__KEY`."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import tomli

from syndicator.errors import Fault
from syndicator.settings.files import ConfigDocument, KeyPath

PREFIX = "SYNDICATOR__"
_FOLDER = "SYNDICATOR_CONFIG"
_DEFAULT_FOLDER = "config"
_NAMED_TABLES = frozenset({"group", "source", "feed", "endpoint", "alert"})
_SHORTEST = 2  # a section and a key


def read_environment() -> Mapping[str, str]:
    """Take a copy of the process's environment; what changes later is not seen."""
    return MappingProxyType(dict(os.environ))


def take_notify_socket() -> str:
    """Return where systemd waits for notes of this process; processes that it starts do not inherit it."""
    return os.environ.pop("NOTIFY_SOCKET", "")


def config_folder(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the configuration folder: the one given, else `SYNDICATOR_CONFIG`, else `config`."""
    return given or Path(environ.get(_FOLDER) or _DEFAULT_FOLDER)


def override(document: ConfigDocument, environ: Mapping[str, str]) -> None:
    """Lay `SYNDICATOR__SECTION__KEY=value` over what the files say; each variable sets one key.

    Values are TOML (`9090`, `true`, `["10.0.0.0/8"]`), and whatever is no TOML is a text. Where a key of
    the files holds dashes, as ids do, the variable has underscores: `SYNDICATOR__SOURCE__BERITA_KOTA__URL`.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        segments = name.removeprefix(PREFIX).split("__")
        if len(segments) < _SHORTEST or not all(segments):
            remedy = "write SYNDICATOR__SECTION__KEY, as in SYNDICATOR__SERVER__PORT"
            document.faults.append(Fault(file="environment", key=name, reason="names no key", remedy=remedy))
            continue
        path = _path(document, segments)
        document.put(path, _value(environ[name]), f"environment ({name})")


def _path(document: ConfigDocument, segments: list[str]) -> KeyPath:
    """Find the keys that are meant: those of the document where they exist, else as they would be written."""
    path: KeyPath = ()
    for position, segment in enumerate(segments):
        wanted = segment.lower()
        standing = [key for key in document.table(*path) if key.lower().replace("-", "_") == wanted]
        is_id = position == 1 and path[0] in _NAMED_TABLES
        is_header = position > 1 and path[-1] == "headers"
        path = (*path, standing[0] if standing else _spelled(wanted, dashes=is_id or is_header))
    return path


def _spelled(segment: str, *, dashes: bool) -> str:
    if not dashes:
        return segment
    stem = segment.removesuffix("_file")
    return stem.replace("_", "-") + segment[len(stem) :]


def _value(text: str) -> object:
    """Read a TOML value; what is none, or more than one, is the text itself."""
    try:
        table = tomli.loads(f"value = {text}")
    except (tomli.TOMLDecodeError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text
