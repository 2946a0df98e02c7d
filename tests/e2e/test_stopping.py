"""Stopping: at any moment, and whatever Redis does, quietly and with exit code 0."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest
from e2e.conftest import Program, Start
from support import until

from syndicator.store.embedded import EmbeddedServer


def listens(program: Program, name: signal.Signals) -> bool:
    """Tell whether a process has a handler of its own for a signal."""
    status = Path(f"/proc/{program.process.pid}/status").read_text("ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (name - 1) & 1)


def check_quiet(program: Program) -> None:
    assert "Traceback" not in program.told()
    assert "Error" not in program.told()
    assert program.faults() == []


@pytest.mark.parametrize(("command", "delays_s"), [("run", (0, 0.5, 2)), ("work", (0.2, 1))])
async def test_a_process_may_be_told_to_stop_at_any_moment_of_its_start(
    start: Start, config: Path, command: str, delays_s: tuple[float, ...]
) -> None:
    for delay_s in delays_s:
        program = await start(config, command)
        await until(partial(listens, program, signal.SIGTERM))
        await asyncio.sleep(delay_s)
        assert await program.stop() == 0, (delay_s, program.told())
        check_quiet(program)


@pytest.mark.parametrize("command", ["run", "serve", "work"])
async def test_a_process_stops_while_redis_hangs(
    start: Start, config: Path, server: EmbeddedServer, command: str
) -> None:
    rest = config / "rest.toml"
    rest.write_text(
        rest.read_text("utf-8").replace("[store]", f'[store]\nurl = "unix://{server.socket}"'), "utf-8"
    )
    program = await start(config, command)
    await program.ready()
    await asyncio.sleep(1)
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(1)
        assert await program.stop() == 0, program.told()
    finally:
        os.kill(server._process.pid, signal.SIGCONT)
    assert "Traceback" not in program.told()
