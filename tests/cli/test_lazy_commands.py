"""Commands are imported when they are called: help needs none of them, and says of each what it says itself."""

import subprocess
import sys
from typing import cast

import pytest
from typer.main import get_command

from syndicator.cli.app import app
from syndicator.cli.lazy_commands import COMMANDS, LazyGroup

HEAVY = ("aiohttp", "apscheduler", "pydantic", "redis", "syndicator.service", "syndicator.settings")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_of_itself_what_the_list_says(name: str) -> None:
    group = cast("LazyGroup", get_command(app))
    group.load(name)
    told = (group.commands[name].help or "").partition("\n\n")[0]
    assert " ".join(told.split()) == COMMANDS[name][1]


def test_no_command_is_left_out() -> None:
    group = cast("LazyGroup", get_command(app))
    for name in COMMANDS:
        group.load(name)
    assert list(group.commands) == list(COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from syndicator.cli import app; sys.argv[1:] = ['--help']\n"
        "try: app.main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "preview" in done.stdout
    assert done.stderr.strip() == "[]"
