"""Tries the installed package: every module imports, every other file of the tree came along."""  # noqa: INP001  a script

import importlib
import pkgutil
import sys
from pathlib import Path

import syndicator


def main(tree: Path) -> None:
    """Compare the installed package with the source tree; exit 1 with what is missing."""
    installed = Path(syndicator.__file__).parent
    source = tree / "syndicator"
    if installed.is_relative_to(tree):
        sys.exit(f"this is the tree itself, not the wheel: {installed}")
    modules = [each.name for each in pkgutil.walk_packages([str(installed)], "syndicator.")]
    for name in modules:
        if not name.endswith("__main__"):
            _import(name)
    wanted = [
        path.relative_to(source)
        for path in source.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    ]
    missing = [str(path) for path in wanted if not (installed / path).is_file()]
    if missing:
        sys.exit(f"not in the wheel: {', '.join(sorted(missing))}")
    print(f"{len(modules)} modules import, {len(wanted)} files are there")  # noqa: T201  its one line of output


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "opentelemetry":  # the extra `otel`, which is not installed
            raise


main(Path(sys.argv[1]).resolve())
