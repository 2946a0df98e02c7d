"""Texts that make a regular expression look at the same characters again and again, made from its own parts.

Backtracking costs time where three things meet: a beginning that leads into a repetition, something that the
repetition takes many times, and an end that makes it fail. The parts are read from the parsed expression.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

Expression = re.Pattern[str] | re.Pattern[bytes]

_parser: Any = import_module("re._parser")
_sre: Any = import_module("re._constants")
_REPEATS = (_sre.MAX_REPEAT, _sre.MIN_REPEAT, _sre.POSSESSIVE_REPEAT)

MANY = 8
"""What may be repeated less often multiplies the time by a constant."""
MOST_BEGINNINGS, MOST_REPEATED, MOST_LETTERS = 30, 40, 24
COMMON = " \n\t\u00a0a1A_-.é<\u2028"
"""Members of `\\s`, `\\w`, `\\d` and of "anything but": several classes of one expression share them."""
NO_MATCH = "\n\x00"
"""An end that few expressions take."""

CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def hostile_texts(expression: Expression, characters: int) -> Iterator[str]:
    """Yield texts of about this length, in a fixed order, each once."""
    parts = _Parts(expression)
    beginnings = _spread(list(parts.beginnings), MOST_BEGINNINGS)
    letters = _spread(list(parts.letters), MOST_LETTERS)
    seen: set[tuple[str, str]] = set()
    for begin, piece in (
        *(("", piece) for piece in (*letters, *beginnings)),
        *_spread(list(parts.repeated), MOST_REPEATED),
        *(("", f"{begin}{letter}") for begin in _spread(beginnings, 4) for letter in letters[:12]),
        *((begin, letter) for begin in _spread(beginnings, 4) for letter in letters[:12]),
    ):
        if piece and (begin, piece) not in seen:
            seen.add((begin, piece))
            text = begin + piece * (characters // len(piece))
            yield text + NO_MATCH
            if begin:
                yield text + piece[:-1]  # complete, or cut off in the midst of a piece


def _spread(found: Sequence[Any], most: int) -> list[Any]:
    """Return at most so many, taken evenly from all."""
    step = max(len(found) / most, 1)
    return [found[int(at * step)] for at in range(min(most, len(found)))]


class _Parts:
    """What an expression is made of: its letters, what its matches begin with, what it repeats."""

    def __init__(self, expression: Expression) -> None:
        pattern, flags = expression.pattern, expression.flags
        if isinstance(pattern, bytes):
            pattern, flags = pattern.decode("latin-1"), flags | re.ASCII
        tree = _parser.parse(pattern, flags)
        self.letters = dict.fromkeys(COMMON)
        self.beginnings: dict[str, None] = {}
        self.repeated: dict[tuple[str, str], None] = {}
        self._groups: dict[int, str] = {}
        self._note_letters(tree)
        self._walk(tree, "")

    def _note_letters(self, tree: Any) -> None:
        for kind, value in tree:
            if kind in {_sre.LITERAL, _sre.NOT_LITERAL}:
                self.letters[chr(value)] = None
            elif kind is _sre.RANGE:
                self.letters[chr(value[0])] = None
            elif kind is _sre.IN:
                self._note_letters(value)
            else:
                for inner in _inside(kind, value):
                    self._note_letters(inner)

    def _walk(self, tree: Any, before: str) -> str:
        """Note what is met on the way through; return a text that leads through."""
        for kind, value in tree:
            before = self._step(kind, value, before)
            self.beginnings[before] = None
        return before

    def _step(self, kind: Any, value: Any, before: str) -> str:  # noqa: PLR0911 -- one for each kind of part
        if kind in _REPEATS:
            return self._repeat(value, before)
        if kind is _sre.BRANCH:
            afters: list[str] = [self._walk(one, before) for one in value[1]]
            return afters[0]
        if kind is _sre.SUBPATTERN:
            after = self._walk(value[3], before)
            self._groups[value[0]] = after[len(before) :]
            return after
        if kind is _sre.GROUPREF:
            return before + self._groups.get(value, "")
        if kind is _sre.ATOMIC_GROUP:
            return self._walk(value, before)
        if kind in {_sre.ASSERT, _sre.ASSERT_NOT}:
            self._walk(value[1], before)
            return before
        return before + next(self._members(kind, value), "")

    def _repeat(self, value: Any, before: str) -> str:
        least, most, inner = value
        after = self._walk(inner, before)
        taken: str = after[len(before) :]
        if most - least >= MANY:
            pieces = [taken]
            if len(inner) == 1:
                pieces += self._members(*inner[0])
            else:
                # One of the parts alone is enough where the others may be left out.
                pieces += [member for part in inner for member in self._members(*part)]
            pieces += self._closing(inner)
            for piece in dict.fromkeys(pieces):
                self.repeated[before, piece] = None
        return before + taken * max(int(least), 1)

    def _closing(self, tree: Any) -> Iterator[str]:
        """Yield ways through several parts that differ by the letter with which they end: `\\"`, `\\a`."""
        for kind, value in tree:
            for inner in _inside(kind, value):
                yield from self._closing(inner)
        if len(tree) > 1:
            before = "".join(next(self._members(*part), "") for part in tree[:-1])
            yield from (before + letter for letter in self._members(*tree[len(tree) - 1]))

    def _members(self, kind: Any, value: Any) -> Iterator[str]:
        """Yield letters of the expression that a part takes; of the rarest kinds first."""
        if kind is _sre.LITERAL:
            yield chr(value)
        elif kind in {_sre.ANY, _sre.NOT_LITERAL, _sre.IN}:
            one = re.compile(_written(kind, value), re.DOTALL)
            yield from (letter for letter in reversed(self.letters) if one.fullmatch(letter))
        elif kind in _REPEATS:
            for inner in value[2]:
                yield from self._members(*inner)
        elif kind is _sre.SUBPATTERN:
            for inner in value[3]:
                yield from self._members(*inner)
        elif kind is _sre.BRANCH:
            for branch in value[1]:
                for inner in branch[:1]:
                    yield from self._members(*inner)


def _inside(kind: Any, value: Any) -> list[Any]:
    """Return the expressions inside of one part."""
    if kind in _REPEATS:
        return [value[2]]
    if kind is _sre.BRANCH:
        return list(value[1])
    if kind is _sre.SUBPATTERN:
        return [value[3]]
    if kind is _sre.ATOMIC_GROUP:
        return [value]
    return [value[1]] if kind in {_sre.ASSERT, _sre.ASSERT_NOT} else []


def _written(kind: Any, value: Any) -> str:
    """Return the text of a class."""
    if kind is _sre.ANY:
        return "."
    if kind is _sre.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    return f"[{''.join(_written_member(*part) for part in value)}]"


def _written_member(kind: Any, value: Any) -> str:
    if kind is _sre.NEGATE:
        return "^"
    if kind is _sre.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return CATEGORIES[str(value)] if kind is _sre.CATEGORY else re.escape(chr(value))
