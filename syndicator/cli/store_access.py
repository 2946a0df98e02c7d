"""How a command asks the state that the service keeps: it attaches to the same Redis."""

import getpass
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer

from syndicator.cli.context import Invocation, invocation
from syndicator.cli.event_loop import run_loop
from syndicator.errors import Fault
from syndicator.live_configuration import LiveConfiguration
from syndicator.model.clock import system_clock
from syndicator.model.ops.configuration import ProcessNote
from syndicator.observe.actor import acting
from syndicator.opening import build_service
from syndicator.pipeline.configuration.configuration_editing import ConfigurationEditing
from syndicator.resources import Foundation, open_foundation
from syndicator.service import Service
from syndicator.settings import Settings
from syndicator.store.connection import connect
from syndicator.store.keys.table import Keys
from syndicator.store.lease_owners import own_name
from syndicator.store.server_check import Risk, risks_of

Rows = Sequence[Mapping[str, Any]]
Limit = Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0 for all.")]
T = TypeVar("T")

_LOOK_S = 2.0
"""So long `check` and `status` wait for Redis."""


def ask(context: typer.Context, question: Callable[[Service], Awaitable[T]]) -> T:
    """Open the service for one question, with the configuration that runs.

    What it changes, the operator of this machine changes.
    """

    async def answer(call: Invocation) -> T:
        async with opened(call, LiveConfiguration.shown) as service:
            with acting(operator()):
                return await question(service)

    return run_loop(answer(invocation(context)))


def settings_that_know(context: typer.Context, kind: str, name: str) -> Settings:
    """Return the settings that have a source or feed: those of the files here, else those that run.

    What was added beside the files, or stands in the files of another machine, is in the latter alone.
    """
    call = invocation(context)
    settings = call.settings()
    if name in (settings.sources if kind == "source" else settings.feeds):
        return settings

    async def running() -> Settings:
        async with open_foundation(settings, None, system_clock) as foundation:
            return await _live(call, foundation).shown()

    return run_loop(running())


def edit(context: typer.Context, change: Callable[[ConfigurationEditing], Awaitable[T]]) -> T:
    """Open what is configured beside the files for one change, by the operator of this machine."""

    async def answer(call: Invocation) -> T:
        async with open_foundation(call.own_settings(), None, system_clock) as foundation:
            live = _live(call, foundation)
            with acting(operator()):
                return await change(
                    ConfigurationEditing(foundation.store, live.check, live.names, foundation.clock)
                )

    return run_loop(answer(invocation(context)))


@asynccontextmanager
async def opened(
    call: Invocation, chosen: Callable[[LiveConfiguration], Awaitable[Settings]], *, migrates: bool = False
) -> AsyncIterator[Service]:
    """Open the service of a command; `chosen` is the configuration that it works with.

    `migrates`: for a command that does the work of the service.
    """
    async with (
        open_foundation(call.own_settings(), None, system_clock, migrates=migrates) as foundation,
        build_service(await chosen(_live(call, foundation)), foundation) as service,
    ):
        yield service


def _live(call: Invocation, foundation: Foundation) -> LiveConfiguration:
    return LiveConfiguration(call.local(), foundation.store, foundation.clock, process=own_name())


def warn_of_refused(notes: Sequence[ProcessNote]) -> None:
    """Write, on standard error, which processes do not run the newest configuration, and why."""
    for note in notes:
        runs = f"version {note.version}" if note.version else "its own files"
        for reason in note.refused:
            typer.secho(
                f"{note.process} runs {runs}: a newer configuration is refused: {reason}",
                err=True,
                fg="yellow",
            )


async def risks_at(settings: Settings, url: str) -> list[Fault]:
    """Return, as warnings, which settings of a Redis may lose data. Raises StoreError."""
    anchor = Keys(settings.store.namespace).meta()
    async with connect(url, anchor=anchor, timeout_s=_LOOK_S) as connection:
        return [warning_of(one) for one in await risks_of(connection, url)]


async def server_at(settings: Settings, url: str) -> str:
    """Return which server of `[store] url` has the data now. Raises StoreError."""
    async with connect(url, anchor=Keys(settings.store.namespace).meta(), timeout_s=_LOOK_S) as connection:
        return (await connection.server()).place


def warning_of(risk: Risk) -> Fault:
    return Fault(file="", key="store.url", reason=risk.reason, remedy=risk.remedy)


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
