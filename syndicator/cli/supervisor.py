"""More than one process: the same program again, with one role each, kept alive by its parent."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from syndicator.observe.logs import get_logger

RESTART_PAUSE_S = 1.0
STOP_TIMEOUT_S = 6.0
_PR_SET_PDEATHSIG = 1
"""Linux, prctl(2)."""

log = get_logger(__name__)


@asynccontextmanager
async def supervise(options: Sequence[str], commands: Sequence[tuple[str, ...]]) -> AsyncIterator[None]:
    """Run the program once per command while the context is open; a child that dies is started again.

    `options` are the global ones, given to each. On Linux the children end when we are killed, too.
    """
    keepers = [asyncio.create_task(_keep(options, command)) for command in commands]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def _keep(options: Sequence[str], command: tuple[str, ...]) -> None:
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syndicator", *options, *command,
            start_new_session=True,  # Ctrl-C on the terminal reaches the parent, which stops us in order
            preexec_fn=_death_with_parent(),
        )  # fmt: skip
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await _end(child)
            raise
        log.warning("process_restarting", command=command[0], code=code)
        await asyncio.sleep(RESTART_PAUSE_S)


async def _end(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _death_with_parent() -> Callable[[], None] | None:
    """Return what a child does before it becomes our program.

    It asks the kernel to be stopped when we die.
    """
    if sys.platform != "linux":
        return None
    return partial(_die_with, os.getpid(), ctypes.CDLL(None).prctl)


def _die_with(parent: int, prctl: Callable[[int, int], int]) -> None:
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)
