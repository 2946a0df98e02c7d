"""Pages for people: links resolve, examples are accepted, files and commands that they name exist."""

import ast
import json
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from typer.main import get_command

from syndicator.cli.app import app
from syndicator.cli.lazy_commands import LazyGroup
from syndicator.model.source import SourceKind
from syndicator.settings import load

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.rglob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")),
]


class Block(NamedTuple):
    language: str
    line: int
    code: str


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fenced(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    language, begin, lines = "", 0, list[str]()
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if not line.lstrip().startswith("```"):
            lines.append(line)
        elif begin:
            yield Block(language, begin, textwrap.dedent("\n".join(lines)) + "\n")
            begin = 0
        else:
            language, begin, lines = line.lstrip("` ").partition(" ")[0], number, []
    assert not begin, f"{named(page)}:{begin} is not closed"


def blocks(language: str) -> list[Any]:
    """Return the blocks of a language in all pages, as parameters of a test."""
    return [
        pytest.param(block.code, id=f"{named(page)}:{block.line}")
        for page in PAGES
        for block in fenced(page)
        if block.language == language
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and the documentation site make them."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_resolve(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), f"{target}#{anchor}"


@pytest.mark.parametrize("page", [DOCS / "architecture.md", ROOT / "CONTRIBUTING.md"], ids=named)
def test_files_of_the_code_exist(page: Path) -> None:
    for path in re.findall(r"\b(?:\w+/)+\w+\.(?:py|lua)\b", page.read_text("utf-8")):
        assert (ROOT / path).exists() or (ROOT / "syndicator" / path).exists(), path


SECRET = "whsec_" + "c2VjcmV0" * 4
FILES = {
    "redis-url": "redis://127.0.0.1:6379/0",
    "proxy": "http://proxy.example:3128",
    "alert-on-call": "ntfys://push.example/kabar-on-call",
}
"""What files hold that examples name, by the last part of their names; a secret unless said here."""

USUAL = {
    "source": {
        name: f'title = "x"\nkind = "feed"\nurl = "https://{name}.example/"\nschedule = {{ every = "5m" }}\n'
        for name in ("portal", "berita-kota", "kantor-berita")
    },
    "feed": {"popular": 'title = "x"\norder = "popular"\n', "latest": 'title = "x"\n'},
}
"""Sources and feeds that examples refer to without defining them."""


def read(folder: Path, block: str) -> None:
    """Load a block as a configuration of its own. Raise where a fault is found."""

    def in_folder(match: re.Match[str]) -> str:
        file = folder / Path(match[2]).name
        file.write_text(FILES.get(file.name, SECRET) + "\n", "utf-8")
        return f'{match[1]}"{file}"'

    block = re.sub(r'(_file = )"([^"]*)"', in_folder, block).replace("whsec_…", SECRET)
    tables = tomllib.loads(block)
    for table, usual in USUAL.items():
        for name, keys in usual.items():
            if name not in tables.get(table, {}):
                block += f"\n[{table}.{name}]\n{keys}"
    (folder / "all.toml").write_text(block, "utf-8")
    load(folder, {})


@pytest.mark.parametrize("block", blocks("toml"))
def test_configuration_examples_are_valid(tmp_path: Path, block: str) -> None:
    if re.search(r"^\[[^\[]", block, re.MULTILINE):
        read(tmp_path, block)
        return
    usual = dict(line.split(" = ", 1) for line in USUAL["source"]["portal"].splitlines())
    if block.startswith("[["):
        keys = "".join(f"{key} = {value}\n" for key, value in usual.items())
        read(tmp_path, f"[source.portal]\n{keys}full_text = true\n{block}")
        return
    for line in filter(None, block.splitlines()):  # keys of a source: often several forms of one
        own = usual | dict([line.split(" = ", 1)])
        read(tmp_path, "[source.portal]\n" + "".join(f"{key} = {value}\n" for key, value in own.items()))


def test_every_kind_of_source_has_an_example() -> None:
    text = "".join(block.values[0] for block in blocks("toml"))
    assert set(re.findall(r'^kind = "(\w+)"', text, re.MULTILINE)) == {kind.value for kind in SourceKind}


@pytest.mark.parametrize("block", blocks("json"))
def test_json_examples_parse(block: str) -> None:
    json.loads(block)


@pytest.mark.parametrize("block", blocks("python"))
def test_python_examples_parse(block: str) -> None:
    ast.parse(block)


@pytest.fixture(scope="module")
def commands() -> LazyGroup:
    group = cast("LazyGroup", get_command(app))
    for name in list(group.commands):
        group.load(name)
    return group


def calls(page: Path) -> set[str]:
    """Return the calls of `syndicator` in the code of a page."""
    text = page.read_text("utf-8")
    code = re.findall(r"^ {4,}\S.*$", text, re.MULTILINE)
    code += [
        line for block in fenced(page) if block.language == "console" for line in block.code.splitlines()
    ]
    found = re.findall(r"`(?:\S*/)?(syndicator [a-z-][^`\n]*)`", text)
    found += re.findall(r"^ *(?:[$#] )?(?:\S*/)?(syndicator [a-z-].*)$", "\n".join(code), re.MULTILINE)
    return {re.split(r" {2,}#| \| ", call)[0].strip() for call in found}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "commands.md"], ids=named)
def test_commands_and_options_exist(page: Path, commands: LazyGroup) -> None:
    for call in calls(page):
        found: Any = commands
        words = iter(shlex.split(call.replace("…", " ").replace("'", ""))[1:])
        options = {name: one for one in found.params for name in one.opts + one.secondary_opts}
        for word in words:
            if word.startswith("-"):
                name = word.partition("=")[0]
                assert name in options or name == "--help", call
                if name in options and not getattr(options[name], "is_flag", False):
                    next(words, None)
            elif re.fullmatch(r"[a-z-]+", word) and hasattr(found, "commands"):
                assert word in found.commands, call
                found = found.commands[word]
                options |= {name: one for one in found.params for name in one.opts + one.secondary_opts}
