"""The rules of WebSub that the page lists are those that tests hold, each by its number."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "websub.md").read_text("utf-8").partition("## The rules")[2]
TESTS = re.findall(
    r"def (test_\w+)", (ROOT / "tests" / "pipeline" / "hub" / "test_hub_rules.py").read_text("utf-8")
)
RULES = [f"P{n}" for n in range(1, 7)] + [f"H{n}" for n in range(1, 21)]


def test_the_table_has_every_rule() -> None:
    assert re.findall(r"^\| ([PH]\d+) \|", TABLE, re.MULTILINE) == RULES


def test_every_rule_has_a_test_that_is_named_after_it() -> None:
    numbers = {number for test in TESTS for number in re.findall(r"(?<=_)[ph]\d+(?=_)", test)}
    assert numbers == {rule.lower() for rule in RULES}
