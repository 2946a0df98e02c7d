"""What the page about the code names is there, and readers of the README find every page."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PACKAGE = ROOT / "syndicator"
FILES = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
NAMES = {Path(path).name for path in FILES}
NAMED = sorted(set(re.findall(r"`([\w/]+\.(?:py|lua))`", PAGE)))


def test_files_are_named() -> None:
    assert len(NAMED) > 80


@pytest.mark.parametrize("named", NAMED)
def test_a_file_that_is_named_is_there(named: str) -> None:
    assert named in (FILES if "/" in named else NAMES)


def test_every_room_is_told() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert {room for room in rooms if f"| `{room}/` |" not in PAGE} == set()


@pytest.mark.parametrize("page", [PAGE, CONTRIBUTING], ids=["architecture", "contributing"])
def test_the_layers_are_those_that_are_checked(page: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    (told,) = re.findall(r"^ +(cli → service.*\n.*)$", page, re.MULTILINE)
    assert [layer.strip() for layer in told.split("→")] == layers


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").iterdir() if path.is_file()))
def test_a_page_is_linked_from_the_readme(page: str) -> None:
    assert f"](docs/{page})" in (ROOT / "README.md").read_text("utf-8").partition("## Read on")[2]
