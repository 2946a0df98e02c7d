"""The table of WebSub's rules names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "websub.md").read_text("utf-8").partition("## The rules")[2]
TESTS = re.findall(r"def (test_\w+)", (ROOT / "tests" / "pipeline" / "test_hub_rules.py").read_text("utf-8"))


def test_every_rule_has_a_test_that_is_named_after_it() -> None:
    rows = dict(re.findall(r"^\| ([PH]\d+) \|.*\| `(test_\w+)` \|$", TABLE, re.MULTILINE))
    assert list(rows) == [f"P{n}" for n in range(1, 7)] + [f"H{n}" for n in range(1, 21)]
    for rule, name in rows.items():
        assert f"_{rule.lower()}" in name, rule
        assert [test for test in TESTS if test.startswith(name)], name


def test_every_test_of_a_rule_is_in_the_table() -> None:
    named = re.findall(r"`(test_\w+)`", TABLE)
    for test in TESTS:
        if re.match(r"test_[ph]\d", test):
            assert any(test.startswith(name) for name in named), test
