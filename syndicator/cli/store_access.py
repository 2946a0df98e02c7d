"""How a command asks the state that the service keeps: it attaches to the same Redis."""

import getpass
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from syndicator.cli.context import invocation
from syndicator.cli.event_loop import run_loop
from syndicator.observe.actor import acting
from syndicator.service import Service, open_service
from syndicator.settings import Settings

Rows = Sequence[Mapping[str, Any]]
Limit = Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0 for all.")]
T = TypeVar("T")


def ask(context: typer.Context, question: Callable[[Service], Awaitable[T]]) -> T:
    """Open the service for one question; what it changes, the operator of this machine changes."""

    async def answer(settings: Settings) -> T:
        async with open_service(settings) as service:
            with acting(operator()):
                return await question(service)

    return run_loop(answer(invocation(context).settings()))


def operator() -> str:
    """Return who calls a command: `operator (CLI, user@host)`."""
    return f"operator (CLI, {_user()}@{socket.gethostname()})"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # of a container, an id without a name
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"


def cut(rows: Rows, limit: int) -> Rows:
    """Return the first `limit` rows; all for 0."""
    return rows[:limit] if limit else rows
