"""Pages for people: links resolve, examples are accepted, and commands that they name exist."""

import ast
import json
import re
import shlex
import textwrap
import tomllib
from pathlib import Path
from typing import Any, cast

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


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(language: str) -> list[Any]:
    """Return the fenced blocks of a language in all pages, as parameters of a test."""
    fence = re.compile(rf"^( *)```{language}\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
    return [
        pytest.param(
            textwrap.dedent(match[2]), id=f"{named(page)}:{text[: match.start()].count(chr(10)) + 1}"
        )
        for page in PAGES
        for text in [page.read_text("utf-8")]
        for match in fence.finditer(text)
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
    (folder / "secret").write_text("whsec_" + "c2VjcmV0" * 4 + "\n", "utf-8")
    (folder / "proxy").write_text("http://proxy.example:3128\n", "utf-8")
    block = block.replace('"/run/secrets/proxy"', f'"{folder / "proxy"}"')
    block = re.sub(r'(_file = )"[^"]*"', rf'\1"{folder / "secret"}"', block).replace(
        f'proxy_file = "{folder / "secret"}"', f'proxy_file = "{folder / "proxy"}"'
    )
    block = block.replace('"whsec_…"', f'"whsec_{"c2VjcmV0" * 4}"')
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
    shown = {
        kind
        for block in blocks("toml")
        for kind in re.findall(r'^kind = "(\w+)"', block.values[0], re.MULTILINE)
    }
    assert shown == {kind.value for kind in SourceKind}


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


def spoken(page: Path) -> set[str]:
    """Return the calls of `syndicator` in the code of a page."""
    text = page.read_text("utf-8")
    code = re.findall(r"`(?:\S*/)?(syndicator [a-z-][^`\n]*)`", text)
    code += re.findall(
        r"^(?: {4,}|\$ | *)(?:\$ )?(?:\S*/)?(syndicator [a-z-].*)$", "\n".join(_coded(text)), re.MULTILINE
    )
    return {re.split(r" {2,}#| \| ", call)[0].strip() for call in code}


def _coded(text: str) -> list[str]:
    fenced = re.findall(r"^ *```(?:console|sh|bash)?\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [*fenced, *re.findall(r"^ {4,}\S.*$", text, re.MULTILINE)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "commands.md"], ids=named)
def test_commands_and_options_exist(page: Path, commands: LazyGroup) -> None:
    for call in spoken(page):
        found: Any = commands
        options = {option for one in found.params for option in one.opts + one.secondary_opts}
        for word in shlex.split(call.replace("…", " ").replace("'", ""))[1:]:
            if word.startswith("-"):
                assert word.partition("=")[0] in options | {"--help"}, call
            elif re.fullmatch(r"[a-z-]+", word) and hasattr(found, "commands"):
                assert word in found.commands, call
                found = found.commands[word]
                options |= {option for one in found.params for option in one.opts + one.secondary_opts}
