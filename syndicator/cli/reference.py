"""The reference of all commands in `docs/commands.md`, made from the commands themselves.

`python -m syndicator.cli.reference docs/commands.md` writes it anew.
"""

import sys
from pathlib import Path
from typing import cast

from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

from syndicator.cli.app import app
from syndicator.cli.lazy_commands import COMMANDS, LazyGroup

_INTRODUCTION = """\
# Commands

`syndicator COMMAND --help` says the same. Tables are for people; `--json` gives programs one document on
standard output, with the log on standard error. All commands work while a service runs over the same data.
Exit codes: 0 done, 1 failed (in part), 2 the configuration or the arguments are wrong.

"""


def command_reference() -> str:
    """Return the whole page."""
    command = cast("LazyGroup", get_command(app))
    for name in COMMANDS:
        command.load(name)
    with command.make_context("syndicator", [], resilient_parsing=True) as context:
        text = get_docs_for_click(obj=command, ctx=cast("Context", context), name="syndicator")
    return _INTRODUCTION + text.split("\n", 2)[2].strip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(command_reference(), "utf-8")
