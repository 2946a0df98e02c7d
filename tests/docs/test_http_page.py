"""The page on how feeds travel: tests prove each line."""

from pathlib import Path

import pytest
from docs.proofs import is_there, read_proofs

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
PROOFS = [(name, of_one) for section in read_proofs("http.toml").values() for name, of_one in section.items()]


@pytest.mark.parametrize(("name", "proofs"), PROOFS, ids=[name for name, _ in PROOFS])
def test_each_line_is_proven_by_tests_that_exist(name: str, proofs: list[str]) -> None:
    assert proofs
    assert [proof for proof in proofs if not is_there(proof)] == []


def test_the_lines_of_the_page_are_those_that_are_proven() -> None:
    cells = [
        line.split("|")[1].strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")
    ]
    assert [cell for cell in cells if cell not in ("---", "what")] == [name for name, _ in PROOFS]
