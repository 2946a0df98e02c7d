"""One place reads the environment; whatever else looked there could not be configured in a file."""

import ast
from pathlib import Path

import syndicator

PACKAGE = Path(syndicator.__file__).parent
NAMES = {"environ", "environb", "getenv", "getenvb"}


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and bool({alias.name for alias in node.names} & NAMES)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id == "os" and node.attr in NAMES
    return False


def readers() -> set[str]:
    return {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(map(reads_environment, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    }


def test_only_the_settings_read_the_environment() -> None:
    assert readers() == {"settings/environment.py"}
