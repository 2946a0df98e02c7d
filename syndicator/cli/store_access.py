"""How a command asks the state that the service keeps: it attaches to the same Redis."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from syndicator.cli.context import invocation
from syndicator.cli.event_loop import run_loop
from syndicator.service import Service, open_service
from syndicator.settings import Settings

Rows = Sequence[Mapping[str, Any]]
Limit = Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0 for all.")]
T = TypeVar("T")


def ask(context: typer.Context, question: Callable[[Service], Awaitable[T]]) -> T:
    """Open the service for one question."""

    async def answer(settings: Settings) -> T:
        async with open_service(settings) as service:
            return await question(service)

    return run_loop(answer(invocation(context).settings()))


def cut(rows: Rows, limit: int) -> Rows:
    """Return the first `limit` rows; all for 0."""
    return rows[:limit] if limit else rows
