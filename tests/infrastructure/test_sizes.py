"""What is long is split by topic before it is hard to read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import syndicator

PACKAGE = Path(syndicator.__file__).parent
MODULE_LINES = 400
"""A module stays below this."""
FUNCTION_LINES = 60
"""The most that a function has, with its docstring."""


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), path.read_text("utf-8")


def too_long(name: str, text: str) -> Iterator[str]:
    lines = len(text.splitlines())
    if lines >= MODULE_LINES:
        yield f"{name}: {lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}: {node.name} has {length} lines"


def test_modules_and_functions_are_short() -> None:
    assert [found for name, text in modules() for found in too_long(name, text)] == []


def test_length_is_noticed() -> None:
    body = "    pass\n" * FUNCTION_LINES
    assert list(too_long("a.py", f"async def long():\n{body}")) == ["a.py: long has 61 lines"]
    assert list(too_long("a.py", "x = 1\n" * MODULE_LINES)) == ["a.py: 400 lines"]
