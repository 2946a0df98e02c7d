"""More than one process: the same program again, with one role each, kept alive by its parent."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from syndicator.observe.logs import get_logger

RESTART_PAUSE_S = 1.0
STOP_TIMEOUT_S = 6.0

log = get_logger(__name__)


@asynccontextmanager
async def supervise(folder: Path, commands: Sequence[tuple[str, ...]]) -> AsyncIterator[None]:
    """Run the program once per command while the context is open; a child that dies is started again."""
    keepers = [asyncio.create_task(_keep(folder, command)) for command in commands]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def _keep(folder: Path, command: tuple[str, ...]) -> None:
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syndicator", "--config", str(folder), *command,
            start_new_session=True,  # Ctrl-C on the terminal reaches the parent, which stops us in order
        )  # fmt: skip
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await _end(child)
            raise
        log.warning("a process ended by itself; starting it again", command=command[0], code=code)
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
