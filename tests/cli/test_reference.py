from pathlib import Path

from syndicator.cli.reference import command_reference

ROOT = Path(__file__).parents[2]


def test_the_documented_commands_are_the_real_ones() -> None:
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == command_reference(), "run `make docs`"
