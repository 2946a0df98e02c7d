"""The embedded server while commands of a moment own it, one after the other, and a service starts."""

import asyncio
from pathlib import Path

import pytest
from e2e.conftest import Start
from warm_program import run

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.timeout(600)]


async def test_a_service_starts_while_commands_come_and_go(start: Start, config: Path) -> None:
    is_over = asyncio.Event()
    codes: list[tuple[int, str]] = []

    async def ask(*command: str) -> None:
        while not is_over.is_set():
            code, _, err = await run(config, *command)
            codes.append((code, err))

    askers = [asyncio.create_task(ask("sources", "list")), asyncio.create_task(ask("stats"))]
    try:
        for _ in range(10):
            program = await start(config, "run")
            await program.ready()
            assert await program.stop() == 0, program.told()
            assert program.faults() == []
    finally:
        is_over.set()
        await asyncio.gather(*askers)
    assert len(codes) > 10
    assert [err for code, err in codes if code] == []
