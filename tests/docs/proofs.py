"""Which tests prove what a page says: `rules/dates/test_date_parser::test_x`, or a document of `tests/gather/cases`."""

import ast
import tomllib
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
CASES = TESTS / "gather" / "cases"

Proofs = dict[str, dict[str, list[str]]]
"""By section, then by the first cell of the line."""


def read_proofs(name: str) -> Proofs:
    """Read the proofs of a page."""
    return tomllib.loads((TESTS / "docs" / name).read_text("utf-8"))


def is_there(proof: str) -> bool:
    """Tell whether a test or a case is there."""
    where, _, name = proof.partition("::")
    if where.startswith("cases/"):
        group, _, case = where.removeprefix("cases/").partition("/")
        return not name and any(path.suffix != ".expect" for path in (CASES / group).glob(f"{case}.*"))
    return name in _names_in(where)


@cache
def _names_in(module: str) -> frozenset[str]:
    """Name the tests of a module, as pytest collects them: functions of the module itself."""
    path = TESTS / f"{module}.py"
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))
