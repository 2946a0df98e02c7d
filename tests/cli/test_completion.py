"""Shells complete commands, those of groups as well, which are imported only when they are called."""

import os
import subprocess
import sys

import pytest

PROGRAM = 'import sys; sys.argv[0] = "syndicator"; from syndicator.cli import main; main()'


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("syndicator so", {"sources"}),
        ("syndicator sources pa", {"pause"}),
        ("syndicator run --demo-f", {"--demo-folder"}),
        ("syndicator once ga", {"gather"}),
    ],
)
def test_bash_completes(typed: str, offered: set[str]) -> None:
    asked = {
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
        "_SYNDICATOR_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert set(done.stdout.split()) == offered
