"""On which line each key of a TOML file stands."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings.as_toml import toml

from syndicator.rules.toml_lines import Location, key_lines

TEXT = '''# a comment with [table] and key = 1
top = "a # no comment"

[site]
title = """
several
lines = 1
"""   # after it
"quoted key" = 'it is # literal'
dotted.inner = 1

[source.wire]
headers = { Accept = "a, b", "X-Y" = ["1",
  "2"] }
list = [
  # first
  "a",
  { b = 1.5, c = 2026-11-01 00:00:00 },
]

[[source.wire.windows]]
from = 1
[[source.wire.windows]]
from = 2
[source.wire.windows.below]
key = """quote at the end""""
last = """"""
end = true
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("top",), 2),
        (("site",), 4),
        (("site", "title"), 5),
        (("site", "quoted key"), 9),
        (("site", "dotted"), 10),
        (("site", "dotted", "inner"), 10),
        (("source",), 12),
        (("source", "wire", "headers", "Accept"), 13),
        (("source", "wire", "headers", "X-Y", 1), 14),
        (("source", "wire", "list", 0), 17),
        (("source", "wire", "list", 1, "c"), 18),
        (("source", "wire", "windows"), 21),
        (("source", "wire", "windows", 0, "from"), 22),
        (("source", "wire", "windows", 1), 23),
        (("source", "wire", "windows", 1, "below", "key"), 26),
        (("source", "wire", "windows", 1, "below", "end"), 28),
    ],
)
def test_a_key_has_its_line(place: Location, line: int) -> None:
    tomllib.loads(TEXT)
    assert key_lines(TEXT)[place] == line
    assert key_lines(TEXT.replace("\n", "\r\n"))[place] == line


def test_an_empty_document_has_no_keys() -> None:
    assert not key_lines("")
    assert not key_lines("# nothing\n\n")


KEYS = ["a", "b-c", "1", "'l # x'", '"x = \\u005b y"']
"""As they are written."""


@given(
    st.recursive(
        st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.floats()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
        ),
        max_leaves=15,
    ).filter(lambda tree: isinstance(tree, dict))
)
def test_every_key_of_a_document_is_found(tree: dict[str, object]) -> None:
    text = toml(tree)
    assert set(key_lines(text)) == set(_places(tomllib.loads(text), ()))


def _places(node: object, above: Location) -> set[Location]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found: set[Location] = set()
    for key, value in inner:
        found |= {(*above, key)} | _places(value, (*above, key))
    return found
