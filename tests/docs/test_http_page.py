"""The page on how feeds travel: each line names tests, and these exist."""

import re
from pathlib import Path

import pytest
from docs.test_gathering_reference import REFERENCE, is_there

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
LINES = [
    line
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("| ") and not re.match(r"\| (---|what \|)", line)
]


def test_the_tables_are_seen() -> None:
    assert len(LINES) > 20


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[1].strip())
def test_each_line_names_tests_that_exist(line: str) -> None:
    named = REFERENCE.findall(line.rstrip("| ").rpartition("|")[2])
    assert named
    for where, name in named:
        assert is_there(where, name), f"{where}::{name}"
