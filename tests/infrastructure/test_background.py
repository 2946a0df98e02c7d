"""Work in the background ends with what it belongs to, and its faults are told."""

import asyncio

import pytest

from syndicator.background import meanwhile


async def test_work_ends_although_a_cancellation_gets_lost() -> None:
    lost = ended = False

    async def work() -> None:
        nonlocal lost, ended
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost = True  # as where an answer comes at the same moment
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    async with asyncio.timeout(30):
        async with meanwhile(work(), "work"):
            await asyncio.sleep(0)
    assert lost
    assert ended


async def test_what_work_ended_by_is_raised_at_the_end() -> None:
    async def work() -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        async with meanwhile(work(), "work"):
            await asyncio.sleep(0)


async def test_work_that_has_ended_by_itself_ends_nothing() -> None:
    async with meanwhile(asyncio.sleep(0), "work"):
        await asyncio.sleep(0.01)
