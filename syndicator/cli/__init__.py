"""The command line: one file per group of commands; errors become one plain sentence and an exit code."""

from syndicator.cli.app import main

__all__ = ["main"]
