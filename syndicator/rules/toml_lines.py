"""On which line of a TOML document each key stands, and what is wrong: tomli gives values alone."""

import re
from collections.abc import Iterator, Mapping

import tomli

Location = tuple[str | int, ...]
"""Keys, and positions in lists."""

_TOKEN = re.compile(
    r"""
    (?P<space>(?:[ \t\r]|\#[^\n]*)+)
    | (?P<text>"{3}(?:[^\\]|\\.)*?(?:"{3,5}|\Z) | '{3}.*?(?:'{3,5}|\Z)
        | "(?:[^"\\\n]|\\.)*"? | '[^'\n]*'?)
    | (?P<mark>\[|\]|\{|\}|=|,|\.|\n)
    | (?P<word>[^\s\[\]{}=,.\#"']+)
    """,
    re.VERBOSE | re.DOTALL,
)


_WHERE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def show(path: Location) -> str:
    """Write a path as people do: `feed.latest.filter.source[0]`, in one line whatever the keys hold."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return _CONTROL.sub("�", text.removeprefix("."))


def syntax_fault(error: tomli.TOMLDecodeError, text: str) -> tuple[int | None, str]:
    """Return the line of what is no TOML, where it is known, and the reason."""
    message = str(error)
    where = _WHERE.search(message)
    reason = _CONTROL.sub("�", _WHERE.sub("", message))
    if where is None:
        return None, reason
    if where["line"] is None:
        last = text.rstrip().count("\n") + 1
        return last, f"{reason} at the end of the file"
    return int(where["line"]), f"{reason} in column {where['column']}"


def key_lines(text: str) -> Mapping[Location, int]:
    """Return the line of each key, table and element of a list. The text must be valid TOML."""
    return _Reader(text).lines()


class _Reader:
    """Walks through a valid document; of values it takes only where they begin and end."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._lines: dict[Location, int] = {}
        self._counts: dict[Location, int] = {}
        """Tables so far of each list of tables."""

    def lines(self) -> Mapping[Location, int]:
        table: Location = ()
        while self._next < len(self._tokens):
            if self._here() == "\n":
                self._next += 1
            elif self._here() == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self._lines

    def _here(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else "\n"

    def _line(self) -> int:
        return self._tokens[min(self._next, len(self._tokens) - 1)][1]

    def _header(self) -> Location:
        """Read `[a.b]` or `[[a.b]]`; return the table that it opens."""
        line, self._next = self._line(), self._next + 1
        is_list = self._here() == "["
        self._next += is_list
        place: Location = ()
        for part in self._key():
            place = self._newest((*place, part))
        if is_list:
            place = place[:-1] if isinstance(place[-1], int) else place
            self._lines.setdefault(place, line)
            place = (*place, self._counts.setdefault(place, 0))
            self._counts[place[:-1]] += 1
        self._next += 1 + is_list
        self._note(place, line)
        return place

    def _newest(self, place: Location) -> Location:
        """Return the last table of a list of tables, else the place itself."""
        count = self._counts.get(place)
        return place if count is None else (*place, count - 1)

    def _assignment(self, table: Location) -> None:
        line = self._line()
        place = (*table, *self._key())
        self._next += 1  # the equals sign
        self._note(place, line)
        self._value(place)

    def _key(self) -> list[str]:
        """Read a key of one part or several; stop before what follows it."""
        parts = [_plain(self._here())]
        self._next += 1
        while self._here() == ".":
            parts.append(_plain(self._tokens[self._next + 1][0]))
            self._next += 2
        return parts

    def _note(self, place: Location, line: int) -> None:
        for end in range(1, len(place) + 1):
            self._lines.setdefault(place[:end], line)

    def _value(self, place: Location) -> None:
        opened = self._here()
        if opened not in {"[", "{"}:
            while self._here() not in {",", "]", "}", "\n"}:
                self._next += 1
            return
        self._next += 1
        index = 0
        while (here := self._here()) not in {"]", "}"}:
            if here in {",", "\n"}:
                self._next += 1
            elif opened == "{":
                self._assignment(place)
            else:
                self._note((*place, index), self._line())
                self._value((*place, index))
                index += 1
        self._next += 1


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield what is written with its line, without blanks and comments."""
    line = 1
    for found in _TOKEN.finditer(text):
        if found.lastgroup != "space":
            yield found[0], line
        line += found[0].count("\n")


def _plain(token: str) -> str:
    """Return what a key says."""
    if token[0] not in "\"'":
        return token
    read: str = tomli.loads(f"key = {token}")["key"]
    return read
