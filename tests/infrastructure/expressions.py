"""All regular expressions of the package, found by themselves, with the ways in which each is used."""

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

from infrastructure.hostile_texts import Expression
from msgspec import Struct
from msgspec.structs import astuple

import syndicator

PACKAGE = Path(syndicator.__file__).parent
MATCH, FULLMATCH, SEARCH = "match", "fullmatch", "search"
ANY_WAY = frozenset({MATCH, FULLMATCH, SEARCH})
WAYS = {
    MATCH: MATCH, FULLMATCH: FULLMATCH, SEARCH: SEARCH, "sub": SEARCH, "subn": SEARCH, "split": SEARCH,
    "findall": SEARCH, "finditer": SEARCH,
}  # fmt: skip


class Use(Struct, frozen=True):
    """An expression, and one of the ways in which the package uses it."""

    place: str
    expression: Expression
    way: str


class Unwritten(Struct, frozen=True, order=True):
    """A call that takes an expression which is put together, or comes from elsewhere, at run time."""

    module: str
    function: str


def modules() -> list[ModuleType]:
    names = [one.name for one in walk_packages(syndicator.__path__, "syndicator.")]
    return [import_module(name) for name in names if not name.endswith("__main__")]


def uses_of_values(package: list[ModuleType]) -> list[Use]:
    """Return the uses of expressions that are values of modules or classes."""
    places: dict[int, tuple[str, Expression]] = {}
    ways: dict[int, set[str]] = defaultdict(set)
    for module in package:
        for name, value in vars(module).items():
            if name.startswith("__"):
                continue
            for expression, known_ways in _expressions(value, module.__name__):
                places.setdefault(id(expression), (f"{module.__name__}.{name}", expression))
                ways[id(expression)] |= known_ways
    for module in package:
        for named, way in _named_uses(ast.parse(inspect.getsource(module))):
            found = vars(module).get(named[0]) if named else None
            for attribute in named[1:]:
                found = getattr(found, attribute, None)
            if isinstance(found, re.Pattern):
                ways[id(found)] |= ANY_WAY if way is None else {way}
    return [
        Use(place, expression, way)
        for key, (place, expression) in places.items()
        for way in sorted(ways[key] or ANY_WAY)
    ]


def _expressions(value: object, module: str) -> Iterator[tuple[Expression, frozenset[str]]]:
    if isinstance(value, re.Pattern):
        yield value, frozenset()
    elif isinstance(getattr(value, "__self__", None), re.Pattern):
        yield value.__self__, frozenset({WAYS[value.__name__]})  # type: ignore[attr-defined]
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from ((found, ANY_WAY) for found, _ in _expressions(one, module))
    elif isinstance(value, Struct):
        yield from _expressions(astuple(value), module)
    elif isinstance(value, dict):
        yield from _expressions((*value.keys(), *value.values()), module)
    elif isinstance(value, type) and value.__module__ == module:
        yield from _expressions(
            tuple(one for one in vars(value).values() if isinstance(one, re.Pattern)), module
        )


def _named_uses(tree: ast.Module) -> Iterator[tuple[list[str], str | None]]:
    """Yield dotted names, and the way in which each is called; None where it is handed on."""
    called = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in WAYS and (named := _dotted(node.value)):
            yield named, WAYS[node.attr]
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            named = [] if id(node) in called else _dotted(node)
            yield named, None


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return [*before, node.attr]
    return []


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SystemError:  # of CPython 3.11, where another thread parsed at the same moment
        return ast.parse(source)


def calls_of(module: ModuleType) -> Iterator[Use | Unwritten]:
    """Yield the calls `re.search("…")` and the like inside of functions."""
    name = module.__name__
    for function in ast.walk(_parsed(inspect.getsource(module))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _is_of_re(call.func):
                    yield _use_in_call(call, name, function.name)


def _is_of_re(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id == "re"
        and called.attr in {*WAYS, "compile"}
    )


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _use_in_call(call: ast.Call, module: str, function: str) -> Use | Unwritten:
    assert isinstance(call.func, ast.Attribute)
    written = call.args[0]
    if not _is_text(written):
        return Unwritten(module, function)
    options = [one for one in (*call.args[1:], *(word.value for word in call.keywords)) if not _is_text(one)]
    named = [node.attr for one in options for node in ast.walk(one) if isinstance(node, ast.Attribute)]
    flags = [getattr(re, name) for name in named if isinstance(getattr(re, name, None), re.RegexFlag)]
    flag = reduce(or_, flags, re.RegexFlag(0))
    compiled = re.compile(ast.literal_eval(written), flag)
    return Use(f"{module}.{function}", compiled, WAYS.get(call.func.attr, SEARCH))
