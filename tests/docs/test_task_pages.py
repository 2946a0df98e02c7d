"""What the pages for users tell to write is accepted, and what they point to is there."""

import re
import textwrap
from pathlib import Path

import pytest

from syndicator.model.source import SourceKind
from syndicator.settings import load

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^ *```toml\n(.*?)```", re.DOTALL | re.MULTILINE)
BLOCKS = BLOCK.findall((DOCS / "sources.md").read_text("utf-8"))
WHOLE = [block for block in BLOCKS if block.startswith("[source.")]
ARRAYS = [block for block in BLOCKS if block.startswith("[[")]
LINES = [line for block in BLOCKS if not block.startswith("[") for line in block.splitlines() if line]
PAGES = [*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]


def source(*lines: str) -> str:
    """Give a source with some keys of its own, in place of the usual."""
    usual = {
        "title": '"x"',
        "kind": '"feed"',
        "url": '"https://portal.example/"',
        "schedule": '{ every = "5m" }',
    }
    own = {line.split(" = ")[0] for line in lines}
    kept = [f"{key} = {value}" for key, value in usual.items() if key not in own]
    return "\n".join(["[source.portal]", *kept, *lines, ""])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("http://proxy.example:3128\n", "utf-8")
    return tmp_path


def read(folder: Path, text: str) -> SourceKind:
    whole = re.sub(r'"/run/secrets/[a-z-]+"', f'"{folder / "secret"}"', text)
    (folder / "all.toml").write_text(whole, "utf-8")
    (found,) = load(folder, {}).sources.values()
    return found.kind


def test_all_kinds_are_shown(folder: Path) -> None:
    assert {read(folder, block) for block in WHOLE} == set(SourceKind)
    assert len(LINES) > 10
    assert len(ARRAYS) == 1


@pytest.mark.parametrize("line", LINES)
def test_a_key_is_accepted(folder: Path, line: str) -> None:
    read(folder, source(line))


@pytest.mark.parametrize("block", ARRAYS)
def test_replacements_are_accepted(folder: Path, block: str) -> None:
    assert read(folder, source("full_text = true") + block) is SourceKind.FEED


OTHERS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    if page.name in {"README.md", "operating.md"}
    for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), 1)
]


@pytest.mark.parametrize("block", OTHERS)
def test_other_pages_tell_what_is_accepted(folder: Path, block: str) -> None:
    text = textwrap.dedent(block)
    assert read(folder, text if "[source." in text else text + source()) is SourceKind.FEED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if anchor:
            titles = [
                line.lstrip("# ").lower() for line in there.read_text("utf-8").splitlines() if line[:1] == "#"
            ]
            assert anchor in {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}, anchor
